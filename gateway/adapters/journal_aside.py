"""What the gateway could not send, kept for a technician: sealed rows the broker does not take, events out of bounds.

A sealed row lies here as it was signed; an event that could not be sealed lies here as its facts, in JSON. Bounded: the
oldest make room. That something was set aside is told in the chain by whoever puts it here.
"""

import json
import sqlite3
from dataclasses import dataclass

from wire.bodies import facts
from wire.events import KnownEvent
from wire.refusals import Reason, WireRefused
from wire.terms import Lane, SetAsideReason

MOST_ENTRIES, MOST_BYTES = 500, 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """One event that was not sent; `seq` is None where it never had a place in the chain."""

    lane: Lane
    seq: int | None
    code: int
    reason: SetAsideReason
    at_ms: int
    content: bytes


def unsealed(event: KnownEvent, refused: WireRefused, at_ms: int) -> SetAside:
    """An event that cannot be said in the contract's terms: what it says, in JSON, whatever its values are."""
    is_too_large = refused.reason is Reason.TOO_LARGE
    return SetAside(
        lane=event.lane,
        seq=None,
        code=event.code,
        reason=SetAsideReason.TOO_LARGE if is_too_large else SetAsideReason.CANNOT_BE_SAID,
        at_ms=at_ms,
        content=json.dumps(facts(event), default=str).encode(),
    )


def put(connection: sqlite3.Connection, item: SetAside) -> None:
    """Keep one more, and no more than there is room for; in the caller's transaction."""
    connection.execute(
        "INSERT INTO set_aside (lane, seq, code, reason, at_ms, content) VALUES (?, ?, ?, ?, ?, ?)",
        (item.lane, item.seq, item.code, item.reason, item.at_ms, item.content),
    )
    connection.execute(
        "DELETE FROM set_aside WHERE number <= (SELECT max(number) FROM set_aside) - ? OR number IN ("
        " SELECT number FROM (SELECT number, sum(length(content)) OVER (ORDER BY number DESC) AS kept FROM set_aside)"
        " WHERE kept > ?)",
        (MOST_ENTRIES, MOST_BYTES),
    )


def everything(connection: sqlite3.Connection) -> list[SetAside]:
    """What lies here, oldest first."""
    rows = connection.execute(
        "SELECT lane, seq, code, reason, at_ms, content FROM set_aside ORDER BY number"
    ).fetchall()
    return [
        SetAside(lane=Lane(lane), seq=seq, code=code, reason=SetAsideReason(reason), at_ms=at_ms, content=content)
        for lane, seq, code, reason, at_ms, content in rows
    ]
