"""The operator's front page where a grid is known: one feeder drawn as a street, its open outages, and its homes.

`read` touches the database and nothing else does; `show` is pure. A feeder may have thousands of homes: the page shows
some of them, in the order in which they hang on the feeder, and leads on to the next; what is drawn is what is listed.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from cloud.grid import store as grid
from cloud.grid.model import Tree
from cloud.kernel.ids import DeviceId, UsagePointId
from cloud.messaging import store as messaging
from cloud.messaging.model import Message
from cloud.outages import answers, area_store
from cloud.outages.answers import Answer
from cloud.outages.area_model import Outage
from cloud.outages.area_model import Standing as Membership
from cloud.registry.model import Status
from cloud.web import homes, looks, street
from cloud.web.homes import Home
from cloud.web.moments import Moments
from cloud.web.settings import WebSettings
from cloud.web.sight import Onlooker, Sight
from cloud.web.standing import Standing
from cloud.web.street import Branch, Station, Street
from cloud.web.street_house import Dwelling

HOMES_A_PAGE: Final = 60
MAX_OUTAGES: Final = 50
_UTC: Final = ZoneInfo("UTC")
_IN_ORDER: Final = tuple(Standing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A home of the street: how it stands, what its customer was told last, and what she said."""

    sight: Sight
    message: Message | None
    answer: Answer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the stores hold of a feeder and the homes of one page at one moment."""

    now: datetime
    feeders: Sequence[DeviceId]
    tree: Tree
    outages: Sequence[Outage]
    open_elsewhere: int
    neighbours: Sequence[Neighbour]
    after: str | None
    more: UsagePointId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownNeighbour:
    """A home in the list."""

    neighbour: Neighbour
    moments: Moments
    phrase: str
    notes: Sequence[str]
    evidence: Sequence[looks.Seen]
    finding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The page, ready for its template."""

    known: Known
    moments: Moments
    summary: str
    drawings: Sequence[Street]
    homes: Sequence[ShownNeighbour]

    @property
    def feeder(self) -> DeviceId:
        return self.known.tree.feeder


def read(
    connection: Connection,
    feeders: Sequence[DeviceId],
    feeder: DeviceId,
    now: datetime,
    settings: WebSettings,
    after: str | None = None,
) -> Known:
    """What the page needs, as it stands in this snapshot; raises KeyError when there is no such feeder."""
    tree = grid.tree(connection, feeder)
    names, more = _slice(tree, after)
    onlooker = Onlooker(connection, now, settings)
    said = answers.of_homes(connection, names)
    neighbours = [
        Neighbour(
            sight=onlooker.look(home),
            message=next(iter(messaging.newest(connection, usage_point=home.id, limit=1)), None),
            answer=said.get(home.id),
        )
        for home in homes.of_names(connection, names)
    ]
    return Known(
        now=now,
        feeders=feeders,
        tree=tree,
        outages=area_store.open_of(connection, feeder)[:MAX_OUTAGES],
        open_elsewhere=area_store.count_open_elsewhere(connection, feeder),
        neighbours=neighbours,
        after=after,
        more=more,
    )


def show(known: Known) -> Shown:
    """The page of what is known."""
    zones = [neighbour.sight.home.zone for neighbour in known.neighbours]
    moments = Moments(zone=zones[0] if zones else _UTC, now=known.now)
    feeder, branches = _branches(known)
    return Shown(
        known=known,
        moments=moments,
        summary=_summary(known.neighbours),
        drawings=[street.draw(feeder, branches, paper) for paper in (street.WIDE, street.NARROW)],
        homes=[_row(neighbour, known.now) for neighbour in known.neighbours],
    )


def standing_counts(outage: Outage) -> str:
    """How the members of an outage stand: "4 out, 1 back, 2 unverified"."""
    counts = Counter(member.standing for member in outage.members)
    return ", ".join(f"{counts[each]} {MEMBERSHIPS[each]}" for each in Membership if counts[each])


MEMBERSHIPS: Final = {
    Membership.OUT: "out",
    Membership.BACK: "back",
    Membership.UNVERIFIED: "unverified",
    Membership.OTHER_CAUSE: "dark or unseen for another reason",
    Membership.ELSEWHERE: "now in another outage",
    Membership.CLOSED: "closed by a person",
}


def _slice(tree: Tree, after: str | None) -> tuple[list[UsagePointId], UsagePointId | None]:
    """The homes of this page, and the cursor of the next one if there are more."""
    names = tree.below(tree.feeder)
    first = 0 if after is None else next((at + 1 for at, name in enumerate(names) if name == after), 0)
    found = list(names[first : first + HOMES_A_PAGE])
    return found, found[-1] if first + HOMES_A_PAGE < len(names) else None


def _summary(neighbours: Sequence[Neighbour]) -> str:
    counts = Counter(neighbour.sight.supply.standing for neighbour in neighbours)
    total = f"{len(neighbours)} home{'' if len(neighbours) == 1 else 's'}"
    told = ", ".join(f"{counts[each]} {looks.IN_A_WORD[each]}" for each in _IN_ORDER if counts[each])
    return f"{total}: {told}" if told else total


def _row(neighbour: Neighbour, now: datetime) -> ShownNeighbour:
    sight = neighbour.sight
    moments = Moments(zone=sight.home.zone, now=now)
    phrase = looks.phrase(sight.supply, moments)
    return ShownNeighbour(
        neighbour=neighbour,
        moments=moments,
        phrase=phrase[0].upper() + phrase[1:],
        notes=looks.notes(sight.supply, moments),
        evidence=looks.evidence(sight.supply),
        finding=looks.finding(sight.supply),
    )


def _branches(known: Known) -> tuple[Station, list[Branch]]:
    """The feeder's head and, below it, each device with homes of this page and how it is reached."""
    tree = known.tree
    placed: dict[str, Outage] = {}
    for outage in known.outages:
        placed.setdefault(outage.device, outage)

    def station(device: DeviceId) -> Station:
        outage = placed.get(device)
        return Station(
            id=device,
            kind=tree.device(device).kind.value,
            outage=None if outage is None else outage.name,
            is_dead=outage is not None and outage.first_back_at is None,
        )

    sights = {neighbour.sight.home.id: neighbour.sight for neighbour in known.neighbours}
    branches = []
    for device in tree.top_down():
        here = [sights[name] for name in tree.at(device.id) if name in sights]
        if here:
            path = tree.path(here[0].home.id)
            houses = tuple(tuple(_dwellings(house, known.now)) for house in _houses(here))
            branches.append(Branch(stations=tuple(map(station, path[1:])), houses=houses))
    return station(tree.feeder), branches


def _houses(sights: Sequence[Sight]) -> list[list[Sight]]:
    """Homes whose meters one gateway reads stand in one building."""
    found: dict[str, list[Sight]] = {}
    for sight in sights:
        found.setdefault(_building(sight.home), []).append(sight)
    return list(found.values())


def _building(home: Home) -> str:
    shared = [gateway for gateway in home.gateways if gateway.status is not Status.REVOKED and len(gateway.places) > 1]
    return f"gateway {shared[-1].id}" if shared else home.id


def _dwellings(house: Sequence[Sight], now: datetime) -> Iterator[Dwelling]:
    for sight in house:
        yield looks.dwelling(sight, Moments(zone=sight.home.zone, now=now))
