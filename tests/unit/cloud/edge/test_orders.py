"""What is ordered is signed by whom it takes, said until it is answered, in turn, and its answer is kept."""

from datetime import timedelta

import pytest

from cloud.edge import service, store
from cloud.edge.command_keys import CommandKeys
from cloud.edge.service import Dispatch, Orders
from cloud.ingest.store import StoredEvent
from cloud.kernel.ids import EventId
from cloud.registry.model import Status
from runtime.errors import EnvironmentRefused, InputRefused
from tests.fakes_cloud import METER, FakeGateway, HandClock, fresh_database, register
from wire import topics
from wire.commands import AuthorityKey, ChangeSetting, PingMeter, ReadNow, Role, RotateKey, open_command
from wire.events import CommandAnswered, GatewayStarted
from wire.terms import CommandOutcome, Lane

PING = PingMeter(meter=METER)


class Room:
    """A cloud's room where orders are given."""

    def __init__(self, database, folder):
        self.database, self.clock, self.fake = database, HandClock(), FakeGateway()
        self.keys = CommandKeys(folder / "command-keys")
        self.keys.create()
        self.orders = Orders(database, self.clock, self.keys)
        self.dispatch = Dispatch(database, self.clock)

    @property
    def authority(self):
        roles = {"operator": Role.OPERATOR, "configurer": Role.CONFIGURER}
        return [
            AuthorityKey(role=roles.get(name, Role.KEY_AUTHORITY), key=key)
            for name, key in self.keys.public_keys().items()
        ]

    def give(self, operation=PING, minutes=5, **more):
        life = timedelta(minutes=minutes)
        return self.orders.give(self.fake.id, operation, actor="ana", life=life, **more)

    def said(self, after_s=1):
        """What is said once so many seconds have passed."""
        self.clock.go_on(after_s)
        return [open_command(message.payload, self.authority).command for message in self.dispatch.due()]

    def answer(self, ordered, outcome=CommandOutcome.DONE, detail="done", gateway=None):
        self.hear(
            CommandAnswered(command=ordered.id, outcome=outcome, detail=detail, took_ms=7), gateway or self.fake.id
        )

    def hear(self, event, gateway):
        record = self.fake.record(event, seq=1, prev=bytes(16), subject="")
        id_ = EventId(gateway=gateway, gen=1, lane=Lane.DIAGNOSTICS, seq=1)
        with self.database.transaction() as connection:
            stored = StoredEvent(arrival=1, id=id_, record=record, received_at=self.clock.now())
            service.on_event(connection, stored, self.clock.now())

    def standing(self, ordered):
        with self.database.read() as connection:
            found = store.get(connection, ordered.gateway, ordered.number)
        return found.standing(self.clock.now()), found.detail


@pytest.fixture
def room(tmp_path):
    with fresh_database(tmp_path) as database:
        room = Room(database, tmp_path)
        register(database, room.fake)
        yield room


@pytest.mark.parametrize(
    ("operation", "role", "signatures"),
    [
        (PING, Role.OPERATOR, 1),
        (ReadNow(meter=METER), Role.OPERATOR, 1),
        (ChangeSetting(name="log_level", value="debug"), Role.CONFIGURER, 1),
        (RotateKey(), Role.KEY_AUTHORITY, 2),
    ],
)
def test_an_order_is_signed_by_as_many_of_its_role_as_it_takes(room, operation, role, signatures):
    ordered = room.give(operation)

    signed = open_command(ordered.sealed, room.authority)

    assert signed.command.operation == operation
    assert [each.role for each in signed.signed_by] == [role] * signatures
    assert signed.id == ordered.id


def test_it_is_said_on_the_gateways_own_topic_and_not_before_it_is_kept(room):
    ordered = room.give()

    (message,) = room.dispatch.due()

    assert message.topic == topics.command(room.fake.id)
    assert message.payload == ordered.sealed


