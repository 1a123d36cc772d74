"""Does anything pass that no gateway said? Bits flipped, envelopes bent, and genuine messages said again elsewhere.

Every golden vector is tried with each of its bits flipped, and seeded mutations of them (`forging`), at the door they
are meant for: events at ingest's own `verify` with their gateways registered and on their own topics, commands at the
gateway's own `open_command` with the vectors' keys as its authority, all else by its key and purpose. Believed is what
came past the signature, even where what is inside was refused after. Beside it, on a share of the same forgeries, COSE
as it is commonly opened (`lenient_cose`). Then replays (`replays`): what they change.

Three rows show that the benchmark can bite: the vectors themselves are believed, new events change rows, and commands
are done.
"""

import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final

import wire
from benchmarks import lenient_cose
from benchmarks.forging import flips, mutations
from benchmarks.replays import GATEWAYS, Town, changed, replay
from benchmarks.report import Row, main
from cloud.ingest.verify import Genuine, verify
from cloud.kernel.ids import MeterSerial, UsagePointId
from cloud.registry.model import Gateway, Place, Status
from runtime import logs
from runtime.clock import SystemClock
from wire import envelope as envelope_of
from wire import topics
from wire.commands import AuthorityKey, Role, open_command
from wire.envelope import Purpose, parse
from wire.ids import gateway_id_of
from wire.keys import PublicKey
from wire.record import decode_record
from wire.refusals import Reason, WireRefused

MUTATIONS: Final = 100_000
REPLAYS: Final = 10_000
SEED: Final = 6
PEERS: Final = {"accepted_by_dozen_lines": "a dozen lines", "accepted_by_cwt": "cwt"}
_PEERS_SHARE: Final = 40  # of the forgeries the peers see one in so many; all of them in the long profile
_VECTORS: Final = Path(wire.__file__).parent / "schema" / "vectors"
_PAST_THE_SIGNATURE: Final = frozenset(
    {Reason.NOT_CANONICAL, Reason.NOT_A_RECORD, Reason.VERSION, Reason.MUST_UNDERSTAND}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """A golden envelope, and the door it is meant for."""

    envelope: bytes
    purpose: Purpose
    key: PublicKey | None  # None where two keys signed together
    topic: str


class Doors:
    """Where envelopes come in, with the keys of the vectors known there."""

    def __init__(self, keys: dict[bytes, PublicKey]) -> None:
        self._gateways = {key_id: _registered(key) for key_id, key in keys.items()}
        self._authority = [AuthorityKey(role=Role.KEY_AUTHORITY, key=key) for key in keys.values()]

    def believes(self, envelope: bytes, vector: Vector) -> bool:
        """Whether `envelope` comes past the signature where `vector` belongs."""
        if vector.purpose is Purpose.EVENT:
            verdict = verify(vector.topic, envelope, self._gateways.get)
            return isinstance(verdict, Genuine) or verdict.reason in _PAST_THE_SIGNATURE
        try:
            if vector.purpose is Purpose.COMMAND:
                open_command(envelope, self._authority)
            else:
                assert vector.key is not None
                envelope_of.verify(parse(envelope), vector.key, vector.purpose)
        except WireRefused as refused:
            return refused.reason in _PAST_THE_SIGNATURE
        return True


def measure(full: bool) -> list[Row]:
    """All forgeries and replays in either profile; the peers see all of them in the long one."""
    logs.configure("error")  # each refusal is a line
    vectors, keys = golden_vectors(), golden_keys()
    doors = Doors(keys)
    genuine = sum(doors.believes(vector.envelope, vector) for vector in vectors)
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers) as pool:
        found = sum(
            pool.map(partial(_believed, of=workers, every=1 if full else _PEERS_SHARE), range(workers)), Counter()
        )
    effects, of_new_events, obeyed = _effects()
    return [
        _row("forgeries tried", found["tried"], key="tried"),
        _limit("forgeries believed", found["accepted"], 0, key="accepted"),
        _limit("golden vectors believed", genuine, len(vectors), is_least=True, key="genuine"),
        _row("of those, shown to peers too", found["peers_tried"], key="peers_tried"),
        *(_row(f"believed of these by {name}", found[key], key=key) for key, name in PEERS.items()),
        _row("replays across topics, gateways, purposes", REPLAYS, key="replays"),
        _limit("rows they changed, commands done again", effects, 0, key="effects"),
        _limit("rows that new events change", of_new_events, 1, is_least=True, key="effects_of_new_events"),
        _limit("commands done for once", obeyed, GATEWAYS, is_least=True, key="commands"),
    ]


