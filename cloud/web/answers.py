"""Answers of the REST interface, made from what the stores hold; what they look like stands in `schema`."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from cloud.ingest.quarantine import Quarantined
from cloud.ingest.store import StoredEvent
from cloud.kernel.facts import Fact, FactValue
from cloud.messaging.model import Message, Traced
from cloud.outages.area_model import Member, Outage
from cloud.outages.area_model import Standing as Membership
from cloud.outages.area_store import OutageLine
from cloud.outages.facts import case_name
from cloud.outages.model import Finding, Return
from cloud.outages.store import HomeCase
from cloud.readings.store import RegisterReading
from cloud.web.moments import machine
from cloud.web.schema import (
    MAX_RAW_SHOWN,
    CaseAnswer,
    ClockAnswer,
    EventAnswer,
    EvidenceAnswer,
    FigureAnswer,
    FindingAnswer,
    LineAnswer,
    MemberAnswer,
    MessageAnswer,
    OutageAnswer,
    OutageDetail,
    RefusedAnswer,
    RegisterAnswer,
    ReturnAnswer,
    SourceAnswer,
    StateAnswer,
    UsagePointAnswer,
    UsagePointDetail,
)
from cloud.web.sight import Sight
from wire.bodies import event_name, facts
from wire.events import Evidence


def usage_point(sight: Sight, now: datetime) -> UsagePointAnswer:
    return UsagePointAnswer(**_usage_point(sight, now))


def usage_point_detail(sight: Sight, now: datetime, open_case: HomeCase | None) -> UsagePointDetail:
    return UsagePointDetail(
        **_usage_point(sight, now),
        registers=[_register(reading) for reading in sight.registers],
        open_case=None if open_case is None else case(open_case),
    )


def _usage_point(sight: Sight, now: datetime) -> dict[str, Any]:
    home, supply = sight.home, sight.supply
    age_s = None if supply.as_of is None else (now - supply.as_of).total_seconds()
    state = StateAnswer(
        standing=supply.standing.value,
        since=supply.since,
        proven_by=[str(event) for event in supply.proven_by],
        as_of=supply.as_of,
        age_s=age_s,
        voltage_mv=supply.voltage_mv,
        notes=[note.value for note in supply.notes],
    )
    return {
        "id": home.id,
        "meter": home.meter,
        "customer": home.customer and home.customer.id,
        "language": home.customer and home.customer.language.value,
        "time_zone": home.zone.key,
        "address": home.address,
        "gateways": list(home.gateway_ids),
        "heard_at": sight.heard_at,
        "state": state,
        "phase": sight.state.phase.value,
        "finding": None if supply.finding is None else _finding(supply.finding),
        "dips": sight.state.dips,
        "outage": sight.outage_name,
    }


def _finding(held: Finding) -> FindingAnswer:
    return FindingAnswer(
        cause=held.cause.name.lower(),
        stage=held.stage.name.lower(),
        grade=held.grade.name.lower(),
        evidence=_evidence(held.evidence),
        by=str(held.by),
        began_at=held.began_at,
        said_at=held.said_at,
    )


def outage(found: Outage) -> OutageAnswer:
    return OutageAnswer(**_outage(found))


def outage_detail(found: Outage, nested: Sequence[Outage], timeline: Sequence[OutageLine]) -> OutageDetail:
    return OutageDetail(
        **_outage(found),
        nested=[each.name for each in nested],
        timeline=[
            LineAnswer(mark=line.mark.value, detail=line.detail, usage_point=line.usage_point, at=line.at)
            for line in timeline
        ],
    )


def _outage(found: Outage) -> dict[str, Any]:
    return {
        "number": found.number,
        "name": found.name,
        "feeder": found.feeder,
        "device": found.device,
        "within": found.within,
        "state": "open" if found.is_open else "closed",
        "began_at": found.began_at,
        "opened_at": found.opened_at,
        "first_back_at": found.first_back_at,
        "closed_at": found.closed_at,
        "counts": {standing.value: found.count(standing) for standing in Membership if found.count(standing)},
        "members": [_member(member) for member in found.members],
    }


def _member(member: Member) -> MemberAnswer:
    return MemberAnswer(
        usage_point=member.usage_point,
        standing=member.standing.value,
        since=member.since,
        case=None if member.case_number is None else case_name(member.usage_point, member.case_number),
        asked_at=member.asked_at,
        closed_by=member.closed_by,
        close_reason=member.close_reason,
    )


def _register(reading: RegisterReading) -> RegisterAnswer:
    return RegisterAnswer(
        quantity=reading.quantity.name.lower(),
        value=reading.value,
        unit=reading.quantity.unit,
        as_of=reading.as_of,
        source=str(reading.source),
    )


def case(found: HomeCase) -> CaseAnswer:
    held = found.case
    return CaseAnswer(
        id=found.id,
        name=case_name(found.usage_point, held.number),
        usage_point=found.usage_point,
        number=held.number,
        meter=held.meter,
        state="open" if held.is_open else "closed",
        began_at=held.began_at,
        latest_loss_at=held.latest_loss_at,
        is_clock_good=held.clock_is_good,
        stage=held.stage.name.lower(),
        grade=held.grade.name.lower(),
        evidence=_evidence(held.evidence),
        verdict_by=str(held.verdict_by),
        verdict_at=held.verdict_at,
        sources=[str(event) for event in held.sources],
        opened_at=held.opened_at,
        told_at=held.told_at,
        returned=_returned(held.returned),
        closed_at=held.closed_at,
        end=held.end and held.end.value,
        end_by=None if held.end_by is None else str(held.end_by),
        end_cause=None if held.end_cause is None else held.end_cause.name.lower(),
        closed_by=held.closed_by,
        close_reason=held.close_reason,
        attention=held.attention,
    )


def _evidence(items: Sequence[Evidence]) -> list[EvidenceAnswer]:
    return [EvidenceAnswer(kind=item.kind.name.lower(), value=item.value, age_ms=item.age_ms) for item in items]


def _returned(returned: Return | None) -> ReturnAnswer | None:
    if returned is None:
        return None
    return ReturnAnswer(
        at=returned.at, held_s=returned.held_s, lowest_mv=returned.lowest_mv, proven_by=str(returned.proven_by)
    )


def event(stored: StoredEvent) -> EventAnswer:
    return EventAnswer(**event_fields(stored))


def event_fields(stored: StoredEvent) -> dict[str, Any]:
    link, stamp, said = stored.record.link, stored.record.stamp, stored.record.event
    return {
        "id": str(stored.id),
        "arrival": stored.arrival,
        "gateway": link.gateway,
        "gen": link.gen,
        "lane": link.lane.name.lower(),
        "seq": link.seq,
        "name": event_name(said),
        "code": said.code,
        "meter": stored.record.subject,
        "at": stored.at,
        "received_at": stored.received_at,
        "clock": ClockAnswer(source=stamp.source.name.lower(), uncertainty_ms=stamp.uncertainty_ms, boot=stamp.boot),
        "facts": facts(said),
    }


def message(found: Message) -> MessageAnswer:
    letter = found.letter
    parts = {} if letter is None else {"subject": letter.subject, "text": letter.body, "sms": letter.sms}
    return MessageAnswer(
        id=found.id,
        message_id=found.message_id,
        usage_point=found.usage_point,
        case=found.key.case,
        template=found.key.template,
        template_version=None if letter is None else letter.template_version,
        stage=found.key.stage,
        channel=found.key.channel,
        language=found.language.value,
        to=found.recipient,
        state=found.state.value,
        reason=found.reason,
        answer=found.answer,
        attempts=found.attempts,
        composed_at=found.composed_at,
        changed_at=found.changed_at,
        valid_until=found.valid_until,
        subject=None if letter is None else letter.subject.text,
        text=None if letter is None else letter.body.text,
        sms=None if letter is None or letter.sms is None else letter.sms.text,
        purpose=None if found.purpose is None else found.purpose.value,
        figures=[figure for part, traced in parts.items() if traced for figure in _figures(found, part, traced)],
    )


def _figures(found: Message, part: str, traced: Traced) -> Iterator[FigureAnswer]:
    for figure in traced.figures:
        fact = found.facts[figure.fact_id]
        yield FigureAnswer(
            part=part,
            start=figure.start,
            end=figure.end,
            text=traced.text[figure.start : figure.end],
            fact=fact.id,
            value=_plain(fact.value),
            as_of=fact.as_of,
            sources=_sources(fact),
        )


def _sources(fact: Fact) -> list[SourceAnswer]:
    return [SourceAnswer(kind=source.kind.value, ref=source.ref) for source in fact.sources]


def _plain(value: FactValue) -> str | int:
    if isinstance(value, str | int):
        return value
    if isinstance(value, datetime):
        return machine(value)
    if isinstance(value, timedelta):
        return value // timedelta(milliseconds=1)
    return str(value)


def refused(found: Quarantined) -> RefusedAnswer:
    return RefusedAnswer(
        id=found.id,
        reason=str(found.reason),
        detail=found.detail,
        topic=found.topic,
        size=found.size,
        times=found.times,
        first_at=found.first_at,
        last_at=found.last_at,
        raw=found.raw[:MAX_RAW_SHOWN].hex(),
    )
