"""A town that was seeded once, and clients who may and may not look at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.web.app import create_app
from tests.fakes_cloud import FakeGateway
from tests.fakes_street import PEOPLE, Street
from tests.fakes_web import TOKEN, Browser, Town, a_town
from wire.events import GatewayStarted

BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """An empty town for a test of its own."""
    with a_town(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Two homes: one has been through an outage, one is dark; and a stranger knocked. Look, and change nothing."""
    with a_town(tmp_path_factory.mktemp("town")) as made:
        rio = made.settle_in("UP-1")
        made.read_a_week(rio)
        made.read_registers(rio)
        made.live_through_an_outage(rio)
        made.beat(rio)
        lyon = made.settle_in("UP-2", name="Élise", language="fr", zone="Europe/Paris", address="3 rue des Lilas, Lyon")
        began_ms = made.lose(lyon)
        made.judge(lyon, began_ms)
        made.take([FakeGateway().say(GatewayStarted(software="0.1.0", boot=1), at=made.clock.now())])
        yield made


@pytest.fixture
def client(town: Town) -> Iterator[Browser]:
    """Somebody with the token, in the empty town."""
    with Browser(create_app(town.services()), headers=BEARER) as made:
        yield made


@pytest.fixture(scope="module")
def visitor(lived_in: Town) -> Iterator[Browser]:
    """Somebody with the token, in the town that is lived in."""
    with Browser(create_app(lived_in.services()), headers=BEARER) as made:
        yield made


@pytest.fixture(scope="module")
def stranger(lived_in: Town) -> Iterator[Browser]:
    """Somebody without rights, in the town that is lived in."""
    with Browser(create_app(lived_in.services())) as made:
        yield made


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """The street after the storm: power is back but for 2; 3 and 5 cannot be seen. Look, and change nothing."""
    with a_town(tmp_path_factory.mktemp("night")) as town:
        street = Street.built(town)
        street.dip(*PEOPLE)
        street.storm()
        street.return_()
        yield street
