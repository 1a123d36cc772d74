"""The courier: at least once and in order, with one event unable to hold up the others."""

import threading
from datetime import timedelta

import pytest

from cloud.ingest.disclosure import FineReadings
from cloud.ingest.service import Intake
from cloud.ingest.store import page
from cloud.kernel import tasks
from cloud.kernel.ids import EventId
from cloud.outward import courier as outward
from cloud.outward import store
from cloud.outward.courier import AGAIN_TASK, MOST_STUMBLES, POST_TASK, RECEIVER, Courier
from cloud.outward.post import NotNow, Refused, Taken
from cloud.outward.settings import OutwardSettings
from tests.fakes_cloud import FakeGateway, HandClock, fresh_database, register
from tests.fakes_outward import FakePoster
from wire.events import GatewayStarted, IntervalReadings, SupplyLost, UnknownEvent
from wire.keys import SoftwareSigner
from wire.terms import Lane
from wire.units import Quantity

AWAY = NotNow(reason="nobody is there")
STUMBLES = NotNow(reason="500", stumbles=True)
NEVER = Refused(reason="422 not this one")
READINGS = IntervalReadings.of(1_795_284_000_000, 3600, Quantity.ENERGY_IMPORT_WH, (200, 220))
FINE = IntervalReadings.of(1_795_284_000_000, 900, Quantity.ENERGY_IMPORT_WH, (50, 60))


class Town:
    """A cloud that takes a gateway's events in, and a courier that hands them over."""

    def __init__(self, database):
        self.database = database
        self.clock = HandClock()
        self.gateway = FakeGateway()
        self.poster = FakePoster()
        self.events = ("alarms",)
        register(database, self.gateway)
        self.consents = True
        self.intake = Intake(
            database=database,
            clock=self.clock,
            signer=SoftwareSigner.generate(),
            on_commit=lambda: None,
            fine=FineReadings(billing_period_s=3600, has_agreed=lambda *_: self.consents),
        )

    def courier(self, **settings):
        """A courier as `serve` starts one, which has settled."""
        chosen = {"url": "http://127.0.0.1:1/", "events": self.events, "retry_first_s": 10, "retry_longest_s": 100}
        made = Courier(
            database=self.database,
            clock=self.clock,
            poster=self.poster,
            settings=OutwardSettings(**{**chosen, **settings}),
            on_commit=lambda: None,
        )
        made.settle()
        return made

    def say(self, event, **about):
        """Let the gateway say it, the cloud take it in, and the news go round; its name."""
        message = self.gateway.say(event, **about)
        self.intake.take([message])
        self.news()
        return f"{self.gateway.id}/{self.gateway.gen}/{event.lane.value}/{self.gateway.heads[event.lane].seq}"

    def news(self):
        with self.database.transaction() as connection:
            outward.look(connection, self.clock.now())

    def work(self, courier):
        """All that is due now."""
        while courier.turn():
            pass

    def standing(self, lane=Lane.ALARM):
        with self.database.read() as connection:
            return next(each for each in store.standings(connection) if each.lane is lane)

    def exported(self):
        with self.database.read() as connection:
            return list(store.between(connection, list(Lane), None, None))

    def found(self, event_id):
        with self.database.read() as connection:
            return store.at(connection, EventId.parse(event_id))

    def parked(self):
        with self.database.read() as connection:
            return [(task.kind, task.key, task.failure) for task in tasks.parked(connection)]

    def due_in_s(self):
        with self.database.read() as connection:
            task = tasks.standing(connection, POST_TASK, RECEIVER)
        return (task.due_at - self.clock.now()).total_seconds()


@pytest.fixture
def town(tmp_path):
    with fresh_database(tmp_path) as database:
        yield Town(database)


def alarm(number=0):
    return SupplyLost(began_at_ms=1_795_284_000_000 + number, input_mv=412)


def test_an_accepted_alarm_is_handed_over_once(town):
    courier = town.courier()
    event_id = town.say(alarm())

    town.work(courier)
    town.work(courier)

    assert town.poster.posted == [event_id]
    assert (town.standing().delivered, town.standing().waiting) == (1, 0)


def test_readings_a_customer_withheld_have_no_octets_and_hold_nothing_up(town):
    town.events = ("readings",)
    courier = town.courier()
    town.consents = False
    town.say(FINE)
    town.consents = True

    event_id = town.say(READINGS)
    town.work(courier)

    assert town.poster.posted == [event_id]
    assert town.standing(Lane.READINGS).waiting == 0
    assert town.parked() == []


def test_a_lane_in_which_everything_was_withheld_waits_for_nothing(town):
    town.events = ("readings",)
    courier = town.courier()
    town.consents = False

    withheld = town.say(FINE)
    town.work(courier)

    assert town.poster.posted == []
    assert town.standing(Lane.READINGS).waiting == 0
    assert town.exported() == []
    assert town.found(withheld) is None


def test_what_was_there_before_a_receiver_was_named_stays(town):
    town.say(alarm())
    courier = town.courier()

    town.work(courier)

    assert town.poster.posted == []


def test_what_came_while_the_cloud_was_down_is_handed_over_by_the_next(town):
    town.courier()
    event_id = town.say(alarm())

    town.work(town.courier())

    assert town.poster.posted == [event_id]


