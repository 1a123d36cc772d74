"""Whatever the way does to messages, the cloud holds a prefix of what was said, once each, and promises no more.

Messages come in any order, twice, late or never; receipts get lost; the cloud is killed and starts again; the disk is
full for a while. A gateway sends again what has no receipt. In the end the cloud holds all of it.
"""

import tempfile
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cloud.ingest import store
from cloud.ingest.news import EVENT_TASK
from cloud.ingest.service import Intake
from cloud.kernel import tasks
from cloud.kernel.db import Database
from cloud.kernel.errors import StorageFull
from tests.fakes_cloud import METER, NOON, FakeGateway, HandClock, register
from wire.events import GatewayStarted, SupplyLost
from wire.keys import SoftwareSigner
from wire.terms import Lane

SIGNERS = [SoftwareSigner.generate() for _ in range(2)]
CLOUD = SoftwareSigner.generate()
EVENTS = {
    Lane.ALARM: SupplyLost(began_at_ms=1_700_000_000_000, input_mv=4_900),
    Lane.DIAGNOSTICS: GatewayStarted(software="0.1.0", boot=1),
}


class FullDisk:
    """A database whose disk is full: everything is undone at the end of the transaction."""

    def __init__(self, database):
        self.read = database.read
        self._database = database

    @contextmanager
    def transaction(self):
        with self._database.transaction() as connection:
            yield connection
            raise StorageFull("the disk is full")


class Way(RuleBasedStateMachine):
    """Two gateways, everything they said, and a cloud behind an unreliable way."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database.open(Path(self.folder.name) / "lamplight.sqlite")
        self.database.create_tables()
        self.gateways = [FakeGateway(signer=signer, meter=f"{METER}{n}") for n, signer in enumerate(SIGNERS)]
        for gateway in self.gateways:
            register(self.database, gateway)
        self.said = []

    def intake(self, database):
        return Intake(database=database, clock=HandClock(), signer=CLOUD, on_commit=list)

    def stored(self):
        """Per (gateway, gen, lane): the sealed bytes, by number."""
        chains = {}
        with self.database.read() as connection:
            for row in connection.execute(store.intake_table.select().order_by(store.intake_table.c.arrival)):
                chains.setdefault((row.gateway, row.gen, row.lane), []).append((row.seq, row.sealed))
        return chains

    @rule(who=st.integers(0, 1), lane=st.sampled_from(sorted(EVENTS)), count=st.integers(1, 4))
    def say(self, who, lane, count):
        gateway = self.gateways[who]
        self.said += [(gateway, gateway.gen, lane, gateway.say(EVENTS[lane])) for _ in range(count)]

    @precondition(lambda self: self.said)
    @rule(data=st.data(), is_receipt_lost=st.booleans())
    def deliver_anything_ever_said_in_any_order(self, data, is_receipt_lost):
        picked = data.draw(st.lists(st.sampled_from(range(len(self.said))), min_size=1, max_size=8))
        receipts = self.intake(self.database).take([self.said[index][3] for index in picked])
        self.hear([] if is_receipt_lost else receipts)

    @rule(who=st.integers(0, 1))
    def send_again_what_has_no_receipt(self, who):
        self.hear(self.intake(self.database).take(self.gateways[who].unreceipted))

    @precondition(lambda self: self.said)
    @rule(who=st.integers(0, 1))
    def meet_a_full_disk(self, who):
        pending = self.gateways[who].unreceipted
        before = self.stored()
        try:
            receipts = self.intake(FullDisk(self.database)).take(pending)
        except StorageFull:
            receipts = []
        assert receipts == []
        assert self.stored() == before

    @rule()
    def restart_the_cloud(self):
        self.database.close()
        self.database = Database.open(Path(self.folder.name) / "lamplight.sqlite")

    @rule(who=st.integers(0, 1))
    def lose_a_journal_that_was_all_receipted(self, who):
        self.send_again_what_has_no_receipt(who)
        self.gateways[who].lose_journal()

    def hear(self, receipts):
        by_topic = {f"lw/1/{gateway.id}/down/ack": gateway for gateway in self.gateways}
        chains = self.stored()
        for sealed in receipts:
            receipt = by_topic[sealed.topic].hear(sealed.payload, CLOUD.public)
            assert len(chains[receipt.gateway, receipt.gen, receipt.lane]) == receipt.seq

    @invariant()
    def what_is_stored_is_what_was_said_from_its_beginning_once(self):
        for (name, gen, lane), rows in self.stored().items():
            said = [
                m.payload for g, its_gen, its_lane, m in self.said if (g.id, its_gen, its_lane) == (name, gen, lane)
            ]
            assert [sealed for _, sealed in rows] == said[: len(rows)]
            assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1))

    @invariant()
    def every_stored_event_is_told_once(self):
        with self.database.read() as connection:
            told = sorted(task.key for task in tasks.due(connection, [EVENT_TASK], NOON, 10_000))
        assert told == sorted(
            f"{name}/{gen}/{lane}/{seq}" for (name, gen, lane), rows in self.stored().items() for seq, _ in rows
        )

    def teardown(self):
        for who, _ in enumerate(self.gateways):
            self.send_again_what_has_no_receipt(who)
        assert all(gateway.unreceipted == [] for gateway in self.gateways)
        assert sum(len(rows) for rows in self.stored().values()) == len(self.said)
        self.database.close()
        self.folder.cleanup()


Way.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
test_nothing_is_lost_or_doubled_on_the_way = Way.TestCase
