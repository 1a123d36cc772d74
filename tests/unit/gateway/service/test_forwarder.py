"""Bringing the journal to the cloud over a broker that is not to be trusted."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.adapters import journal_file
from gateway.adapters.journal import Journal
from gateway.core.arrival import Arrival
from gateway.core.errors import JournalUnavailable
from gateway.core.outbox import Change, Entry, OutboxRow
from gateway.core.patience import Patience
from gateway.core.uplink import UplinkSeen
from gateway.service.forwarder import Forwarder
from gateway.service.ports import Watched
from tests.fakes_gateway import FakeClock, StoryStop, at
from tests.fakes_uplink import FakeBroker, FakeCloud
from wire.envelope import Purpose, seal
from wire.events import IntervalReadings, RegisterReadings, SupplyLost
from wire.ids import gateway_id_of
from wire.keys import PublicKey, SoftwareSigner
from wire.receipts import Receipt, seal_receipt
from wire.terms import Lane
from wire.topics import Kind
from wire.units import Quantity

SIGNER = SoftwareSigner.generate()
GATEWAY = gateway_id_of(SIGNER.public.spki)


def alarm(number: int) -> Entry:
    return Entry(subject="LMP1", event=SupplyLost(began_at_ms=number, input_mv=0))


def reading(number: int) -> Entry:
    return Entry(subject="LMP1", event=RegisterReadings(at_ms=number, values=((Quantity.ENERGY_IMPORT_WH, number),)))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def journal(tmp_path: Path, clock: FakeClock) -> Iterator[Journal]:
    journal_file.create(tmp_path / "journal.sqlite", GATEWAY, gen=1)
    journal = Journal.open(tmp_path / "journal.sqlite", GATEWAY, SIGNER, clock)
    yield journal
    journal.close()


@pytest.fixture
def cloud(clock: FakeClock) -> FakeCloud:
    return FakeCloud(SIGNER.public, clock)


def forwarder(
    journal: Journal,
    broker: FakeBroker,
    receipt_key: PublicKey | None = None,
    seen: list[UplinkSeen] | None = None,
    commands: list[Arrival] | None = None,
) -> Forwarder:
    return Forwarder(
        outbox=journal,
        uplink=broker,
        receipt_key=receipt_key or broker.cloud.receipt_key,
        window_rows=8,
        resend=Patience(first_s=5, longest_s=60),
        reconnect=Patience(first_s=1, longest_s=30),
        clock=broker.clock,
        chance=random.Random(3),
        tell=(seen if seen is not None else []).append,
        hear=(commands if commands is not None else []).append,
    )


def run_for(journal: Journal, broker: FakeBroker, seconds: float, receipt_key: PublicKey | None = None) -> None:
    """Run the forwarder until the story's clock has gone on by so many seconds."""
    stop = EndsAt(broker.clock, broker.clock.story_s + seconds)
    forwarder(journal, broker, receipt_key).run(stop)


class EndsAt(StoryStop):
    """Stops when the story's clock says so."""

    def __init__(self, clock: FakeClock, story_s: float) -> None:
        super().__init__(clock)
        self._ends_at = story_s

    def is_set(self) -> bool:
        return self._clock.story_s >= self._ends_at


class Delivered(EndsAt):
    """Stops when nothing waits any longer, or after an hour of the story."""

    def __init__(self, journal: Journal, clock: FakeClock) -> None:
        super().__init__(clock, clock.story_s + 3_600)
        self._journal = journal

    def is_set(self) -> bool:
        return super().is_set() or not self._journal.waiting()


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

    forwarder(journal, broker, commands=heard).run(EndsAt(clock, clock.story_s + 5))

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


