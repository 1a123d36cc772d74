"""A meter's intervals as a table: CSV, plain or gzipped, with `timestamp` and one column of energy or mean power.

The unit is the last part of the column's name: `kwh`, `wh`, `kw`, `w`, or `gc_kwh`. A timestamp is ISO 8601 and marks
the start of its interval; without an offset it is local time of a zone that the caller names, and the hour that comes
twice in autumn is taken in the order of the rows. All intervals are as long as most rows are apart; an empty value is
no reading.

A bill must not depend on where a fraction of a watt-hour was dropped: what rounding leaves over is carried into the
next interval, so the whole is right to the watt-hour. In go the bytes; out come intervals in the file's order, or
`SheetRefused` with every fault. Order, overlaps and gaps are not looked at here: `cloud.billing.day_use` does.
"""

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from cloud.billing.day_use import IntervalUse
from cloud.billing.tariff import FIRST_YEAR, LAST_YEAR
from cloud.kernel import sheet
from cloud.kernel.sheet import Fault, SheetRefused

TIMESTAMP: Final = "timestamp"
MAX_PERIOD_S: Final = 86_400
MAX_POWER_W: Final = 1_000_000
_UNIT: Final = re.compile(r"(?:^|_)(kwh|wh|kw|w)$")
_NUMBER: Final = re.compile(r"[+-]?\d{1,12}(?:\.\d{0,30})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_GZIP: Final = b"\x1f\x8b"


def parse(data: bytes, zone: ZoneInfo) -> tuple[IntervalUse, ...]:
    """The intervals of a table; raises SheetRefused."""
    data = _unpacked(data)
    column, unit = _column(sheet.heading(data))
    records, faults = sheet.read(data, (TIMESTAMP, column), takes_more=True)
    rows: list[tuple[datetime, Decimal]] = []
    before: datetime | None = None
    for record in records:
        try:
            before = at = _instant(record[TIMESTAMP], zone, before)
        except ValueError as error:
            faults.append(record.fault(TIMESTAMP, str(error)))
            continue
        if not _NUMBER.fullmatch(record[column] or "0"):
            faults.append(record.fault(column, f"{record[column][:40]!r} is not a number"))
        elif record[column]:
            rows.append((at, Decimal(record[column])))
    sheet.refuse(faults)
    period_s = _period_s([at for at, _ in rows])
    return _intervals(rows, unit, period_s)


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    members: list[bytes] = []
    room = sheet.MAX_BYTES + 1
    while data and room:  # `cat one.gz two.gz` is both of them
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            members.append(unpacker.decompress(data, room))
        except zlib.error as error:
            raise _refused(f"not gzip: {error}") from error
        room -= len(members[-1])
        if not unpacker.eof and room:
            raise _refused("the gzip file ends too early")
        data = unpacker.unused_data.lstrip(b"\0")  # a tape pads
    return b"".join(members)


def _column(heading: Sequence[str]) -> tuple[str, str]:
    for name in heading:
        match = _UNIT.search(name.lower())
        if match is not None:
            return name, match[1]
    found = ", ".join(heading)[:200] or "nothing"
    raise _refused(f"no column in kWh, Wh, kW or W: name one kwh, wh, kw or w, or end its name so; found: {found}")


def _instant(text: str, zone: ZoneInfo, before: datetime | None) -> datetime:
    """The instant in UTC; ValueError for none. `before` is that of the row above."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no ISO 8601 timestamp") from None
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError(f"{text[:40]!r} is not of the years {FIRST_YEAR} to {LAST_YEAR}")
    if at.tzinfo is not None:
        return at.astimezone(UTC)
    found = at.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != at:
        what = f"{text[:40]} does not exist in {zone.key}, where the clock skips it"
        raise ValueError(f"{what}; if the times are not local, name their zone")
    again = at.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return again if before is not None and found <= before < again else found


def _period_s(instants: Sequence[datetime]) -> int:
    steps = Counter(later - earlier for earlier, later in pairwise(instants) if later > earlier)
    if not steps:
        raise _refused("fewer than two readings: nobody can tell how long an interval is")
    step_s = steps.most_common(1)[0][0].total_seconds()
    if step_s != int(step_s) or not 0 < step_s <= MAX_PERIOD_S:
        raise _refused(f"most readings are {step_s:g} s apart; give whole seconds, and a day at most")
    return int(step_s)


def _intervals(rows: Sequence[tuple[datetime, Decimal]], unit: str, period_s: int) -> tuple[IntervalUse, ...]:
    wh_of_one = {"kwh": Decimal(1000), "wh": Decimal(1)}.get(unit)
    if wh_of_one is None:
        wh_of_one = Decimal(period_s * (1000 if unit == "kw" else 1)) / 3600
    most_wh = Decimal(MAX_POWER_W * period_s) / 3600
    carried = Decimal(0)
    found = []
    for at, value in rows:
        exact = value * wh_of_one
        if abs(exact) > most_wh:
            raise _refused(f"{value:f} {unit} at {at.isoformat()} is more than a home can draw")
        whole = round(exact + carried)
        carried += exact - whole
        found.append(IntervalUse(starts_at=at, period_s=period_s, energy_wh=whole))
    return tuple(found)


def _refused(what: str) -> SheetRefused:
    return SheetRefused([Fault(row=sheet.HEADING_ROW, column=sheet.WHOLE_FILE, what=what)])
