"""Laws of drops: whatever comes, it is taken or refused; spans never overlap; nothing is half there."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from cloud.billing import accounts_store
from cloud.cis import manifest, spans, store
from cloud.cis.forms import FORMS
from cloud.cis.manifest import DropRefused, Entity
from cloud.cis.service import import_drop
from cloud.cis.spans import Span
from cloud.kernel.db import Database, metadata
from tests.fakes_cis import MAY, WHOLE, Row, csv_of, listed, manifest_of, write_drop
from tests.fakes_cloud import HandClock, fresh_database

CELLS = st.one_of(
    st.sampled_from([cell for rows in WHOLE.values() for row in rows for cell in row.values()]),
    st.sampled_from(["", "A-9", "B-99", "2026-13-01", "9" * 13, "-1", "1e3", "EUR", "2026-05-31", "0"]),
    st.text(max_size=6),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["bills", "bills.csv", "../x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["drop", "made_at", "files", "name", "entity", "rows", "sha256"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)
SPANS = st.builds(
    lambda key, group, first, length: Span(first=first, last=first + length, group=group, key=key),
    st.sampled_from("abcdefgh"),
    st.sampled_from("XY"),
    st.integers(0, 12),
    st.integers(0, 4),
)


@cache
def nothing_stands() -> bytes:
    """A database in which nothing stands; making its tables anew for every example takes most of the time."""
    return database_after()


@cache
def stands_already() -> bytes:
    """A database in which Ana's drop stands."""
    return database_after(WHOLE)


def database_after(*told: Mapping[str, Sequence[Row]]) -> bytes:
    with TemporaryDirectory() as place:
        with fresh_database(Path(place)) as database:
            for each in told:
                import_drop(database, write_drop(Path(place), each, drop="D-0"), HandClock())
        return (Path(place) / "lamplight.sqlite").read_bytes()


@contextmanager
def database_of(data: bytes, folder: Path) -> Iterator[Database]:
    (folder / "lamplight.sqlite").write_bytes(data)
    database = Database.open(folder / "lamplight.sqlite")
    try:
        yield database
    finally:
        database.close()


@st.composite
def rows_of(draw: st.DrawFn, entity: Entity) -> list[Row]:
    """Rows of an entity, each as it should be or with some cells that may be anything; one without a word is no row."""
    good = WHOLE[entity][0]
    changes = st.dictionaries(st.sampled_from(list(good)), CELLS, max_size=3)
    rows = changes.map(lambda change: good | change).filter(lambda row: any(map(str.strip, row.values())))
    return draw(st.lists(rows, min_size=1, max_size=4))


@st.composite
def drops(draw: st.DrawFn) -> dict[str, list[Row]]:
    return {entity: draw(rows_of(entity)) for entity in draw(st.sets(st.sampled_from(Entity), min_size=1))}


@given(st.one_of(st.binary(max_size=60), JSON.map(lambda told: json.dumps(told).encode())))
def test_any_manifest_is_understood_or_refused(data: bytes) -> None:
    try:
        told = manifest.parse(data)
    except DropRefused:
        return
    assert all("/" not in file.name and not file.name.startswith(".") for file in told.files)


@given(data=st.data())
@settings(max_examples=15)
def test_every_row_of_any_drop_stands_or_waits_and_the_same_drop_again_changes_nothing(data: st.DataObject) -> None:
    told = data.draw(drops())
    with TemporaryDirectory() as place, database_of(stands_already(), Path(place)) as database:
        path = write_drop(Path(place), told, drop="D-1", day=2)

        first = import_drop(database, path, HandClock())
        with database.read() as connection:
            before = [connection.execute(select(table)).all() for table in metadata.sorted_tables]
        again = import_drop(database, path, HandClock())

        assert sum(first.kept.values()) + len(first.refused) == sum(map(len, told.values()))
        assert again.kept == dict.fromkeys(Entity, 0)
        assert list(map(str, again.refused)) == list(map(str, first.refused))
        with database.read() as connection:
            assert before == [connection.execute(select(table)).all() for table in metadata.sorted_tables]
            assert store.count(connection) <= len(first.refused)
            bills = accounts_store.bills_of(connection, "K-1", 50)
        assert all(newer.first_day > older.last_day for newer, older in pairwise(bills))


@given(
    tables=st.dictionaries(st.sampled_from(Entity), st.binary(max_size=80), max_size=2), is_true_to_count=st.booleans()
)
@settings(max_examples=25)
def test_of_a_drop_with_a_file_that_is_none_nothing_stands(tables: dict[Entity, bytes], is_true_to_count: bool) -> None:
    with TemporaryDirectory() as place, database_of(nothing_stands(), Path(place)) as database:
        path = write_drop(Path(place), WHOLE)
        files = [listed(entity, csv_of(rows), len(rows)) for entity, rows in WHOLE.items() if entity not in tables]
        for entity, data in tables.items():
            (path / f"{entity}.csv").write_bytes(data)
            files.append(listed(entity, data, max(0, data.count(b"\n") - 1)))
        files[0]["rows"] = 1 if is_true_to_count else 2
        (path / "manifest.json").write_bytes(manifest_of(files))

        try:
            kept = sum(import_drop(database, path, HandClock()).kept.values())
        except DropRefused:
            kept = 0

        with database.read() as connection:
            stands = [table for table in metadata.sorted_tables if table.name in {"customer", "account", "contract"}]
            count = sum(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in stands)
        assert (count > 0) == (kept > 0)


@given(standing=st.lists(SPANS, unique_by=lambda span: span.key), told=st.lists(SPANS, unique_by=lambda span: span.key))
def test_whatever_is_told_no_two_spans_of_a_group_overlap_in_the_end(standing: list[Span], told: list[Span]) -> None:
    before: list[Span] = []
    for span in standing:
        before += [] if overlaps(span, before) else [span]

    refused = spans.settle(before, told)

    now = {span.key: span for span in before} | {span.key: span for span in told if span.key not in refused}
    assert not any(overlaps(span, [other for other in now.values() if other is not span]) for span in now.values())
    assert all(by in now and by != key for key, by in refused.items())
    assert not any(span.key in refused for span in told if span in before)


@given(told=st.lists(SPANS, unique_by=lambda span: span.key))
def test_spans_that_do_not_overlap_are_never_refused_wherever_they_stood(told: list[Span]) -> None:
    free: list[Span] = []
    for span in told:
        free += [] if overlaps(span, free) else [span]
    elsewhere = [Span(first=at * 9, last=at * 9 + 8, group="X", key=span.key) for at, span in enumerate(free)]

    assert spans.settle(elsewhere, free) == {}


def overlaps(span: Span, others: list[Span]) -> bool:
    return any(span.group == o.group and span.first <= o.last and o.first <= span.last for o in others)


def test_the_example_of_every_entity_has_every_column() -> None:
    assert {entity: set(WHOLE[entity][0]) for entity in Entity} == {
        entity: {*form.columns, *form.optional} for entity, form in FORMS.items()
    }
    assert MAY in WHOLE["bills"]
