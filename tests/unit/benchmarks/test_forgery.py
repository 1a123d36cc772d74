"""The benchmark of forgeries bends every vector, and its counts would tell a forgery that is believed."""

from itertools import islice
from pathlib import Path

import pytest

from benchmarks import lenient_cose
from benchmarks.forgery import Doors, golden_keys, golden_vectors
from benchmarks.forging import flips, mutations
from benchmarks.replays import Town, changed, replay
from runtime.clock import SystemClock
from wire.envelope import Purpose

VECTORS = golden_vectors()
KEYS = golden_keys()
GENUINE = [vector.envelope for vector in VECTORS]
EVENT = next(vector.envelope for vector in VECTORS if vector.purpose is Purpose.EVENT)


def test_every_bit_has_its_turn() -> None:
    flipped = set(flips(b"\x00\xff"))

    assert len(flipped) == 16
    assert b"\x01\xff" in flipped
    assert b"\x00\x7f" in flipped


def test_the_same_seed_bends_alike_and_leaves_nothing_genuine() -> None:
    doors = Doors(KEYS)

    first, again = (list(mutations(GENUINE, 600, seed=3)) for _ in range(2))

    assert first == again
    assert not set(GENUINE) & {bent for _, bent in first}
    assert [bent for place, bent in first if doors.believes(bent, VECTORS[place])] == []


def test_every_vector_is_believed_at_its_door() -> None:
    doors = Doors(KEYS)

    assert [vector for vector in VECTORS if not doors.believes(vector.envelope, vector)] == []


@pytest.mark.parametrize("peer", [lenient_cose.by_hand, lenient_cose.by_cwt])
def test_the_peers_know_a_genuine_event_and_take_some_that_were_wrapped_anew(peer) -> None:  # type: ignore[no-untyped-def]
    opens = peer(KEYS)
    bent = [bent for _, bent in mutations([EVENT], 150, seed=3)]

    assert opens(EVENT, b"lw1:event")
    assert not opens(EVENT, b"lw1:ack")
    assert any(opens(each, b"lw1:event") for each in bent)


def test_replays_change_nothing_and_a_new_event_is_counted(tmp_path: Path) -> None:
    town = Town(tmp_path, SystemClock())
    town.order()
    town.speak(is_heard=True)
    town.speak(is_heard=False)

    effects = replay(town, 100, seed=3)
    before = town.rows()
    town.take(list(islice(reversed(town.heard.events), 1)))
    of_an_old_event = changed(before, town.rows())
    town.speak(is_heard=True)
    of_new_events = changed(before, town.rows())
    town.close()

    assert town.done == len(town.journals)
    assert effects == 0
    assert of_an_old_event == 0
    assert of_new_events > 0
