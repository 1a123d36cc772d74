"""A gateway takes another key, or is revoked from a place on: what is believed is a matter of place."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.broker.folder import BrokerFolder
from cloud.broker.settings import MqttSettings
from cloud.ingest import alarms, quarantine, revocation
from cloud.ingest.alarms import Kind
from cloud.ingest.service import Intake
from cloud.registry import store as registry
from cloud.registry.model import Status
from cloud.registry.service import Registrar
from runtime.errors import InputRefused
from tests.fakes_cloud import FakeGateway, HandClock, fresh_database, register
from wire.events import GatewayStarted, SupplyLost
from wire.key_life import announce
from wire.keys import SoftwareSigner
from wire.receipts import open_receipt
from wire.refusals import Reason
from wire.terms import Lane

LOST = SupplyLost(began_at_ms=1_700_000_000_000, input_mv=4_900)
STARTED = GatewayStarted(software="0.1.0", boot=1)


class Door:
    """An intake over an empty database, with one registered gateway at its door."""

    def __init__(self, database):
        self.database = database
        self.signer = SoftwareSigner.generate()
        self.intake = Intake(database=database, clock=HandClock(), signer=self.signer, on_commit=list)
        self.gateway = FakeGateway()
        register(database, self.gateway)

    def take(self, *messages):
        """How far each lane has come, by the receipts for a batch."""
        receipts = [open_receipt(sealed.payload, self.signer.public) for sealed in self.intake.take(messages)]
        return {receipt.lane: receipt.seq for receipt in receipts}

    @property
    def known(self):
        with self.database.read() as connection:
            return registry.get(connection, self.gateway.id)

    def alarms(self):
        with self.database.read() as connection:
            return [(alarm.kind, alarm.first_seq) for alarm in alarms.open_ones(connection, limit=10)]

    def refused(self):
        with self.database.read() as connection:
            return quarantine.counts(connection)


@pytest.fixture
def door(tmp_path):
    with fresh_database(tmp_path) as database:
        yield Door(database)


def test_behind_the_announcement_the_new_key_is_believed(door):
    first = door.take(door.gateway.say(LOST), door.gateway.say(STARTED))
    announced = door.take(door.gateway.change_key())
    last = door.take(door.gateway.say(LOST), door.gateway.say(STARTED))

    assert (first, announced) == ({Lane.ALARM: 1, Lane.DIAGNOSTICS: 1}, {Lane.ALARM: 2})
    assert last == {Lane.ALARM: 3, Lane.DIAGNOSTICS: 2}
    assert door.refused() == {}
    assert [key.public for key in door.known.signing_keys] == [door.gateway.first, door.gateway.signer.public]


def test_one_batch_may_hold_what_both_keys_signed_in_any_order_of_lanes(door):
    early, announced = door.gateway.say(STARTED), door.gateway.change_key()
    late = door.gateway.say(STARTED)

    heads = door.take(late, early, announced, door.gateway.say(LOST))

    assert heads == {Lane.ALARM: 2, Lane.DIAGNOSTICS: 2}
    assert door.refused() == {}


def test_what_comes_before_its_announcement_is_refused_and_taken_when_it_comes_again(door):
    announced, later = door.gateway.change_key(), door.gateway.say(STARTED)
    door.take(later)

    heads = door.take(announced, later)

    assert heads == {Lane.ALARM: 1, Lane.DIAGNOSTICS: 1}
    assert door.refused() == {Reason.UNKNOWN_KEY: 1}


def test_what_the_old_key_signed_stays_valid_however_late_it_comes_again(door):
    old = [door.gateway.say(LOST), door.gateway.say(STARTED)]
    door.take(*old, door.gateway.change_key(), door.gateway.say(LOST))

    heads = door.take(*old)

    assert heads == {Lane.ALARM: 3, Lane.DIAGNOSTICS: 1}
    assert door.known.status is Status.ACTIVE


def test_a_gap_before_the_announcement_is_filled_by_the_old_key(door):
    first, second = door.gateway.say(STARTED), door.gateway.say(STARTED)
    third = door.gateway.change_key()
    fourth = door.gateway.say(STARTED)

    door.take(third)
    door.take(second, fourth)
    heads = door.take(first)

    assert heads == {Lane.DIAGNOSTICS: 3}


@pytest.mark.parametrize("event", [LOST, STARTED])
def test_the_old_key_past_the_cut_betrays_a_copy(door, event):
    door.take(door.gateway.say(LOST), door.gateway.say(STARTED))
    copy = replace(door.gateway, heads=dict(door.gateway.heads))
    door.take(door.gateway.change_key())
    copy.heads[Lane.ALARM] = door.gateway.heads[Lane.ALARM]

    door.take(copy.say(event))

    assert door.known.status is Status.SUSPECT
    assert door.refused() == {Reason.NOT_ITS_PLACE: 1}


def test_the_new_key_begins_the_next_generation_at_the_first_keys_genesis(door):
    door.take(door.gateway.change_key())
    door.gateway.lose_journal()

    heads = door.take(door.gateway.say(LOST))

    assert heads == {Lane.ALARM: 1}


def test_keys_are_changed_again_and_again(door):
    for number in range(1, 4):
        door.take(door.gateway.change_key())
        assert door.take(door.gateway.say(LOST)) == {Lane.ALARM: 2 * number}

    assert len(door.known.signing_keys) == 4


def test_a_key_another_gateway_signs_with_is_not_taken(door):
    other = FakeGateway(meter="LMP00000002")
    register(door.database, other)

    door.take(door.gateway.change_key(other.signer))
    door.take(door.gateway.say(LOST), other.say(LOST))

    assert door.known.keys == ()
    assert door.refused() == {Reason.WRONG_GATEWAY: 1}
    assert door.alarms() == [(Kind.KEY_NOT_TAKEN, 1)]


def test_an_announcement_that_proves_nothing_keeps_its_place_and_changes_nothing(door):
    said = announce(door.gateway.id, door.gateway.public, SoftwareSigner.generate(), ())

    heads = door.take(door.gateway.say(said, subject=""), door.gateway.say(LOST))

    assert heads == {Lane.ALARM: 2}
    assert door.known.keys == ()
    assert door.alarms() == [(Kind.KEY_NOT_TAKEN, 1)]


# --- revoked from a place on ------------------------------------------------------------------------------------------


@pytest.fixture
def stolen(door):
    """A gateway that said three alarms and two diagnostics; the last of each never came."""
    alarms = [door.gateway.say(LOST) for _ in range(3)]
    started = [door.gateway.say(STARTED) for _ in range(2)]
    door.take(*alarms[:2], started[0])
    return SimpleNamespace(alarms=alarms, started=started)


def revoke(door, tmp_path, *places):
    """As an operator does it; how many events past the place are stored."""
    broker = BrokerFolder(tmp_path / "broker")
    broker.create()
    registrar = Registrar(
        database=door.database, clock=HandClock(), broker=broker, mqtt=MqttSettings(), receipt_key=door.signer.public
    )
    with door.database.read() as connection:
        cut = revocation.cut_before(connection, door.gateway.id, revocation.parse_places(places), None)
        past = revocation.count_past(connection, door.gateway.id, cut)
    registrar.revoke(door.gateway.id, "stolen", cut)
    return past


def test_before_the_place_all_is_believed_whenever_it_comes_and_past_it_nothing(door, stolen, tmp_path):
    past = revoke(door, tmp_path, "alarm=4")

    assert past == 0
    assert door.take(*stolen.alarms, *stolen.started, door.gateway.say(LOST)) == {Lane.ALARM: 3, Lane.DIAGNOSTICS: 1}
    assert door.known.status is Status.REVOKED
    assert door.refused() == {Reason.GATEWAY_NOT_ACTIVE: 2}


def test_what_is_stored_past_the_place_is_counted(door, stolen, tmp_path):
    assert revoke(door, tmp_path, "alarm=2", "diagnostics=1") == 2


def test_a_change_of_keys_before_the_place_is_followed_and_the_new_key_ends_there_too(door, tmp_path):
    announced, first, second = door.gateway.change_key(), door.gateway.say(LOST), door.gateway.say(LOST)
    revoke(door, tmp_path, "alarm=3")

    assert door.take(announced, first, second) == {Lane.ALARM: 2}
    assert door.refused() == {Reason.GATEWAY_NOT_ACTIVE: 1}


def test_the_place_lies_in_the_newest_generation(door, tmp_path):
    old = door.gateway.say(LOST)
    door.take(old)
    door.gateway.lose_journal()
    new = door.gateway.say(LOST)
    door.take(new)

    assert revoke(door, tmp_path, "alarm=1") == 1

    assert door.take(old) == {Lane.ALARM: 1}
    assert door.take(new) == {}


@pytest.mark.parametrize(
    "words",
    [["alarm"], ["alarm=0"], ["alarm=-1"], ["siren=1"], ["alarm=1x"], ["alarm=" + "9" * 5000], ["alarm=1", "alarm=2"]],
    ids=lambda words: words[-1][:12],
)
def test_what_is_no_place_is_refused(words):
    with pytest.raises(InputRefused, match="no place of a chain"):
        revocation.parse_places(words)


@given(
    words=st.lists(
        st.one_of(st.text("alrmdnos=-x \u0661\0", max_size=20), st.integers().map("alarm={}".format)), max_size=4
    )
)
def test_any_words_are_places_or_are_refused_in_one_line(words):
    try:
        places = revocation.parse_places(words)
    except InputRefused:
        return
    assert all(0 < seq < 10**9 for seq in places.values())
