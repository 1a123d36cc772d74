from datetime import timedelta

import pytest

from cloud.ingest.alarms import Kind
from cloud.ingest.lane_watch import WATCH_TASK
from cloud.kernel import tasks
from cloud.registry.model import Status
from tests.fakes_cloud import NOON, fresh_database
from tests.fakes_intake import GAP_AFTER_S, Watched
from wire.chain import Head
from wire.envelope import link_hash, parse
from wire.events import EventsDropped, JournalBegunAnew, SupplyLost
from wire.terms import DropReason, JournalLoss, Lane

LOST = SupplyLost(began_at_ms=1_700_000_000_000, input_mv=4_900)
FAR_AHEAD = NOON + timedelta(days=9)


@pytest.fixture
def door(tmp_path):
    with fresh_database(tmp_path) as database:
        yield Watched(database)


def test_a_deleted_row_is_told_once_nothing_came_for_a_while(door):
    made = door.alarms_made(4)
    door.take(made[0], made[3])

    door.after(GAP_AFTER_S - 1)
    assert door.alarms() == []
    door.after(1)

    assert door.alarms() == [(Kind.GAP, Lane.ALARM, 2, 3, 2)]
    assert door.status() is Status.ACTIVE


def test_a_cut_tail_is_told_by_the_next_heartbeat(door):
    made = door.alarms_made(5)
    door.take(*made[:2], door.heartbeat())

    door.after(GAP_AFTER_S)

    assert door.alarms() == [(Kind.GAP, Lane.ALARM, 3, 5, 3)]


def test_a_whole_lane_that_never_came_is_told(door):
    door.alarms_made(2)
    door.take(door.heartbeat())

    door.after(GAP_AFTER_S)

    assert door.alarms() == [(Kind.GAP, Lane.ALARM, 1, 2, 2)]


def test_a_deleted_heartbeat_is_itself_a_gap(door):
    first, _, third = (door.heartbeat() for _ in range(3))
    door.take(first, third)

    door.after(GAP_AFTER_S)

    assert door.alarms() == [(Kind.GAP, Lane.DIAGNOSTICS, 2, 2, 1)]


def test_a_backlog_is_no_gap_however_slowly_it_comes(door):
    made = door.alarms_made(6)
    door.take(door.heartbeat())

    for message in made:
        door.after(GAP_AFTER_S - 1)
        assert door.alarms() == []
        door.take(message)
    door.after(5 * GAP_AFTER_S)

    assert door.alarms() == []


def test_a_backlog_that_stops_is_told_as_far_as_it_is_missing(door):
    made = door.alarms_made(6)
    door.take(door.heartbeat())
    door.after(GAP_AFTER_S - 1)
    door.take(*made[:3])

    door.after(GAP_AFTER_S + 1)
    assert door.alarms() == []
    door.after(GAP_AFTER_S)

    assert door.alarms() == [(Kind.GAP, Lane.ALARM, 4, 6, 3)]


def test_the_alarm_of_a_gap_ends_when_the_gap_fills(door):
    made = door.alarms_made(3)
    door.take(made[2])
    door.after(GAP_AFTER_S)
    assert door.kinds() == [Kind.GAP]

    door.take(*made[:2])
    door.after(GAP_AFTER_S)

    assert door.alarms() == []


def test_the_alarm_of_a_gap_ends_when_the_gateway_gives_up_what_is_missing(door):
    made = door.alarms_made(3)
    door.take(made[0], made[2])
    door.after(GAP_AFTER_S)
    assert door.kinds() == [Kind.GAP]

    head = link_hash(parse(made[1].payload))
    word = EventsDropped(of_lane=Lane.ALARM, first_seq=2, last_seq=2, head=head, reason=DropReason.MISSING)
    door.take(door.gateway.say(word))
    door.after(GAP_AFTER_S)

    assert door.alarms() == [(Kind.GIVEN_UP, Lane.ALARM, 2, 2, 1)]


def test_a_heartbeat_that_agrees_says_nothing(door):
    door.take(*door.alarms_made(3), door.heartbeat(), door.heartbeat())

    door.after(10 * GAP_AFTER_S)

    assert door.alarms() == []


def test_a_lane_that_goes_backwards_is_a_second_chain(door):
    made = door.alarms_made(3)
    door.take(*made, door.heartbeat())

    door.take(door.heartbeat(alarm=Head(seq=2, hash=link_hash(parse(made[1].payload)))))

    assert door.status() is Status.SUSPECT
    assert door.kinds() == [Kind.TWO_CHAINS]


@pytest.mark.parametrize("seq", [2, 3])
def test_a_heartbeat_that_names_another_event_than_is_stored_is_a_second_chain(door, seq):
    door.take(*door.alarms_made(3))

    door.take(door.heartbeat(alarm=Head(seq=seq, hash=b"x" * 16)))

    assert door.status() is Status.SUSPECT
    assert door.kinds() == [Kind.TWO_CHAINS]


def test_two_heartbeats_that_name_two_events_at_one_place_are_two_chains(door):
    door.take(door.heartbeat(alarm=Head(seq=9, hash=b"x" * 16)))

    door.take(door.heartbeat(alarm=Head(seq=9, hash=b"y" * 16)))

    assert door.status() is Status.SUSPECT


def test_a_heartbeat_that_was_given_up_and_comes_late_is_not_taken_for_a_lane_going_backwards(door):
    early = door.heartbeat()
    made = door.alarms_made(2)
    head = door.gateway.heads[Lane.DIAGNOSTICS].hash
    word = EventsDropped(of_lane=Lane.DIAGNOSTICS, first_seq=1, last_seq=1, head=head, reason=DropReason.FULL)
    door.take(*made, door.gateway.say(word), door.heartbeat())

    door.take(early)

    assert door.status() is Status.ACTIVE
    assert door.kinds() == [Kind.GIVEN_UP]


def test_a_journal_begun_anew_is_told_with_what_was_claimed_and_never_came(door):
    made = door.alarms_made(5)
    door.take(*made[:2], door.heartbeat())
    door.after(GAP_AFTER_S)
    assert door.kinds() == [Kind.GAP]
    door.gateway.lose_journal()

    door.take(door.gateway.say(JournalBegunAnew(previous_gen=1, reason=JournalLoss.DAMAGED), subject=""))
    door.after(10 * GAP_AFTER_S)

    assert door.alarms() == [(Kind.BEGUN_ANEW, Lane.ALARM, 1, 1, 3)]
    assert door.missing() == [(3, 5, 3)]


def test_the_new_generation_is_watched_like_the_old(door):
    door.take(*door.alarms_made(2), door.heartbeat())
    door.gateway.lose_journal()
    door.take(door.gateway.say(JournalBegunAnew(previous_gen=1, reason=JournalLoss.MISSING), subject=""))
    door.alarms_made(2)

    door.take(door.heartbeat())
    door.after(GAP_AFTER_S)

    assert door.alarms() == [(Kind.BEGUN_ANEW, Lane.ALARM, 1, 1, 0), (Kind.GAP, Lane.ALARM, 2, 3, 2)]


def test_one_look_a_lane_stands_however_much_is_held(door):
    made = door.alarms_made(20)
    for message in made[1:]:
        door.take(message)

    door.after(GAP_AFTER_S)

    with door.database.read() as connection:
        assert len(tasks.due(connection, [WATCH_TASK], FAR_AHEAD, 100)) == 1
