"""The courier: at least once and in order, with one event unable to hold up the others."""

import threading

from cloud.ingest.store import page
from cloud.kernel import tasks
from cloud.outward import store
from cloud.outward.courier import POST_TASK, RECEIVER
from cloud.outward.post import Taken
from tests.fakes_outward import alarm
from tests.waiting import SURELY_S
from wire.events import GatewayStarted, IntervalReadings, UnknownEvent
from wire.terms import Lane
from wire.units import Quantity

READINGS = IntervalReadings.of(1_795_284_000_000, 3600, Quantity.ENERGY_IMPORT_WH, (200, 220))
FINE = IntervalReadings.of(1_795_284_000_000, 900, Quantity.ENERGY_IMPORT_WH, (50, 60))


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
    thread.join(SURELY_S)

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
