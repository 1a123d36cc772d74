"""What the lines of a P1 telegram mean: numbers, texts, times, and the three lines that hold whole tables.

A value may have its own time before it (`(200509134558S)(02.589*kW)`). The tables are the gas line of DSMR 2 and 3,
whose number stands on a line of its own; the log of power failures, each stamped at its end; and the Belgian log of
monthly peaks. An entry of the failure log that began before the year 2000 tells of the meter's birth, when its clock
was unset and nothing had happened: it is left out and counted. A line of another form is kept as it stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.core.dlms.cosem_time import CosemDateTime
from gateway.core.dlms.obis import Obis
from gateway.core.dlms.push.pushed import PushedReading
from gateway.core.telegrams import data_sets
from gateway.core.telegrams.data_sets import CLOCK, DataSet
from gateway.core.telegrams.text_readings import reading_of, verbatim

_FAILURE_LOG, _PEAK_LOG = (99, 97), (98, 1)
_OLD_GAS = (24, 3)
_FIRST_INSTANT = datetime(2000, 1, 1, 0, 0, 1, tzinfo=UTC)  # of a clock that was never set


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """What the lines of one telegram gave."""

    readings: tuple[PushedReading, ...]
    unnamed: int  # data sets without an OBIS code
    births: int  # entries of the failure log that are none


def read_lines(sets: Sequence[DataSet]) -> Lines:
    """Every reading of a telegram's data sets, in order."""
    readings: list[PushedReading] = []
    unnamed = births = 0
    for data_set in sets:
        obis = data_sets.obis_of(data_set.code)
        if obis is None:
            unnamed += 1
            continue
        found = _table(obis, data_set.values)
        readings += (_one(obis, data_set.values),) if found is None else found.readings
        births += found.births if found is not None else 0
    return Lines(readings=tuple(readings), unnamed=unnamed, births=births)


def _one(obis: Obis, values: tuple[str, ...]) -> PushedReading:
    """The reading of a line that holds one value, or one with its time."""
    if len(values) == 1:
        return reading_of(obis, values[0])
    at = data_sets.local_time(values[0])
    if len(values) == 2 and (at is not None or _is_no_time(values[0])):
        return reading_of(obis, values[1], at)
    return verbatim(obis, values)


def _is_no_time(value: str) -> bool:
    """Whether a stamp stands for "never": some meters write 632525252525S where no device is connected."""
    return len(value) in (12, 13) and value[:12].isdigit()


def _table(obis: Obis, values: Sequence[str]) -> Lines | None:
    """The readings of a line that holds a table; None where it is no such line, or not laid out as one."""
    kind = (obis.octets[2], obis.octets[3])
    if kind == _FAILURE_LOG:
        return _failures(values)
    if kind == _PEAK_LOG:
        return _peaks(obis, values)
    if kind == _OLD_GAS:
        return _old_gas(values)
    return None


def _failures(values: Sequence[str]) -> Lines | None:
    """`(number)(0-0:96.7.19)` and for each failure its end and its length."""
    code = data_sets.obis_of(values[1]) if len(values) > 1 else None
    if code is None or len(values) % 2:
        return Lines(readings=(), unnamed=0, births=0) if _is_nought(values) else None
    readings, births = [], 0
    for stamp, length in zip(values[2::2], values[3::2], strict=True):
        at, lasted = data_sets.local_time(stamp), data_sets.amount(length)
        if at is None or lasted is None or lasted.unit != "s":
            return None
        if _is_birth(at, int(lasted.number)):
            births += 1
        else:
            readings.append(PushedReading(obis=code, value=lasted.number, unit="s", at=at))
    return Lines(readings=tuple(readings), unnamed=0, births=births)


def _is_birth(ended_at: CosemDateTime, lasted_s: int) -> bool:
    end = ended_at.to_utc(unspecified_deviation_min=0)
    return end <= _FIRST_INSTANT or lasted_s >= (end - _FIRST_INSTANT) / timedelta(seconds=1)


def _peaks(obis: Obis, values: Sequence[str]) -> Lines | None:
    """`(number)(1-0:1.6.0)(1-0:1.6.0)` and for each month its end, when its peak was, and how high."""
    if _is_nought(values):
        return Lines(readings=(), unnamed=0, births=0)
    if len(values) < 3 or len(values) % 3 or data_sets.obis_of(values[2]) is None:
        return None
    readings = []
    for occurred, height in zip(values[4::3], values[5::3], strict=True):
        at, peak = data_sets.local_time(occurred), data_sets.amount(height)
        if at is None or peak is None:
            return None
        readings.append(PushedReading(obis=obis, value=peak.number, unit=peak.unit, at=at))
    return Lines(readings=tuple(readings), unnamed=0, births=0)


def _is_nought(values: Sequence[str]) -> bool:
    return bool(values) and values[0].strip("0") == ""


def _old_gas(values: Sequence[str]) -> Lines | None:
    """`(time)(status)(minutes)(1)(0-1:24.2.1)(m3)(value)`: a profile of one row, named by what it captures."""
    if len(values) != 7:
        return None
    code, at = data_sets.obis_of(values[4]), data_sets.local_time(values[0])
    value = data_sets.amount(f"{values[6]}*{values[5]}")
    if code is None or value is None:
        return None
    reading = PushedReading(obis=code, value=value.number, unit=value.unit, at=at)
    return Lines(readings=(reading,), unnamed=0, births=0)


def sent_at(sets: Sequence[DataSet]) -> CosemDateTime | None:
    """The telegram's own time, where it has one."""
    stamps = (item.values[0] for item in sets if data_sets.obis_of(item.code) == CLOCK)
    return next((moment for moment in map(data_sets.local_time, stamps) if moment is not None), None)


def version(sets: Sequence[DataSet]) -> int:
    """The version of the P1 port (42 for 4.2, 50 for 5.0; Belgian ones are longer), 0 where it is not told."""
    codes = (Obis.parse("1-3:0.2.8"), Obis.parse("0-0:96.1.4"))
    told = (item.values[0] for item in sets if data_sets.obis_of(item.code) in codes)
    return next((int(value) for value in told if value.isascii() and value.isdigit() and len(value) < 8), 0)
