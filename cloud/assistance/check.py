"""Whether a programme is worth asking for, for one home on one day: likely, unlikely, or which facts are missing.

We decide nothing: who administers a programme does. What we owe is never to send a family after help that is not
there. So whether a version is open that day is looked at before any fact of the home, and the only answer an offer can
be made from, `Likely`, cannot even be built for a version that is not open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from cloud.assistance.predicate import Compare, Facts, Truth, decisive, judge, missing
from cloud.assistance.programme import Programme, Reckoned, Status, Version, holding_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Likely:
    """Open, and the home meets every condition as far as is known; `met` are the comparisons that say so."""

    programme: Programme
    version: Version
    on: date
    amount: Reckoned | None
    met: tuple[Compare, ...]

    def __post_init__(self) -> None:
        if self.version not in self.programme.versions or not self.version.is_open_on(self.on):
            raise ValueError(f"{self.programme.id} is not open on {self.on}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlikely:
    """The home does not meet these conditions; none are named where the programme is for another place."""

    programme: Programme
    version: Version | None
    against: tuple[Compare, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsFacts:
    """It hangs on facts nobody has told us."""

    programme: Programme
    version: Version
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """It is over since the day after this."""

    programme: Programme
    last_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYet:
    """It opens on this day."""

    programme: Programme
    opens: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """It stands still, or nobody has read its sources again since `stale_since`."""

    programme: Programme
    version: Version
    stale_since: date | None


Assessment: TypeAlias = Likely | Unlikely | NeedsFacts | Ended | NotYet | Paused


def assess(programme: Programme, facts: Facts, jurisdiction: str, on: date) -> Assessment:
    """What to tell a home of these facts (`Programme.known`) in this place about the programme on this day."""
    if not programme.holds_in(jurisdiction):
        return Unlikely(programme=programme, version=None, against=())
    version = programme.version_on(on)
    if version is None or not version.is_open_on(on):
        return _shut(programme, version, on)
    match judge(version.eligible, facts, on):
        case Truth.YES:
            amount = version.amount.reckon(facts, on) if version.amount else None
            met = decisive(version.eligible, facts, on)
            return Likely(programme=programme, version=version, on=on, amount=amount, met=met)
        case Truth.UNKNOWN:
            return NeedsFacts(programme=programme, version=version, missing=missing(version.eligible, facts, on))
        case Truth.NO:
            return Unlikely(programme=programme, version=version, against=decisive(version.eligible, facts, on))


def assess_all(
    programmes: Sequence[Programme], told: dict[str, object], jurisdiction: str, on: date
) -> tuple[Assessment, ...]:
    """Every programme that holds in the place, from what was told of a home; raises FactRefused."""
    return tuple(
        assess(programme, programme.known(told), jurisdiction, on) for programme in holding_in(programmes, jurisdiction)
    )


def _shut(programme: Programme, version: Version | None, on: date) -> Ended | NotYet | Paused:
    """Why nothing is open on this day."""
    if version is None:
        opens = [each.valid_from for each in programme.versions if each.valid_from > on]
        if opens:
            return NotYet(programme=programme, opens=min(opens))
        return Ended(programme=programme, last_day=max(each.valid_to or on for each in programme.versions))
    if version.status is Status.ENDED:
        return Ended(programme=programme, last_day=version.valid_to or on)
    if version.status is Status.PAUSED or on > version.read_again_by:
        stale_since = None if version.status is Status.PAUSED else version.read_again_by
        return Paused(programme=programme, version=version, stale_since=stale_since)
    assert version.season is not None
    opens_on = version.season.next_opening(on)
    if opens_on > version.until:
        return Ended(programme=programme, last_day=version.until)
    return NotYet(programme=programme, opens=opens_on)
