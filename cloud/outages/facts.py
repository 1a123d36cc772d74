"""What a case lets us say: its facts, each with the events that prove it.

A fact that cannot be proven is left out, and a message that needs it is then not written: the start of an outage that
a gateway timed with an unset clock, a duration that would be negative, a voltage nobody read.

`power_is_out` and `power_is_back` are printed nowhere: they are what the messages of those names claim as a whole, and
the ones that grow old.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cloud.kernel.facts import Fact, FactSheet, FactValue, Source, SourceKind
from cloud.kernel.ids import EventId
from cloud.outages.model import Case, Finding, Return
from cloud.outages.settings import OutageSettings
from cloud.outages.signs import live_voltage


def case_name(usage_point: str, number: int) -> str:
    """What a case is called towards people: the home and a number, in one word."""
    return f"{usage_point}-{number}"


def sheet(usage_point: str, case: Case, settings: OutageSettings) -> FactSheet:
    """Everything the case can say."""
    facts = [_named(case_name(usage_point, case.number), case.opened_at)]
    if case.clock_is_good:
        facts += _of_the_loss(case, settings)
    if case.returned is not None and case.returned.clock_is_good:
        facts += _of_the_return(case, case.returned, settings)
    return FactSheet(facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Since when, at the latest, there has been power around a home, and the events that prove it."""

    back_at: datetime
    by: Sequence[EventId]


def still_out(
    usage_point: str, case: Case, neighbours: Neighbours, now: datetime, settings: OutageSettings
) -> FactSheet:
    """What can be said to a customer in the dark when power came back around the home."""
    name = case_name(usage_point, case.number)
    unshown = replace(_named(name, now), id="no_return_shown", value="none", ttl=settings.still_out_ttl)
    return sheet(usage_point, case, settings).joined_with(FactSheet([unshown, *_of_neighbours(neighbours, now)]))


def power_check(outage_name: str, neighbours: Neighbours, now: datetime, settings: OutageSettings) -> FactSheet:
    """What can be said to a customer whose home cannot be seen when power came back around it."""
    named = _named(outage_name, now)
    unseen = replace(named, id="cannot_be_seen", value="unverified", ttl=settings.power_check_ttl)
    return FactSheet([named, unseen, *_of_neighbours(neighbours, now)])


def breaker_name(usage_point: str, occurrence: int) -> str:
    """What we call towards people the times that a home's own breaker was found."""
    return f"{usage_point}-breaker-{occurrence}"


def own_breaker(name: str, finding: Finding, settings: OutageSettings) -> FactSheet:
    """What can be said to a customer whose own breaker keeps the home dark."""
    proof, live = _events(finding.by), live_voltage(finding.evidence)
    facts = [_named(name, finding.said_at)]
    if finding.clock_is_good and live is not None:
        measured_at = finding.said_at - timedelta(milliseconds=live.age_ms)
        facts += [
            Fact(id="began_at", value=finding.began_at, sources=proof, as_of=finding.said_at),
            Fact(id="measured_at", value=measured_at, sources=proof, as_of=finding.said_at),
            Fact(id="voltage_mv", value=live.value, sources=proof, as_of=measured_at),
            Fact(
                id="nothing_is_drawn",
                value=finding.grade.name.lower(),
                sources=proof,
                as_of=finding.said_at,
                ttl=settings.fact_ttl,
            ),
        ]
    return FactSheet(facts)


def _named(name: str, as_of: datetime) -> Fact:
    return Fact(id="case", value=name, sources=(Source(kind=SourceKind.CASE, ref=name),), as_of=as_of)


def _of_neighbours(neighbours: Neighbours, now: datetime) -> list[Fact]:
    """Since when, at the latest, there has been power around; nothing if no event proves it."""
    proof = _events(*neighbours.by)
    return [Fact(id="neighbours_back_at", value=neighbours.back_at, sources=proof, as_of=now)] if proof else []


def _of_the_loss(case: Case, settings: OutageSettings) -> list[Fact]:
    proof = _events(case.sources[0], case.verdict_by)
    return [
        Fact(id="began_at", value=case.began_at, sources=proof, as_of=case.verdict_at),
        Fact(
            id="power_is_out",
            value=case.grade.name.lower(),
            sources=_events(case.verdict_by),
            as_of=case.verdict_at,
            ttl=settings.fact_ttl,
        ),
    ]


def _of_the_return(case: Case, returned: Return, settings: OutageSettings) -> list[Fact]:
    proof = _events(returned.proven_by)

    def fact(name: str, value: FactValue) -> Fact:
        return Fact(id=name, value=value, sources=proof, as_of=returned.said_at)

    facts = [
        fact("returned_at", returned.at),
        fact("voltage_mv", returned.lowest_mv),
        fact("held", timedelta(seconds=returned.held_s)),
        replace(fact("power_is_back", "proven"), ttl=settings.back_ttl),
    ]
    if case.clock_is_good and returned.at >= case.began_at:
        both = _events(case.sources[0], returned.proven_by)
        span = returned.at - case.began_at
        facts.append(Fact(id="out_for", value=span, sources=both, as_of=returned.said_at))
    return facts


def _events(*events: EventId) -> tuple[Source, ...]:
    return tuple(Source(kind=SourceKind.EVENT, ref=str(event)) for event in dict.fromkeys(events))
