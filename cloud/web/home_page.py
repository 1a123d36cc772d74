"""Everything the page of one home shows, read in one snapshot and turned into words.

`read` touches the database and nothing else does; `show` is pure. So a page never mixes two moments, and holds no
connection while it is being written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from cloud.ingest import store as intake
from cloud.ingest.store import StoredEvent
from cloud.messaging import store as messaging
from cloud.messaging.model import Message
from cloud.outages import answers
from cloud.outages import store as outages
from cloud.outages.answers import Answer
from cloud.outages.area_model import Standing as Membership
from cloud.outages.model import Case, State
from cloud.outages.store import TimelineEntry
from cloud.readings import store as readings
from cloud.readings.store import IntervalReading, RegisterReading
from cloud.web import curve, drawing, home_bills, letters, looks, operator_bills, words
from cloud.web.curve import Curve, Measured, Period
from cloud.web.drawing import Drawing, Span
from cloud.web.homes import Home
from cloud.web.letters import ShownLetter
from cloud.web.looks import Seen
from cloud.web.moments import Moments
from cloud.web.settings import WebSettings
from cloud.web.sight import Onlooker, Sight
from cloud.web.standing import Supply
from cloud.web.words import Said
from wire.events import Heartbeat
from wire.terms import Lane

MAX_MESSAGES: Final = 20
MAX_LINES: Final = 40
MAX_EVENTS: Final = 25
MAX_CASES: Final = 50
_SHORT_PERIOD_S: Final = 900
_LONG_PERIOD_S: Final = 3_600
_MARGIN: Final = timedelta(hours=1)  # the curve's first period begins on a whole one
TWO_DAYS: Final = timedelta(hours=48)
SEVEN_DAYS: Final = timedelta(days=7)
_WIDE: Final = (1040, 300)
_NARROW: Final = (360, 260)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the stores hold of a home at one moment; `until` is where its load curve ends."""

    sight: Sight
    now: datetime
    cases: Sequence[Case]
    timeline: Sequence[TimelineEntry]
    messages: Sequence[Message]
    answer: Answer | None
    intervals: Sequence[IntervalReading]
    since: datetime
    until: datetime
    bills: home_bills.Known
    events: Sequence[StoredEvent]
    heartbeat: StoredEvent | None

    @property
    def home(self) -> Home:
        return self.sight.home


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEvent:
    """An event with its words."""

    event: StoredEvent
    said: Said
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCurve:
    """The load curve: two drawings, its summary in words, and the rows of its table with the events they rest on."""

    curve: Curve
    drawings: tuple[Drawing, ...]
    has_dark: bool
    has_unread: bool
    highest: Period | None
    lowest: Period | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A home's page, ready for its template."""

    sight: Sight
    moments: Moments
    notes: Sequence[str]
    evidence: Sequence[Seen]
    finding: str
    answer: Answer | None
    her_link: str | None
    cases: Sequence[Case]
    letters: Sequence[ShownLetter]
    timeline: Sequence[TimelineEntry]
    load: ShownCurve
    span: timedelta
    bills: operator_bills.Shown
    events: Sequence[ShownEvent]
    heartbeat: StoredEvent | None

    @property
    def home(self) -> Home:
        return self.sight.home

    @property
    def supply(self) -> Supply:
        return self.sight.supply

    @property
    def state(self) -> State:
        return self.sight.state

    @property
    def registers(self) -> Sequence[RegisterReading]:
        return self.sight.registers

    @property
    def latest_case(self) -> Case | None:
        return self.cases[0] if self.cases else None

    @property
    def can_be_settled(self) -> bool:
        """Whether it has no case to close, and an outage waits for a word about it."""
        around = self.sight.around
        return self.state.open_case is None and around is not None and around.member.standing is Membership.UNVERIFIED

    @property
    def needs_person(self) -> bool:
        """Whether a message waits for somebody's decision."""
        return any(letter.needs_person for letter in self.letters)


