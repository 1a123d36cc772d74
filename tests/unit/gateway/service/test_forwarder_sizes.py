"""What the broker does not take for its size is set aside, whichever way it shows it; nothing behind it waits."""

import random

import pytest

from gateway.adapters.journal import Journal
from gateway.core.outbox import Change, Entry, OutboxRow
from gateway.core.size_doubt import SizeDoubt
from tests.fakes_forwarder import Delivered, EndsAt, alarm, dropped, forwarder, large, places, reading
from tests.fakes_gateway import FakeClock
from tests.fakes_uplink import FakeBroker, FakeCloud
from wire.events import Evidence, InterruptionAssessed, SupplyLost
from wire.terms import Cause, DropReason, EvidenceKind, Grade, Lane, Stage

LIMIT_BYTES = 2_000
ALARM_WITHIN_S = 5.0


def long_alarm() -> Entry:
    """A verdict of some 450 bytes."""
    evidence = (Evidence(kind=EvidenceKind.METER_VOLTAGE, value=230_000, age_ms=100_000),) * 32
    verdict = InterruptionAssessed(
        began_at_ms=1, cause=Cause.CANNOT_TELL, stage=Stage.PROVISIONAL, grade=Grade.NONE, evidence=evidence
    )
    return Entry(subject="LMP1", event=verdict)


@pytest.mark.parametrize("how", ["announces", "cuts_above", "swallows_above"])
def test_a_row_too_large_is_set_aside_and_what_is_behind_it_arrives(
    journal: Journal, cloud: FakeCloud, clock: FakeClock, how: str
) -> None:
    journal.commit(Change(entries=(reading(1), large(), reading(2), alarm(1))))
    broker = FakeBroker(cloud, clock, **{how: LIMIT_BYTES})
    loop = forwarder(journal, broker)

    loop.run(EndsAt(clock, 60))
    journal.commit(Change(entries=(alarm(2), alarm(3))))  # of other lanes some get through meanwhile
    loop.run(Delivered(journal, clock))

    assert dropped(cloud) == [(Lane.READINGS, 2, 2, DropReason.TOO_LARGE)]
    assert places(cloud, Lane.READINGS) == [1, 3]
    assert journal.waiting() == 0
    assert clock.story_s < 300


@pytest.mark.parametrize("how", ["announces", "cuts_above", "swallows_above"])
@pytest.mark.parametrize("after_s", [0.05, 0.5, 1.5, 3.0, 6.0])
def test_an_alarm_made_after_a_row_too_large_arrives_within_five_seconds(
    journal: Journal, cloud: FakeCloud, clock: FakeClock, how: str, after_s: float
) -> None:
    journal.commit(Change(entries=(large(),)))
    loop = forwarder(journal, FakeBroker(cloud, clock, **{how: LIMIT_BYTES}))
    loop.run(EndsAt(clock, after_s))

    journal.commit(Change(entries=(alarm(1),)))
    loop.run(EndsAt(clock, clock.story_s + ALARM_WITHIN_S))

    assert any(isinstance(record.event, SupplyLost) for record in cloud.records)


def test_what_was_proved_of_one_row_holds_for_the_next_without_another_trial(
    journal: Journal, cloud: FakeCloud, clock: FakeClock
) -> None:
    journal.commit(Change(entries=tuple(large(number) for number in range(1, 21))))
    broker = FakeBroker(cloud, clock, cuts_above=LIMIT_BYTES)

    forwarder(journal, broker).run(Delivered(journal, clock))

    assert [reason for *_, reason in dropped(cloud)] == [DropReason.TOO_LARGE] * 20
    assert broker.opened <= 7


def test_an_alarm_is_never_set_aside_and_holds_up_no_other_lane(
    journal: Journal, cloud: FakeCloud, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    journal.commit(Change(entries=(long_alarm(), alarm(1), reading(1))))

    forwarder(journal, FakeBroker(cloud, clock, announces=300)).run(EndsAt(clock, 10))

    assert [row.seq for row in journal.oldest_waiting(Lane.ALARM, 9)] == [1, 2]
    assert places(cloud, Lane.READINGS) == [1]
    assert caplog.text.count("alarm_too_large_for_the_broker") == 1


@pytest.mark.parametrize("seed", range(8))
def test_a_line_that_breaks_and_loses_proves_nothing_of_any_row(
    journal: Journal, cloud: FakeCloud, clock: FakeClock, seed: int
) -> None:
    journal.commit(Change(entries=(*map(large, range(1, 9)), *map(alarm, range(1, 9)), *map(reading, range(1, 9)))))
    broker = FakeBroker(cloud, clock, random.Random(seed), loss=0.3, doubling=0.2, shuffles=True, breaking=0.1)

    forwarder(journal, broker).run(Delivered(journal, clock))

    assert dropped(cloud) == []
    assert places(cloud, Lane.READINGS) == list(range(1, 17))


def test_a_cloud_that_is_away_proves_nothing_of_any_row(journal: Journal, cloud: FakeCloud, clock: FakeClock) -> None:
    journal.commit(Change(entries=(large(), alarm(1), reading(1))))
    broker = FakeBroker(cloud, clock, loss=1.0)

    forwarder(journal, broker).run(EndsAt(clock, 300))

    assert journal.waiting() == 3


def test_after_an_hour_a_size_is_tried_anew() -> None:
    doubt, row = SizeDoubt(), OutboxRow(lane=Lane.READINGS, seq=1, envelope=bytes(3_000))
    doubt.broke([row], 0)
    for s in (10, 20, 30, 40):
        doubt.began(s)
        doubt.allowed([row], s + 2, is_quiet=True)
        doubt.broke([row], s + 3)

    assert doubt.is_too_large(row.envelope, 3_642)
    assert not doubt.is_too_large(row.envelope, 3_643)


def test_a_suspect_that_the_broker_acknowledges_is_cleared() -> None:
    doubt, row = SizeDoubt(), OutboxRow(lane=Lane.READINGS, seq=1, envelope=bytes(3_000))
    doubt.broke([row], 0)
    doubt.began(1)

    held = doubt.allowed([row], 1.5, is_quiet=True)
    alone = doubt.allowed([row], 2.5, is_quiet=True)
    doubt.allowed([row], 2.6, is_quiet=True)

    assert (held, alone) == ([], [row])
    assert not doubt.is_raised


def test_a_suspect_on_a_line_that_loses_acknowledgements_is_let_go() -> None:
    doubt, row = SizeDoubt(), OutboxRow(lane=Lane.READINGS, seq=1, envelope=bytes(3_000))
    doubt.broke([row], 0)
    doubt.began(1)

    before = doubt.allowed([row], 10.9, is_quiet=False)
    after = doubt.allowed([row], 11, is_quiet=False)

    assert (before, after) == ([], [row])
