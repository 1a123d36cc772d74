"""A receiver that is away, fails or refuses: order is kept, and one event holds up no other."""

from datetime import timedelta

import pytest

from cloud.kernel import tasks
from cloud.outward import courier as outward
from cloud.outward.courier import AGAIN_TASK, MOST_STUMBLES
from cloud.outward.post import NotNow, Refused
from tests.fakes_outward import alarm

AWAY = NotNow(reason="nobody is there")
STUMBLES = NotNow(reason="500", stumbles=True)
NEVER = Refused(reason="422 not this one")


def test_a_receiver_that_is_away_is_asked_again_with_a_growing_pause(town):
    courier = town.courier()
    event_id = town.say(alarm())
    town.poster.endings.extend([AWAY] * 5)
    pauses = []

    for _ in range(5):
        town.work(courier)
        pauses.append(town.due_in_s())
        town.clock.go_on(pauses[-1])
    town.work(courier)

    assert pauses == [10, 20, 40, 80, 100]
    assert town.poster.taken == [event_id]


def test_a_receiver_that_asks_for_a_pause_gets_it_within_bounds(town):
    courier = town.courier()
    town.say(alarm())
    town.poster.endings.append(NotNow(reason="429", after_s=77))

    town.work(courier)

    assert town.due_in_s() == 77


def test_while_it_is_away_order_is_kept_and_new_events_do_not_shorten_the_pause(town):
    courier = town.courier()
    town.poster.endings.append(AWAY)
    first = town.say(alarm(1))
    town.work(courier)
    second = town.say(alarm(2))

    town.work(courier)
    pause_s = town.due_in_s()
    town.clock.go_on(10)
    town.work(courier)

    assert pause_s == 10
    assert town.poster.posted == [first, first, second]


def test_a_kill_between_post_and_commit_repeats_the_same_names(town):
    town.courier()
    event_id = town.say(alarm())

    def killed():
        raise KeyboardInterrupt

    town.poster.meanwhile.append(killed)
    with pytest.raises(KeyboardInterrupt):
        town.courier().turn()
    town.work(town.courier())

    assert town.poster.posted == [event_id, event_id]


def test_an_event_refused_for_good_is_parked_and_those_behind_it_go_on(town):
    courier = town.courier()
    first, second, third = (town.say(alarm(number)) for number in range(3))
    town.poster.endings_of[second] = NEVER

    town.work(courier)

    assert town.poster.taken == [first, third]
    assert town.parked() == [(AGAIN_TASK, second, NEVER.reason)]


def test_a_parked_event_that_is_revived_is_posted_again(town):
    courier = town.courier()
    event_id = town.say(alarm())
    town.poster.endings.append(NEVER)
    town.work(courier)

    with town.database.transaction() as connection:
        tasks.revive(connection, AGAIN_TASK, event_id, town.clock.now())
    town.work(courier)

    assert town.poster.taken == [event_id]
    assert town.parked() == []


def test_an_event_the_receiver_fails_on_stands_aside_after_some_attempts(town):
    courier = town.courier()
    poison, good = town.say(alarm(1)), town.say(alarm(2))
    town.poster.endings_of[poison] = STUMBLES

    town.go_by(courier, MOST_STUMBLES + 1)

    assert town.poster.taken == [good]
    assert town.poster.posted.count(poison) >= MOST_STUMBLES


def test_an_event_that_stood_aside_arrives_once_the_receiver_is_mended(town):
    courier = town.courier()
    poison, good = town.say(alarm(1)), town.say(alarm(2))
    town.poster.endings_of[poison] = STUMBLES
    town.go_by(courier, MOST_STUMBLES + 1)

    del town.poster.endings_of[poison]
    town.clock.go_on(100)
    town.work(courier)

    assert town.poster.taken == [good, poison]


def test_an_event_that_is_failed_on_for_ever_is_parked_in_the_end(town):
    courier = town.courier()
    poison = town.say(alarm())
    town.poster.endings_of[poison] = STUMBLES

    town.go_by(courier, MOST_STUMBLES + outward.MOST_ATTEMPTS + 2)

    assert town.parked() == [(AGAIN_TASK, poison, "500")]


def test_a_receiver_that_refuses_everything_is_waited_for_and_nothing_is_lost(town, monkeypatch):
    monkeypatch.setattr(outward, "MOST_ASIDE", 2)
    courier = town.courier()
    ids = [town.say(alarm(number)) for number in range(4)]
    town.poster.endings_of.update(dict.fromkeys(ids, NEVER))

    town.work(courier)
    town.clock.go_on(100)
    town.poster.endings_of.clear()
    town.work(courier)

    assert [key for _, key, _ in town.parked()] == ids[:2]
    assert town.poster.taken == ids[2:]


def test_what_waited_too_long_is_passed_over_and_counted(town):
    courier = town.courier(keep_days=2)
    town.poster.endings.append(AWAY)
    town.say(alarm(1))
    town.work(courier)
    town.clock.go_on(timedelta(days=2, seconds=1).total_seconds())
    fresh = town.say(alarm(2))

    town.work(courier)

    assert town.poster.taken == [fresh]
    assert town.standing().passed_over == 1
