import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.ingest import batch, holes
from cloud.ingest.alarms import Kind
from cloud.ingest.holes import declared
from cloud.registry.model import Status
from tests.fakes_cloud import FakeGateway, fresh_database
from tests.fakes_intake import Door
from wire.envelope import link_hash, parse
from wire.events import EventsDropped, JournalBegunAnew, MeterReachable, RegisterReadings, SupplyLost
from wire.refusals import Reason
from wire.terms import DropReason, JournalLoss, Lane
from wire.units import Quantity

LOST = SupplyLost(began_at_ms=1_700_000_000_000, input_mv=4_900)
READ = RegisterReadings(at_ms=1_700_000_000_000, values=((Quantity.ENERGY_IMPORT_WH, 5),))


@pytest.fixture
def door(tmp_path):
    with fresh_database(tmp_path) as database:
        yield Door(database)


def hash_of(message):
    return link_hash(parse(message.payload))


def dropped(messages, first, last, *, lane=Lane.READINGS, reason=DropReason.FULL, head=None):
    """What a gateway says that gave up `first` to `last` of the messages it made in a lane."""
    head = hash_of(messages[last - 1]) if head is None else head
    return EventsDropped(of_lane=lane, first_seq=first, last_seq=last, head=head, reason=reason)


def read(door, count):
    return [door.gateway.say(READ) for _ in range(count)]


def test_the_chain_goes_on_behind_what_the_gateway_gave_up(door):
    made = read(door, 6)
    door.take(*made[:2])

    receipts = door.take(door.gateway.say(dropped(made, 3, 5)))
    (after,) = door.take(made[5])

    assert [(receipt.lane, receipt.seq, receipt.head) for receipt in receipts] == [
        (Lane.ALARM, 1, door.gateway.heads[Lane.ALARM].hash),
        (Lane.READINGS, 5, hash_of(made[4])),
    ]
    assert (after.seq, after.head) == (6, hash_of(made[5]))
    assert door.missing() == [(3, 5, 3)]
    assert door.alarms() == [(Kind.GIVEN_UP, Lane.READINGS, 3, 5, 3)]
    assert door.status() is Status.ACTIVE


def test_what_was_held_behind_a_hole_is_taken_in_with_its_word(door):
    made = read(door, 6)
    door.take(made[0], made[4], made[5])
    assert door.held() == 2

    door.take(door.gateway.say(dropped(made, 2, 4)))

    assert door.held() == 0
    assert [place for place in door.stored() if "/1/1/" in place] == [door.place(n, Lane.READINGS) for n in (1, 5, 6)]
    assert sorted(door.told()) == sorted(door.stored())


def test_a_hole_waits_until_what_stands_before_it_has_come(door):
    made = read(door, 5)
    (only_the_alarm,) = door.take(door.gateway.say(dropped(made, 3, 4)))
    assert (only_the_alarm.lane, door.missing(), door.alarms()) == (Lane.ALARM, [], [])

    door.take(made[4])
    (receipt,) = door.take(made[0], made[1])

    assert receipt.seq == 5
    assert door.missing() == [(3, 4, 2)]


def test_the_whole_beginning_of_a_lane_can_be_given_up(door):
    made = read(door, 4)

    door.take(door.gateway.say(dropped(made, 1, 3)), made[3])

    assert [place for place in door.stored() if "/1/1/" in place] == [door.place(4, Lane.READINGS)]


def test_what_came_before_it_was_given_up_is_not_missing(door):
    made = read(door, 5)
    door.take(*made[:3])

    door.take(door.gateway.say(dropped(made, 2, 4)))
    door.take(made[4])

    assert door.missing() == [(2, 4, 1)]
    assert door.alarms() == [(Kind.GIVEN_UP, Lane.READINGS, 2, 4, 1)]


def test_nothing_is_told_where_everything_had_come(door):
    made = read(door, 3)
    door.take(*made)

    door.take(door.gateway.say(dropped(made, 2, 3)))

    assert (door.missing(), door.alarms()) == ([(2, 3, 0)], [])


def test_what_waited_within_a_hole_is_not_thrown_away(door):
    made = read(door, 6)
    door.take(made[0], made[2], made[4])

    door.take(door.gateway.say(dropped(made, 2, 5)))
    door.take(made[5])

    stored = [place for place in door.stored() if "/1/1/" in place]
    assert sorted(stored) == [door.place(n, Lane.READINGS) for n in (1, 3, 5, 6)]
    assert door.missing() == [(2, 5, 2)]
    assert door.held() == 0


@pytest.mark.parametrize("seq", [3, 4, 5])
def test_what_was_given_up_and_comes_all_the_same_is_taken_in_once(door, seq):
    made = read(door, 6)
    door.take(*made[:2], door.gateway.say(dropped(made, 3, 5)), made[5])

    first = door.take(made[seq - 1])
    again = door.take(made[seq - 1])

    assert [receipt.seq for receipt in (*first, *again)] == [6, 6]
    assert sorted(door.stored()).count(door.place(seq, Lane.READINGS)) == 1
    assert door.missing() == [(3, 5, 2)]
    assert door.status() is Status.ACTIVE


