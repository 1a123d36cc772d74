"""When a supply that is away counts as lost: the probe's own 40 ms, two mains periods, and nothing more.

The loss is dated to when the supply went, the return to when it came. Whether an absence was a dip is not judged here.

>>> from datetime import UTC
>>> sense = SupplySense(has_supply=True)
>>> at = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
>>> sense.became(False, at), sense.looked(at + 39 * MILLISECOND)
([], [])
>>> [edge.what.name for edge in sense.looked(at + 40 * MILLISECOND)]
['SUPPLY_LOST']
>>> [edge.what.name for edge in sense.became(True, at + 900 * MILLISECOND)]
['SUPPLY_BACK']
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from simulators.probe.frames import What

MILLISECOND = timedelta(milliseconds=1)
LOSS_AFTER = 40 * MILLISECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """The supply went or came, and when."""

    what: What
    occurred_at: datetime


class SupplySense:
    """What the probe holds of the supply; it is told when the pin changes, and asked as time passes."""

    def __init__(self, *, has_supply: bool) -> None:
        self.has_supply = has_supply
        self._away_since: datetime | None = None

    @property
    def is_in_doubt(self) -> bool:
        """Whether time alone may make a loss certain."""
        return self.has_supply and self._away_since is not None

    def looked(self, at: datetime) -> list[Edge]:
        """What has become certain by `at`."""
        since = self._away_since
        if not self.has_supply or since is None or at - since < LOSS_AFTER:
            return []
        self.has_supply = False
        return [Edge(what=What.SUPPLY_LOST, occurred_at=since)]

    def became(self, has_supply: bool, at: datetime) -> list[Edge]:
        """What follows from the pin changing at `at`."""
        edges = self.looked(at)
        if not has_supply:
            self._away_since = self._away_since or at
            return edges
        self._away_since = None
        if not self.has_supply:
            self.has_supply = True
            edges.append(Edge(what=What.SUPPLY_BACK, occurred_at=at))
        return edges
