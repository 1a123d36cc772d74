"""`lamplight-sim`: the world around a gateway, played by programs.

Each command is a module of its own and is imported only when it is called, so that `tell` starts at once.
"""

import importlib

from runtime.errors import EnvironmentRefused, InputRefused
from runtime.program import run

COMMANDS = {
    "meter": ("simulators.commands.meter", "a household's electricity meter on a pseudo-terminal"),
    "bus": ("simulators.commands.bus", "several meters on one RS-485 bus, each by its address"),
    "probe": ("simulators.commands.probe", "the supply probe beside a gateway, on a pseudo-terminal"),
    "mailbox": ("simulators.commands.mailbox", "a mail server that keeps what it accepts, with a door to look in"),
    "uplink": ("simulators.commands.uplink", "the lines from gateways to their broker: cut, muted or losing packets"),
    "household": ("simulators.commands.household", "what a household draws, hour by hour"),
    "cis": ("simulators.commands.cis", "a utility's customer system: drops of bills, the weather, a winter's load"),
    "tell": ("simulators.commands.tell", "say one command to a running simulator"),
    "scenario": ("simulators.scenarios.cli", "play a whole story with the real programs"),
}


def main() -> int:
    """The whole command; returns the exit status."""
    return run(_dispatch)


def _dispatch(arguments: list[str]) -> int:
    name = arguments[0] if arguments else "--help"
    if name in ("-h", "--help"):
        print(_usage())
        return 0
    if name not in COMMANDS:
        raise InputRefused(f"no command {name!r}", do=f"one of {', '.join(COMMANDS)}")
    try:
        command = importlib.import_module(COMMANDS[name][0])
    except ModuleNotFoundError as error:
        raise EnvironmentRefused(f"{error.name} is not installed", do="pip install 'lamplight[simulators]'") from error
    status: int = command.main(arguments[1:])
    return status


def _usage() -> str:
    lines = [f"  {name:<10} {summary}" for name, (_, summary) in COMMANDS.items()]
    return "\n".join(["usage: lamplight-sim COMMAND ... (COMMAND --help tells more)", "", *lines])