@pytest.mark.parametrize("seq", [3, 5])
def test_another_event_in_a_hole_than_its_neighbours_name_is_a_second_chain(door, seq):
    made = read(door, 6)
    door.take(*made[:2], door.gateway.say(dropped(made, 3, 5)), made[5])
    other = door.gateway.sealed(door.gateway.record(READ, seq=seq, prev=b"x" * 16))

    door.take(other)

    assert door.status() is Status.SUSPECT
    assert door.refused() == [(Reason.CONFLICT, 1)]


def test_what_a_customer_withheld_is_not_taken_in_however_it_comes(door):
    made = read(door, 3)
    door.take(made[0], door.gateway.say(dropped(made, 2, 3, reason=DropReason.WITHHELD)))

    door.take(made[1], made[2])

    assert [place for place in door.stored() if "/1/1/" in place] == [door.place(1, Lane.READINGS)]
    assert (door.refused(), door.missing()) == ([], [(2, 3, 2)])


def test_alarms_gone_from_the_journal_are_told_by_an_alarm_that_waits_for_them(door):
    made = [door.gateway.say(LOST) for _ in range(4)]
    word = dropped(made, 2, 3, lane=Lane.ALARM, reason=DropReason.MISSING)
    door.take(made[0], made[3])

    (receipt,) = door.take(door.gateway.say(word))

    assert receipt.seq == 5
    assert door.stored() == [door.place(n, Lane.ALARM) for n in (1, 4, 5)]
    assert door.alarms() == [(Kind.GIVEN_UP, Lane.ALARM, 2, 3, 2)]


@pytest.mark.parametrize("reason", [reason for reason in DropReason if reason is not DropReason.MISSING])
def test_alarms_are_never_given_up(door, reason):
    made = [door.gateway.say(LOST) for _ in range(3)]
    door.take(made[0])

    door.take(door.gateway.say(dropped(made, 2, 3, lane=Lane.ALARM, reason=reason)))

    assert door.stored() == [door.place(1, Lane.ALARM)]
    assert door.held() == 1


def test_a_hole_that_ends_elsewhere_than_what_is_stored_there_is_a_second_chain(door):
    made = read(door, 3)
    door.take(*made)

    door.take(door.gateway.say(dropped(made, 2, 3, head=b"x" * 16)))

    assert door.status() is Status.SUSPECT
    assert door.alarms() == [(Kind.TWO_CHAINS, Lane.READINGS, 2, 3, 0)]


def test_many_holes_of_one_lane_fill_one_alarm(door):
    made = read(door, 9)
    door.take(*[door.gateway.say(dropped(made, first, first + 1)) for first in (1, 3, 5)])

    door.take(*made[6:])

    assert door.alarms() == [(Kind.GIVEN_UP, Lane.READINGS, 1, 6, 6)]
    assert door.missing() == [(1, 2, 2), (3, 4, 2), (5, 6, 2)]


def test_a_gateway_cannot_fill_the_tables_with_holes_it_never_comes_to(door, monkeypatch):
    monkeypatch.setattr(batch, "MAX_PENDING_HOLES", 3)
    made = read(door, 40)

    door.take(*[door.gateway.say(dropped(made, 20 + n, 30)) for n in range(6)])

    with door.database.read() as connection:
        assert len(holes.newest(connection, limit=100)) == 3


def test_a_hole_of_a_closed_generation_moves_nothing(door):
    made = read(door, 4)
    word = door.gateway.say(dropped(made, 2, 4))
    door.gateway.lose_journal()
    door.take(*read(door, 2))

    door.take(word)

    assert door.missing() == [(2, 4, 3)]
    assert door.take(door.gateway.say(READ))[0].seq == 3


def test_a_hole_at_the_beginning_of_a_generation_begins_it(door):
    old = read(door, 3)
    door.take(old[0], old[2])
    door.gateway.lose_journal()
    begun = door.gateway.say(JournalBegunAnew(previous_gen=1, reason=JournalLoss.DAMAGED))
    made = read(door, 3)

    receipts = door.take(begun, door.gateway.say(dropped(made, 1, 2)), made[2])

    assert [(receipt.gen, receipt.lane, receipt.seq) for receipt in receipts] == [
        (2, Lane.ALARM, 2),
        (2, Lane.READINGS, 3),
    ]
    assert door.held() == 0


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_declaration_is_a_hole_or_none_whatever_it_says(data):
    gateway = FakeGateway()
    seqs = st.integers(1, 2**32)
    event = EventsDropped(
        of_lane=data.draw(st.sampled_from(Lane)),
        first_seq=data.draw(seqs),
        last_seq=data.draw(seqs),
        head=bytes(16),
        reason=data.draw(st.sampled_from(DropReason)),
    )
    link = gateway.record(event, seq=data.draw(seqs), prev=bytes(16)).link

    hole = declared(link, event)

    assert hole is None or hole.first_seq <= hole.last_seq
    assert hole is None or hole.lane is not Lane.ALARM or hole.last_seq < link.seq


def test_diagnostics_are_given_up_like_readings(door):
    made = [door.gateway.say(MeterReachable(silent_for_ms=n)) for n in range(3)]

    door.take(door.gateway.say(dropped(made, 1, 2, lane=Lane.DIAGNOSTICS)), made[2])

    assert door.place(3) in door.stored()
