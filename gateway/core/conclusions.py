"""What follows from one report about one meter: the way of a reading, each step taking one type and giving the next.

    Snapshot -profile-> Reading -validation-> CheckedReading -interruption-> what is said of the supply
                                                             -reachability-> whether the meter is in reach
                                                             -quality------> whether a voltage stays out of its band
                                                             -------------> its registers, as they stand
    IntervalRow -validation-> CheckedIntervals -batches-> its load profile, as far as it is new
                                               -consumption-> what is unusual in it, told after the rows it rests on
                                               -disclosure-> as much of it as may leave the house
    LogPage -event codes-> what the meter wrote into its own logs, as far as it is new

Pure: `Standing` is everything concluded about the meter so far, and the next one comes out beside the events that led
there. The caller keeps both, or neither.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo

from gateway.core import interruption, reachability, validation
from gateway.core import quality as quality_rules
from gateway.core.batches import IntervalProgress, Window, batches
from gateway.core.consumption import Bank, look
from gateway.core.disclosure import Disclosure, Told, may_tell_use, tell_intervals, tell_registers
from gateway.core.errors import Undecodable
from gateway.core.interruption import InterruptionState
from gateway.core.meter_logs.alarm_registers import alarms_in, newly_set
from gateway.core.meter_logs.event_codes import NO_CODES, EventCodes
from gateway.core.meter_logs.event_log import Logged
from gateway.core.meter_logs.log_progress import LogsTaken
from gateway.core.meter_profile import MeterProfile
from gateway.core.observations import MeterAnswered, MeterFailed, Observation
from gateway.core.push.pushes import Pushes
from gateway.core.quality import Quality
from gateway.core.reachability import Reachability
from gateway.core.reading import (
    CheckedIntervals,
    CheckedReading,
    Doubt,
    Finding,
    IntervalRow,
    Origin,
    Reading,
    Snapshot,
)
from gateway.core.validation import check_intervals, check_reading
from wire.events import IntervalReadings, KnownEvent, RegisterReadings, UnusualUse, VoltageOutOfBand
from wire.instants import unix_ms
from wire.terms import Disconnector, LinkFault, ReadingSource
from wire.units import VOLTAGES, Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRules:
    """How a meter that pushes is listened to: every `interval` it should; what it says is kept `every` so often.

    `close` is the same while a verdict waits for a meter that cannot be asked.
    """

    interval: timedelta
    every: timedelta
    close: timedelta
    is_asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRules:
    """What one meter's answers are held against."""

    profile: MeterProfile
    supply: interruption.Limits
    doubt: validation.Limits
    codes: EventCodes = NO_CODES
    zone: tzinfo = UTC  # in whose hours and days the home lives
    push: PushRules | None = None  # None where the meter does not push
    disclosure: Disclosure = Disclosure()


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestReading:
    """The registers as they were last read, or heard, for the technician."""

    taken_at: datetime
    serial: str
    values: tuple[tuple[Quantity, int], ...]
    origin: Origin = Origin.ASKED
    is_authenticated: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Everything concluded about one meter so far.

    `serial` is empty until the meter was read once. `before` does not outlive the process: the first reading after a
    restart is held against none.
    """

    serial: str
    supply: InterruptionState
    reach: Reachability
    progress: IntervalProgress
    quality: Quality = Quality()
    consumption: Bank = Bank()
    logs: LogsTaken = LogsTaken()
    latest: LatestReading | None = None
    before: Reading | None = None
    pushes: Pushes = Pushes()
    told: Told = Told()


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """The next standing, and the events that led there: those of the supply and the link, and those with readings.

    `logged` is what the meter itself wrote down, and is new.

    `doubts` are those of the reading that was looked at; None where there was none. `refused` says why a push was.
    """

    standing: Standing
    events: tuple[KnownEvent, ...] = ()
    readings: tuple[RegisterReadings | IntervalReadings | UnusualUse, ...] = ()
    logged: tuple[Logged, ...] = ()
    doubts: tuple[Finding, ...] | None = None
    refused: str = ""


def from_observation(standing: Standing, seen: Observation, rules: MeterRules, now: datetime) -> Conclusion:
    """What the probe's word, or the time, means for this meter's supply."""
    supply, events = interruption.step(standing.supply, seen, now, rules.supply)
    return Conclusion(standing=replace(standing, supply=supply), events=events)


def from_fault(
    standing: Standing, fault: LinkFault, asked_at: datetime, rules: MeterRules, now: datetime
) -> Conclusion:
    """What it means that the meter, asked at `asked_at`, could not be read."""
    concluded = from_observation(standing, MeterFailed(asked_at=asked_at, fault=fault), rules, now)
    reach, told = reachability.step(standing.reach, fault, asked_at)
    events = (*concluded.events, *([told] if told else ()))
    return Conclusion(standing=replace(concluded.standing, reach=reach), events=events)


def from_reading(
    standing: Standing,
    snapshot: Snapshot,
    rows: Sequence[IntervalRow],
    window: Window | None,
    rules: MeterRules,
    now: datetime,
) -> Conclusion:
    """What the meter's answer means; `window` is the stretch of the load profile that `rows` were asked for."""
    try:
        reading = rules.profile.interpret(snapshot)
    except Undecodable:
        return from_fault(standing, LinkFault.GARBLED, snapshot.read_at, rules, now)
    if standing.serial not in ("", reading.meter_serial):
        # Another meter speaks here; nothing it says is about this home until a technician has registered it.
        concluded = from_fault(standing, LinkFault.REFUSED, snapshot.read_at, rules, now)
        return replace(concluded, doubts=(Finding(doubt=Doubt.METER_SERIAL_CHANGED),))
    checked = check_reading(reading, standing.before, rules.doubt)
    concluded = from_observation(standing, answered(checked), rules, now)
    reach, told = reachability.step(standing.reach, None, reading.taken_at)
    intervals = check_intervals(rows, rules.doubt)
    progress = standing.progress
    if window is not None:
        is_refused = rules.profile.load_profile is not None and rules.profile.load_profile.buffer in snapshot.denied
        progress = progress.after(window, rows, now, is_refused=is_refused)
    new_rows = [row for row in intervals.usable if row.ends_at > standing.progress.through]
    consumption, noticed = _looked_at(standing.consumption, new_rows, rules.zone)
    logs, alarms = with_alarms(standing.logs, snapshot, rules)
    logs, logged = logs.taken(snapshot.logs, rules.codes, now)
    disclosed, readings = _disclosed(standing.told, checked, new_rows, noticed, rules)
    watched, out_of_band = voltage_watched(standing.quality, checked, rules)
    return Conclusion(
        standing=replace(
            concluded.standing,
            serial=reading.meter_serial,
            reach=reach,
            quality=watched,
            progress=progress,
            consumption=consumption,
            logs=logs,
            latest=latest_of(reading, Origin.ASKED),
            before=reading,
            told=disclosed,
        ),
        events=(*concluded.events, *([told] if told else ()), *out_of_band),
        readings=readings,
        logged=(*alarms, *logged),
        doubts=(*checked.findings, *_doubts(intervals)),
    )


