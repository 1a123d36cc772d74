"""The customer file: taken whole, or refused with every fault by row and column."""

import pytest

from cloud.customers.table import COLUMNS, parse
from cloud.kernel.i18n import Language
from cloud.kernel.sheet import MAX_FAULTS, SheetRefused

GOOD = {
    "usage_point": "UP-1",
    "meter": "LMP00000001",
    "customer": "C-1",
    "name": "Ana Souza",
    "email": "ana@example.com",
    "language": "pt-BR",
    "time_zone": "America/Sao_Paulo",
    "address": "Rua das Flores 12",
}
SECOND = GOOD | {"usage_point": "UP-2", "meter": "LMP00000002", "customer": "C-2"}


def csv_of(*rows: dict[str, str], heading: tuple[str, ...] = COLUMNS) -> bytes:
    lines = [",".join(heading), *(",".join(f'"{row[name]}"' for name in heading) for row in rows)]
    return "\r\n".join(lines).encode()


def faults_of(data: bytes) -> list[str]:
    with pytest.raises(SheetRefused) as refused:
        parse(data)
    return [str(fault) for fault in refused.value.faults]


def test_a_row_becomes_values_of_their_own_types() -> None:
    (row,) = parse(csv_of(GOOD))

    assert row.usage_point == "UP-1"
    assert row.language is Language.PT_BR
    assert row.time_zone.key == "America/Sao_Paulo"


def test_columns_may_stand_in_any_order() -> None:
    heading = tuple(reversed(COLUMNS))

    assert parse(csv_of(GOOD, heading=heading)) == parse(csv_of(GOOD))


def test_the_mark_a_spreadsheet_puts_before_utf8_is_no_part_of_the_first_heading() -> None:
    assert len(parse(b"\xef\xbb\xbf" + csv_of(GOOD))) == 1


def test_empty_lines_are_no_customers() -> None:
    assert len(parse(csv_of(GOOD) + b"\r\n\r\n,,,,,,,\r\n")) == 1


def test_one_customer_may_have_two_homes() -> None:
    rows = parse(csv_of(GOOD, SECOND | {"customer": "C-1"}))

    assert {row.customer for row in rows} == {"C-1"}


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("usage_point", "UP 1", "cannot be a usage point"),
        ("meter", "", "cannot be a meter's serial number"),
        ("customer", "../C", "cannot be a customer"),
        ("name", "", "empty"),
        ("name", "Ana\r\nBcc: all@example.com", "control character"),
        ("name", "A" * 201, "longer than 200 characters"),
        ("email", "ana@localhost", "not an e-mail address"),
        ("email", "ana@example.com, eve@example.com", "not an e-mail address"),
        ("email", "ána@example.com", "not an e-mail address"),
        ("language", "pt", "one of: en, pt-BR, es, fr"),
        ("time_zone", "America/Sao_Paolo", "did you mean 'America/Sao_Paulo'?"),
        ("time_zone", "../../etc/passwd", "not a time zone"),
        ("time_zone", "posixrules", "not a time zone"),
        ("time_zone", "localtime", "not a time zone"),
        ("address", "x\x00y", "control character"),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column(column: str, cell: str, said: str) -> None:
    (fault,) = faults_of(csv_of(GOOD, SECOND | {column: cell}))

    assert fault.startswith(f"row 3, {column}: ")
    assert said in fault


def test_every_fault_is_named_and_not_only_the_first() -> None:
    faults = faults_of(csv_of(GOOD | {"email": "x", "language": "de"}, SECOND | {"name": ""}))

    assert [fault.split(":")[0] for fault in faults] == ["row 2, email", "row 2, language", "row 3, name"]


def test_a_file_that_was_never_meant_for_us_does_not_flood_its_reader() -> None:
    rows = [GOOD | {"email": "x"}] * (MAX_FAULTS + 7)

    with pytest.raises(SheetRefused, match="; and 7 more") as refused:
        parse(csv_of(*rows))
    assert str(refused.value).count("row ") == MAX_FAULTS


@pytest.mark.parametrize(("column", "what"), [("usage_point", "'UP-1'"), ("meter", "'LMP00000001'")])
def test_what_must_be_unique_may_not_stand_twice(column: str, what: str) -> None:
    (fault,) = faults_of(csv_of(GOOD, SECOND | {column: GOOD[column]}))

    assert fault == f"row 3, {column}: {what} stands already in row 2"


def test_a_customer_cannot_have_two_languages() -> None:
    (fault,) = faults_of(csv_of(GOOD, SECOND | {"customer": "C-1", "language": "fr"}))

    assert fault.startswith("row 3, customer: 'C-1' has another name, email or language in row 2")


def test_a_misspelt_column_is_answered_with_its_right_spelling() -> None:
    data = csv_of(GOOD).replace(b"time_zone", b"timezone")

    faults = faults_of(data)

    assert "row 1, time_zone: the column is missing" in faults
    assert "row 1, timezone: unknown column; did you mean 'time_zone'?" in faults


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "row 1, usage_point: the column is missing"),
        (csv_of(), "row 2, file: there is a heading, but nothing below it"),
        (csv_of(GOOD) + b"\r\nUP-2,M2", "row 3, row: 2 values under 8 headings"),
        (csv_of(GOOD | {"name": "José"}).decode().encode("latin-1"), "row 2, file: not UTF-8 text"),
        (csv_of(GOOD) + b'\r\n"unfinished', "row 3, file: not CSV"),
        (csv_of(GOOD, SECOND | {"name": "A" * 200_000}), "row 3, file: not CSV"),
    ],
    ids=["empty", "heading only", "short row", "latin-1", "open quote", "a cell without end"],
)
def test_a_file_of_another_shape_is_refused(data: bytes, said: str) -> None:
    assert any(fault.startswith(said) for fault in faults_of(data))
