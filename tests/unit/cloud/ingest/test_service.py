import pytest
from sqlalchemy import select

from cloud.ingest import store
from cloud.ingest.service import Message
from cloud.kernel.errors import StorageFull
from cloud.registry import store as registry
from cloud.registry.model import Status
from tests.fakes_cloud import NOON, FakeGateway, fresh_database, register
from tests.fakes_intake import Door
from wire.events import GatewayStarted, MeterReachable, SupplyLost, UnknownEvent
from wire.refusals import Reason
from wire.terms import Lane

LOST = SupplyLost(began_at_ms=1_700_000_000_000, input_mv=4_900)


@pytest.fixture
def door(tmp_path):
    with fresh_database(tmp_path) as database:
        yield Door(database)


def test_an_event_is_stored_told_and_receipted(door):
    (receipt,) = door.take(door.gateway.say(LOST))

    place = door.place(1, Lane.ALARM)
    assert door.stored() == door.told() == [place]
    assert (receipt.gateway, receipt.gen, receipt.lane, receipt.seq) == (door.gateway.id, 1, Lane.ALARM, 1)
    assert receipt.head == door.gateway.heads[Lane.ALARM].hash
    assert door.rung == 1


def test_a_stored_event_is_the_very_bytes_that_were_signed(door):
    message = door.gateway.say(LOST)
    door.take(message)

    with door.database.read() as connection:
        row = connection.execute(select(store.intake_table)).one()

    assert (row.sealed, row.code, row.subject, row.at, row.received_at) == (
        message.payload,
        1,
        door.gateway.meter,
        NOON,
        NOON,
    )


def test_a_batch_is_answered_with_one_receipt_a_lane(door):
    messages = [*door.gateway.say_many(5), door.gateway.say(LOST)]

    receipts = door.take(*messages)

    assert [(receipt.lane, receipt.seq) for receipt in receipts] == [(Lane.ALARM, 1), (Lane.DIAGNOSTICS, 5)]
    assert len(door.stored()) == 6


def test_a_duplicate_changes_nothing_and_is_answered_with_the_receipt_again(door):
    messages = door.gateway.say_many(3)
    door.take(*messages)

    (receipt,) = door.take(messages[0])

    assert receipt.seq == 3
    assert len(door.stored()) == len(door.told()) == 3
    assert door.rung == 1


def test_a_receipt_is_published_on_its_gateways_own_topic(door):
    (sealed,) = door.intake.take([door.gateway.say(LOST)])

    assert sealed.topic == f"lw/1/{door.gateway.id}/down/ack"


def test_what_comes_too_early_waits_and_is_taken_when_its_gap_fills(door):
    first, second, third, fourth = door.gateway.say_many(4)

    assert door.take(fourth, second, third) == []
    assert (door.stored(), door.held()) == ([], 3)
    (receipt,) = door.take(first)

    assert receipt.seq == 4
    assert door.stored() == door.told() == [door.place(seq) for seq in (1, 2, 3, 4)]
    assert door.held() == 0


@pytest.fixture
def small_share(monkeypatch):
    monkeypatch.setattr(store, "MAX_HELD", 20)


def test_a_long_gap_fills_in_one_go(door):
    first, *rest = door.gateway.say_many(store.MAX_HELD + 1)

    door.take(*reversed(rest))
    (receipt,) = door.take(first)

    assert receipt.seq == store.MAX_HELD + 1


def test_beyond_its_share_a_gateway_is_not_waited_for_and_sends_again(door, small_share):
    first, *rest = door.gateway.say_many(store.MAX_HELD + 11)

    door.take(*rest)
    assert door.held() == store.MAX_HELD
    (receipt,) = door.take(first)

    assert receipt.seq == store.MAX_HELD + 1
    (receipt,) = door.take(*rest)
    assert receipt.seq == store.MAX_HELD + 11
    assert len(door.stored()) == store.MAX_HELD + 11


def test_one_gateways_gap_does_not_hold_up_another(door):
    other = FakeGateway(meter="LMP00000002")
    register(door.database, other)
    door.take(*door.gateway.say_many(5)[1:])

    (receipt,) = door.take(other.say(LOST))

    assert (receipt.gateway, receipt.seq) == (other.id, 1)


