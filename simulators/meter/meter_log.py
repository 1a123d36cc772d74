"""What a meter remembers of what befell it: the entries of its event logs.

A log holds its last 100 entries: like a real one, it forgets the oldest. Entries are stamped by the meter's own clock,
right or wrong. What is worth an entry, `befalling` says; under which code, the make.
"""

from dataclasses import dataclass
from datetime import datetime

ENTRIES_A_LOG = 100
MAX_CODE = 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event: in which log, under which code, and what the meter's clock showed."""

    log: str
    code: int
    stamp: datetime


def with_entry(entries: tuple[Entry, ...], entry: Entry) -> tuple[Entry, ...]:
    """One more; the oldest of a full log is forgotten."""
    same = [known for known in entries if known.log == entry.log]
    if len(same) >= ENTRIES_A_LOG:
        entries = tuple(known for known in entries if known is not same[0])
    return (*entries, entry)
