"""The four ways a meter writes the buffer of a profile; three save line time (Blue Book 4.3.6, Green Book 9.5).

    plain          an array of structures, every cell written out
    null-data      a cell that says what the row before said is null; so is a clock that is one capture period later
    delta          as null-data, and a number that moved by little is the difference
    compact-array  one description of a row's types, then nothing but contents

In come rows of cells in A-XDR, out goes the buffer in A-XDR. A clock is left out only where a reader can work it out
from the row before: same deviation, same status, exactly one period later. Across a change to or from summer time, or
of the clock itself, it is written out.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import Enum
from itertools import pairwise

from simulators.meter import axdr


class Encoding(Enum):
    """How a buffer is written."""

    PLAIN = "plain"
    NULL_DATA = "null-data"
    DELTA = "delta"
    COMPACT_ARRAY = "compact-array"


Cells = Sequence[bytes]

_COMPACT_ARRAY, _STRUCTURE, _OCTET_STRING = 0x13, 0x02, 0x09
_CLOCK_HEAD = bytes((_OCTET_STRING, 12))
# Numbers of one byte are states more often than quantities; they are never written as differences.
_QUANTITIES = {0x05: True, 0x06: False, 0x10: True, 0x12: False, 0x14: True, 0x15: False}
_DELTAS = {False: ((0x1F, 1), (0x20, 2), (0x21, 4)), True: ((0x1C, 1), (0x1D, 2), (0x1E, 4))}


def encode(rows: Iterable[Cells], encoding: Encoding, *, clock_at: int | None, period: timedelta) -> bytes:
    """The buffer in A-XDR.

    Args:
        clock_at: which cell of a row is the clock; None where it was not asked for.
        period: the capture period; zero where rows come as things happen.
    """
    rows = tuple(rows)
    if encoding is Encoding.COMPACT_ARRAY and rows and len({_types(row) for row in rows}) == 1:
        return _compact(rows)
    if encoding in (Encoding.NULL_DATA, Encoding.DELTA):
        has_deltas = encoding is Encoding.DELTA
        rows = (*rows[:1], *(_shortened(*pair, clock_at, period, has_deltas) for pair in pairwise(rows)))
    return axdr.array(axdr.structure(*row) for row in rows)


def _shortened(before: Cells, row: Cells, clock_at: int | None, period: timedelta, has_deltas: bool) -> Cells:
    return [
        _short_clock(old, new, period) if place == clock_at else _short(old, new, has_deltas)
        for place, (old, new) in enumerate(zip(before, row, strict=True))
    ]


def _short(old: bytes, new: bytes, has_deltas: bool) -> bytes:
    if old == new:
        return axdr.NULL
    if not has_deltas or old[0] != new[0] or new[0] not in _QUANTITIES:
        return new
    is_signed = _QUANTITIES[new[0]]
    moved = int.from_bytes(new[1:], "big", signed=is_signed) - int.from_bytes(old[1:], "big", signed=is_signed)
    for tag, size in _DELTAS[moved < 0]:
        if size < len(new) - 1 and -(1 << (8 * size - 1)) <= moved < 1 << 8 * size:
            return bytes((tag,)) + moved.to_bytes(size, "big", signed=moved < 0)
    return new


def _short_clock(old: bytes, new: bytes, period: timedelta) -> bytes:
    return axdr.NULL if period and _follows(old, new, period) else new


def _follows(old: bytes, new: bytes, period: timedelta) -> bool:
    """Whether a reader who knows the old clock and the period can tell the new one."""
    if old[:2] != _CLOCK_HEAD or new[:2] != _CLOCK_HEAD or old[10:] != new[10:]:
        return False
    try:
        return _shown(new) - _shown(old) == period
    except ValueError:
        return False


def _shown(cell: bytes) -> datetime:
    """The local time of a clock cell; raises ValueError where fields of it are not specified."""
    return datetime(  # noqa: DTZ001 - local time, as the meter shows it
        int.from_bytes(cell[2:4], "big"), cell[4], cell[5], cell[7], cell[8], cell[9]
    )


def _types(row: Cells) -> bytes:
    return bytes(cell[0] for cell in row)


def _compact(rows: Sequence[Cells]) -> bytes:
    """One description for all; a string keeps its length, everything else only its octets."""
    description = bytes((_STRUCTURE,)) + axdr.length(len(rows[0])) + _types(rows[0])
    contents = b"".join(cell[1:] for row in rows for cell in row)
    return bytes((_COMPACT_ARRAY,)) + description + axdr.length(len(contents)) + contents
