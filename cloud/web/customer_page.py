"""What a customer's own page shows of one home, in her words: the operator's answer, from the same evidence.

Nothing is said here that the operator's page does not say; less is: no name of a gateway, no event, nobody else's
home. Behind every figure of a message stands in plain words what it rests on. She is asked whether she has power when
a message asked her, or when her home cannot be verified, until her own meter answers instead.

`read` touches the database and nothing else does; `show` is pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from cloud.kernel.facts import Fact
from cloud.kernel.money import Money
from cloud.messaging import store as messaging
from cloud.messaging.model import MAY_HAVE_BEEN_READ, Announcement, Message, State
from cloud.outages import answers
from cloud.outages.answers import Answer
from cloud.outages.facts import case_name
from cloud.web import customer_bills, home_bills, letters, looks
from cloud.web.customer_bills import ShownBills
from cloud.web.customer_notes import Footnote
from cloud.web.customer_words import CustomerWords
from cloud.web.homes import Home
from cloud.web.letters import Run
from cloud.web.moments import Moments
from cloud.web.sight import Onlooker, Sight
from cloud.web.standing import Note, Standing, Supply
from wire.events import Evidence
from wire.terms import EvidenceKind

MAX_MESSAGES: Final = 10
_VALUED: Final = frozenset({EvidenceKind.METER_VOLTAGE})
_TOLD_ONCE: Final = frozenset({EvidenceKind.POWER_FAILURES})
_UNSAID: Final = frozenset({EvidenceKind.INPUT_VOLTAGE, EvidenceKind.UPLINK})  # of our device, and not of her supply


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the stores hold of her home at one moment."""

    sight: Sight
    messages: Sequence[Message]
    answer: Answer | None
    bills: home_bills.Known | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A thing seen and when, both in her words."""

    what: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMessage:
    """A message as it was sent."""

    id: int
    language: str
    sent: str
    unsure: bool
    subject: Sequence[Run]
    paragraphs: Sequence[Sequence[Run]]
    sms: Sequence[Run]
    notes: Sequence[Footnote]

    @property
    def noted(self) -> frozenset[int]:
        """The numbers of the figures that have a note."""
        return frozenset(note.number for note in self.notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Her home, ready for the template."""

    home: Home
    supply: Supply
    light: str
    title: str
    meanings: Sequence[str]
    evidence: Sequence[Told]
    newest: str
    case: str
    bills: ShownBills | None
    messages: Sequence[ShownMessage]
    is_asked: bool
    said: str


def read(connection: Connection, home: Home, onlooker: Onlooker, now: datetime) -> Known:
    """What her page needs, as it stands in this snapshot."""
    sent = messaging.newest(connection, usage_point=home.id, limit=MAX_MESSAGES)
    customer = home.customer
    return Known(
        sight=onlooker.look(home),
        messages=[each for each in sent if customer is not None and each.key.customer == customer.id],
        answer=answers.of_homes(connection, [home.id]).get(home.id),
        bills=None if customer is None else home_bills.read(connection, home, now, whose=customer.id),
        now=now,
    )


def is_asked(known: Known) -> bool:
    """Whether her word is wanted: her home cannot be verified, or she was asked and nothing has answered since."""
    supply = known.sight.supply
    if supply.standing is Standing.UNVERIFIED:
        return True
    asked_at = max((each.composed_at for each in known.messages if _asks(each)), default=None)
    if asked_at is None:
        return False
    is_answered = supply.standing is Standing.ON and supply.as_of is not None and supply.as_of > asked_at
    return not is_answered and not _was_told_after(known.messages, asked_at)


def show(known: Known, words: CustomerWords) -> Shown:
    """Her home in her words."""
    sight, supply = known.sight, known.sight.supply
    wanted = is_asked(known)
    return Shown(
        home=sight.home,
        supply=supply,
        light=looks.LIGHTS[supply.standing].value,
        title=words.say(f"title.{supply.standing}"),
        meanings=_meanings(supply, words),
        evidence=_evidence(supply, words),
        newest="" if supply.as_of is None else words.say("how.newest", at=words.moment(supply.as_of)),
        case=_case(sight, words),
        bills=None if known.bills is None else customer_bills.show(sight.home.id, known.bills, words),
        messages=[_message(each, words) for each in known.messages if _was_sent(each)],
        is_asked=wanted,
        said=_said(known, words),
    )


def _asks(message: Message) -> bool:
    return message.key.template == Announcement.POWER_CHECK and _was_sent(message)


def _was_sent(message: Message) -> bool:
    return message.state in MAY_HAVE_BEEN_READ and message.letter is not None


