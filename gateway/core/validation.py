"""What may be doubted about a reading before anybody builds on it. Doubts are values: nothing here raises.

A reading is held against the meter's reading before it, against its main fuse, against its supply and against the
gateway's clock. A load profile is held against the meter's own remarks, against the fuse and against its own order.
A doubted value stays in the reading, named; only `usable` leaves it out. A register that has passed its last digit is
told from one that went backwards; what a period used across that is known, and its row is used.
Rows without supply or with an unset clock must feed neither anomaly detection nor a bill's explanation, so they are set
aside, with their reasons.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise

from gateway.core.profile_settings import SupplySettings
from gateway.core.reading import (
    CheckedIntervals,
    CheckedReading,
    Doubt,
    Finding,
    IntervalGap,
    IntervalRow,
    IntervalStatus,
    Reading,
)
from gateway.core.rollover import count_passed, size_of_fall, size_passed
from wire.units import VOLTAGES, Quantity

_COUNTERS = (Quantity.ENERGY_IMPORT_WH, Quantity.ENERGY_EXPORT_WH, Quantity.POWER_FAILURES)
_ENERGIES = (Quantity.ENERGY_IMPORT_WH, Quantity.ENERGY_EXPORT_WH)
_POWERS = (Quantity.POWER_IMPORT_W, Quantity.POWER_EXPORT_W)
_ROUNDING_WH = 1_000  # registers step in whole kWh in some meters
_STATUS_DOUBTS = {
    IntervalStatus.POWER_DOWN: Doubt.POWER_DOWN,
    IntervalStatus.CLOCK_INVALID: Doubt.CLOCK_INVALID,
    IntervalStatus.CLOCK_ADJUSTED: Doubt.CLOCK_ADJUSTED,
    IntervalStatus.DATA_INVALID: Doubt.DATA_INVALID,
    IntervalStatus.CRITICAL_ERROR: Doubt.DATA_INVALID,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where doubt begins."""

    supply: SupplySettings
    clock_tolerance: timedelta = timedelta(seconds=60)
    fuse_margin_percent: int = 60  # a fuse carries well above its rating for minutes

    def most_energy_wh(self, duration: timedelta) -> int:
        """The most that can have passed the main fuse, and one step of the register."""
        watts = self.supply.most_power_w * (100 + self.fuse_margin_percent) // 100
        return int(watts * duration.total_seconds()) // 3600 + _ROUNDING_WH

    @property
    def most_voltage_mv(self) -> int:
        """No phase can carry more: with a lost neutral, one phase may see the voltage between two."""
        return self.supply.nominal_mv * 2


def check_reading(reading: Reading, before: Reading | None, limits: Limits) -> CheckedReading:
    """The reading and what is doubtful about it, held against the meter's reading `before`, where there is one."""
    findings: list[Finding] = [*_clock_doubts(reading, limits), *_plausibility(reading, limits)]
    if not reading.is_authenticated:
        findings.append(Finding(doubt=Doubt.UNAUTHENTICATED))
    if before is not None and before.meter_serial != reading.meter_serial:
        findings.append(Finding(doubt=Doubt.METER_SERIAL_CHANGED))
    elif before is not None:
        findings += _counter_doubts(reading, before, limits)
    return CheckedReading(reading=reading, findings=tuple(findings))


def _clock_doubts(reading: Reading, limits: Limits) -> Iterator[Finding]:
    if not reading.tells_time:
        return
    status = reading.clock_status
    if reading.meter_clock_at is None or status.is_invalid or status.is_doubtful or status.is_status_invalid:
        yield Finding(doubt=Doubt.METER_CLOCK_DOUBTFUL)
        return
    offset = reading.meter_clock_at - reading.taken_at
    if abs(offset) > limits.clock_tolerance:
        yield Finding(
            doubt=Doubt.METER_CLOCK_OFF,
            observed=round(offset.total_seconds()),
            allowed=round(limits.clock_tolerance.total_seconds()),
        )


def _plausibility(reading: Reading, limits: Limits) -> Iterator[Finding]:
    most_w = limits.most_energy_wh(timedelta(hours=1))
    for quantity, value in reading.values:
        if quantity in VOLTAGES and not 0 <= value <= limits.most_voltage_mv:
            yield _beyond(Doubt.VOLTAGE_IMPLAUSIBLE, quantity, value, limits.most_voltage_mv)
        elif quantity in _POWERS and not 0 <= value <= most_w:
            yield _beyond(Doubt.POWER_IMPLAUSIBLE, quantity, value, most_w)
        elif quantity in _COUNTERS and value < 0:
            yield _beyond(Doubt.COUNTER_BACKWARDS, quantity, value, 0)


