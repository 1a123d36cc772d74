"""Bringing the journal to the cloud over a broker that is not to be trusted."""

import random

from gateway.adapters.journal import Journal
from gateway.core.arrival import Arrival
from gateway.core.outbox import Change, Entry
from gateway.core.uplink import UplinkSeen
from gateway.service.ports import Watched
from tests.fakes_forwarder import Delivered, EndsAt, alarm, forwarder, reading, run_for
from tests.fakes_gateway import FakeClock, at
from tests.fakes_uplink import FakeBroker, FakeCloud
from wire.events import IntervalReadings
from wire.topics import Kind
from wire.units import Quantity


def test_everything_arrives_once_and_is_freed_by_its_receipts(
    journal: Journal, cloud: FakeCloud, clock: FakeClock
) -> None:
    journal.commit(Change(entries=(*map(alarm, range(1, 31)), *map(reading, range(1, 31)))))

    run_for(journal, FakeBroker(cloud, clock), 10)

    assert journal.waiting() == 0
    assert len(cloud.records) == 60
    assert cloud.duplicates == 0


def test_a_command_is_handed_on_unread_and_frees_nothing(journal: Journal, cloud: FakeCloud, clock: FakeClock) -> None:
    journal.commit(Change(entries=(alarm(1),)))
    command = Arrival(kind=Kind.COMMAND, payload=b"do this", is_retained=True)
    broker, heard = FakeBroker(cloud, clock, loss=1.0, commands=[command]), list[Arrival]()

    forwarder(journal, broker, hear=heard.append).run(EndsAt(clock, clock.story_s + 5))

    assert heard == [command]
    assert journal.waiting() == 1


def test_alarms_go_before_readings(journal: Journal, cloud: FakeCloud, clock: FakeClock) -> None:
    journal.commit(Change(entries=(reading(1), reading(2), alarm(1))))
    broker = FakeBroker(cloud, clock)

    run_for(journal, broker, 1)

    assert [topic.rsplit("/", 1)[-1] for topic, _ in broker.published] == ["a", "r", "r"]


def test_no_more_than_the_window_is_under_way(journal: Journal, cloud: FakeCloud, clock: FakeClock) -> None:
    journal.commit(Change(entries=tuple(map(alarm, range(1, 101)))))
    broker = FakeBroker(cloud, clock)

    run_for(journal, broker, 10)

    assert broker.most_under_way <= 8
    assert journal.waiting() == 0


def test_no_more_than_the_broker_allows_is_under_way(journal: Journal, cloud: FakeCloud, clock: FakeClock) -> None:
    journal.commit(Change(entries=(*map(reading, range(1, 31)), *map(alarm, range(1, 31)))))
    broker = FakeBroker(cloud, clock, most_under_way_allowed=3)

    forwarder(journal, broker).run(Delivered(journal, clock))

    assert broker.most_under_way == 3
    assert [topic[-1] for topic, _ in broker.published[:9]] == ["a"] * 9
    assert len(cloud.records) == 60


def test_readings_handed_over_leave_a_slow_line_free_for_alarms(
    journal: Journal, cloud: FakeCloud, clock: FakeClock
) -> None:
    values = tuple(100_000 * (place % 2) for place in range(900))
    batch = IntervalReadings.of(1, 900, Quantity.ENERGY_IMPORT_WH, values)
    journal.commit(Change(entries=(Entry(subject="LMP1", event=batch),) * 8))
    broker = FakeBroker(cloud, clock)

    run_for(journal, broker, 0.05)

    assert 1 < len(broker.published) < 8
    assert sum(len(payload) for _, payload in broker.published) < 16_384 + len(broker.published[0][1])


def test_its_signs_of_life_are_never_overdue_while_it_runs_and_none_is_owed_after(
    journal: Journal, cloud: FakeCloud, clock: FakeClock
) -> None:
    overdue: list[float] = []
    broker = FakeBroker(cloud, clock, random.Random(2), breaking=0.05, refuses=6)
    loop = forwarder(journal, broker, tell=lambda _: overdue.append(loop.pulse.overdue_s()), longest_reconnect_s=600)

    loop.run(EndsAt(clock, 600))
    clock.advance(10_000)

    assert len(overdue) > 6
    assert set(overdue) == {0.0}
    assert loop.pulse.overdue_s() == 0
    assert isinstance(loop, Watched)


def test_it_tells_when_the_broker_is_reached_and_when_it_is_lost(
    journal: Journal, cloud: FakeCloud, clock: FakeClock
) -> None:
    seen: list[UplinkSeen] = []
    broker = FakeBroker(cloud, clock, refuses=2)

    forwarder(journal, broker, tell=seen.append).run(EndsAt(clock, 60))

    assert [word.up for word in seen] == [False, False, True]
    assert seen[0].at == at(0)


def test_an_event_made_while_connected_goes_at_once(journal: Journal, cloud: FakeCloud, clock: FakeClock) -> None:
    broker = FakeBroker(cloud, clock)
    run_for(journal, broker, 1)

    journal.commit(Change(entries=(alarm(1),)))
    run_for(journal, broker, 0.3)

    assert len(cloud.records) == 1


def test_the_connection_is_closed_when_told_to_stop(journal: Journal, cloud: FakeCloud, clock: FakeClock) -> None:
    broker = FakeBroker(cloud, clock)

    run_for(journal, broker, 1)

    assert (broker.is_open, broker.opened) == (False, 1)
