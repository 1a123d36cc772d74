"""A real journal and a real cloud: whatever is dropped, set aside, deleted or cut, both come to the same end.

The gateway gives up its oldest rows, sets rows aside, finds rows missing that somebody took away behind its back, and
starts anew. Its rows reach the cloud in any order, twice, or not at all. No receipt is ever about something else than
the journal's own chain, the gateway is never suspected, and in the end every event is stored or lies in a hole that the
gateway itself told of.
"""

import sqlite3
import tempfile
from itertools import takewhile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from cloud.ingest import store
from cloud.ingest.service import Intake, Message
from cloud.registry import store as registry
from cloud.registry.model import Status
from gateway.adapters import journal_file
from gateway.adapters.journal import Caps
from gateway.core.outbox import Change, OutboxRow, ReceiptOutcome
from tests.fakes_cloud import FakeGateway, HandClock, fresh_database, register
from tests.fakes_journal import GATEWAY, SIGNER, heartbeat, lost, opened, reading, unreachable
from wire import topics
from wire.keys import SoftwareSigner
from wire.receipts import open_receipt
from wire.terms import Lane, SetAsideReason

CLOUD = SoftwareSigner.generate()
CAPS = Caps(readings_bytes=2_500, diagnostics_bytes=2_500, history_rows=2)
MAKERS = {Lane.ALARM: lost, Lane.READINGS: reading, Lane.DIAGNOSTICS: lambda _number: unreachable()}
WINDOW = 8
GOOD_ENDS = (ReceiptOutcome.APPLIED, ReceiptOutcome.STALE)
LANES = st.sampled_from(sorted(Lane))
GIVEN_UP_LANES = st.sampled_from([Lane.READINGS, Lane.DIAGNOSTICS])


class Both(RuleBasedStateMachine):
    """One gateway's journal, one cloud, and a bad way between them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "journal.sqlite"
        journal_file.create(self.path, GATEWAY, gen=1)
        self.journal = opened(self.path, CAPS)
        self.made_database = fresh_database(Path(self.folder.name))
        self.database = self.made_database.__enter__()
        register(self.database, FakeGateway(signer=SIGNER))
        self.intake = Intake(database=self.database, clock=HandClock(), signer=CLOUD, on_commit=list)
        self.sent: list[OutboxRow] = []

    @rule(lane=LANES, count=st.integers(1, 6))
    def say(self, lane: Lane, count: int) -> None:
        self.journal.commit(Change(entries=tuple(MAKERS[lane](number) for number in range(count))))

    @rule()
    def beat(self) -> None:
        self.journal.commit(Change(entries=(heartbeat(self.journal),)))

    @rule(data=st.data(), is_receipt_lost=st.booleans())
    def send_some_of_the_window(self, data: Any, is_receipt_lost: bool) -> None:
        window = self.window()
        picked = data.draw(st.lists(st.sampled_from(window), max_size=10)) if window else []
        self.sent += picked
        self.deliver(picked, is_receipt_lost=is_receipt_lost)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def a_broker_repeats_what_was_sent_long_ago(self, data: Any) -> None:
        self.deliver(data.draw(st.lists(st.sampled_from(self.sent), max_size=5)), is_receipt_lost=False)

    @rule(lane=GIVEN_UP_LANES, data=st.data())
    def set_a_row_aside(self, lane: Lane, data: Any) -> None:
        rows = self.journal.oldest_waiting(lane, WINDOW)
        seq = data.draw(st.sampled_from(rows)).seq if rows else 1
        self.journal.set_aside(lane, seq, SetAsideReason.TOO_LARGE)

    @rule(lane=LANES, data=st.data())
    def somebody_takes_rows_away(self, lane: Lane, data: Any) -> None:
        rows = self.journal.oldest_waiting(lane, 100)
        seqs = [row.seq for row in rows] or [1]
        first, last = sorted((data.draw(st.sampled_from(seqs)), data.draw(st.sampled_from(seqs))))
        self.take_away(lane, first, last)

    @rule()
    def restart_the_gateway(self) -> None:
        self.journal.close()
        self.journal = opened(self.path, CAPS)

    def take_away(self, lane: Lane, first: int, last: int) -> None:
        with sqlite3.connect(self.path) as connection:
            connection.execute("DELETE FROM outbox WHERE lane = ? AND seq BETWEEN ? AND ?", (lane, first, last))
        connection.close()
        self.beat()

    def window(self) -> list[OutboxRow]:
        return [row for lane in Lane for row in self.journal.oldest_waiting(lane, WINDOW)]

    def deliver(self, rows: list[OutboxRow], *, is_receipt_lost: bool) -> None:
        messages = [Message(topic=topics.up(GATEWAY, row.lane), payload=row.envelope) for row in rows]
        for receipt in self.intake.take(messages):
            opened_receipt = open_receipt(receipt.payload, CLOUD.public)
            outcome = None if is_receipt_lost else self.journal.apply(opened_receipt, receipt.payload)
            assert outcome in (None, *GOOD_ENDS)

    def teardown(self) -> None:
        for _ in takewhile(lambda _: self.journal.waiting(), range(40)):
            self.deliver(self.window(), is_receipt_lost=False)
        with self.database.read() as connection:
            ends = store.lane_ends(connection, [GATEWAY])
            known = registry.get(connection, GATEWAY)
        heads = {head.lane: (head.seq, head.head) for head in self.journal.heads() if head.seq}
        assert self.journal.waiting() == 0
        assert {lane: (end.head.seq, end.head.hash) for (_, lane), end in ends.items()} == heads
        assert known is not None
        assert known.status is Status.ACTIVE
        self.journal.close()
        self.made_database.__exit__(None, None, None)
        self.folder.cleanup()


def test_an_alarm_lost_after_the_cloud_took_it_keeps_none_behind_it() -> None:
    both = Both()
    both.say(Lane.ALARM, WINDOW)
    both.take_away(Lane.ALARM, 1, 1)
    both.say(Lane.ALARM, WINDOW)
    both.deliver([row for row in both.window() if row.seq in (2, 5)], is_receipt_lost=False)
    both.take_away(Lane.ALARM, 5, 6)

    both.teardown()


Both.TestCase.settings = settings(
    max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestBoth = Both.TestCase
