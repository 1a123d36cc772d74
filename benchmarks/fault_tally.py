"""How reads on a bad day end, counted."""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from benchmarks.faulty_line import HangsError
from gateway.core.errors import MeterUnread


@dataclass(slots=True)
class Tried:
    """How the reads ended."""

    reads: int = 0
    right: int = 0
    typed: Counter[str] = field(default_factory=Counter)
    untyped: Counter[str] = field(default_factory=Counter)
    hung: int = 0
    wrong: int = 0
    leaks: int = 0
    longest_s: float = 0.0

    def add(self, other: "Tried") -> None:
        """Count the other's reads as well."""
        self.reads += other.reads
        self.right += other.right
        self.typed += other.typed
        self.untyped += other.untyped
        self.hung += other.hung
        self.wrong += other.wrong
        self.leaks += other.leaks
        self.longest_s = max(self.longest_s, other.longest_s)


def _is_ours(error: BaseException) -> bool:
    return isinstance(error, MeterUnread)


class Ending:
    """Takes down how a read ended, and lets no error of it out."""

    def __init__(self, tried: Tried, *, is_typed: Callable[[BaseException], bool] = _is_ours) -> None:
        self._tried, self._is_typed = tried, is_typed
        self.is_read = False
        self.error_name = ""

    def __enter__(self) -> Self:
        self._tried.reads += 1
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        if kind is None or error is None:
            self.is_read = True
            return False
        self.error_name = kind.__name__
        if isinstance(error, HangsError):
            self._tried.hung += 1
        elif self._is_typed(error):
            self._tried.typed[self.error_name] += 1
        else:
            self._tried.untyped[self.error_name] += 1
            print(f"untyped: {error!r}", file=sys.stderr)
        return issubclass(kind, Exception)
