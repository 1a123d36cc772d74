"""The JSON of the REST interface: one model an answer, each field described once, for /openapi.json and /docs alike.

Instants end in `_at` or `as_of` and are UTC. An event is named gateway/generation/lane/number, everywhere.
"""

from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from cloud.kernel.facts import SourceKind
from cloud.messaging.model import State

MAX_RAW_SHOWN: Final = 256


class Answer(BaseModel):
    """What every answer is: immutable, its fields described."""

    model_config = ConfigDict(frozen=True)


class StateAnswer(Answer):
    """What can be said of a home's power now; silence is never taken for power."""

    standing: str = Field(
        description="on, out, lost, returning, low, stale, unheard, unverified, switched_off or own_breaker",
        examples=["out"],
    )
    since: datetime | None = Field(description="since when it stands so, where that is known")
    proven_by: list[str] = Field(description="the events it rests on")
    as_of: datetime | None = Field(description="of when the newest evidence is")
    age_s: float | None = Field(description="how old that evidence is, in seconds")
    voltage_mv: int | None = Field(description="the lowest phase read, where a reading is the evidence")
    notes: list[str] = Field(
        description="beside it: unplugged, head_off, switched_off, own_breaker, phase_lost, cannot_tell, silent"
    )


class RegisterAnswer(Answer):
    """What a meter's register said last."""

    quantity: str = Field(examples=["energy_import_wh"])
    value: int = Field(examples=[12_345_678])
    unit: str = Field(description="empty for counts and states", examples=["Wh"])
    as_of: datetime
    source: str = Field(description="the event that says so")


class EvidenceAnswer(Answer):
    """One thing a gateway looked at."""

    kind: str = Field(examples=["supply_sense"])
    value: int
    age_ms: int = Field(description="how old it was when the verdict was made")


class FindingAnswer(Answer):
    """A gateway's verdict other than an outage, that stands now."""

    cause: str = Field(description="as in the event’s own words", examples=["gateway_unplugged"])
    stage: str = Field(description="provisional or confirmed")
    grade: str
    evidence: list[EvidenceAnswer]
    by: str = Field(description="the event that says so")
    began_at: datetime
    said_at: datetime


class ReturnAnswer(Answer):
    """The proof that power is back."""

    at: datetime
    held_s: int
    lowest_mv: int
    proven_by: str


class CaseAnswer(Answer):
    """One outage of one home, with everything it rests on."""

    id: int = Field(description="rises in the order cases were opened; a cursor")
    name: str = Field(examples=["UP-1-1"])
    usage_point: str
    number: int
    meter: str
    state: str = Field(description="open or closed")
    began_at: datetime
    latest_loss_at: datetime
    is_clock_good: bool = Field(description="whether the gateway's time can be believed")
    stage: str
    grade: str
    evidence: list[EvidenceAnswer]
    verdict_by: str = Field(description="the event with the verdict")
    verdict_at: datetime
    sources: list[str] = Field(description="the events that led to the case")
    opened_at: datetime
    told_at: datetime | None
    returned: ReturnAnswer | None
    closed_at: datetime | None
    end: str | None = Field(description="restored, no_outage or operator")
    end_by: str | None
    end_cause: str | None
    closed_by: str | None = Field(description="the person who closed it, where one did")
    close_reason: str | None
    attention: str | None = Field(description="why a person should look")


class UsagePointAnswer(Answer):
    """A home and what can be said of its power."""

    id: str = Field(examples=["UP-1"])
    meter: str | None
    customer: str | None
    language: str | None
    time_zone: str
    address: str
    gateways: list[str]
    heard_at: datetime | None = Field(description="when one of its gateways was heard last, about anything")
    state: StateAnswer
    phase: str = Field(description="what the rules hold of it: supplied, suspected, out or told")
    finding: FindingAnswer | None
    dips: int = Field(description="how often supply went and came back by itself")
    outage: str | None = Field(description="the open outage of the grid it lies in", examples=["T-0101-1"])


class UsagePointDetail(UsagePointAnswer):
    """A home with its meter's latest registers and its open case."""

    registers: list[RegisterAnswer]
    open_case: CaseAnswer | None


class UsagePointPage(Answer):
    """Homes in the order of their names."""

    usage_points: list[UsagePointAnswer]
    next: str | None = Field(description="the cursor of what follows; null at the end")


class ClockAnswer(Answer):
    """How far a gateway's time can be trusted."""

    source: str = Field(examples=["ntp"])
    uncertainty_ms: int
    boot: int


class EventAnswer(Answer):
    """An accepted event; its signature was verified before it was accepted."""

    id: str = Field(examples=["7Z0M4QDA/1/0/12"])
    arrival: int = Field(description="rises with every accepted event; a cursor")
    gateway: str
    gen: int
    lane: str
    seq: int
    name: str = Field(examples=["SupplyLost"])
    code: int
    meter: str = Field(description="the meter it speaks of; empty for the gateway itself")
    at: datetime = Field(description="when the gateway sealed it, by its clock")
    received_at: datetime
    clock: ClockAnswer
    facts: dict[str, Any] = Field(description="what it says, enumerations as words, bytes as hexadecimal")


