"""A session of the gateway's own with the meter of `fakes_meter`, and what is asked of the hours it gives."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from gateway.adapters.dlms_meter import DlmsMeter
from gateway.core.dlms.data import Data
from gateway.core.dlms.obis import Attribute
from gateway.core.meter_profile import MeterProfile
from gateway.core.reading import IntervalRow
from tests.builders_meter import a_profile
from tests.fakes_meter import LOAD_PROFILE, NOON, FakeLine, array, home_meter, stamp, structure, u8, u32
from wire.units import Quantity

HOUR = timedelta(hours=1)


def reading_of(
    line: FakeLine,
    profile: MeterProfile | None = None,
    *,
    report: Callable[[str], None] = lambda _words: None,
    deadline_s: float = 60.0,
) -> DlmsMeter:
    """A meter session over a fake line."""
    profile = a_profile() if profile is None else profile
    return DlmsMeter(
        "/dev/fake",
        profile,
        clock=line.clock,
        deadline_s=deadline_s,
        report=report,
        open_line=lambda _address, _baud: line,
    )


def used(rows: Iterable[IntervalRow]) -> list[tuple[datetime, int | None]]:
    """When each interval ends, and what was used in it."""
    return [(row.ends_at, row.value(Quantity.ENERGY_IMPORT_WH)) for row in rows]


def long_meter(rows: int) -> dict[Attribute, Data]:
    """A meter with so many hours in its load profile."""
    hours = [structure(stamp(NOON + (n - rows) * HOUR), u8(0), u32(5 * n)) for n in range(1, rows + 1)]
    return home_meter() | {LOAD_PROFILE: array(*hours)}
