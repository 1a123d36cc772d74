import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, insert, select
from sqlalchemy.exc import IntegrityError, StatementError

from cloud.kernel.db import SCHEMA_VERSION, Database, UtcInstant, rows_named, upsert
from cloud.kernel.errors import DatabaseBusy, DatabaseUnusable, StorageFull
from wire.instants import unix_ms

NOON = datetime(2026, 11, 21, 12, 0, 0, 123_000, tzinfo=UTC)
moment_table = Table("moment", MetaData(), Column("id", Integer, primary_key=True), Column("at", UtcInstant))


@pytest.fixture
def database(tmp_path):
    opened = Database.open(tmp_path / "lamplight.sqlite")
    with opened.transaction() as connection:
        moment_table.create(connection)
    yield opened
    opened.close()


def moments(database):
    with database.read() as connection:
        return connection.execute(select(moment_table.c.at).order_by(moment_table.c.id)).scalars().all()


def put(connection, at=NOON):
    connection.execute(insert(moment_table).values(at=at))


def test_an_instant_comes_back_as_it_went_in(database):
    with database.transaction() as connection:
        put(connection)

    assert moments(database) == [NOON]


@pytest.mark.parametrize(
    "at",
    [datetime(2026, 11, 21, 12), datetime(2026, 11, 21, 12, tzinfo=timezone(timedelta(hours=-3)))],  # noqa: DTZ001
)
def test_an_instant_that_is_not_utc_is_refused(database, at):
    with pytest.raises(StatementError, match="aware and in UTC"), database.transaction() as connection:
        put(connection, at)

    assert moments(database) == []


def test_a_transaction_that_raises_leaves_nothing_behind(database):
    def put_and_fail():
        with database.transaction() as connection:
            put(connection)
            raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        put_and_fail()

    assert moments(database) == []


def test_what_is_committed_is_on_the_disk_before_the_block_ends(database):
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_a_reader_sees_one_state_however_long_it_looks(database):
    with database.read() as reader:
        before = reader.execute(select(moment_table)).all()
        with database.transaction() as writer:
            put(writer)
        after = reader.execute(select(moment_table)).all()

    assert before == after == []
    assert len(moments(database)) == 1


def test_two_threads_that_read_and_write_lose_no_update(database):
    with database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE counter (n INTEGER)")
        connection.exec_driver_sql("INSERT INTO counter VALUES (0)")

    def count():
        for _ in range(25):
            with database.transaction() as connection:
                n = connection.exec_driver_sql("SELECT n FROM counter").scalar_one()
                connection.exec_driver_sql(f"UPDATE counter SET n = {n + 1}")

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT n FROM counter").scalar_one() == 75


def test_a_broken_constraint_reaches_the_store_that_broke_it_without_its_values(database):
    with database.transaction() as connection:
        connection.execute(insert(moment_table).values(id=1, at=NOON))

    with pytest.raises(IntegrityError) as caught, database.transaction() as connection:
        connection.execute(insert(moment_table).values(id=1, at=NOON))

    assert str(unix_ms(NOON)) not in str(caught.value)


def test_a_file_reopens_with_what_it_held(tmp_path):
    first = Database.open(tmp_path / "a.sqlite")
    first.create_tables()
    first.close()

    second = Database.open(tmp_path / "a.sqlite")
    second.create_tables()
    second.close()

    assert not (tmp_path / "a.sqlite-wal").exists()


def test_a_file_that_is_no_database_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "notes.txt").write_bytes(b"these are my notes, please keep them" * 100)

    with pytest.raises(DatabaseUnusable, match=r"not a database \(.*notes\.txt\): name another folder"):
        Database.open(tmp_path / "notes.txt")

    assert (tmp_path / "notes.txt").read_bytes().startswith(b"these are my notes")


def test_a_database_of_another_program_is_refused_and_not_touched(tmp_path):
    path = tmp_path / "theirs.sqlite"
    theirs = sqlite3.connect(path)
    theirs.execute("CREATE TABLE theirs (x)")
    theirs.close()

    with pytest.raises(DatabaseUnusable, match="another program"):
        Database.open(path)


def test_a_database_of_a_newer_lamplight_is_refused(tmp_path):
    path = tmp_path / "newer.sqlite"
    Database.open(path).close()
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()

    with pytest.raises(DatabaseUnusable, match=f"schema 99 and this program knows schema {SCHEMA_VERSION}"):
        Database.open(path)


def test_a_damaged_database_is_refused(tmp_path):
    path = tmp_path / "damaged.sqlite"
    first = Database.open(path)
    first.create_tables()
    first.close()
    data = bytearray(path.read_bytes())
    data[100:4096] = b"\xff" * 3996
    path.write_bytes(data)

    with pytest.raises(DatabaseUnusable, match="damaged"):
        Database.open(path)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DatabaseUnusable, match="cannot be opened for writing"):
        Database.open(tmp_path / "nowhere" / "a.sqlite")


def test_a_full_disk_is_told_apart_because_it_passes(database):
    with database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE big (data BLOB)")
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(StorageFull, match="disk is full"), database.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO big VALUES (zeroblob(100000))")

    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM big").scalar_one() == 0


def test_a_database_another_program_keeps_locked_is_told_apart(database):
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with database.read() as connection:  # the pooled connection every later block will get
        connection.exec_driver_sql("PRAGMA busy_timeout = 50")

    with pytest.raises(DatabaseBusy, match="locked"), database.transaction() as connection:
        put(connection)

    other.close()


name_table = Table("name", MetaData(), Column("id", Text, primary_key=True), Column("said", Text), Column("kept", Text))


def test_a_row_that_stands_already_is_given_the_values_told_and_keeps_the_others(database):
    with database.transaction() as connection:
        name_table.create(connection)
        upsert(connection, name_table, [{"id": "a", "said": "1", "kept": "k"}])

        upsert(connection, name_table, ({"id": each, "said": "2"} for each in "ab"))

        assert connection.execute(select(name_table).order_by("id")).all() == [("a", "2", "k"), ("b", "2", None)]


def test_more_rows_than_one_statement_takes_are_kept_and_found_by_their_names(database):
    names = [f"{number:05}" for number in range(12_000)]
    with database.transaction() as connection:
        name_table.create(connection)

        upsert(connection, name_table, ({"id": name, "said": ""} for name in names))

        found = rows_named(connection, select(name_table.c.id), name_table.c.id, [*names[::2], "nobody", names[0]])
        assert [row.id for row in found] == names[::2]
