"""The words after a command, read strictly: what is wrong with them is one line, as everywhere in Lamplight.

Every parser of the three programs is a `Words`; its subparsers are, too, because argparse makes them of their parent's
class. argparse itself would print its usage and leave with `sys.exit`, past `runtime.program`.
"""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NoReturn

from runtime.errors import InputRefused

_MOST_SAID = 400


class Words(argparse.ArgumentParser):
    """A parser that refuses by raising InputRefused, instead of printing its usage."""

    def error(self, message: str) -> NoReturn:
        raise InputRefused(
            message if len(message) <= _MOST_SAID else f"{message[:_MOST_SAID]}...",
            where=self.prog,
            do="--help tells the words",
        )


def whole(minimum: int, maximum: int) -> Callable[[str], int]:
    """A whole number within bounds."""

    def read(text: str) -> int:
        number = int(text)
        if not minimum <= number <= maximum:
            raise ValueError(text)
        return number

    read.__name__ = f"whole number from {minimum} to {maximum}"
    return read


def seconds(text: str) -> float:
    """A duration of up to a day."""
    duration_s = float(text)
    if not 0 < duration_s <= 86_400:
        raise ValueError(text)
    return duration_s


def instant(text: str) -> datetime:
    """An instant that says how far it is from UTC, as 2027-06-30T00:00+02:00."""
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo is not None else _not_an_instant(text)
    except (ValueError, OverflowError):
        return _not_an_instant(text)


def _not_an_instant(text: str) -> NoReturn:
    raise argparse.ArgumentTypeError(f"{text[:40]!r} is no instant; write it as 2027-06-30T00:00+02:00") from None