def _was_told_after(messages: Sequence[Message], asked_at: datetime) -> bool:
    return any(each.composed_at > asked_at and not _asks(each) for each in messages if _was_sent(each))


def _meanings(supply: Supply, words: CustomerWords) -> list[str]:
    told = []
    since = f"since.{supply.standing}"
    if supply.since is not None and words.has(since):
        told.append(words.say(since, since=words.moment(supply.since)))
    told.append(words.say(f"meaning.{supply.standing}"))
    for note in supply.notes:
        at = supply.silent_since if note is Note.SILENT else None
        if words.has(f"note.{note}"):
            told.append(words.say(f"note.{note}", since="" if at is None else words.moment(at)))
    return told


def _evidence(supply: Supply, words: CustomerWords) -> list[Told]:
    told: list[Told] = []
    if supply.case is not None and supply.case.is_open:
        told += _told(supply.case.evidence, supply.case.verdict_at, words)
    if supply.finding is not None:
        told += _told(supply.finding.evidence, supply.finding.said_at, words)
    if supply.voltage_mv is not None and supply.as_of is not None:
        what = words.say("evidence.meter_voltage", value=words.volts(supply.voltage_mv))
        read_ = Told(what=what, at=words.moment(supply.as_of))
        told += [] if any(each.what == read_.what for each in told) else [read_]
    return told


def _told(items: Sequence[Evidence], said_at: datetime, words: CustomerWords) -> list[Told]:
    found = []
    for item in items:
        name = f"evidence.{item.kind.name.lower()}"
        key = name if item.kind in _VALUED | _TOLD_ONCE else f"{name}_{item.value}"
        is_nothing = item.kind in _TOLD_ONCE and not item.value
        if item.kind in _UNSAID or is_nothing or not words.has(key):
            continue
        value = words.volts(item.value) if item.kind in _VALUED else ""
        at = said_at - timedelta(milliseconds=item.age_ms)
        found.append(Told(what=words.say(key, value=value), at=words.moment(at)))
    return found


def _case(sight: Sight, words: CustomerWords) -> str:
    if sight.supply.standing is Standing.UNVERIFIED:
        return ""  # that there is an outage around her is said already; that her home is in it, nobody knows
    if sight.around is not None and sight.around.is_in_it:
        outage = sight.around.outage
        return words.say("case.outage", name=outage.name, since=words.moment(outage.began_at))
    held = sight.state.open_case
    if held is None:
        return words.say("case.none")
    return words.say("case.open", name=case_name(sight.home.id, held.number), since=words.moment(held.began_at))


def _said(known: Known, words: CustomerWords) -> str:
    said, around = known.answer, known.sight.around
    began_at = around.outage.began_at if around is not None else None
    asked_at = min((each.composed_at for each in known.messages if _asks(each)), default=None)
    since = began_at or asked_at
    if said is None or since is None or said.said_at < since:
        return ""
    return words.say("ask.said_yes" if said.has_power else "ask.said_no", at=words.moment(said.said_at))


def _message(message: Message, words: CustomerWords) -> ShownMessage:
    shown = letters.show(message, Moments(zone=words.zone, now=message.composed_at))
    return ShownMessage(
        id=message.id,
        language=message.language.value,
        sent=words.say("messages.sent", at=words.moment(message.composed_at), to=message.recipient),
        unsure=message.state is State.UNKNOWN,
        subject=shown.subject,
        paragraphs=shown.paragraphs,
        sms=shown.sms,
        notes=[
            _footnote(note.number, note.anchor, message.facts[note.fact_id], words)
            for note in shown.notes
            if words.has(f"fact.{note.fact_id}")
        ],
    )


def _footnote(number: int, anchor: str, fact: Fact, words: CustomerWords) -> Footnote:
    kinds = dict.fromkeys(source.kind for source in fact.sources)
    return Footnote(
        number=number,
        anchor=anchor,
        fact=words.say(f"fact.{fact.id}"),
        value=_value(fact, words),
        source=", ".join(words.say(f"source.{kind}") for kind in kinds),
        as_of=words.say("messages.as_of", at=words.moment(fact.as_of)),
    )


def _value(fact: Fact, words: CustomerWords) -> str:
    match fact.value:
        case datetime():
            return words.moment(fact.value)
        case timedelta():
            return words.duration(fact.value)
        case date():
            return words.date(fact.value)
        case Money():
            return words.money(fact.value)
        case int() if fact.id.endswith("_mv"):
            return words.volts(fact.value)
        case int() if fact.id.endswith("_wh"):
            return words.energy(fact.value)
        case int():
            return str(fact.value)
        case str():
            return fact.value
