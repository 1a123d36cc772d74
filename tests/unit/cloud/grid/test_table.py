"""The grid file: trees and homes, or every fault by row and column."""

import pytest

from cloud.grid.model import Kind
from cloud.grid.table import COLUMNS, MAX_DEPTH, is_meant, parse
from cloud.kernel.i18n import Language
from cloud.kernel.sheet import SheetRefused

FEEDER = "F-01,feeder,,ABC,,,,,,,"
FUSE = "K-1,fuse,F-01,AB,,,,,,,"
TRANSFORMER = "T-0101,transformer,K-1,AB,,,,,,,"
ANA = "UP-1,usage_point,T-0101,A,LMP1,C-1,Ana Souza,ana@example.com,pt-BR,America/Sao_Paulo,Rua 1"
JOHN = "UP-2,usage_point,T-0101,B,LMP2,C-2,John Fox,john@example.com,en,Europe/London,1 Road"
STREET = (FEEDER, FUSE, TRANSFORMER, ANA, JOHN)


def grid(*rows: str) -> bytes:
    return "\r\n".join((",".join(COLUMNS), *rows)).encode()


def faults_of(*rows: str) -> list[str]:
    with pytest.raises(SheetRefused) as refused:
        parse(grid(*rows))
    return [str(fault) for fault in refused.value.faults]


def test_a_feeder_is_read_with_its_devices_and_its_homes() -> None:
    file = parse(grid(*STREET))

    (tree,) = file.trees
    assert tree.feeder == "F-01"
    assert [tree.path(home.usage_point) for home in file.homes] == [("F-01", "K-1", "T-0101")] * 2
    assert [device.kind for device in tree.top_down()] == [Kind.FEEDER, Kind.FUSE, Kind.TRANSFORMER]
    ana, _ = file.homes
    assert (ana.meter, ana.customer, ana.language) == ("LMP1", "C-1", Language.PT_BR)
    assert tree.service(ana.usage_point).phases == "A"
    assert file.rows == {"F-01": 2, "K-1": 3, "T-0101": 4}


def test_rows_may_stand_in_any_order() -> None:
    file = parse(grid(*reversed(STREET)))

    assert file.trees[0].path(file.homes[0].usage_point) == ("F-01", "K-1", "T-0101")


def test_one_file_may_hold_several_feeders() -> None:
    file = parse(grid(*STREET, "F-02,feeder,,ABC,,,,,,,", "T-0201,transformer,F-02,C,,,,,,,"))

    assert [tree.feeder for tree in file.trees] == ["F-01", "F-02"]


@pytest.mark.parametrize(("written", "kept"), [("ABCN", "ABC"), ("CBA", "ABC"), ("BN", "B"), (" B ", "B")])
def test_phases_are_kept_in_one_spelling_without_the_neutral(written: str, kept: str) -> None:
    file = parse(grid(FEEDER, f"T-1,transformer,F-01,{written},,,,,,,"))

    assert file.trees[0].top_down()[1].phases == kept


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("T-9,transformer,F-09,A,,,,,,,", "row 7, parent: 'F-09' is not in this file"),
        ("T-9,transformer,t-0101,A,,,,,,,", "row 7, parent: 't-0101' is not in this file; did you mean 'T-0101'?"),
        ("T-9,transformer,UP-1,A,,,,,,,", "row 7, parent: 'UP-1' is a usage_point: nothing hangs below one"),
        ("T-9,transformer,,A,,,,,,,", "row 7, parent: it is empty; only a feeder has nothing above it"),
        ("F-2,feeder,F-01,A,,,,,,,", "row 7, parent: a feeder has nothing above it: leave the cell empty"),
        ("T-9,transformer,T-9,A,,,,,,,", "row 7, parent: a loop: T-9 below T-9"),
        ("T-0101,switch,F-01,A,,,,,,,", "row 7, id: 'T-0101' stands already in row 4"),
        ("UP-1,switch,F-01,A,,,,,,,", "row 7, id: 'UP-1' stands already in row 5"),
        ("T-9,transfomer,F-01,A,,,,,,,", "row 7, kind: 'transfomer' is not a kind; did you mean 'transformer'?"),
        ("T-9,Transformer,F-01,A,,,,,,,", "row 7, kind: 'Transformer' is not a kind; did you mean 'transformer'?"),
        (
            "T-9,xx,F-01,A,,,,,,,",
            "row 7, kind: 'xx' is not a kind; one of: feeder, switch, fuse, transformer, usage_point",
        ),
        ("T-9,switch,T-0101,AC,,,,,,,", "row 7, phases: C is not among the phases AB of 'T-0101', its parent"),
        (
            "T-9,switch,F-01,AD,,,,,,,",
            "row 7, phases: 'AD' are no phases; write some of A, B and C, as in 'ABC' or 'B'",
        ),
        ("T-9,switch,F-01,,,,,,,,", "row 7, phases: '' are no phases; write some of A, B and C, as in 'ABC' or 'B'"),
        (
            "T-9,switch,F-01,AA,,,,,,,",
            "row 7, phases: 'AA' are no phases; write some of A, B and C, as in 'ABC' or 'B'",
        ),
        ("T-9,switch,F-01,N,,,,,,,", "row 7, phases: 'N' are no phases; write some of A, B and C, as in 'ABC' or 'B'"),
        ("T-9,switch,F-01,A,,,,x@example.com,,,", "row 7, email: only a usage_point has one: leave the cell empty"),
        (JOHN.replace("UP-2", "UP-3").replace("C-2", "C-3"), "row 7, meter: 'LMP2' stands already in row 6"),
        (
            JOHN.replace("UP-2", "UP-3").replace("LMP2", "LMP3").replace("John", "Jon"),
            "row 7, customer: 'C-2' has another name, email or language in row 6",
        ),
    ],
)
def test_a_faulty_row_is_named_with_its_column_and_nothing_else_is_blamed(row: str, fault: str) -> None:
    assert faults_of(*STREET, row) == [fault]


