"""Importing: what the file says stands, or nothing of it does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.customers import store
from cloud.grid.service import CustomersImported, import_file
from cloud.kernel.db import Database
from cloud.kernel.sheet import SheetRefused
from tests.fakes_cloud import HandClock, fresh_database
from tests.unit.cloud.customers.test_table import GOOD, SECOND, csv_of


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with fresh_database(tmp_path) as database:
        yield database


def import_rows(database: Database, folder: Path, *rows: dict[str, str]) -> object:
    path = folder / "customers.csv"
    path.write_bytes(csv_of(*rows))
    return import_file(database, path, HandClock(), lambda *_: None)


def test_an_imported_home_is_found_by_its_name_and_by_its_meter(database: Database, tmp_path: Path) -> None:
    assert import_rows(database, tmp_path, GOOD, SECOND) == CustomersImported(homes=2)

    with database.read() as connection:
        home = store.find(connection, "UP-1")
        assert home is not None
        assert home == store.behind(connection, "LMP00000001")
        assert (home.customer.name, home.zone.key, home.imported_at) == (
            "Ana Souza",
            "America/Sao_Paulo",
            HandClock().now(),
        )
        assert [home.id for home in store.page(connection)] == ["UP-1", "UP-2"]
        assert [home.id for home in store.page(connection, after="UP-1")] == ["UP-2"]


def test_the_same_file_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    import_rows(database, tmp_path, GOOD)
    with database.read() as connection:
        before = store.page(connection)

    import_rows(database, tmp_path, GOOD)

    with database.read() as connection:
        assert store.page(connection) == before


def test_two_homes_can_exchange_their_meters(database: Database, tmp_path: Path) -> None:
    import_rows(database, tmp_path, GOOD, SECOND)

    import_rows(database, tmp_path, GOOD | {"meter": SECOND["meter"]}, SECOND | {"meter": GOOD["meter"]})

    with database.read() as connection:
        assert [home.meter for home in store.page(connection)] == ["LMP00000002", "LMP00000001"]


def test_a_meter_cannot_be_taken_from_a_home_the_file_does_not_speak_of(database: Database, tmp_path: Path) -> None:
    import_rows(database, tmp_path, GOOD)

    with pytest.raises(SheetRefused, match="row 2, meter: 'LMP00000001' already measures 'UP-1'"):
        import_rows(database, tmp_path, SECOND | {"meter": GOOD["meter"]})


def test_nothing_of_a_faulty_file_is_kept(database: Database, tmp_path: Path) -> None:
    with pytest.raises(SheetRefused, match=r"customers\.csv.*mend the file"):
        import_rows(database, tmp_path, GOOD, SECOND | {"email": "nobody"})

    with database.read() as connection:
        assert store.page(connection) == []