def _doubts(intervals: CheckedIntervals) -> Iterator[Finding]:
    """What was found about rows of the load profile."""
    for _, findings in (*intervals.set_aside, *intervals.rolled_over):
        yield from findings


def voltage_watched(
    quality: Quality, checked: CheckedReading, rules: MeterRules
) -> tuple[Quality, tuple[VoltageOutOfBand, ...]]:
    """What the reading's voltages mean for their quality, as far as nobody doubts them."""
    supply, usable = rules.profile.supply, dict(checked.usable)
    voltages = [(phase, usable[quantity]) for phase, quantity in enumerate(VOLTAGES, start=1) if quantity in usable]
    limits = quality_rules.Limits(
        low_mv=supply.nominal_mv * (100 - supply.quality_percent) // 100,
        high_mv=supply.nominal_mv * (100 + supply.quality_percent) // 100,
        absent_below_mv=rules.supply.absent_below_mv,
    )
    return quality_rules.step(quality, checked.reading.taken_at, voltages, limits)


def _disclosed(
    told: Told, checked: CheckedReading, rows: Sequence[IntervalRow], noticed: Sequence[UnusualUse], rules: MeterRules
) -> tuple[Told, tuple[RegisterReadings | IntervalReadings | UnusualUse, ...]]:
    """As much of what was measured as may leave the house; what is unusual after the rows it rests on."""
    told, tellable = tell_intervals(told, rows, rules.disclosure)
    told, registers = tell_registers(told, checked.reading.taken_at, checked.usable, rules.disclosure)
    unusual = (each for each in noticed if may_tell_use(each, rules.disclosure))
    return told, (*registers_of(checked.reading, registers), *batches(tellable), *unusual)