def test_it_is_said_again_less_and_less_often_until_it_is_answered(room):
    ordered = room.give()

    said = [bool(room.said()) for _ in range(16)]
    room.answer(ordered)

    assert [second for second, was_said in enumerate(said, start=1) if was_said] == [1, 3, 7, 15]
    assert room.said(60) == []
    assert room.standing(ordered) == ("done", "done")


def test_it_is_not_said_after_its_time(room):
    ordered = room.give(minutes=1)

    assert room.said(61) == []
    assert room.standing(ordered) == ("unanswered", "")


def test_the_next_one_of_a_role_waits_for_the_answer_to_the_one_before(room):
    first, second = room.give(), room.give(ReadNow(meter=METER))

    before = room.said()
    room.answer(first)
    after = room.said()

    assert [command.number for command in before] == [first.number]
    assert [command.number for command in after] == [second.number]


def test_another_role_waits_for_nobody(room):
    room.give()
    room.give(ChangeSetting(name="heartbeat_s", value="60"))

    assert {command.role for command in room.said()} == {Role.OPERATOR, Role.CONFIGURER}


def test_numbers_rise_and_follow_the_clock(room):
    first, second = room.give(), room.give()

    room.clock.go_on(10)
    third = room.give()

    assert (second.number - first.number, third.number - first.number) == (1, 10)


def test_nothing_is_worth_anything_for_more_than_ten_minutes(room):
    ordered = room.give(minutes=60)

    command = open_command(ordered.sealed, room.authority).command

    assert command.expires_ms - command.not_before_ms == 600_000


@pytest.mark.parametrize("status", [Status.SUSPECT, Status.REVOKED])
def test_nothing_is_ordered_of_a_gateway_that_is_not_believed(tmp_path, status):
    with fresh_database(tmp_path) as database:
        room = Room(database, tmp_path)
        register(database, room.fake, status=status)

        with pytest.raises(InputRefused, match=f"is {status}"):
            room.give()


def test_a_meter_that_the_gateway_does_not_read_is_refused(room):
    with pytest.raises(InputRefused, match="does not read meter 'LMP9'"):
        room.give(PingMeter(meter="LMP9"))


def test_the_first_answer_counts(room):
    ordered = room.give()

    room.answer(ordered, CommandOutcome.FAILED, "silent")
    room.answer(ordered)

    assert room.standing(ordered) == ("failed", "silent")


def test_another_gateways_answer_is_none(room):
    ordered = room.give()

    room.answer(ordered, gateway=FakeGateway().id)
    room.hear(GatewayStarted(software="0.1.0", boot=1), room.fake.id)

    assert room.standing(ordered) == ("waiting", "")


def test_a_key_that_was_moved_away_is_brought_along(room, tmp_path):
    second = room.keys.file_of("second_key_authority")
    second.rename(tmp_path / "stick.pem")

    with pytest.raises(EnvironmentRefused, match="not here"):
        room.give(RotateKey())
    ordered = room.give(RotateKey(), keys_elsewhere=[tmp_path / "stick.pem"])

    assert len(open_command(ordered.sealed, room.authority).signed_by) == 2


def test_a_key_of_another_role_does_not_stand_in_for_one_that_is_away(room, tmp_path):
    room.keys.file_of("second_key_authority").unlink()

    with pytest.raises(InputRefused, match="none of the key_authority's"):
        room.give(RotateKey(), keys_elsewhere=[room.keys.file_of("operator")])


def test_a_cloud_without_command_keys_says_how_to_make_them(room, tmp_path):
    orders = Orders(room.database, room.clock, CommandKeys(tmp_path / "none"))

    with pytest.raises(EnvironmentRefused, match="command keys DIR --make"):
        orders.give(room.fake.id, PING, actor="ana", life=timedelta(minutes=1))


def test_keys_that_others_could_have_read_sign_nothing(room):
    room.keys.file_of("operator").chmod(0o644)

    with pytest.raises(EnvironmentRefused, match="others on this machine may read"):
        room.give()