def test_what_the_broker_swallowed_is_sent_again_as_the_same_bytes(
    journal: Journal, cloud: FakeCloud, clock: FakeClock
) -> None:
    journal.commit(Change(entries=(alarm(1),)))
    broker = FakeBroker(cloud, clock, loss=1.0)

    run_for(journal, broker, 20)

    envelopes = {payload for _, payload in broker.published}
    assert len(broker.published) == 4
    assert len(envelopes) == 1
    assert journal.waiting() == 1


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_lost_or_doubled_by_a_bad_broker(
    journal: Journal, cloud: FakeCloud, clock: FakeClock, seed: int
) -> None:
    journal.commit(Change(entries=(*map(alarm, range(1, 41)), *map(reading, range(1, 41)))))
    broker = FakeBroker(
        cloud, clock, random.Random(seed), loss=0.2, doubling=0.2, shuffles=True, breaking=0.02, refuses=2
    )

    forwarder(journal, broker).run(Delivered(journal, clock))

    places = [(record.link.lane, record.link.seq) for record in cloud.records]
    assert sorted(places) == [(lane, seq) for lane in (Lane.ALARM, Lane.READINGS) for seq in range(1, 41)]
    assert journal.waiting() == 0
    assert broker.opened > 3


def test_a_broker_that_is_away_is_asked_less_and_less_often(
    journal: Journal, cloud: FakeCloud, clock: FakeClock
) -> None:
    broker = FakeBroker(cloud, clock, refuses=1_000)

    run_for(journal, broker, 3_600)

    assert 3_600 / 36 <= broker.opened <= 3_600 / 24 + 6
    assert not broker.is_open


def test_a_broker_that_lets_in_and_throws_out_is_asked_less_and_less_often(
    journal: Journal, cloud: FakeCloud, clock: FakeClock
) -> None:
    broker = FakeBroker(cloud, clock, throws_out=True)

    run_for(journal, broker, 3_600)

    assert broker.opened <= 3_600 / 24 + 6


def test_gateways_that_lost_one_broker_do_not_come_back_in_step(
    journal: Journal, cloud: FakeCloud, clock: FakeClock
) -> None:
    def returns_s(seed: int) -> list[float]:
        clock.story_s = 0
        broker, came = FakeBroker(cloud, clock, refuses=1_000), []
        loop = Forwarder(
            outbox=journal,
            uplink=broker,
            receipt_key=cloud.receipt_key,
            window_rows=8,
            resend=Patience(first_s=5, longest_s=60),
            reconnect=Patience(first_s=1, longest_s=30),
            clock=clock,
            chance=random.Random(seed),
            tell=lambda seen: came.append((seen.at - at(0)).total_seconds()),
        )
        loop.run(EndsAt(clock, 120))
        return came

    seconds = [Counter(int(s) for s in returns_s(seed)) for seed in range(50)]
    after_a_minute = sum(seconds, Counter())

    assert max(count for s, count in after_a_minute.items() if s > 60) <= 12


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


