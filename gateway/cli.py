"""`lamplight-gateway`: the technician's words. Each command is one module's business; this one only lists them.

A command waits for the imports of its own module alone: all of them together take a second on a Pi.
Exit statuses: 0 done, 2 refused, with one line on standard error that says what, where and what to do.
"""

import argparse
import importlib
from pathlib import Path

from runtime import program
from runtime.arguments import Words

COMMANDS = {
    "init": "folder_commands",
    "enrol": "folder_commands",
    "config": "folder_commands",
    "key": "key_commands",
    "meter": "meter_commands",
    "run": "cli",
    "status": "state_commands",
    "journal": "journal_commands",
    "read": "reading_commands",
    "profiles": "profile_commands",
    "event-codes": "log_commands",
    "decode": "capture_commands",
    "discover": "technician_commands",
    "trace": "trace_commands",
    "clock": "clock_commands",
    "listen": "listen_commands",
    "detect": "consumption_commands",
}
"""The module of `gateway` that adds each command's parser; help lists them in this order."""


def main() -> int:
    """The entry point of the command."""
    return program.run(run)


def run(arguments: list[str]) -> int:
    """Run one command; raises LamplightError for what is refused."""
    parsed = words_of(arguments[0] if arguments else "").parse_args(arguments)
    status: int = parsed.handler(parsed)
    return status


def words_of(command: str = "") -> argparse.ArgumentParser:
    """What reads the words of this command; of every command where it is none, as for help."""
    parser: argparse.ArgumentParser = Words(
        prog="lamplight-gateway",
        description="Reads meters, tells interruptions from false alarms, and brings signed events to the cloud.",
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in [COMMANDS[command]] if command in COMMANDS else dict.fromkeys(COMMANDS.values()):
        importlib.import_module(f"gateway.{module}").add_parsers(subparsers)
    return parser


def add_parsers(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `run`."""
    runner = subparsers.add_parser("run", help="run the gateway until it is told to stop")
    runner.add_argument("folder", metavar="DIR", type=Path, nargs="?", help="the gateway's state folder")
    runner.add_argument("--config", metavar="FILE", type=Path, help="a settings file elsewhere, instead of DIR")
    runner.set_defaults(handler=_run_gateway)


def _run_gateway(arguments: argparse.Namespace) -> int:
    # The whole gateway is joined in `main`; no other command should wait for its imports.
    from gateway.main import run_gateway
    from runtime.errors import InputRefused

    if (arguments.folder is None) == (arguments.config is None):
        raise InputRefused("give either a state folder or --config FILE", do="lamplight-gateway run DIR")
    return run_gateway(arguments.config or arguments.folder)
