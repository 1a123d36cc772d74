"""TOML is read exactly, and what is passed over elsewhere is refused here."""

from decimal import Decimal
from enum import StrEnum

import pytest

from cloud.kernel.strict_toml import MAX_BYTES, StrictTable, TomlRefused, nearest


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def table(text: str) -> StrictTable:
    return StrictTable.parse(text.encode(), "file.toml")


def test_a_number_is_what_is_written() -> None:
    assert table("rate = 0.1000000000000000055").number("rate") == Decimal("0.1000000000000000055")


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"\xff", "not UTF-8 text"),
        (b"a = ", "not valid TOML"),
        (b"a = " + b"[" * 5_000 + b"]" * 5_000, "nested too deeply"),
        (b"a = " + b"9" * 5_000, "not valid TOML"),
        (b".".join([b"a"] * 50_000) + b" = 1", "nested too deeply"),
        (b"[" + b" . ".join([b'"a"'] * 50_000) + b"]", "nested too deeply"),
        (b" " * (MAX_BYTES + 1), "larger than"),
    ],
)
def test_bytes_that_are_no_table_are_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(TomlRefused, match=complaint):
        StrictTable.parse(data, "file.toml")


@pytest.mark.parametrize(
    ("text", "ask", "complaint"),
    [
        ("a = nan", lambda top: top.number("a"), "out of range"),
        ("a = 1e999999999", lambda top: top.number("a"), "out of range"),
        ("a = 1e-999999", lambda top: top.number("a"), "more than 30 decimals"),
        ("a = '1'", lambda top: top.number("a"), "'1' is not a number"),
        ("", lambda top: top.number("a"), "the number is missing"),
        ("a = true", lambda top: top.take("a", int, "a whole number"), "'True' is not a whole number"),
        ("a = 3", lambda top: top.text("a"), "'3' is not a text"),
        ('a = "one\\u0007"', lambda top: top.text("a"), "cannot be printed"),
        ("a = 1", lambda top: top.maybe_day("a"), "is not a day"),
        ("a = 1", lambda top: top.below("a"), "is not a table"),
        ("a = [1]", lambda top: top.rows("a"), "not everything in this list is a table"),
        ("a = 'reed'", lambda top: top.choice("a", Colour), r"did you mean 'red'\?"),
        ("a = 1", lambda top: top.done(), "unknown key 'a'"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_its_key(text: str, ask, complaint: str) -> None:
    with pytest.raises(TomlRefused, match=complaint) as refused:
        ask(table(text))

    assert "file.toml: a" in str(refused.value)


def test_what_was_asked_for_is_done_with() -> None:
    top = table("a = 1\nb = [{ c = 2 }]\nd = {}")

    asked = (top.number("a"), [row.number("c") for row in top.rows("b")], top.maybe_below("d"), top.maybe_below("e"))
    top.done()

    assert asked[:2] == (Decimal(1), [Decimal(2)])
    assert asked[2] is not None
    assert asked[3] is None


def test_a_word_among_many_that_are_known_is_told_some_of_them() -> None:
    known = [f"Zone/{number}" for number in range(500)]

    assert nearest("../../etc/passwd", known).endswith("and 480 more")
