"""A pair of bills in one file is explained or projected from the shell, for people and for programs."""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest

from cloud.billing.document import Section
from cloud.cli import main
from runtime.errors import InputRefused
from tests.fakes_bills import FIRST_DAY, HISTORY_DAYS, pair, written

BEGINS = FIRST_DAY + timedelta(days=HISTORY_DAYS + 30)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a word of `bill` over a document; gives status, output and error output."""

    def run_(word, document, *arguments):
        file = tmp_path / "pair.json"
        file.write_bytes(written(document))
        monkeypatch.setattr("sys.argv", ["lamplight-cloud", "bill", word, str(file), *arguments])
        status = main()
        said = capsys.readouterr()
        return status, said.out, said.err

    return run_


def half_way(**changed):
    """A pair whose current bill is known for fifteen of its thirty days."""
    document = pair(base=(8.0, 20.0))
    for column in ("days", "temp_c", "kwh", "peak_kwh"):
        document[column] = document[column][:-15]
    current = {"n": 30, "price": "old", "tax": 0.1, "first_day": BEGINS.isoformat()}
    return document | {"current": current, "today": (BEGINS + timedelta(days=15)).isoformat()} | changed


def test_a_change_is_told_to_programs_with_amounts_as_texts(run):
    status, said, _ = run("explain", pair(base=(8.0, 20.0)), "--json")

    told = json.loads(said)
    assert status == 0
    assert told["driver"] == "behaviour"
    assert sum(map(Decimal, told["parts"].values())) == Decimal(told["change"])
    assert Decimal(told["current"]["total"]) - Decimal(told["previous"]["total"]) == Decimal(told["change"])
    assert told["weather"]["heating"]["begins_c"] == pytest.approx(15, abs=1)
    assert told["weather"]["cooling"] is None
    assert told["used_year_ago_wh"] > 0


def test_a_change_is_told_to_people_in_their_language(run):
    _, said, _ = run("explain", pair(base=(8.0, 20.0), flags=["cur_estimated"]), "--language", "pt-BR")

    first, *rest = said.splitlines()
    assert first.endswith("a mais que a conta anterior")
    assert [line.strip().split("  ")[0] for line in rest[:3]] == ["Conta anterior", "Energia usada", "Esta conta"]
    assert rest[-1].startswith("Uma leitura foi estimada")


def test_the_bill_of_a_year_ago_is_compared_too(run):
    bill = {"n": 30, "price": "old", "tax": 0.1, "first_day": (BEGINS - timedelta(days=364)).isoformat()}
    document = pair(base=(8.0, 20.0), year_ago=bill)

    told = json.loads(run("explain", document, "--json")[1])

    since = told["since_year_ago"]
    assert since["driver"] == "behaviour"
    assert sum(map(Decimal, since["parts"].values())) == Decimal(since["change"])
    assert told["year_ago"]["energy_wh"] == told["used_year_ago_wh"]
    assert "Há um ano" in run("explain", document, "--language", "pt-BR")[1]


def test_a_picture_is_written_beside(run, tmp_path):
    status, _, _ = run("explain", pair(), "--plot", str(tmp_path / "change.svg"))

    assert status == 0
    assert (tmp_path / "change.svg").read_text().startswith("<svg ")


def test_a_picture_that_cannot_be_written_is_one_line(run, tmp_path):
    status, _, error = run("explain", pair(), "--plot", str(tmp_path / "nowhere" / "change.svg"))

    assert status == 2
    assert error.count("\n") == 1


def test_a_bill_that_is_not_over_is_not_explained(run):
    status, _, error = run("explain", half_way())

    assert status == 2
    assert "nothing is known of" in error


def test_a_running_bill_is_projected(run):
    status, said, _ = run("project", half_way(), "--json")

    told = json.loads(said)
    assert status == 0
    assert Decimal(told["low"]) < Decimal(told["likely"]) < Decimal(told["high"])
    assert told["days_left"] == 15
    assert told["ends_on"] == (BEGINS + timedelta(days=29)).isoformat()
    assert told["is_alarming"] is (Decimal(told["low"]) > Decimal(told["usual"]) * Decimal("1.3"))


def test_the_customers_own_line_is_asked_too(run):
    told = [json.loads(run("project", half_way(), "--json", *more)[1]) for more in ((), ("--line", "9000"))]

    assert [each["is_alarming"] for each in told] == [True, False]


def test_a_running_bill_is_told_to_people(run):
    _, said, _ = run("project", half_way())

    assert "likely" in said
    assert "even the low end" in said


def test_a_whole_pair_is_projected_as_if_it_were_not_over(run):
    status, said, _ = run("project", pair() | {"today": (BEGINS + timedelta(days=10)).isoformat()}, "--json")

    assert status == 0
    assert json.loads(said)["used_wh"] < 30 * 40_000


def test_too_early_is_an_answer_and_a_no(run):
    status, said, _ = run("project", pair() | {"today": (BEGINS + timedelta(days=3)).isoformat()}, "--json")

    assert status == 1
    assert json.loads(said)["why_not"] == "too_early"


@pytest.mark.parametrize(
    ("document", "arguments", "where"),
    [
        (pair(), (), "today"),
        (half_way(today=date(2030, 1, 1).isoformat()), (), "today"),
        (half_way(), ("--line", "much"), "--line"),
        (pair(kwh=[]), (), "kwh"),
        (pair(flags=[[]]), (), "flags"),
        (pair(flags=[{}]), (), "flags"),
    ],
)
def test_what_cannot_be_projected_is_refused_in_one_line(run, document, arguments, where):
    status, said, error = run("project", document, *arguments)

    assert (status, said, error.count("\n")) == (2, "", 1)
    assert where in error


def test_a_file_that_is_not_there_is_refused(run, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["lamplight-cloud", "bill", "explain", "/nowhere/pair.json"])

    assert main() == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_number_too_large_to_be_reckoned_with_is_refused_by_its_key():
    document = written(pair(kwh=[12345.678])).replace(b"12345.678", b"1e999999999")

    with pytest.raises(InputRefused, match=r"no number up to .*kwh\[0\]"):
        Section.of(document).numbers("kwh", 1)
