"""Importing a grid: what the file says of its feeders stands, or nothing of it does."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from cloud.customers import store as customers
from cloud.grid import store
from cloud.grid.model import Kind
from cloud.grid.service import CustomersImported, GridImported, import_file
from cloud.grid.text import facts_of, said_of
from cloud.kernel.db import Database
from cloud.kernel.ids import DeviceId, UsagePointId
from cloud.kernel.sheet import SheetRefused
from runtime.errors import InputRefused
from tests.fakes_cloud import HandClock, fresh_database
from tests.unit.cloud.customers.test_table import GOOD, csv_of
from tests.unit.cloud.grid.test_table import ANA, FEEDER, FUSE, JOHN, STREET, TRANSFORMER, grid

SECOND_FEEDER, SECOND_BOX = "F-02,feeder,,ABC,,,,,,,", "T-0201,transformer,F-02,AB,,,,,,,"
Import = Callable[..., GridImported]


def _nobody_listens(_connection: Connection, _feeders: Collection[DeviceId], _now: datetime) -> None:
    raise AssertionError("no feeder was told")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with fresh_database(tmp_path) as database:
        yield database


@pytest.fixture
def changed() -> list[DeviceId]:
    """The feeders that imports said they changed."""
    return []


@pytest.fixture
def take(database: Database, tmp_path: Path, changed: list[DeviceId]) -> Import:
    def hear(_connection: Connection, feeders: Collection[DeviceId], _now: datetime) -> None:
        changed.extend(feeders)

    def take(*rows: str) -> GridImported:
        (tmp_path / "grid.csv").write_bytes(grid(*rows))
        told = import_file(database, tmp_path / "grid.csv", HandClock(), hear)
        assert isinstance(told, GridImported)
        return told

    return take


def test_a_grid_file_brings_feeders_homes_and_people(take: Import, database: Database) -> None:
    told = take(*STREET)

    assert said_of(told) == "1 feeder, 1 fuse, 1 transformer, 2 usage points, 2 customers imported"
    assert facts_of(told) == {
        "feeders": 1, "switches": 0, "fuses": 1, "transformers": 1,
        "usage_points": 2, "customers": 2, "dropped": [], "moved": [],
    }  # fmt: skip
    with database.read() as connection:
        tree = store.tree(connection, DeviceId("F-01"))
        home = customers.behind(connection, "LMP1")
    assert tree.below(DeviceId("K-1")) == ("UP-1", "UP-2")
    assert tree.device(DeviceId("K-1")).kind is Kind.FUSE
    assert home is not None
    assert (home.id, home.customer.name) == ("UP-1", "Ana Souza")


def test_the_customer_file_is_told_apart_by_its_heading(database: Database, tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_bytes(csv_of(GOOD))

    told = import_file(database, tmp_path / "customers.csv", HandClock(), _nobody_listens)

    assert told == CustomersImported(homes=1)
    assert (said_of(told), facts_of(told)) == ("1 home imported", {"homes": 1})


def test_a_feeder_handed_in_again_is_replaced_and_its_lost_homes_are_named(take: Import, database: Database) -> None:
    take(*STREET)

    told = take(FEEDER, "T-0102,transformer,F-01,AB,,,,,,,", ANA.replace("T-0101", "T-0102"))

    assert told.dropped == ("UP-2",)
    assert said_of(told).splitlines()[1:] == ["kept, but no longer on the grid: UP-2"]
    with database.read() as connection:
        tree = store.tree(connection, DeviceId("F-01"))
        assert [device.id for device in tree.top_down()] == ["F-01", "T-0102"]
        assert store.feeder_of(connection, UsagePointId("UP-2")) is None
        assert customers.find(connection, "UP-2") is not None


def test_the_same_file_again_changes_nothing(take: Import, database: Database) -> None:
    first = take(*STREET)
    with database.read() as connection:
        before = store.tree(connection, DeviceId("F-01")), customers.page(connection)

    assert take(*STREET) == first

    with database.read() as connection:
        assert (store.tree(connection, DeviceId("F-01")), customers.page(connection)) == before


def test_feeders_may_come_in_a_file_each(take: Import, database: Database) -> None:
    take(*STREET[:-1])

    take(SECOND_FEEDER, SECOND_BOX, JOHN.replace("T-0101", "T-0201"))

    with database.read() as connection:
        assert store.feeders(connection) == ["F-01", "F-02"]
        assert store.feeder_of(connection, UsagePointId("UP-1")) == "F-01"
        assert store.feeder_of(connection, UsagePointId("UP-2")) == "F-02"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("T-0101,switch,F-02,A,,,,,,,", "row 4, id: 'T-0101' stands on feeder 'F-01'; to move it, import both"),
        (JOHN.replace("T-0101", "T-0201"), "row 4, id: 'UP-2' stands on feeder 'F-01'; to move it, import both"),
        ("UP-2,switch,F-02,A,,,,,,,", "row 4, id: 'UP-2' is a usage point already"),
        (JOHN.replace("T-0101", "T-0201").replace("UP-2", "UP-3"), "row 4, meter: 'LMP2' already measures 'UP-2'"),
    ],
)
def test_nothing_changes_its_feeder_behind_that_feeders_back(
    take: Import, database: Database, row: str, fault: str
) -> None:
    take(*STREET)

    with pytest.raises(SheetRefused, match=fault) as refused:
        take(SECOND_FEEDER, SECOND_BOX, row)

    assert len(refused.value.faults) == 1
    assert refused.value.where.endswith("grid.csv")
    with database.read() as connection:
        assert store.feeders(connection) == ["F-01"]


def test_a_file_with_both_feeders_moves_what_is_between_them_and_says_so(take: Import, database: Database) -> None:
    take(*STREET)

    told = take(
        FEEDER, FUSE, ANA.replace("T-0101", "K-1"), SECOND_FEEDER, TRANSFORMER.replace("K-1", "F-02"), JOHN
    )  # fmt: skip

    assert (told.moved, told.dropped) == (("T-0101", "UP-2"), ())
    assert said_of(told).splitlines()[1:] == ["on another feeder than before: T-0101, UP-2"]
    with database.read() as connection:
        assert store.feeder_of(connection, UsagePointId("UP-2")) == "F-02"


def test_a_feeder_can_become_a_branch_of_another(take: Import, database: Database, changed: list[DeviceId]) -> None:
    take(*STREET)
    assert changed == ["F-01"]

    told = take(SECOND_FEEDER, FEEDER.replace("feeder,,", "switch,F-02,"), *STREET[1:])

    assert told.moved == ("F-01", "K-1", "T-0101", "UP-1", "UP-2")
    assert changed[1:] == ["F-01", "F-02"]
    with database.read() as connection:
        assert store.feeders(connection) == ["F-02"]


def test_nothing_of_a_faulty_grid_is_kept(take: Import, database: Database) -> None:
    with pytest.raises(SheetRefused, match=r"row 7, parent: 'X' is not in this file \(.*grid\.csv\): mend the file"):
        take(*STREET, "T-9,switch,X,A,,,,,,,")

    with database.read() as connection:
        assert store.feeders(connection) == []
        assert customers.page(connection) == []


def test_many_names_are_not_all_written_out(take: Import) -> None:
    homes = [ANA.replace("UP-1", f"UP-{number}").replace("LMP1", f"LMP{number}") for number in range(100, 125)]
    take(FEEDER, FUSE, TRANSFORMER, *homes)

    told = take(FEEDER)

    assert len(told.dropped) == 25
    assert said_of(told).endswith("UP-119 and 5 more")


def test_a_missing_file_is_named(database: Database, tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="cannot read the file: No such file"):
        import_file(database, tmp_path / "none.csv", HandClock(), _nobody_listens)