def test_two_events_at_one_place_make_the_gateway_suspect(door):
    first = door.gateway.say(LOST)
    door.take(first)
    door.gateway.heads.clear()
    clone = door.gateway.say(SupplyLost(began_at_ms=1, input_mv=1))

    assert door.take(clone) == []

    assert door.status() is Status.SUSPECT
    assert door.refused() == [(Reason.CONFLICT, 1)]
    assert door.stored() == [door.place(1, Lane.ALARM)]


def test_a_conflict_behind_the_head_is_seen_within_one_batch(door):
    first, second = door.gateway.say_many(2)
    door.gateway.heads.clear()
    other_first = door.gateway.say(MeterReachable(silent_for_ms=5))

    door.take(first, second, other_first)

    assert door.status() is Status.SUSPECT
    assert door.refused() == [(Reason.CONFLICT, 1)]
    assert len(door.stored()) == 2


def test_a_conflict_that_was_waiting_is_seen_when_its_gap_fills(door):
    first, _, third = door.gateway.say_many(3)
    door.gateway.heads.clear()
    _, other_second = door.gateway.say_many(1), door.gateway.say(MeterReachable(silent_for_ms=5))
    door.take(third, first)
    assert door.status() is Status.ACTIVE

    door.take(other_second)

    assert door.status() is Status.SUSPECT
    assert door.stored() == [door.place(1), door.place(2)]


@pytest.mark.parametrize("status", [Status.SUSPECT, Status.REVOKED])
def test_nothing_is_taken_from_a_gateway_that_is_not_active(door, status):
    with door.database.transaction() as connection:
        registry.set_status(connection, door.gateway.id, status, "test", NOON)

    assert door.take(door.gateway.say(LOST)) == []

    assert door.stored() == []
    assert door.refused() == [(Reason.GATEWAY_NOT_ACTIVE, 1)]


def test_a_refused_message_is_kept_once_and_counted(door):
    poison = Message(topic=f"lw/1/{door.gateway.id}/up/a", payload=b"poison")

    door.take(poison, poison)
    door.take(poison, door.gateway.say(LOST))

    assert door.refused() == [(Reason.NOT_AN_ENVELOPE, 3)]
    assert len(door.stored()) == 1


def test_the_brokers_word_on_who_is_connected_is_neither_taken_nor_refused(door):
    door.take(Message(topic=f"lw/1/{door.gateway.id}/up/state", payload=b"gone"))

    assert (door.stored(), door.refused()) == ([], [])


def test_an_unknown_event_keeps_its_place_and_is_told_to_nobody(door):
    unknown = UnknownEvent(code=4242, lane=Lane.DIAGNOSTICS, body={1: "later"}, why="unknown code")
    known = GatewayStarted(software="0.1.0", boot=1)

    (receipt,) = door.take(door.gateway.say(unknown), door.gateway.say(known))

    assert receipt.seq == 2
    assert door.stored() == [door.place(1), door.place(2)]
    assert door.told() == [door.place(2)]


def test_a_gateway_that_lost_its_journal_begins_a_new_generation_and_the_log_says_so(door, caplog):
    door.take(*door.gateway.say_many(3))
    door.gateway.lose_journal()

    (receipt,) = door.take(*door.gateway.say_many(2))

    assert (receipt.gen, receipt.seq) == (2, 2)
    assert [record.message for record in caplog.records if "generation" in record.message] == [
        f"generation_begun gateway={door.gateway.id} lane=diagnostics gen=2"
    ]
    assert door.stored()[-1] == door.place(2, gen=2)


def test_a_new_generation_closes_the_old_one_with_all_that_waited_in_it(door):
    old = door.gateway.say_many(3)
    door.take(old[0], old[2])
    door.gateway.lose_journal()
    door.take(door.gateway.say(LOST))  # another lane: its generations are its own
    assert door.held() == 1

    door.take(*door.gateway.say_many(1))
    receipts = door.take(old[0], old[1])

    assert door.held() == 0
    assert [(receipt.gen, receipt.seq) for receipt in receipts] == [(1, 1)]
    assert [reason for reason, _ in door.refused()] == [Reason.BROKEN_CHAIN, Reason.BROKEN_CHAIN]


def test_nothing_is_receipted_that_could_not_be_stored(door):
    with door.database.transaction() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    messages = door.gateway.say_many(200)

    with pytest.raises(StorageFull):
        door.intake.take(messages)
    with door.database.transaction() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 100000")

    assert door.stored() == []
    (receipt,) = door.take(*messages)
    assert receipt.seq == 200