def _counter_doubts(reading: Reading, before: Reading, limits: Limits) -> Iterator[Finding]:
    duration = max(reading.taken_at - before.taken_at, timedelta(0))
    for quantity in _COUNTERS:
        now, then = reading.value(quantity), before.value(quantity)
        if now is None or then is None:
            continue
        if now < then:
            yield _fallen(quantity, then, now, limits.most_energy_wh(duration))
        elif quantity in _ENERGIES and now - then > limits.most_energy_wh(duration):
            yield _beyond(Doubt.COUNTER_JUMP, quantity, now - then, limits.most_energy_wh(duration))


def _fallen(quantity: Quantity, then: int, now: int, most_wh: int) -> Finding:
    is_energy = quantity in _ENERGIES
    size = size_passed(then=then, now=now, most=most_wh) if is_energy else count_passed(then=then, now=now)
    if size is None:
        return _beyond(Doubt.COUNTER_BACKWARDS, quantity, now, then)
    return _beyond(Doubt.COUNTER_ROLLED_OVER, quantity, now, size)


def check_intervals(rows: Iterable[IntervalRow], limits: Limits) -> CheckedIntervals:
    """The load profile's rows sorted into those to use and those set aside, and the gaps between all of them."""
    usable: list[IntervalRow] = []
    set_aside: list[tuple[IntervalRow, tuple[Finding, ...]]] = []
    rolled_over: list[tuple[IntervalRow, tuple[Finding, ...]]] = []
    ordered = sorted(rows, key=lambda row: row.ends_at)
    before: IntervalRow | None = None
    for told in ordered:
        row, passed = _without_rollover(told, limits)
        findings = (*_order_doubts(row, before), *_row_doubts(row, limits))
        rolled_over += [(row, passed)] if passed and not findings else []
        if findings:
            set_aside.append((row, findings))
        else:
            usable.append(row)
        before = row
    return CheckedIntervals(
        usable=tuple(usable),
        set_aside=tuple(set_aside),
        gaps=tuple(_gaps(ordered)),
        rolled_over=tuple(rolled_over),
    )


def _without_rollover(row: IntervalRow, limits: Limits) -> tuple[IntervalRow, tuple[Finding, ...]]:
    """The row with what a register in truth went on by where it passed its last digit, and what was found."""
    most_wh = limits.most_energy_wh(timedelta(seconds=row.period_s))
    sizes = {quantity: size_of_fall(value, most=most_wh) for quantity, value in row.values if value < 0}
    passed = {quantity: size for quantity, size in sizes.items() if size is not None}
    values = tuple((quantity, value + passed.get(quantity, 0)) for quantity, value in row.values)
    findings = [
        _beyond(Doubt.COUNTER_ROLLED_OVER, quantity, value, passed[quantity])
        for quantity, value in row.values
        if quantity in passed
    ]
    return (replace(row, values=values) if passed else row), tuple(findings)


def _order_doubts(row: IntervalRow, before: IntervalRow | None) -> Iterator[Finding]:
    if before is None:
        return
    if row.ends_at == before.ends_at:
        yield Finding(doubt=Doubt.DUPLICATE_INTERVAL)
    elif row.starts_at < before.ends_at:
        yield Finding(doubt=Doubt.OVERLAPPING_INTERVAL)


def _row_doubts(row: IntervalRow, limits: Limits) -> Iterator[Finding]:
    for status, doubt in _STATUS_DOUBTS.items():
        if status in row.status:
            yield Finding(doubt=doubt)
    most_wh = limits.most_energy_wh(timedelta(seconds=row.period_s))
    for quantity, value in row.values:
        if value < 0:
            yield _beyond(Doubt.COUNTER_BACKWARDS, quantity, value, 0)
        elif value > most_wh:
            yield _beyond(Doubt.COUNTER_JUMP, quantity, value, most_wh)


def _gaps(ordered: Sequence[IntervalRow]) -> Iterator[IntervalGap]:
    for before, after in pairwise(ordered):
        if after.starts_at > before.ends_at:
            yield IntervalGap(starts_at=before.ends_at, ends_at=after.starts_at)


def _beyond(doubt: Doubt, quantity: Quantity, observed: int, allowed: int) -> Finding:
    return Finding(doubt=doubt, quantity=quantity, observed=observed, allowed=allowed)