def test_a_flood_of_forged_receipts_is_one_line_in_the_log(
    journal: Journal, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    journal.commit(Change(entries=tuple(map(alarm, range(1, 9)))))
    broker = FakeBroker(Forger(clock, b"\xd2\x84 no receipt"), clock, doubling=1.0)

    run_for(journal, broker, 60, receipt_key=SIGNER.public)

    assert len(broker.published) > 10
    assert caplog.text.count("receipt_refused") == 1


def test_a_journal_that_cannot_be_read_for_a_while_is_said_once_and_read_again(
    journal: Journal, cloud: FakeCloud, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    class Unwell:
        """The journal, on a disk that answers nothing for the first seconds."""

        gateway = journal.gateway
        waiting, apply, set_aside = journal.waiting, journal.apply, journal.set_aside

        def oldest_waiting(self, lane: Lane, limit: int) -> list[OutboxRow]:
            if clock.story_s < 5:
                raise JournalUnavailable("the journal cannot be used")
            return journal.oldest_waiting(lane, limit)

    journal.commit(Change(entries=(alarm(1),)))
    loop = forwarder(journal, FakeBroker(cloud, clock))
    loop._outbox = Unwell()

    loop.run(EndsAt(clock, 10))

    assert journal.waiting() == 0
    assert (caplog.text.count("outbox_gone"), caplog.text.count("loop_died")) == (1, 0)


def test_its_signs_of_life_are_never_overdue_while_it_runs_and_none_is_owed_after(
    journal: Journal, cloud: FakeCloud, clock: FakeClock
) -> None:
    overdue: list[float] = []
    broker = FakeBroker(cloud, clock, random.Random(2), breaking=0.05, refuses=6)
    loop = Forwarder(
        outbox=journal,
        uplink=broker,
        receipt_key=cloud.receipt_key,
        window_rows=8,
        resend=Patience(first_s=5, longest_s=60),
        reconnect=Patience(first_s=1, longest_s=600),
        clock=clock,
        chance=random.Random(3),
        tell=lambda _: overdue.append(loop.pulse.overdue_s()),
    )

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

    forwarder(journal, broker, seen=seen).run(EndsAt(clock, 60))

    assert [word.up for word in seen] == [False, False, True]
    assert seen[0].at == at(0)


def test_an_event_made_while_connected_goes_at_once(journal: Journal, cloud: FakeCloud, clock: FakeClock) -> None:
    broker = FakeBroker(cloud, clock)
    run_for(journal, broker, 1)

    journal.commit(Change(entries=(alarm(1),)))
    run_for(journal, broker, 0.3)

    assert len(cloud.records) == 1


def test_a_receipt_by_anybody_else_frees_nothing(journal: Journal, cloud: FakeCloud, clock: FakeClock) -> None:
    journal.commit(Change(entries=(alarm(1),)))

    run_for(journal, FakeBroker(cloud, clock), 10, receipt_key=SoftwareSigner.generate().public)

    assert len(cloud.records) == 1
    assert journal.waiting() == 1


class Forger(FakeCloud):
    """A cloud that keeps what it gets and answers something else."""

    def __init__(self, clock: FakeClock, answer: bytes) -> None:
        super().__init__(SIGNER.public, clock)
        self._answer = answer

    def take(self, envelope: bytes) -> bytes:
        super().take(envelope)
        return self._answer


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xd2\x84 no receipt",
        seal(b"\xa0", SIGNER, Purpose.RECEIPT),
        seal_receipt(Receipt(gateway=GATEWAY, gen=1, lane=Lane.ALARM, seq=1, head=bytes(16), at_ms=1), SIGNER),
        seal_receipt(Receipt(gateway=GATEWAY, gen=1, lane=Lane.ALARM, seq=9, head=bytes(16), at_ms=1), SIGNER),
        seal_receipt(Receipt(gateway="ZZZZZZZZ", gen=1, lane=Lane.ALARM, seq=1, head=bytes(16), at_ms=1), SIGNER),
    ],
    ids=["nothing", "noise", "empty", "foreign hash", "ahead", "another gateway"],
)
def test_what_is_no_receipt_for_this_chain_frees_nothing_and_stops_nothing(
    journal: Journal, clock: FakeClock, answer: bytes
) -> None:
    journal.commit(Change(entries=(alarm(1),)))
    broker = FakeBroker(Forger(clock, answer), clock)

    run_for(journal, broker, 20, receipt_key=SIGNER.public)

    assert journal.waiting() == 1
    assert len(broker.published) > 1


def test_a_receipt_that_cannot_be_kept_is_waited_for_again(
    journal: Journal, cloud: FakeCloud, clock: FakeClock
) -> None:
    journal.commit(Change(entries=(alarm(1),)))
    journal._connection.execute("PRAGMA query_only=ON")
    broker = FakeBroker(cloud, clock)

    run_for(journal, broker, 2)
    journal._connection.execute("PRAGMA query_only=OFF")
    before = journal.waiting()
    run_for(journal, broker, 10)

    assert before == 1
    assert journal.waiting() == 0


def test_the_connection_is_closed_when_told_to_stop(journal: Journal, cloud: FakeCloud, clock: FakeClock) -> None:
    broker = FakeBroker(cloud, clock)

    run_for(journal, broker, 1)

    assert (broker.is_open, broker.opened) == (False, 1)
