"""Brokers that are away, swallow and throw out, forged receipts, and a journal that cannot be read."""

import random
from collections import Counter

import pytest

from gateway.adapters.journal import Journal
from gateway.core.errors import JournalUnavailable
from gateway.core.outbox import Change, OutboxRow
from tests.fakes_forwarder import GATEWAY, SIGNER, Delivered, EndsAt, alarm, forwarder, reading, run_for
from tests.fakes_gateway import FakeClock, at
from tests.fakes_uplink import FakeBroker, FakeCloud
from wire.envelope import Purpose, seal
from wire.keys import SoftwareSigner
from wire.receipts import Receipt, seal_receipt
from wire.terms import Lane


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
        loop = forwarder(
            journal,
            broker,
            tell=lambda seen: came.append((seen.at - at(0)).total_seconds()),
            chance=random.Random(seed),
        )
        loop.run(EndsAt(clock, 120))
        return came

    seconds = [Counter(int(s) for s in returns_s(seed)) for seed in range(50)]
    after_a_minute = sum(seconds, Counter())

    assert max(count for s, count in after_a_minute.items() if s > 60) <= 12


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
