"""What is kept of the grid comes back as it was."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from cloud.grid import store
from cloud.grid.model import trees
from cloud.kernel.db import Database
from cloud.kernel.ids import DeviceId, UsagePointId
from tests.fakes_cloud import fresh_database
from tests.unit.cloud.grid.test_model import TREE, device, service


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with fresh_database(tmp_path) as database:
        yield database


def test_a_feeder_comes_back_as_it_was_kept(database: Database) -> None:
    with database.transaction() as connection:
        store.keep_trees(connection, [TREE])

    with database.read() as connection:
        tree = store.tree(connection, DeviceId("F"))
        assert store.feeders(connection) == ["F"]
        assert store.feeder_of(connection, UsagePointId("UP-1")) == "F"
    assert set(tree.devices) == set(TREE.devices)
    assert set(tree.services) == set(TREE.services)


def test_nothing_is_known_of_a_home_or_a_feeder_nobody_told(database: Database) -> None:
    with database.read() as connection:
        assert store.feeder_of(connection, UsagePointId("UP-1")) is None
        with pytest.raises(KeyError):
            store.tree(connection, DeviceId("F"))


def test_a_feeder_told_anew_replaces_its_own_tree_only(database: Database) -> None:
    other = trees([device("G", None)], [service("UP-9", "G")])
    with database.transaction() as connection:
        store.keep_trees(connection, [TREE])
        store.keep_trees(connection, other)

        store.keep_trees(connection, trees([device("F", None)], [service("UP-1", "F")]))

        assert store.feeders(connection) == ["F", "G"]
        assert store.tree(connection, DeviceId("F")).devices == (device("F", None),)
        assert store.feeder_of(connection, UsagePointId("UP-2")) is None
        assert store.feeder_of(connection, UsagePointId("UP-9")) == "G"


def test_a_home_never_hangs_on_two_feeders(database: Database) -> None:
    with database.transaction() as connection:
        store.keep_trees(connection, [TREE])

    with pytest.raises(IntegrityError), database.transaction() as connection:
        store.keep_trees(connection, trees([device("G", None)], [service("UP-1", "G")]))
