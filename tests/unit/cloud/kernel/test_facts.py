"""Facts are known and fresh, or they are not used."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.kernel.facts import Fact, FactSheet, FactValue, Source, SourceKind
from cloud.kernel.money import Currency, Money

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
EVENT = Source(kind=SourceKind.EVENT, ref="7Z0M4QDA/1/0/12")


def fact(name: str = "began_at", value: FactValue = NOON, ttl: timedelta | None = None) -> Fact:
    return Fact(id=name, value=value, sources=(EVENT,), as_of=NOON, ttl=ttl)


def test_what_happened_never_grows_stale() -> None:
    assert not fact().is_stale(NOON + timedelta(days=10_000))


@pytest.mark.parametrize(("after_s", "is_stale"), [(899, False), (900, False), (901, True)])
def test_what_is_now_may_be_repeated_until_its_last_instant(after_s: int, is_stale: bool) -> None:
    assert fact(ttl=timedelta(minutes=15)).is_stale(NOON + timedelta(seconds=after_s)) is is_stale


def test_a_fact_without_a_source_cannot_exist() -> None:
    with pytest.raises(ValueError, match="no source"):
        Fact(id="guess", value=1, sources=(), as_of=NOON)


def test_a_sheet_says_what_is_missing_and_what_is_too_old() -> None:
    sheet = FactSheet([fact("known"), fact("old", ttl=timedelta(seconds=1))])

    lacks = sheet.lacking({"known", "old", "unheard"}, NOON + timedelta(seconds=2))

    assert [str(lack) for lack in lacks] == [
        "old is too old to repeat (good until 2026-11-21 12:00:01 UTC)",
        "unheard is not known",
    ]


def test_a_sheet_holds_as_long_as_its_shortest_lived_fact() -> None:
    sheet = FactSheet([fact("a"), fact("b", ttl=timedelta(hours=2)), fact("c", ttl=timedelta(hours=1))])

    assert sheet.valid_until({"a", "b", "c"}) == NOON + timedelta(hours=1)
    assert sheet.valid_until({"a"}) is None


def test_two_facts_cannot_share_a_name() -> None:
    with pytest.raises(ValueError, match="'began_at'"):
        FactSheet([fact()]).joined_with(FactSheet([fact()]))


def test_a_sheet_does_not_show_its_values() -> None:
    assert "Ana" not in repr(FactSheet([fact("customer_name", "Ana Souza")]))


instants = st.integers(0, 2**42).map(lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms))
spans = st.integers(0, 2**40).map(lambda ms: timedelta(milliseconds=ms))
amounts = st.builds(Money, st.integers(), st.sampled_from(Currency))
facts = st.builds(
    Fact,
    id=st.text("abcdefgh_", min_size=1, max_size=12),
    value=st.text(max_size=20) | st.integers() | instants | spans | st.dates() | amounts,
    sources=st.lists(st.builds(Source, kind=st.sampled_from(SourceKind), ref=st.text()), min_size=1, max_size=3).map(
        tuple
    ),
    as_of=instants,
    ttl=st.none() | spans,
)


@settings(max_examples=25)
@given(st.lists(facts, max_size=5, unique_by=lambda f: f.id))
def test_a_sheet_reads_back_as_it_was_written(found: list[Fact]) -> None:
    sheet = FactSheet(found)

    again = FactSheet.from_json(sheet.to_json())

    assert again == sheet
    assert again.digest() == FactSheet(reversed(found)).digest()


@pytest.mark.parametrize(
    "text", ['[{"id": "x"}]', '[{"id": "x", "value": {}, "sources": [], "as_of_ms": 0, "ttl_ms": null}]']
)
def test_what_is_no_sheet_is_not_read_as_one(text: str) -> None:
    with pytest.raises(ValueError, match="not a fact"):
        FactSheet.from_json(text)
