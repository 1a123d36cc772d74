"""May this message be believed, and where in its gateway's chain does it stand? Two pure questions.

`verify` takes a topic and bytes and asks the cheap and safe things first: size, form of the envelope, a key we know
with the algorithm *it* was registered for, the gateway that owns both key and topic, the signature, and only then
what is inside. Nothing of an unsigned payload is ever decoded. Its halves, `check` and `read`, let a batch be checked
first and read then: each half keeps the processor's cache for itself, which saves a tenth of the time.

`judge` takes what `verify` let through and says what it is to the chain as it stands. A generation is a chain of its
own: it begins at the genesis of the gateway's registered key, and a higher one closes those below, because a gateway
raises it only when its journal is lost. What a closed generation repeats is a duplicate; what it says anew is refused.

A refusal is a value: the stream goes on, the bytes are kept with the reason.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from cloud.kernel.ids import EventId
from cloud.registry.model import Gateway
from wire import chain, envelope, topics
from wire.chain import Head, Step
from wire.envelope import ParsedEnvelope, Purpose
from wire.record import Link, Record, decode_record
from wire.refusals import Reason, WireRefused
from wire.terms import Lane

_STORED_OR_GIVEN_UP: Final = (Step.BEHIND, Step.DUPLICATE)

KeyOwner: TypeAlias = Callable[[bytes], Gateway | None]
"""The gateway registered with a key of this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A message that is not believed: why, in a word to count by and a detail to read.

    `said` is the event in it, where its gateway did sign one, and only the place it came on or names is not its own.
    """

    reason: Reason
    detail: str = ""
    said: "Genuine | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A message its gateway really signed, not read yet; `lane` is its topic's."""

    gateway: Gateway
    lane: Lane
    parsed: ParsedEnvelope
    own_hash: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Genuine:
    """A message its gateway really signed; whether it fits the chain is another question."""

    gateway: Gateway
    key_id: bytes
    record: Record
    own_hash: bytes
    sealed: bytes

    @property
    def link(self) -> Link:
        return self.record.link

    @property
    def id(self) -> EventId:
        link = self.record.link
        return EventId(gateway=link.gateway, gen=link.gen, lane=int(link.lane), seq=link.seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneEnd:
    """How far a lane has come: its newest generation and that chain's head."""

    gen: int
    head: Head


def key_id_of(sealed: bytes) -> bytes | None:
    """Which key a message claims to be signed with; None when it is no envelope."""
    try:
        return envelope.parse(sealed).key_id
    except WireRefused:
        return None


def verify(topic: str, sealed: bytes, key_owner: KeyOwner) -> Genuine | Refused:
    """Whether a message is a genuine event of the gateway whose topic it came on."""
    return read(check(topic, sealed, key_owner))


def check(topic: str, sealed: bytes, key_owner: KeyOwner) -> Signed | Refused:
    """Whether the gateway whose topic a message came on signed it; what it says is not looked at."""
    place = topics.parse(topic)
    if place is None or place.lane is None:
        return Refused(reason=Reason.WRONG_TOPIC, detail="no topic for events")
    try:
        parsed = envelope.parse(sealed)
        gateway = key_owner(parsed.key_id)
        key = None if gateway is None else gateway.public_of(parsed.key_id)
        if gateway is None or key is None:
            return Refused(reason=Reason.UNKNOWN_KEY, detail=parsed.key_id.hex())
        if gateway.id != place.gateway:
            return Refused(reason=Reason.WRONG_GATEWAY, detail=f"the key is {gateway.id}'s")
        data = envelope.signed_bytes(parsed.protected, parsed.payload, Purpose.EVENT)
        envelope.check_signature(parsed, key, data)
    except WireRefused as refused:
        return Refused(reason=refused.reason, detail=refused.detail)
    own_hash = envelope.hash_of_signed(data)
    return Signed(gateway=gateway, lane=place.lane, parsed=parsed, own_hash=own_hash, sealed=sealed)


def read(signed: Signed | Refused) -> Genuine | Refused:
    """The event in a signed message, if it is one of this gateway's and of its topic's lane."""
    if isinstance(signed, Refused):
        return signed
    gateway, parsed = signed.gateway, signed.parsed
    try:
        record = decode_record(parsed.payload)
    except WireRefused as refused:
        return Refused(reason=refused.reason, detail=refused.detail)
    own_hash, sealed = signed.own_hash, signed.sealed
    genuine = Genuine(gateway=gateway, key_id=parsed.key_id, record=record, own_hash=own_hash, sealed=sealed)
    if record.link.gateway != gateway.id:
        return Refused(reason=Reason.WRONG_GATEWAY, detail=f"the record says {record.link.gateway}", said=genuine)
    if record.link.lane is not signed.lane:
        detail = f"an event of lane {record.link.lane.name.lower()}"
        return Refused(reason=Reason.WRONG_TOPIC, detail=detail, said=genuine)
    return genuine


def judge(genuine: Genuine, end: LaneEnd | None, known_hash: bytes | None) -> Step | Refused:
    """What a genuine event is to its lane, which has come to `end` (None: nowhere yet).

    `known_hash` is the hash of what we hold at this very place, stored or waiting for a gap to fill; None for nothing.
    Answers NEXT, DUPLICATE, GAP or CONFLICT; BEHIND for what is not here although the chain went on behind it (it was
    given up, and comes all the same); or a refusal for what belongs to no chain of this gateway's.
    """
    link = genuine.link
    if known_hash is not None and known_hash != genuine.own_hash:
        return Step.CONFLICT
    if end is not None and link.gen < end.gen:
        return _in_closed_generation(link, known_hash)
    if end is not None and link.gen == end.gen:
        step = chain.follow(end.head, link, genuine.own_hash)
        if step in _STORED_OR_GIVEN_UP:
            return Step.BEHIND if known_hash is None else Step.DUPLICATE
        return step
    step = chain.follow(chain.genesis(genuine.gateway.key.spki), link, genuine.own_hash)
    if step is Step.CONFLICT:
        return Refused(reason=Reason.BROKEN_CHAIN, detail=f"generation {link.gen} does not begin at its genesis")
    return step


def _in_closed_generation(link: Link, known_hash: bytes | None) -> Step | Refused:
    if known_hash is not None:
        return Step.DUPLICATE
    return Refused(reason=Reason.BROKEN_CHAIN, detail=f"generation {link.gen} is closed")