def read(connection: Connection, home: Home, now: datetime, settings: WebSettings, span: timedelta) -> Known:
    """Everything the page needs, as it stands in this snapshot."""
    meter = home.meter
    newest = None if meter is None else readings.newest_start_at(connection, meter)
    until = _curve_end(newest, now, span)
    gateways = home.gateway_ids
    subjects = {subject for gateway in home.gateways for subject in gateway.subjects_in(home.id)}
    return Known(
        sight=Onlooker(connection, now, settings).look(home),
        now=now,
        cases=outages.of_home(connection, home.id, limit=MAX_CASES),
        timeline=outages.timeline(connection, home.id, limit=MAX_LINES),
        messages=messaging.newest(connection, usage_point=home.id, limit=MAX_MESSAGES),
        answer=answers.of_homes(connection, [home.id]).get(home.id),
        intervals=[] if meter is None else readings.intervals(connection, meter, until - span - _MARGIN, until),
        since=until - span,
        until=until,
        bills=home_bills.read(connection, home, now),
        events=intake.page(
            connection, gateways=gateways, subjects=subjects, without_codes=[Heartbeat.code], limit=MAX_EVENTS
        ),
        heartbeat=intake.latest_of_code(connection, gateways, Heartbeat.code),
    )


def show(known: Known, her_link: str | None = None) -> Shown:
    """The page of what is known; `her_link` leads to the customer's own view of it."""
    moments = Moments(zone=known.home.zone, now=known.now)
    return Shown(
        sight=known.sight,
        moments=moments,
        notes=looks.notes(known.sight.supply, moments),
        evidence=looks.evidence(known.sight.supply),
        finding=looks.finding(known.sight.supply),
        answer=known.answer,
        her_link=her_link,
        cases=known.cases,
        letters=letters.in_order(known.messages, moments),
        timeline=known.timeline,
        load=_load(known, moments),
        span=known.until - known.since,
        bills=operator_bills.show(known.bills),
        events=[show_event(event, moments) for event in known.events],
        heartbeat=known.heartbeat,
    )


def show_event(event: StoredEvent, moments: Moments) -> ShownEvent:
    """One event in words, with its place in the chain."""
    place = f"{words.LANES[Lane(event.id.lane)]} no. {event.id.seq}"
    generation = f", generation {event.id.gen}" if event.id.gen > 1 else ""
    return ShownEvent(event=event, said=words.said(event.record.event, moments), place=place + generation)


def _curve_end(newest: datetime | None, now: datetime, span: timedelta) -> datetime:
    """Now, unless nothing was read for so long that the curve would be empty: then where the readings end."""
    if newest is None or newest > now - span:
        return now
    return newest + timedelta(hours=1)


def _load(known: Known, moments: Moments) -> ShownCurve:
    wanted_s = _SHORT_PERIOD_S if known.until - known.since <= TWO_DAYS else _LONG_PERIOD_S
    measured = [
        Measured(start_at=reading.start_at, period_s=reading.period_s, energy_wh=reading.value)
        for reading in known.intervals
    ]
    cut = curve.cut(measured, known.since, known.until, wanted_s)
    dark = [Span(since=case.began_at, until=_over_at(case)) for case in known.cases if case.clock_is_good]
    drawings = tuple(
        drawing.draw(cut, dark, moments, name=name, width=width, height=height)
        for name, (width, height) in (("wide", _WIDE), ("narrow", _NARROW))
    )
    return ShownCurve(
        curve=cut,
        drawings=drawings,
        has_dark=bool(drawings[0].dark),
        has_unread=bool(drawings[0].unread),
        highest=max(cut.read, key=lambda period: period.mean_w or 0, default=None),
        lowest=min(cut.read, key=lambda period: period.mean_w or 0, default=None),
        sources=tuple(dict.fromkeys(str(reading.source) for reading in known.intervals)),
    )


def _over_at(case: Case) -> datetime | None:
    """When power was away no more: as its meter proved it, or when the case was closed."""
    return case.returned.at if case.returned is not None else case.closed_at