def _believed(share: int, *, of: int, every: int) -> Counter[str]:
    """How many of one share of the forgeries were tried and believed, and what peers made of one in `every`."""
    vectors, keys = golden_vectors(), golden_keys()
    doors = Doors(keys)
    peers = dict(zip(PEERS, (lenient_cose.by_hand(keys), lenient_cose.by_cwt(keys)), strict=True))
    found: Counter[str] = Counter()
    for number, (vector, forged) in enumerate(_forgeries(vectors)):
        if number % of != share:
            continue
        found["tried"] += 1
        found["accepted"] += doors.believes(forged, vector)
        if number // of % every == 0:
            found["peers_tried"] += 1
            found.update(key for key, opens in peers.items() if opens(forged, vector.purpose.value))
    return found


def _forgeries(vectors: list[Vector]) -> Iterator[tuple[Vector, bytes]]:
    flipped = ((vector, forged) for vector in vectors for forged in flips(vector.envelope))
    bent = mutations([vector.envelope for vector in vectors], MUTATIONS, SEED)
    return chain(flipped, ((vectors[place], forged) for place, forged in bent))


def _effects() -> tuple[int, int, int]:
    """The rows that replays changed; those that new events do, by the same count; the commands done for once."""
    with tempfile.TemporaryDirectory() as folder:
        town = Town(Path(folder), SystemClock())
        try:
            town.order()
            town.speak(is_heard=True)
            town.speak(is_heard=False)
            obeyed = town.done
            effects = replay(town, REPLAYS, SEED)
            before = town.rows()
            town.speak(is_heard=True)
            return effects, changed(before, town.rows()), obeyed
        finally:
            town.close()


def golden_keys() -> dict[bytes, PublicKey]:
    """The keys of the vectors, by their identifiers."""
    keys = (PublicKey.from_pem(path.read_bytes()) for path in _VECTORS.glob("*.pem"))
    return {key.key_id: key for key in keys}


def golden_vectors() -> list[Vector]:
    """Every vector of the wire contract, at the door it is meant for."""
    return [_vector(path) for path in sorted(_VECTORS.glob("*.cbor"))]


def _vector(path: Path) -> Vector:
    envelope, says = path.read_bytes(), json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    purpose, signed_by = Purpose[says["purpose"].upper()], _VECTORS / f"{says['key']}.pem"
    key = PublicKey.from_pem(signed_by.read_bytes()) if signed_by.exists() else None
    topic = ""
    if purpose is Purpose.EVENT:
        link = decode_record(parse(envelope).payload).link
        topic = topics.up(link.gateway, link.lane)
    return Vector(envelope=envelope, purpose=purpose, key=key, topic=topic)


def _registered(key: PublicKey) -> Gateway:
    return Gateway(
        id=gateway_id_of(key.spki),
        key=key,
        places=(Place(usage_point=UsagePointId("UP-1"), meter=MeterSerial("LAM00012345678")),),
        status=Status.ACTIVE,
        status_reason="",
        added_at=SystemClock().now(),
    )


def _row(what: str, count: float, *, key: str) -> Row:
    """A count that is no promise of ours, beside what we believe of the same."""
    return Row(what=what, ours=count, beside=0, beside_name="ours", unit="", key=key)


def _limit(what: str, ours: float, beside: float, *, key: str, is_least: bool = False) -> Row:
    return Row(
        what=what,
        ours=ours,
        beside=beside,
        beside_name="",
        unit="",
        key=key,
        is_limit=True,
        less_is_better=not is_least,
    )


if __name__ == "__main__":
    sys.exit(main("forgery", measure))
