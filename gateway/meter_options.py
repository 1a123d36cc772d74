"""The options by which a command is told which meter to ask, and how much of its load profile: the same for each.

A read gets a minute, and the time that the rows asked for take on a line of 9600 baud.
"""

import argparse

from gateway.secret_options import add_secret_options
from runtime.errors import InputRefused

MAX_HOURS = 24 * 62
_DEADLINE_S, _DEADLINE_PER_HOUR_S = 60.0, 0.15


def add_port(parser: argparse.ArgumentParser, *, is_optional: bool = False) -> None:
    """Where a meter can be asked."""
    words = "/dev/..., tcp://, hdlc+tcp:// or rfc2217://HOST:PORT"
    parser.add_argument("port", metavar="PORT", nargs="?" if is_optional else None, help=words)


def add_meter_options(parser: argparse.ArgumentParser, *, is_optional: bool = False) -> None:
    """Where a meter can be asked, what it is, and what it takes to be let in."""
    add_port(parser, is_optional=is_optional)
    profile = "the meter's profile, or a path to a .toml"
    parser.add_argument("--profile", required=not is_optional, metavar="NAME", help=profile)
    address = "the meter's HDLC address, where meters share the port"
    parser.add_argument("--address", type=int, metavar="N", help=address)
    add_secret_options(parser)


def read_hours(arguments: argparse.Namespace) -> int:
    """How many hours of load profile are asked for; raises InputRefused."""
    hours: int = arguments.hours
    if not 0 <= hours <= MAX_HOURS:
        raise InputRefused(f"{hours} hours cannot be read", where="--hours", do=f"give 0 to {MAX_HOURS}")
    return hours


def deadline_s(hours: int) -> float:
    """How long a read may take that brings so many hours along."""
    return _DEADLINE_S + hours * _DEADLINE_PER_HOUR_S