def registers_of(
    reading: Reading, values: tuple[tuple[Quantity, int], ...], source: ReadingSource | None = None
) -> tuple[RegisterReadings, ...]:
    """The event that tells these values of the reading; none where there is nothing to tell."""
    return (RegisterReadings(at_ms=unix_ms(reading.taken_at), values=values, source=source),) if values else ()


def with_alarms(taken: LogsTaken, snapshot: Snapshot, rules: MeterRules) -> tuple[LogsTaken, tuple[Logged, ...]]:
    """What stands in the meter's alarm registers, and what of it is new."""
    alarms = rules.profile.alarms
    if alarms is None:
        return taken, ()
    given = alarms_in(snapshot.answers, alarms)
    standing, events = newly_set(taken.alarms, given, alarms, rules.codes, snapshot.read_at)
    return (taken if standing == taken.alarms else replace(taken, alarms=standing)), events


def _looked_at(bank: Bank, rows: Sequence[IntervalRow], zone: tzinfo) -> tuple[Bank, list[UnusualUse]]:
    """The bank once it saw what these rows say was drawn, and what it tells."""
    unusual: list[UnusualUse] = []
    for row in rows:
        energy_wh = row.value(Quantity.ENERGY_IMPORT_WH)
        if energy_wh is not None:
            looked = look(bank, unix_ms(row.starts_at) // 1000, row.period_s, float(energy_wh), zone)
            bank = looked.bank
            unusual += looked.events
    return bank, unusual


def answered(checked: CheckedReading) -> MeterAnswered:
    """What the reading says of the supply, as far as nobody doubts it."""
    usable = dict(checked.usable)
    return MeterAnswered(
        asked_at=checked.reading.taken_at,
        voltages_mv=tuple(usable[quantity] for quantity in VOLTAGES if quantity in usable),
        power_failures=usable.get(Quantity.POWER_FAILURES),
        disconnector=Disconnector(usable.get(Quantity.DISCONNECTOR, Disconnector.UNKNOWN)),
        is_loaded=_is_loaded(usable.get(Quantity.POWER_IMPORT_W), usable.get(Quantity.POWER_EXPORT_W)),
    )


def _is_loaded(import_w: int | None, export_w: int | None) -> bool | None:
    """Whether anything flows either way; that nothing does, only a meter that tells what is drawn can say."""
    if import_w or export_w:
        return True
    return None if import_w is None else False


def latest_of(reading: Reading, origin: Origin) -> LatestReading:
    """The reading as the technician is shown it."""
    return LatestReading(
        taken_at=reading.taken_at,
        serial=reading.meter_serial,
        values=tuple((quantity, int(value)) for quantity, value in reading.values),
        origin=origin,
        is_authenticated=reading.is_authenticated,
    )
