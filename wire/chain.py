"""The chain: each event names the hash of the one before it in its lane, so nothing can be lost, swapped or slipped in.

Both ends keep a head per (gateway, gen, lane). `follow` says what a verified event is to a head; who stores it is not
this module's business. The hash covers what was signed (`wire.envelope.link_hash`).
"""

import hashlib
from dataclasses import dataclass
from enum import Enum

from wire.record import Link

HASH_BYTES = 16


class Step(Enum):
    """What an event is to the chain as it stands."""

    NEXT = "next"
    DUPLICATE = "duplicate"
    BEHIND = "behind"
    GAP = "gap"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last event of a lane: its number and its hash of 16 bytes. Number 0 is the genesis, before any event."""

    seq: int
    hash: bytes


def genesis(spki: bytes) -> Head:
    """Where the chain of a gateway begins until a signed commissioning report takes that place: a hash of its key."""
    return Head(seq=0, hash=hashlib.sha256(b"lw1:genesis" + spki).digest()[:HASH_BYTES])


def follow(head: Head, link: Link, own_hash: bytes) -> Step:
    """What the event at `link`, whose own hash is `own_hash`, is to a lane whose last event is `head`.

    NEXT extends the chain. DUPLICATE is the head again. BEHIND is older than the head: compare with what is stored.
    GAP lies further on: something before it has not come yet. CONFLICT cannot be true together with the head: two
    events claim one place, which only a cloned, restored or forged gateway can bring about.
    """
    if link.seq == head.seq + 1:
        return Step.NEXT if link.prev == head.hash else Step.CONFLICT
    if link.seq == head.seq:
        return Step.DUPLICATE if own_hash == head.hash else Step.CONFLICT
    return Step.GAP if link.seq > head.seq else Step.BEHIND
