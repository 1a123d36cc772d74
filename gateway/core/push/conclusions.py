"""What follows from a meter's push, and from pushes that stop: the same way as a reading's, with less taken on trust.

A push that proves its sender (its tag was checked, or it came over a line of its own) is a reading like any other. One
that does not is kept and shown, marked as unauthenticated, and says nothing of the supply: not a voltage of it leaves
the gateway. Of a meter that can also be asked, only asking tells how its supply is; its pushes spare it the routine.
A meter that only pushes is judged by its pushes, and by their silence.

What a weak check vouches for waits until the next push agrees with it. A push is kept when one of its quantities is
due, so that a meter that speaks every second fills no journal.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.core import reachability
from gateway.core.conclusions import (
    Conclusion,
    MeterRules,
    PushRules,
    Standing,
    answered,
    from_fault,
    from_observation,
    latest_of,
    registers_of,
    voltage_watched,
    with_alarms,
)
from gateway.core.disclosure import tell_registers
from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.obis import Obis
from gateway.core.dlms.push.pushed import EventKind
from gateway.core.errors import Undecodable
from gateway.core.interruption import Attention
from gateway.core.meter_logs.event_log import Logged
from gateway.core.observations import MeterGasped, MeterPushed, Observation, Tick
from gateway.core.push.agreement import agreed
from gateway.core.push.pushes import NAMELESS, OTHER_METER, REPLAYED, UNPROVED_GASP, HeardPush
from gateway.core.push.snapshot import snapshot_of
from gateway.core.reading import CheckedReading, Doubt, Finding, Origin, Reading, Snapshot
from gateway.core.validation import check_reading
from wire.terms import LinkFault, ReadingSource

_MEASURED_BEFORE = timedelta(seconds=3)  # a meter gathers its list, and sends it at 2400 Bd, before we have heard it
_WRITTEN_EVERY = timedelta(minutes=1)


def from_push(standing: Standing, heard: HeardPush, rules: MeterRules, now: datetime) -> Conclusion:
    """What the meter's push means."""
    assert rules.push is not None
    push = heard.push
    if standing.pushes.is_replay(heard):
        return _refused(standing, REPLAYED)
    standing = replace(standing, pushes=standing.pushes.heard(heard.heard_at).counted(heard))
    if push.event is not None and push.event.kind is EventKind.LAST_GASP:
        return _from_gasp(standing, heard, rules, now)
    return _from_values(standing, heard, rules, rules.push, now) if push.readings else Conclusion(standing=standing)


def from_time(standing: Standing, rules: MeterRules, now: datetime) -> Conclusion:
    """What it means that time went by: for the supply, and for a meter that only pushes and does not."""
    pushes = standing.pushes
    is_written = pushes.written_at is not None and now - pushes.written_at < _WRITTEN_EVERY
    if rules.push is not None and pushes.refused != pushes.record.refused and not is_written:
        standing = replace(standing, pushes=pushes.written(now))
    concluded = from_observation(standing, Tick(), rules, now)
    if rules.push is None or rules.push.is_asked or not pushes.is_silence_due(now, rules.push.interval):
        return concluded
    standing = replace(concluded.standing, pushes=replace(concluded.standing.pushes, silence_told_at=now))
    if pushes.record.kept_at is not None and not pushes.record.is_authenticated:
        reach, told = reachability.step(standing.reach, LinkFault.SILENT, now)
        return replace(
            concluded, standing=replace(standing, reach=reach), events=(*concluded.events, *([told] if told else ()))
        )
    silent = from_fault(standing, LinkFault.SILENT, now, rules, now)
    return replace(silent, events=(*concluded.events, *silent.events))


def _from_gasp(standing: Standing, heard: HeardPush, rules: MeterRules, now: datetime) -> Conclusion:
    if not heard.is_authenticated or not heard.push.proof.is_strong:
        return _refused(standing, UNPROVED_GASP)
    standing = replace(standing, pushes=standing.pushes.written(now))
    return from_observation(standing, MeterGasped(heard_at=heard.heard_at), rules, now)


def _from_values(
    standing: Standing, heard: HeardPush, rules: MeterRules, push_rules: PushRules, now: datetime
) -> Conclusion:
    try:
        reading = _reading(standing, heard, rules)
    except Undecodable:
        return _refused(standing, NAMELESS)
    if standing.serial not in ("", reading.meter_serial):
        changed = (Finding(doubt=Doubt.METER_SERIAL_CHANGED),)
        return replace(_refused(standing, OTHER_METER), doubts=changed)
    logs = standing.logs
    alarms: tuple[Logged, ...] = ()
    if heard.is_authenticated and heard.push.proof.is_strong:
        logs, alarms = with_alarms(standing.logs, _snapshot(standing, heard, rules), rules)
    measured = _measured(replace(standing, logs=logs), heard, reading, rules, push_rules, now)
    return replace(measured, logged=alarms)


