"""A voltage that stays outside its band: noticed for each phase, raised once, and over once it is well inside again.

In go the voltages a meter read at one instant; out come the next state and what is to be told. EN 50160 judges a
week of ten-minute means; a gateway sees instants, minutes apart. So what is told here is no verdict by that standard
but its ground: readings in a row outside the profile's band, `READINGS` of them at least, over `SPAN` at least. It is
over after as many that lie inside by a margin (`MARGIN_PER_MILLE` of the limit), so that a voltage on the edge is told
once and not by the hour. Between readings that lie further apart than `BROKEN_AFTER` nothing is held to be in a row.

A phase without voltage is no matter of quality: that is an interruption, or a phase lost, and judged elsewhere. What
is remembered outlives a restart; a phase that is inside its band has no state at all, so that it costs no writes.

    >>> from datetime import UTC
    >>> limits = Limits(low_mv=207_000, high_mv=253_000, absent_below_mv=23_000)
    >>> state, noon = Quality(), datetime(2026, 11, 21, 12, tzinfo=UTC)
    >>> for minute, volts in enumerate((231, 254, 255, 257, 255)):
    ...     state, told = step(state, noon + minute * timedelta(minutes=5), ((1, volts * 1000),), limits)
    ...     print(volts, [(event.limit.name, event.stage.name, event.extreme_mv) for event in told])
    231 []
    254 []
    255 []
    257 [('HIGH', 'RAISED', 257000)]
    255 []
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from wire.events import VoltageOutOfBand
from wire.instants import unix_ms
from wire.terms import UseStage, VoltageLimit

READINGS = 3
SPAN = timedelta(minutes=10)
BROKEN_AFTER = timedelta(hours=2)
MARGIN_PER_MILLE = 10

PhaseVoltage: TypeAlias = tuple[int, int]
"""A phase, counted from 1, and what it measures in mV."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The band of a phase; below `absent_below_mv` there is no voltage to speak of."""

    low_mv: int
    high_mv: int
    absent_below_mv: int

    def of(self, limit: VoltageLimit) -> int:
        """The end of the band that is meant, in mV."""
        return self.low_mv if limit is VoltageLimit.LOW else self.high_mv


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Readings in a row that say the same: from when, how many, and when the last of them was."""

    began_at: datetime
    readings: int
    last_at: datetime

    def and_one_more(self, at: datetime) -> "Row":
        """The row with the reading at `at`, or a new one where that lies too far from the last."""
        if at - self.last_at > BROKEN_AFTER:
            return Row(began_at=at, readings=1, last_at=at)
        return replace(self, readings=min(self.readings + 1, READINGS), last_at=at)

    @property
    def is_long(self) -> bool:
        return self.readings >= READINGS and self.last_at - self.began_at >= SPAN


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseOutside:
    """A phase that was outside its band: not yet told of, or told of and not yet over.

    `row` are the readings that lead on from there: outside before it is told, inside after; None where none does.
    """

    phase: int
    limit: VoltageLimit
    began_at: datetime
    extreme_mv: int
    is_told: bool
    row: Row | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What is known of a meter's phases; those inside their band are not in it."""

    outside: tuple[PhaseOutside, ...] = ()


def step(
    quality: Quality, read_at: datetime, voltages: Sequence[PhaseVoltage], limits: Limits
) -> tuple[Quality, tuple[VoltageOutOfBand, ...]]:
    """The next state after a reading at `read_at`, and what is to be told of it; a phase not read stays as it was."""
    known = {each.phase: each for each in quality.outside}
    told: list[VoltageOutOfBand] = []
    for phase, voltage_mv in voltages:
        if voltage_mv < limits.absent_below_mv:
            continue
        before = known.pop(phase, None)
        after, event = _phase(before, phase, voltage_mv, read_at, limits)
        if after is not None:
            known[phase] = after
        if event is not None:
            told.append(event)
    outside = tuple(known[phase] for phase in sorted(known))
    return (quality if outside == quality.outside else Quality(outside=outside)), tuple(told)


def _phase(
    before: PhaseOutside | None, phase: int, voltage_mv: int, at: datetime, limits: Limits
) -> tuple[PhaseOutside | None, VoltageOutOfBand | None]:
    if before is not None and before.is_told:
        return _told(before, voltage_mv, at, limits)
    limit = _limit_left(voltage_mv, limits)
    if limit is None:
        return None, None
    if before is None or before.row is None or before.limit is not limit or at - before.row.last_at > BROKEN_AFTER:
        row = Row(began_at=at, readings=1, last_at=at)
        fresh = PhaseOutside(phase=phase, limit=limit, began_at=at, extreme_mv=voltage_mv, is_told=False, row=row)
        return fresh, None
    after = replace(before, extreme_mv=_worse(limit, before.extreme_mv, voltage_mv), row=before.row.and_one_more(at))
    if after.row is None or not after.row.is_long:
        return after, None
    raised = replace(after, is_told=True, row=None)
    return raised, _event(raised, UseStage.RAISED, at, limits)


def _told(
    before: PhaseOutside, voltage_mv: int, at: datetime, limits: Limits
) -> tuple[PhaseOutside | None, VoltageOutOfBand | None]:
    if not _is_well_inside(voltage_mv, before.limit, limits):
        return replace(before, extreme_mv=_worse(before.limit, before.extreme_mv, voltage_mv), row=None), None
    row = Row(began_at=at, readings=1, last_at=at) if before.row is None else before.row.and_one_more(at)
    if not row.is_long:
        return replace(before, row=row), None
    return None, _event(before, UseStage.ENDED, at, limits)


def _limit_left(voltage_mv: int, limits: Limits) -> VoltageLimit | None:
    if voltage_mv < limits.low_mv:
        return VoltageLimit.LOW
    return VoltageLimit.HIGH if voltage_mv > limits.high_mv else None


def _is_well_inside(voltage_mv: int, limit: VoltageLimit, limits: Limits) -> bool:
    """Inside by the margin, seen from the limit that was left."""
    margin_mv = limits.of(limit) * MARGIN_PER_MILLE // 1000
    if limit is VoltageLimit.LOW:
        return voltage_mv >= limits.low_mv + margin_mv
    return voltage_mv <= limits.high_mv - margin_mv


def _worse(limit: VoltageLimit, one_mv: int, other_mv: int) -> int:
    return min(one_mv, other_mv) if limit is VoltageLimit.LOW else max(one_mv, other_mv)


def _event(outside: PhaseOutside, stage: UseStage, at: datetime, limits: Limits) -> VoltageOutOfBand:
    return VoltageOutOfBand(
        stage=stage,
        phase=outside.phase,
        limit=outside.limit,
        limit_mv=limits.of(outside.limit),
        began_at_ms=unix_ms(outside.began_at),
        noticed_at_ms=unix_ms(at),
        extreme_mv=outside.extreme_mv,
    )
