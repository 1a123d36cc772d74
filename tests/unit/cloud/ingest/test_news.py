from types import SimpleNamespace

import pytest

from cloud.ingest import store
from cloud.ingest.news import EVENT_TASK, tell
from cloud.ingest.service import Intake
from cloud.kernel.loop import Loop
from tests.fakes_cloud import FakeGateway, HandClock, fresh_database, register
from wire.events import GatewayStarted, SupplyLost
from wire.keys import SoftwareSigner

LOST = SupplyLost(began_at_ms=1_700_000_000_000, input_mv=4_900)
STARTED = GatewayStarted(software="0.1.0", boot=1)


class Feature:
    """A subscriber that keeps what it heard, and can be told to fail."""

    def __init__(self):
        self.heard = []
        self.is_broken = False

    def __call__(self, connection, event, now):
        self.heard.append(event.record.event)
        assert not self.is_broken


@pytest.fixture
def cloud(tmp_path):
    with fresh_database(tmp_path) as database:
        gateway = FakeGateway()
        register(database, gateway)
        first, second = Feature(), Feature()
        clock = HandClock()
        intake = Intake(database=database, clock=clock, signer=SoftwareSigner.generate(), on_commit=list)
        loop = Loop(database=database, clock=clock, handlers={EVENT_TASK: tell([first, second])}, on_commit=list)
        yield SimpleNamespace(
            database=database, gateway=gateway, intake=intake, loop=loop, first=first, second=second, clock=clock
        )


def test_every_feature_hears_every_event_once_in_its_order(cloud):
    cloud.intake.take([cloud.gateway.say(LOST), cloud.gateway.say(STARTED, subject="")])

    cloud.loop.turn()
    cloud.loop.turn()

    assert cloud.first.heard == cloud.second.heard == [LOST, STARTED]


def test_an_event_one_feature_failed_on_comes_to_all_again(cloud):
    cloud.intake.take([cloud.gateway.say(LOST)])

    cloud.second.is_broken = True
    cloud.loop.turn()
    cloud.second.is_broken = False
    cloud.clock.go_on(1)
    cloud.loop.turn()

    assert cloud.first.heard == cloud.second.heard == [LOST, LOST]


def test_what_a_gateway_says_of_another_meter_is_heard_by_nobody(cloud):
    cloud.intake.take([cloud.gateway.say(LOST, subject="LMP00000002"), cloud.gateway.say(LOST)])

    cloud.loop.turn()

    assert cloud.first.heard == [LOST]


def test_the_newest_events_can_be_asked_for_by_gateway_and_by_arrival(cloud):
    cloud.intake.take([cloud.gateway.say(LOST), cloud.gateway.say(STARTED, subject=""), cloud.gateway.say(LOST)])

    with cloud.database.read() as connection:
        newest = store.page(connection, limit=2)
        of_nobody = store.page(connection, gateways=[], limit=10)
        after = store.page(connection, after=1, limit=10)
        of_meter = store.page(connection, subjects=[cloud.gateway.meter], limit=10)

    assert [event.arrival for event in newest] == [3, 2]
    assert of_nobody == []
    assert [event.arrival for event in of_meter] == [3, 1]
    assert [event.arrival for event in after] == [2, 3]
