import pytest

from cloud.ingest import alarms
from cloud.ingest.alarm_desk import AlarmDesk, NoOpenAlarm, WordRefused
from cloud.ingest.alarms import Kind
from cloud.registry.model import Status
from tests.fakes_cloud import fresh_database
from tests.fakes_intake import GAP_AFTER_S, Watched
from wire.events import SupplyLost
from wire.terms import Lane


@pytest.fixture
def door(tmp_path):
    with fresh_database(tmp_path) as database:
        yield Watched(database)


def only_alarm(door):
    with door.database.read() as connection:
        (alarm,) = alarms.open_ones(connection, limit=10)
        return alarm


def write_off(door, number, who="Ana", remark="the card is gone"):
    with door.database.transaction() as connection:
        AlarmDesk(door.intake.batch).write_off(connection, number, who, remark, door.clock.now())


def seen(door, number, who="Ana", remark="looked at it"):
    with door.database.transaction() as connection:
        AlarmDesk(door.intake.batch).seen(connection, number, who, remark, door.clock.now())


def test_a_gap_that_is_written_off_lets_the_chain_go_on(door):
    made = door.alarms_made(5)
    door.take(made[0], made[3], made[4])
    door.after(GAP_AFTER_S)

    write_off(door, only_alarm(door).id)
    door.after(GAP_AFTER_S)
    (receipt,) = door.take(door.gateway.say(SupplyLost(began_at_ms=1, input_mv=1)))

    assert receipt.seq == 6
    assert door.stored() == [door.place(n, Lane.ALARM) for n in (1, 4, 5, 6)]
    assert (door.alarms(), door.missing(), door.held()) == ([], [(2, 3, 2)], 0)


def test_every_gap_of_a_lane_is_written_off_at_once(door):
    made = door.alarms_made(9)
    door.take(made[1], made[4])
    door.take(door.heartbeat())
    door.after(GAP_AFTER_S)

    write_off(door, only_alarm(door).id)

    assert door.missing() == [(1, 1, 1), (3, 4, 2), (6, 9, 4)]
    assert door.stored()[-2:] == [door.place(2, Lane.ALARM), door.place(5, Lane.ALARM)]


def test_a_cut_tail_is_written_off_up_to_what_the_heartbeat_named(door):
    made = door.alarms_made(4)
    door.take(made[0], door.heartbeat())
    door.after(GAP_AFTER_S)

    write_off(door, only_alarm(door).id)

    assert door.missing() == [(2, 4, 3)]
    assert door.take(*door.alarms_made(1))[0].seq == 5


def test_what_was_written_off_and_comes_all_the_same_is_taken_in(door):
    made = door.alarms_made(4)
    door.take(made[0], made[3])
    door.after(GAP_AFTER_S)
    write_off(door, only_alarm(door).id)

    door.take(made[1], made[2])

    assert sorted(door.stored()) == [door.place(n, Lane.ALARM) for n in (1, 2, 3, 4)]
    assert door.missing() == [(2, 3, 0)]
    assert door.status() is Status.ACTIVE


def test_a_gap_is_not_over_by_being_seen(door):
    door.take(door.alarms_made(2)[1])
    door.after(GAP_AFTER_S)

    with pytest.raises(NoOpenAlarm, match="gap"):
        seen(door, only_alarm(door).id)


def test_an_alarm_that_was_seen_is_over_under_the_name_of_who_saw_it(door):
    door.take(door.gateway.say(SupplyLost(began_at_ms=1, input_mv=1)))
    door.gateway.heads.clear()
    door.take(door.gateway.say(SupplyLost(began_at_ms=2, input_mv=2)))
    alarm = only_alarm(door)

    with pytest.raises(NoOpenAlarm, match="no gap"):
        write_off(door, alarm.id)
    seen(door, alarm.id)

    with door.database.read() as connection:
        over = alarms.find(connection, alarm.id)
    assert (over.kind, over.ended_by, over.remark) == (Kind.TWO_CHAINS, "Ana", "looked at it")
    with pytest.raises(NoOpenAlarm):
        seen(door, alarm.id)


@pytest.mark.parametrize(("who", "remark"), [("", "x"), ("x", " "), ("x" * 101, "x"), ("x", "two\nlines")])
def test_who_says_so_and_why_is_one_line_each(door, who, remark):
    door.take(door.alarms_made(2)[1])
    door.after(GAP_AFTER_S)

    with pytest.raises(WordRefused):
        write_off(door, only_alarm(door).id, who, remark)


def test_there_is_no_alarm_of_another_number(door):
    with pytest.raises(NoOpenAlarm):
        seen(door, 999)


def test_alarms_that_ended_are_kept_up_to_a_bound(door, monkeypatch):
    monkeypatch.setattr(alarms, "MAX_ENDED", 2)
    for _ in range(4):
        made = door.alarms_made(2)
        door.take(made[1])
        door.after(GAP_AFTER_S)
        door.take(made[0])
        door.after(GAP_AFTER_S)

    with door.database.read() as connection:
        assert len(alarms.ended_ones(connection, limit=10)) == 2
