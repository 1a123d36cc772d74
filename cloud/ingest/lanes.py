"""How far the lanes of a batch's gateways have come: read as the batch begins, moved in memory, written at its end.

A lane's end is its newest generation and that chain's head. What waits for a gap is counted here, and so are the holes
whose beginning a lane has yet to reach: most batches meet neither, and then pay one question for each.
"""

from collections.abc import Collection, Iterator

from sqlalchemy import Connection

from cloud.ingest import holes, store
from cloud.ingest.holes import Hole
from cloud.ingest.verify import LaneEnd
from cloud.kernel.ids import LaneId
from wire.chain import Head
from wire.ids import GatewayId
from wire.terms import Lane


class Lanes:
    """The lanes of some gateways inside one transaction."""

    def __init__(self, connection: Connection, gateways: Collection[GatewayId]) -> None:
        self._ends = store.lane_ends(connection, gateways)
        self._waiting = store.count_held(connection, gateways)
        self._pending = holes.pending(connection, gateways)
        self._moved: dict[tuple[GatewayId, int, Lane], Head] = {}

    def end(self, gateway: GatewayId, lane: Lane) -> LaneEnd | None:
        """How far a lane has come; None when nothing of it is stored."""
        return self._ends.get((gateway, lane))

    def reached(self, lane: LaneId) -> int | None:
        """How far a lane has come in this generation; None where a later one closed it."""
        end = self._ends.get((lane.gateway, lane.lane))
        if end is None or end.gen < lane.gen:
            return 0
        return end.head.seq if end.gen == lane.gen else None

    def move(self, gateway: GatewayId, lane: Lane, end: LaneEnd) -> None:
        """Let the lane end here."""
        self._ends[gateway, lane] = end
        self._moved[gateway, end.gen, lane] = end.head

    def moved(self) -> dict[tuple[GatewayId, int, Lane], Head]:
        """The heads that moved since this was asked last."""
        moved, self._moved = self._moved, {}
        return moved

    def waiting(self, gateway: GatewayId) -> int:
        """How many events of a gateway wait for a gap to fill."""
        return self._waiting.get(gateway, 0)

    def waits(self, gateway: GatewayId, more: int) -> None:
        """So many more wait, or fewer."""
        self._waiting[gateway] = self.waiting(gateway) + more

    def pending(self, gateway: GatewayId, lane: Lane) -> Iterator[Hole]:
        """The holes of a lane that are yet to be passed."""
        if self._pending:
            yield from [hole for hole in self._pending if (hole.gateway, hole.lane) == (gateway, lane)]

    def count_pending(self, gateway: GatewayId) -> int:
        """How many holes of a gateway are yet to be passed."""
        return sum(hole.gateway == gateway for hole in self._pending)

    def add_pending(self, hole: Hole) -> None:
        """A hole is known now."""
        self._pending.append(hole)

    def passed(self, hole: Hole) -> None:
        """The hole is no longer pending."""
        self._pending.remove(hole)
