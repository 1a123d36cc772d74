"""What gateways claim of their lanes: the furthest head that a heartbeat named.

A claim is signed, and stands in the chain of the lane heartbeats go in; a later one can only be further. So one row a
lane is enough, and it is written by what stands later in the chain, never by what arrives later.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Integer, LargeBinary, Row, Table, Text, select
from sqlalchemy.dialects.sqlite import insert

from cloud.kernel.db import UtcInstant, metadata
from cloud.kernel.ids import LaneId
from wire.chain import Head

claim_table = Table(
    "lane_claim",
    metadata,
    Column("gateway", Text, primary_key=True),
    Column("gen", Integer, primary_key=True),
    Column("lane", Integer, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("by_seq", Integer, nullable=False),
    Column("said_at", UtcInstant, nullable=False),
)
_c = claim_table.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The furthest head a gateway named, in the heartbeat numbered `by_seq`."""

    head: Head
    by_seq: int
    said_at: datetime


def of(connection: Connection, lane: LaneId) -> Claim | None:
    """The furthest claim about a lane."""
    row = connection.execute(select(claim_table).where(*_is(lane))).one_or_none()
    return None if row is None else _claim(row)


def keep(connection: Connection, lane: LaneId, head: Head, by_seq: int, said_at: datetime) -> None:
    """Let this be the furthest claim about a lane."""
    told = {"seq": head.seq, "hash": head.hash, "by_seq": by_seq, "said_at": said_at}
    row = {"gateway": lane.gateway, "gen": lane.gen, "lane": int(lane.lane), **told}
    statement = insert(claim_table).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["gateway", "gen", "lane"], set_=told))


def _is(lane: LaneId) -> list[Any]:
    return [_c.gateway == lane.gateway, _c.gen == lane.gen, _c.lane == int(lane.lane)]


def _claim(row: Row[Any]) -> Claim:
    return Claim(head=Head(seq=row.seq, hash=row.hash), by_seq=row.by_seq, said_at=row.said_at)