class EventDetail(EventAnswer):
    """An event with its proof."""

    envelope: str = Field(description="the signed bytes, hexadecimal")
    hash: str = Field(description="by which the next event of its lane names it")
    prev: str = Field(description="the hash of the event before it")
    is_verified: bool = Field(description="whether the signature holds, checked for this answer")
    is_linked: bool | None = Field(description="whether the event before it has that hash; null where it is not stored")
    receipted_to: int = Field(description="the last number of its lane that receipts cover")


class EventPage(Answer):
    """Events, the newest first, or behind `after` the oldest first."""

    events: list[EventAnswer]
    next: int | None = Field(description="the cursor of what follows, for the same direction; null when nothing came")


class CasePage(Answer):
    """Cases, the last opened first."""

    cases: list[CaseAnswer]
    next: int | None = Field(description="the cursor of what follows; null at the end")


class MemberAnswer(Answer):
    """A home that an outage reached, and how it stands there."""

    usage_point: str
    standing: str = Field(description="out, back, unverified, other_cause, elsewhere or closed")
    since: datetime
    case: str | None = Field(description="its own case, as in /api/v1/cases", examples=["UP-1-1"])
    asked_at: datetime | None = Field(description="when its customer was asked, or told that it goes on")
    closed_by: str | None
    close_reason: str | None


class OutageAnswer(Answer):
    """An outage of the grid: where, and which homes it reached."""

    number: int = Field(description="rises in the order outages were opened; a cursor")
    name: str = Field(examples=["T-0101-1"])
    feeder: str
    device: str = Field(description="where it is held to be: a device or, for a single home, its usage point")
    within: int | None = Field(description="the outage it was found in")
    state: str = Field(description="open or closed")
    began_at: datetime
    opened_at: datetime
    first_back_at: datetime | None = Field(description="when a first home was proven back")
    closed_at: datetime | None
    counts: dict[str, int] = Field(description="how many homes stand how")
    members: list[MemberAnswer]


class LineAnswer(Answer):
    """A line of an outage's timeline."""

    mark: str = Field(examples=["opened"])
    detail: str
    usage_point: str | None
    at: datetime


class OutageDetail(OutageAnswer):
    """An outage with what was found within it, and its timeline."""

    nested: list[str]
    timeline: list[LineAnswer]


class OutagePage(Answer):
    """Outages, the last opened first."""

    outages: list[OutageAnswer]
    next: int | None = Field(description="the cursor of what follows; null at the end")


class SourceAnswer(Answer):
    """One place a fact can be looked up at."""

    kind: str = Field(description=", ".join(SourceKind))
    ref: str


class FigureAnswer(Answer):
    """A stretch of a message that states a fact, and what proves it."""

    part: str = Field(description="subject, text or sms")
    start: int = Field(description="its first character in that part, counted in Unicode code points")
    end: int
    text: str
    fact: str = Field(examples=["began_at"])
    value: str | int = Field(
        description="an instant or a date as ISO 8601, a duration in ms, a number, money or a text"
    )
    as_of: datetime
    sources: list[SourceAnswer]


class MessageAnswer(Answer):
    """A message to a customer, with the source behind every figure."""

    id: int = Field(description="rises in the order of writing; a cursor")
    message_id: str
    usage_point: str
    case: str
    template: str = Field(examples=["power_out"])
    template_version: str | None
    stage: int
    channel: str
    language: str = Field(examples=["pt-BR"])
    to: str
    state: str = Field(description=", ".join(State))
    reason: str = Field(description="why it stands there, where that is not plain")
    answer: str = Field(description="the mail relay's own words")
    attempts: int
    composed_at: datetime
    changed_at: datetime
    valid_until: datetime | None
    subject: str | None = Field(description="null for a message that was not written")
    text: str | None
    sms: str | None = Field(description="the same as a text message; null where none is written or it does not fit")
    purpose: str | None = Field(description="what the customer agreed to; null for word of the supply itself")
    figures: list[FigureAnswer]


class MessagePage(Answer):
    """Messages, the last written first."""

    messages: list[MessageAnswer]
    next: int | None = Field(description="the cursor of what follows; null at the end")


class RefusedAnswer(Answer):
    """A message that was not believed."""

    id: int
    reason: str
    detail: str
    topic: str
    size: int
    times: int = Field(description="how often it came")
    first_at: datetime
    last_at: datetime
    raw: str = Field(description=f"its first {MAX_RAW_SHOWN} bytes, hexadecimal")


class QuarantinePage(Answer):
    """What was not believed, the last refused first."""

    counts: dict[str, int] = Field(description="how many are kept for each reason")
    refused: list[RefusedAnswer]
