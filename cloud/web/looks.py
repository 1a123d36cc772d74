"""How a home looks in the street: its light, its badges, a few words beside it, and one sentence to be read out.

Pure. The same words stand in the drawing, in the list below it and on the page of an outage, so that a state has one
name; a page in a customer's own language has words of its own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cloud.kernel.ids import EventId
from cloud.web import standing, words
from cloud.web.moments import Moments, length
from cloud.web.sight import Sight
from cloud.web.standing import Note, Standing, Supply
from cloud.web.street_house import Badge, Dwelling, Light
from wire.events import Evidence
from wire.terms import Grade

LIGHTS: Final = {
    Standing.ON: Light.LIT,
    Standing.OUT: Light.DARK,
    Standing.LOST: Light.UNSURE,
    Standing.RETURNING: Light.UNSURE,
    Standing.LOW: Light.DARK,
    Standing.STALE: Light.UNSURE,
    Standing.UNHEARD: Light.UNSURE,
    Standing.UNVERIFIED: Light.UNSURE,
    Standing.SWITCHED_OFF: Light.DARK,
    Standing.OWN_BREAKER: Light.DARK,
}
IN_A_WORD: Final = {
    Standing.ON: "on",
    Standing.OUT: "out",
    Standing.LOST: "lost",
    Standing.RETURNING: "returning",
    Standing.LOW: "no voltage",
    Standing.STALE: "no recent word",
    Standing.UNHEARD: "nothing heard",
    Standing.UNVERIFIED: "unverified",
    Standing.SWITCHED_OFF: "switched off",
    Standing.OWN_BREAKER: "own breaker",
}
"""A state in the drawing and in counts."""
BADGES: Final = {
    Note.UNPLUGGED: Badge.UNPLUGGED,
    Note.HEAD_OFF: Badge.HEAD_OFF,
    Note.SWITCHED_OFF: Badge.SWITCHED_OFF,
    Note.OWN_BREAKER: Badge.OWN_BREAKER,
    Note.SILENT: Badge.SILENT,
}
NOTES: Final = {
    Note.UNPLUGGED: "gateway unplugged",
    Note.HEAD_OFF: "optical head off the meter",
    Note.SWITCHED_OFF: "switched off at the meter",
    Note.OWN_BREAKER: "the home’s own breaker is off",
    Note.PHASE_LOST: "one phase is lost",
    Note.CANNOT_TELL: "the gateway cannot tell",
    Note.SILENT: "nothing heard",
}
_DATED: Final = frozenset({Standing.OUT, Standing.LOST})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One piece of evidence: what was seen, when, and the event that says so."""

    what: str
    at: datetime
    source: EventId


def dwelling(sight: Sight, moments: Moments) -> Dwelling:
    """The home as it is drawn."""
    supply = sight.supply
    badges = tuple(BADGES[note] for note in supply.notes if note in BADGES)
    state = IN_A_WORD[supply.standing]
    if supply.standing in _DATED and supply.since is not None:
        state = f"{state} {moments.time(supply.since)}"
    more = [badge.value for badge in badges if badge.value != state]
    own_outage = sight.around.outage.name if sight.around is not None and sight.is_alone_in_outage else None
    return Dwelling(
        usage_point=sight.home.id,
        light=LIGHTS[supply.standing],
        words=(sight.home.id, state, *more, *([] if own_outage is None else [own_outage])),
        name=read_out(sight, moments),
        badges=badges,
        is_cut=own_outage is not None,
    )


def read_out(sight: Sight, moments: Moments) -> str:
    """The home in one sentence: "Rua das Acácias 12, UP-0001: out since 20:14, strong evidence, 12 s old"."""
    supply = sight.supply
    parts = [phrase(supply, moments)]
    if supply.standing is Standing.OUT and supply.case is not None:
        parts.append(f"{standing.strength(supply.case.grade)} evidence")
    if supply.as_of is not None:
        parts.append(f"evidence {age(supply.as_of, moments)}" if len(parts) == 1 else age(supply.as_of, moments))
    parts += notes(supply, moments)
    place = f"{sight.home.address}, {sight.home.id}" if sight.home.address else sight.home.id
    return f"{place}: {', '.join(parts)}"


def phrase(supply: Supply, moments: Moments) -> str:
    """A home's state in words: "out since 20:14"."""
    since = "" if supply.since is None else f" since {moments.time(supply.since)}"
    match supply.standing:
        case Standing.ON:
            return "power is on"
        case Standing.OUT:
            return f"out{since}"
        case Standing.LOST:
            return f"supply lost{since}, being verified"
        case Standing.RETURNING:
            return "supply is back, being verified"
        case Standing.LOW:
            return "the meter reads no usable voltage"
        case Standing.STALE:
            return "no recent word"
        case Standing.UNHEARD:
            return "nothing heard of its power yet"
        case Standing.UNVERIFIED:
            return f"not verified{since}"
        case Standing.SWITCHED_OFF:
            return "switched off at the meter"
        case Standing.OWN_BREAKER:
            return "its own breaker is off, power reaches the meter"


def notes(supply: Supply, moments: Moments) -> list[str]:
    """What is known beside the state, in words."""
    told = [NOTES[note] for note in supply.notes if NOTES[note] not in phrase(supply, moments)]
    told = [text for text in told if supply.standing is not Standing.OWN_BREAKER or text != NOTES[Note.OWN_BREAKER]]
    if supply.silent_since is None:
        return told
    return [*told[:-1], f"nothing heard since {moments.time(supply.silent_since)}"]


def age(at: datetime, moments: Moments) -> str:
    """How old something is: "12 s old"."""
    return f"{length(max(moments.now - at, timedelta(0)))} old"


def evidence(supply: Supply) -> list[Seen]:
    """What a home's state rests on, each piece with when it was seen."""
    seen: list[Seen] = []
    if supply.case is not None and supply.case.is_open:
        seen += _seen(supply.case.evidence, supply.case.verdict_at, supply.case.verdict_by)
    if supply.finding is not None:
        seen += _seen(supply.finding.evidence, supply.finding.said_at, supply.finding.by)
    if supply.voltage_mv is not None and supply.as_of is not None and supply.proven_by:
        read = Seen(what=f"meter reads {words.volts(supply.voltage_mv)}", at=supply.as_of, source=supply.proven_by[0])
        is_told = any((each.what, each.source) == (read.what, read.source) for each in seen)
        seen += [] if is_told else [read]
    return seen


def _seen(items: tuple[Evidence, ...], said_at: datetime, source: EventId) -> list[Seen]:
    return [
        Seen(what=words.evidence(item), at=said_at - timedelta(milliseconds=item.age_ms), source=source)
        for item in items
    ]


def finding(supply: Supply) -> str:
    """The verdict other than an outage that stands, in words; empty where there is none."""
    if supply.finding is None:
        return ""
    held = supply.finding
    sure = "" if held.grade is Grade.NONE else f", {standing.strength(held.grade)} evidence"
    return f"{words.CAUSES[held.cause]} ({words.STAGES[held.stage]}{sure})"