def test_an_unknown_language_is_named() -> None:
    (fault,) = faults_of(*STREET[:-1], JOHN.replace(",en,", ",de,"))

    assert fault == "row 6, language: 'de' is not a language we write; one of: en, pt-BR, es, fr"


def test_a_home_needs_all_that_the_customer_file_asks_for() -> None:
    faults = faults_of(*STREET[:-1], "UP-2,usage_point,T-0101,B,,,,,,,")

    columns = [fault.split(":")[0] for fault in faults]
    wanted = ("meter", "customer", "name", "email", "language", "time_zone", "address")
    assert columns == [f"row 6, {column}" for column in wanted]


def test_the_same_home_twice_is_told_once() -> None:
    assert faults_of(*STREET, ANA.replace("LMP1", "LMP9")) == ["row 7, id: 'UP-1' stands already in row 5"]


def test_a_loop_is_named_once_with_all_that_is_in_it() -> None:
    loop = ("A,switch,C,A,,,,,,,", "B,switch,A,A,,,,,,,", "C,switch,B,A,,,,,,,", "T,transformer,C,A,,,,,,,")

    assert faults_of(FEEDER, *loop) == ["row 3, parent: a loop: A below C below B below A"]


def test_a_line_deeper_than_any_that_was_built_is_refused() -> None:
    line = ["D1,switch,F-01,A,,,,,,,", *(f"D{n},switch,D{n - 1},A,,,,,,," for n in range(2, MAX_DEPTH + 9))]

    (fault,) = faults_of(FEEDER, *line)

    assert fault.startswith(f"row {MAX_DEPTH + 2}, parent: 500 devices are above 'D500'")
    assert parse(grid(FEEDER, *line[: MAX_DEPTH - 1])).rows["D499"] == MAX_DEPTH + 1


def test_a_loop_of_hundreds_is_named_in_short() -> None:
    loop = [f"D{number},switch,D{(number + 1) % 300},A,,,,,,," for number in range(300)]

    (fault,) = faults_of(FEEDER, *loop)

    assert fault.endswith("D6 below D7 below ... below D0")


def test_what_hangs_below_an_orphan_is_not_blamed_for_it() -> None:
    faults = faults_of(FEEDER, TRANSFORMER, ANA, JOHN)

    assert faults == ["row 3, parent: 'K-1' is not in this file"]


def test_a_file_without_a_feeder_says_so() -> None:
    assert faults_of("A,switch,B,A,,,,,,,", "B,switch,A,A,,,,,,,") == [
        "row 2, parent: a loop: A below B below A",
        "row 2, kind: no row of this file is a feeder",
    ]


def test_an_empty_name_is_told_as_such_and_hangs_nothing_below_itself() -> None:
    faults = faults_of(*STREET, ",switch,F-01,A,,,,,,,", ",switch,F-01,A,,,,,,,")

    assert [fault.split(":")[0] for fault in faults] == ["row 7, id", "row 8, id"]


@pytest.mark.parametrize(
    ("heading", "is_grid"),
    [
        (COLUMNS, True),
        (("id", "knd", "parnt", "phase"), True),
        (("usage_point", "meter", "customer", "name", "email", "language", "time_zone", "address"), False),
        ((), False),
    ],
)
def test_a_grid_file_is_known_by_its_heading(heading: tuple[str, ...], is_grid: bool) -> None:
    assert is_meant(heading) == is_grid
