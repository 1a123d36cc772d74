"""An accepted event reaches another system through the real threads and a real receiver that fails in every way."""

import time

import pytest

from cloud.ingest.service import Intake
from cloud.kernel import tasks
from cloud.main import build
from cloud.outward.courier import AGAIN_TASK
from cloud.state import StateFolder
from runtime.clock import StoryClock
from runtime.durable import write_atomically
from tests.fakes_cloud import NOON, FakeGateway, register
from tests.fakes_outward import receiving
from tests.waiting import SURELY_S, eventually
from wire.events import SupplyLost

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENTS = 12
CLOCK = StoryClock(t0=NOON, w0=time.time(), rate=10)  # pauses pass ten times as fast


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def folder(tmp_path, receiver):
    write_atomically(tmp_path / "secret", SECRET.encode())
    outward = {"url": receiver.url, "secret_file": "../secret", "retry_first_s": 1, "retry_longest_s": 1}
    return StateFolder.create(tmp_path / "cloud", {"outward": outward | {"timeout_s": 2}})


class Running:
    """The cloud's loop and courier at work, without its page and its broker."""

    def __init__(self, folder, database):
        self.cloud = build(folder, folder.settings(), database, CLOCK)
        self.workers = [worker for worker in self.cloud.workers if worker.name in ("loop", "outward")]
        self.intake = Intake(
            database=database,
            clock=CLOCK,
            signer=folder.receipt_signer(),
            on_commit=self.cloud.services.on_commit,
        )

    def __enter__(self):
        for worker in self.workers:
            worker.start()
        return self

    def __exit__(self, *_):
        for worker in self.workers:
            worker.stop()
        assert all(worker.join(SURELY_S) for worker in self.workers)


def test_every_alarm_has_its_one_effect_at_a_receiver_that_fails_in_every_way(folder, receiver):
    gateway = FakeGateway()
    database = folder.open_database()
    register(database, gateway)
    alarms = [gateway.say(SupplyLost(began_at_ms=number, input_mv=412)) for number in range(EVENTS)]
    ids = [f"{gateway.id}/1/0/{number}" for number in range(1, EVENTS + 1)]
    receiver.commands.extend([500, "lose", 204, "hang up", "talk nonsense", 204, "redirect", "lose", "be silent"])
    receiver.unwanted.add(ids[4])

    with Running(folder, database) as running:
        running.intake.take(alarms[: EVENTS // 2])
        eventually(lambda: len(receiver.effects) >= 2, what="the first events arrive")
    with Running(folder, database) as running:  # the cloud was started again
        running.intake.take(alarms[EVENTS // 2 :])
        eventually(lambda: len(receiver.effects) == EVENTS - 1, what="all but the refused one arrive")
        with database.transaction() as connection:
            (refused,) = tasks.parked(connection)
            receiver.unwanted.clear()
            tasks.revive(connection, refused.kind, refused.key, CLOCK.now())
        eventually(lambda: len(receiver.effects) == EVENTS, what="the refused one arrives, too")
    database.close()

    assert (refused.kind, refused.key) == (AGAIN_TASK, ids[4])
    assert [id_ for _, id_ in receiver.effects] != receiver.ids  # some came twice, and had one effect
    assert {id_ for _, id_ in receiver.effects} == set(ids)
    assert "/elsewhere" not in " ".join(receiver.paths)


def test_where_no_receiver_is_named_there_is_no_courier(tmp_path):
    folder = StateFolder.create(tmp_path / "cloud", {})
    database = folder.open_database()

    cloud = build(folder, folder.settings(), database, CLOCK)
    database.close()

    assert "outward" not in {worker.name for worker in cloud.workers}