def _measured(
    standing: Standing, heard: HeardPush, reading: Reading, rules: MeterRules, push_rules: PushRules, now: datetime
) -> Conclusion:
    pushes = standing.pushes
    quantities = [quantity for quantity, _ in reading.values]
    every = push_rules.every
    if standing.supply.attention is Attention.CLOSE and not push_rules.is_asked:
        every = push_rules.close
    if not pushes.is_due(quantities, heard.heard_at, every):
        return Conclusion(standing=standing)
    if not heard.push.proof.is_strong:
        standing = replace(standing, pushes=replace(pushes, held=heard))
        alike = None if pushes.held is None else _said_alike(standing, pushes.held, heard, rules)
        if alike is None:
            return Conclusion(standing=standing)
        reading = alike
    checked = check_reading(reading, standing.before, rules.doubt)
    return _kept(standing, heard, checked, rules, push_rules, now)


def _said_alike(standing: Standing, first: HeardPush, heard: HeardPush, rules: MeterRules) -> Reading | None:
    """What two pushes with weak checks vouch for together; None where they contradict each other."""
    elapsed_s = (heard.heard_at - first.heard_at).total_seconds()
    both = agreed(first.push, heard.push, elapsed_s=elapsed_s, most_power_w=rules.profile.supply.most_power_w)
    wanted = {rules.profile.serial.obis, *(attribute.obis for attribute in rules.profile.values)}
    before, now = ({reading.obis for reading in push.readings} for push in (first.push, heard.push))
    if both.disputed & wanted & before & now:
        return None
    try:
        return _reading(standing, replace(heard, push=both.push), rules, both.disputed)
    except Undecodable:
        return None


def _kept(
    standing: Standing,
    heard: HeardPush,
    checked: CheckedReading,
    rules: MeterRules,
    push_rules: PushRules,
    now: datetime,
) -> Conclusion:
    reading = checked.reading
    concluded = Conclusion(standing=standing)
    if heard.is_authenticated:
        concluded = from_observation(standing, _observed(checked, push_rules), rules, now)
        watched, out_of_band = voltage_watched(standing.quality, checked, rules)
        concluded = replace(
            concluded,
            standing=replace(concluded.standing, quality=watched),
            events=(*concluded.events, *out_of_band),
        )
    reach, told = concluded.standing.reach, None
    if not push_rules.is_asked:
        reach, told = reachability.step(reach, None, reading.taken_at)
    pushes = standing.pushes.keeping((quantity for quantity, _ in reading.values), heard.heard_at)
    pushes = pushes.written(now, kept_at=heard.heard_at, is_authenticated=heard.is_authenticated)
    source = ReadingSource.PUSHED if heard.is_authenticated else ReadingSource.UNAUTHENTICATED
    told_, values = tell_registers(standing.told, reading.taken_at, checked.usable, rules.disclosure)
    tells_energy = any(quantity.unit == "Wh" for quantity, _ in reading.values)
    findings = checked.findings
    if reading.meter_clock_at is None:  # most lists carry no time of their own; that is no doubt about them
        findings = tuple(finding for finding in findings if finding.doubt is not Doubt.METER_CLOCK_DOUBTFUL)
    return Conclusion(
        standing=replace(
            concluded.standing,
            serial=reading.meter_serial,
            reach=reach,
            pushes=pushes,
            latest=latest_of(reading, Origin.PUSHED),
            before=reading if tells_energy else standing.before,
            told=told_,
        ),
        events=(*concluded.events, *([told] if told else ())),
        readings=registers_of(reading, values, source),
        doubts=findings,
    )


def _reading(standing: Standing, heard: HeardPush, rules: MeterRules, disputed: Collection[Obis] = ()) -> Reading:
    """What the push says, in the product's words; raises Undecodable."""
    snapshot = _snapshot(standing, heard, rules, disputed)
    return replace(rules.profile.interpret(snapshot), is_authenticated=heard.is_authenticated)


def _snapshot(standing: Standing, heard: HeardPush, rules: MeterRules, disputed: Collection[Obis] = ()) -> Snapshot:
    """The push as its meter's answers; a list that does not name its meter is of the one we know to speak here."""
    profile = rules.profile
    snapshot = snapshot_of(heard.push, profile, heard.heard_at - _MEASURED_BEFORE, disputed=disputed)
    if profile.serial not in snapshot.answers and standing.serial:
        named = {**snapshot.answers, profile.serial: Data(DataType.VISIBLE_STRING, standing.serial)}
        snapshot = replace(snapshot, answers=named)
    return snapshot


def _observed(checked: CheckedReading, push_rules: PushRules) -> Observation:
    said = answered(checked)
    if not push_rules.is_asked:
        return said
    return MeterPushed(measured_at=said.asked_at, power_failures=said.power_failures, is_loaded=said.is_loaded)


def _refused(standing: Standing, reason: str) -> Conclusion:
    return Conclusion(standing=replace(standing, pushes=standing.pushes.refusing(reason)), refused=reason)
