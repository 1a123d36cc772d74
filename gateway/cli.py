"""`lamplight-gateway`: the technician's words. Each command is one module's business; this one only lists them.

Exit statuses: 0 done, 2 refused, with one line on standard error that says what, where and what to do.
"""

import argparse
from pathlib import Path

from runtime import program
from runtime.arguments import Words


def main() -> int:
    """The entry point of the command."""
    return program.run(run)


def run(arguments: list[str]) -> int:
    """Run one command; raises LamplightError for what is refused."""
    parsed = _parser().parse_args(arguments)
    status: int = parsed.handler(parsed)
    return status


def _parser() -> argparse.ArgumentParser:
    # Their imports take half a second on a Pi: here, Ctrl-C meanwhile ends as it does everywhere else.
    from gateway import (
        capture_commands,
        clock_commands,
        consumption_commands,
        folder_commands,
        journal_commands,
        key_commands,
        listen_commands,
        log_commands,
        meter_commands,
        profile_commands,
        reading_commands,
        state_commands,
        technician_commands,
        trace_commands,
    )

    parser: argparse.ArgumentParser = Words(
        prog="lamplight-gateway",
        description="Reads meters, tells interruptions from false alarms, and brings signed events to the cloud.",
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    folder_commands.add_parsers(subparsers)
    key_commands.add_parsers(subparsers)
    meter_commands.add_parsers(subparsers)
    runner = subparsers.add_parser("run", help="run the gateway until it is told to stop")
    runner.add_argument("folder", metavar="DIR", type=Path, nargs="?", help="the gateway's state folder")
    runner.add_argument("--config", metavar="FILE", type=Path, help="a settings file elsewhere, instead of DIR")
    runner.set_defaults(handler=_run_gateway)
    state_commands.add_parsers(subparsers)
    journal_commands.add_parsers(subparsers)
    reading_commands.add_parsers(subparsers)
    profile_commands.add_parsers(subparsers)
    log_commands.add_parsers(subparsers)
    capture_commands.add_parsers(subparsers)
    technician_commands.add_parsers(subparsers)
    trace_commands.add_parsers(subparsers)
    clock_commands.add_parsers(subparsers)
    listen_commands.add_parsers(subparsers)
    consumption_commands.add_parsers(subparsers)
    return parser


def _run_gateway(arguments: argparse.Namespace) -> int:
    # The whole gateway is joined in `main`; no other command should wait for its imports.
    from gateway.main import run_gateway
    from runtime.errors import InputRefused

    if (arguments.folder is None) == (arguments.config is None):
        raise InputRefused("give either a state folder or --config FILE", do="lamplight-gateway run DIR")
    return run_gateway(arguments.config or arguments.folder)
