"""Gateways kept in mind between two batches: read once, and anew as soon as anybody changed the registry."""

from dataclasses import replace

import pytest

from cloud.kernel.db import Database
from cloud.kernel.ids import MeterSerial, UsagePointId
from cloud.registry import key_store, known, store
from cloud.registry.known import KnownGateways, edition
from cloud.registry.model import Status
from tests.fakes_cloud import NOON, FakeGateway, fresh_database, register
from wire.key_life import SigningKey
from wire.keys import SoftwareSigner


class Undone(Exception):
    """Ends a transaction without a trace."""


class Desk:
    """Somebody who asks the registry through what is kept in mind, and counts what was read."""

    def __init__(self, database):
        self.database = database
        self.fake = FakeGateway()
        self.gateway = register(database, self.fake)
        self.key_id = self.fake.public.key_id
        self.read = []
        self._known = KnownGateways(self._by_key_id)

    def asks(self, *key_ids):
        with self.database.read() as connection:
            return self.asks_in(connection, *key_ids)

    def asks_in(self, connection, *key_ids):
        return self._known.by_key_id(connection, key_ids or [self.key_id])

    def asks_of_a_revocation_that_is_undone(self):
        with self.database.transaction() as connection:
            revoke(connection, self.gateway)
            raise Undone(self.asks_in(connection)[self.key_id].status)

    def _by_key_id(self, connection, key_ids):
        self.read.append(list(key_ids))
        return store.by_key_id(connection, key_ids)


@pytest.fixture
def desk(tmp_path):
    with fresh_database(tmp_path) as database:
        yield Desk(database)


def revoke(connection, gateway):
    store.set_status(connection, gateway.id, Status.REVOKED, "sold", NOON)


def test_what_nobody_changed_is_read_once(desk):
    answers = [desk.asks() for _ in range(3)]

    assert answers == [{desk.key_id: desk.gateway}] * 3
    assert desk.read == [[desk.key_id]]


def test_only_the_keys_not_met_before_are_read(desk):
    other = FakeGateway(meter="LMP00000002")
    register(desk.database, other)
    desk.asks()

    answer = desk.asks(desk.key_id, other.public.key_id, b"nobody's")

    assert set(answer) == {desk.key_id, other.public.key_id}
    assert desk.read[1:] == [[other.public.key_id, b"nobody's"]]


def test_a_gateway_that_another_process_revoked_is_revoked_in_the_next_transaction(desk):
    desk.asks()
    elsewhere = Database.open(desk.database.path)
    with elsewhere.transaction() as connection:
        revoke(connection, desk.gateway)
    elsewhere.close()

    with desk.database.transaction() as connection:
        answer = desk.asks_in(connection)

    assert answer[desk.key_id].status is Status.REVOKED


def test_what_was_seen_in_a_transaction_that_was_undone_is_forgotten(desk):
    desk.asks()
    with pytest.raises(Undone, match="revoked"):
        desk.asks_of_a_revocation_that_is_undone()

    assert desk.asks()[desk.key_id].status is Status.ACTIVE


@pytest.mark.parametrize(
    "change",
    [
        lambda connection, gateway: store.add(
            connection,
            replace(
                gateway,
                id="00000000",
                key=SoftwareSigner.generate().public,
                places=(replace(gateway.places[0], usage_point=UsagePointId("UP-9"), meter=MeterSerial("M-9")),),
            ),
            "",
        ),
        revoke,
        lambda connection, gateway: key_store.replace(connection, gateway.id, [SigningKey(public=gateway.key)]),
    ],
    ids=["added", "revoked", "given keys"],
)
def test_every_change_makes_a_new_edition(desk, change):
    with desk.database.transaction() as connection:
        before = edition(connection)
        change(connection, desk.gateway)

        assert edition(connection) != before


def test_nothing_is_kept_in_mind_of_a_registry_without_an_edition(desk):
    with desk.database.transaction() as connection:
        connection.execute(known.edition_table.delete())

    desk.asks()
    desk.asks()

    assert desk.read == [[desk.key_id]] * 2


def test_no_more_is_kept_in_mind_than_fits(desk, monkeypatch):
    monkeypatch.setattr(known, "MAX_KNOWN", 0)

    desk.asks()
    desk.asks()

    assert desk.read == [[desk.key_id]] * 2
