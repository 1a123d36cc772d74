"""The books of the delivery benchmark: whatever is missing, too much or under way is told."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.chaos.books import Made, Place, Stored, compare, read_made
from benchmarks.chaos.gateways import JOURNAL, KEY, WITNESS, Post
from gateway.adapters import journal_file
from gateway.adapters.journal import Journal
from gateway.adapters.keys import make_key
from gateway.core.outbox import Change, Entry
from runtime.clock import SystemClock
from wire.events import GatewayStarted
from wire.ids import gateway_id_of
from wire.terms import Lane

EVENTS: dict[Place, bytes] = {("GW", 1, 0, seq): bytes([seq]) * 16 for seq in (1, 2, 3)}
LAST = ("GW", 1, 0, 3)


def made(*, promised: Mapping[Place, bytes] = EVENTS, unreceipted: int = 0) -> Made:
    return Made(events=EVENTS, promised=dict(promised), unreceipted=unreceipted)


def stored(
    events: Mapping[Place, bytes] = EVENTS, *, again: str = "", waiting: int = 0, refused: int = 0, alarms: int = 0
) -> Stored:
    effects = Counter([*("/".join(map(str, place)) for place in events), *([again] if again else [])])
    return Stored(
        events=dict(events),
        rows=len(events),
        waiting=waiting,
        refused=refused,
        effects=effects,
        suspects=0,
        alarms=alarms,
    )


def without(place: Place) -> dict[Place, bytes]:
    return {each: own_hash for each, own_hash in EVENTS.items() if each != place}


def test_books_that_agree_are_whole() -> None:
    verdict = compare(made(), stored())

    assert verdict.is_whole
    assert (verdict.made, verdict.stored) == (3, 3)


@pytest.mark.parametrize(
    ("theirs", "ours", "told"),
    [
        (made(), stored(without(LAST)), "lost"),
        (made(), stored(EVENTS | {LAST: bytes(16)}), "lost"),
        (made(promised={("GW", 1, 0, 4): bytes(16)}), stored(), "lost"),
        (made(), stored(without(LAST)), "without_effect"),
        (made(), stored(EVENTS | {("GW", 1, 1, 1): bytes(16)}), "foreign"),
        (made(), stored(again="GW/1/0/2"), "doubled"),
        (made(), stored(without(("GW", 1, 0, 2))), "gaps"),
        (made(), stored(waiting=1), "gaps"),
        (made(unreceipted=1), stored(), "unreceipted"),
        (made(), stored(refused=1), "refused"),
        (made(), stored(alarms=1), "alarms"),
    ],
)
def test_whatever_is_wrong_is_told(theirs: Made, ours: Stored, told: str) -> None:
    verdict = compare(theirs, ours)

    assert getattr(verdict, told) == 1
    assert not verdict.is_whole


def test_what_was_made_is_read_from_the_journal_and_from_the_witness(tmp_path: Path) -> None:
    signer = make_key(tmp_path / KEY, tmp_path / "gateway.pub.pem")
    gateway = gateway_id_of(signer.public.spki)
    journal_file.create(tmp_path / JOURNAL, gateway, gen=1)
    journal = Journal.open(tmp_path / JOURNAL, gateway, signer, SystemClock())
    journal.commit(Change(entries=(Entry(subject="", event=GatewayStarted(software="0.1.0", boot=1)),)))
    (head,) = [head for head in journal.heads() if head.seq]
    journal.close()
    (tmp_path / WITNESS).write_text(f"1 2 1 {head.head.hex()}\n1 0 9 {head.head.hex()}\n1 0 10 ab")

    read = read_made([Post(folder=tmp_path, meter="LMP", port=1)])

    place = (gateway, 1, int(Lane.DIAGNOSTICS), 1)
    assert read.events == {place: head.head}
    assert read.promised == {place: head.head, (gateway, 1, 0, 9): head.head}
    assert read.unreceipted == 1