def test_readings_and_diagnostics_stay_at_home_unless_asked_for(town):
    courier = town.courier()
    town.say(READINGS)
    town.say(GatewayStarted(software="0.1.0", boot=1))

    town.work(courier)

    assert town.poster.posted == []


def test_alarms_go_before_diagnostics_and_those_before_readings(town):
    town.events = ("readings", "diagnostics", "alarms")
    courier = town.courier()
    readings = town.say(READINGS)
    started = town.say(GatewayStarted(software="0.1.0", boot=1))
    lost = town.say(alarm())

    town.work(courier)

    assert town.poster.posted == [lost, started, readings]


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

    for _ in range(MOST_STUMBLES + 1):
        town.work(courier)
        town.clock.go_on(100)

    assert town.poster.taken == [good]
    assert town.poster.posted.count(poison) >= MOST_STUMBLES


def test_an_event_that_stood_aside_arrives_once_the_receiver_is_mended(town):
    courier = town.courier()
    poison, good = town.say(alarm(1)), town.say(alarm(2))
    town.poster.endings_of[poison] = STUMBLES
    for _ in range(MOST_STUMBLES + 1):
        town.work(courier)
        town.clock.go_on(100)

    del town.poster.endings_of[poison]
    town.clock.go_on(100)
    town.work(courier)

    assert town.poster.taken == [good, poison]


def test_an_event_that_is_failed_on_for_ever_is_parked_in_the_end(town):
    courier = town.courier()
    poison = town.say(alarm())
    town.poster.endings_of[poison] = STUMBLES

    for _ in range(MOST_STUMBLES + outward.MOST_ATTEMPTS + 2):
        town.work(courier)
        town.clock.go_on(100)

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


def test_a_place_that_is_put_back_sends_again_under_the_same_names(town):
    courier = town.courier()
    first = town.say(alarm(1))
    since = town.clock.go_on(60)
    second = town.say(alarm(2))
    town.work(courier)

    with town.database.transaction() as connection:
        waiting = store.put_back(connection, Lane.ALARM, since)
    town.news()
    town.work(courier)

    assert waiting == 1
    assert town.poster.taken == [first, second, second]


def test_a_place_put_back_while_events_are_posted_is_not_moved_forward_again(town):
    courier = town.courier()
    event_id = town.say(alarm())

    def put_back():
        with town.database.transaction() as connection:
            connection.execute(store.place_table.update().values(arrival=-1))

    town.poster.meanwhile.append(put_back)
    town.work(courier)

    assert town.poster.taken == [event_id, event_id]


def test_a_meter_the_gateway_has_no_say_in_and_what_nobody_can_read_stay_at_home(town):
    courier = town.courier()
    town.say(alarm(1), subject="SOMEBODY-ELSES")
    town.say(UnknownEvent(code=99, lane=Lane.ALARM, body={}, why=""))
    own = town.say(alarm(2))

    town.work(courier)

    assert town.poster.posted == [own]
    assert town.standing().passed_over == 0


def test_a_lane_that_is_no_longer_sent_has_no_place_to_come_back_to(town):
    town.events = ("alarms", "diagnostics")
    town.courier()
    town.events = ("alarms",)
    town.courier()
    town.say(GatewayStarted(software="0.1.0", boot=1))
    town.events = ("alarms", "diagnostics")

    town.work(town.courier())

    assert town.poster.posted == []


def test_the_thread_ends_when_told_to_and_lets_the_receiver_go(town):
    courier, stop = town.courier(), threading.Event()
    event_id = town.say(alarm())
    town.poster.endings.append(Taken(status=200))
    thread = threading.Thread(target=courier.run, args=(stop,))

    thread.start()
    stop.set()
    courier.wake()
    thread.join(5)

    assert not thread.is_alive()
    assert town.poster.is_closed
    assert town.poster.posted in ([], [event_id])


def test_what_does_not_leave_does_not_wake_the_courier(town):
    courier = town.courier()
    town.work(courier)
    started, lost = (town.gateway.say(event) for event in (GatewayStarted(software="0.1.0", boot=1), alarm()))
    town.intake.take([started, lost])

    with town.database.transaction() as connection:
        for event in reversed(page(connection, limit=2)):
            courier.on_event(connection, event, town.clock.now())
            awake = tasks.standing(connection, POST_TASK, RECEIVER) is not None
            assert awake is (event.id.lane == Lane.ALARM)


def test_places_keep_up_with_what_does_not_leave(town):
    courier = town.courier()
    town.work(courier)
    town.intake.take([town.gateway.say(GatewayStarted(software="0.1.0", boot=1))])
    town.clock.go_on(61)

    town.work(courier)

    with town.database.read() as connection:
        (place,) = connection.execute(store.place_table.select())
        assert place.arrival == store.newest_arrival(connection) == 1


def test_the_key_beside_an_event_is_the_one_that_signed_it(town):
    town.courier()
    town.say(alarm())

    with town.database.read() as connection:
        (outgoing,) = store.first_waiting(connection, (Lane.ALARM,), 5).events

    assert outgoing.original.spki == town.gateway.public.spki
    assert outgoing.original.usage_point == "UP-1"
