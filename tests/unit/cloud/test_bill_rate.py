"""`bill rate`, as people and programs type it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloud.cli import main
from tests.unit.cloud.billing.tariffs import HEAD, VERSION

Run = Callable[..., tuple[int, str, str]]
POWER = '[[version.charge]]\nkind = "power"\nname = "power"\nrate_kw_year = 36.5\n'
DUE = (
    '[[tax]]\nname = "VAT"\nmethod = "outside"\nbase = ["energy"]\ndate_rule = "due"\n'
    "rates = [{ first_day = 2026-01-01, percent = 21 }]\n"
)


@pytest.fixture
def rate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Rate a table of hours with a tariff: the status, what was printed, and the complaint."""

    def command(*words: str, tariff: str = HEAD + VERSION, rows: list[str] | None = None) -> tuple[int, str, str]:
        (tmp_path / "tariff").write_text(tariff)
        (tmp_path / "hours.csv").write_text("\n".join(["timestamp,kwh", *(hours(48) if rows is None else rows)]))
        files = ("--tariff", str(tmp_path / "tariff"), "--intervals", str(tmp_path / "hours.csv"))
        monkeypatch.setattr("sys.argv", ["lamplight-cloud", "bill", "rate", *files, *words])
        status = main()
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return command


def hours(count: int, *, first: int = 0) -> list[str]:
    """Half a kWh an hour from midnight of the first of June in Madrid."""
    start = datetime(2026, 5, 31, 22, tzinfo=UTC)
    return [f"{(start + timedelta(hours=at)).isoformat()},0.5" for at in range(first, count)]


def test_a_bill_is_printed_line_by_line(rate: Run) -> None:
    status, printed, complaint = rate()

    first, energy, total = printed.splitlines()
    assert (status, complaint) == (0, "")
    assert first == "Flat  2026-06-01 to 2026-06-02  2 days  24.000 kWh"
    assert energy.split() == ["energy", "all", "24.000", "kWh", "x", "0.200000", "4.80", "EUR"]
    assert total.split() == ["total", "4.80", "EUR"]


def test_a_bill_for_programs_has_its_amounts_as_text(rate: Run) -> None:
    _, printed, _ = rate("--json", "--from", "2026-06-02", "--until", "2026-06-02")

    found = json.loads(printed)
    (line,) = found.pop("lines")
    assert found == {
        "tariff": "flat",
        "currency": "EUR",
        "first_day": "2026-06-02",
        "last_day": "2026-06-02",
        "days": 1,
        "due_on": None,
        "energy_wh": 12_000,
        "total": "2.40",
    }
    assert (line["component"], line["quantity"], line["rate"], line["amount"]) == ("energy", "12", "0.2", "2.40")


def test_days_that_are_not_whole_are_not_billed_unless_asked_for(rate: Run) -> None:
    _, printed, _ = rate(rows=hours(60, first=3))
    status, _, complaint = rate("--from", "2026-06-01", rows=hours(60, first=3))

    assert "2026-06-02 to 2026-06-02" in printed
    assert status == 2
    assert "nothing was read from 2026-06-01T00:00:00+02:00 to 2026-06-01T03:00:00+02:00" in complaint


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (hours(20) + hours(48, first=22), "the period is not all there"),
        (hours(20) + hours(48, first=19), "two readings of one interval"),
        (hours(20) + hours(48, first=10), "the readings go backwards in time"),
        ([*hours(20), hours(20)[-1].replace(":00:00+", ":30:00+"), *hours(48, first=20)], "two readings overlap"),
    ],
)
def test_each_fault_of_the_readings_is_told_apart(rate: Run, rows: list[str], said: str) -> None:
    status, printed, complaint = rate("--from", "2026-06-01", "--until", "2026-06-02", rows=rows)

    assert (status, printed) == (2, "")
    assert said in complaint
    assert "hours.csv" in complaint
    assert complaint.count("\n") == 1


def test_a_record_that_goes_backwards_is_told_as_that_though_nobody_said_which_days_are_billed(rate: Run) -> None:
    first, second, third = hours(3)

    _, _, complaint = rate(rows=[first, third, second])

    assert "the readings go backwards in time" in complaint
    assert "hours.csv" in complaint


def test_power_and_the_due_day_are_given_by_word(rate: Run) -> None:
    _, printed, _ = rate("--kw", "3", "--due", "2026-07-01", tariff=HEAD + VERSION + POWER + DUE)

    assert [line.split()[-2] for line in printed.splitlines()[1:]] == ["4.80", "0.60", "1.01", "6.41"]


def test_a_year_is_not_taken_for_one_bill(rate: Run) -> None:
    status, _, complaint = rate(rows=hours(24 * 63))

    assert status == 2
    assert "the readings are of 63 days" in complaint


def test_a_rate_of_the_american_database_needs_a_zone(rate: Run) -> None:
    table = [[0] * 24] * 12
    urdb = json.dumps(
        {
            "name": "flat",
            "energyratestructure": [[{"rate": 0.25}]],
            "energyweekdayschedule": table,
            "energyweekendschedule": table,
        }
    )

    refused, _, complaint = rate(tariff=urdb)
    status, printed, _ = rate("--zone", "Europe/Madrid", tariff=urdb)

    assert (refused, status) == (2, 0)
    assert "names no time zone" in complaint
    assert "6.00 USD" in printed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--zone", "Europe/Madird"), "invalid time zone"),
        (("--kw", "-1"), "invalid power in kW"),
        (("--kw", "much"), "invalid power in kW"),
        (("--kw", "NaN"), "invalid power in kW"),
        (("--kw", "0"), "invalid power in kW"),
        (("--kw", "1e-999999"), "invalid power in kW"),
        (("--from", "June"), "invalid day as in 2027-01-31"),
        (("--from", "2026-06-03", "--until", "2026-06-01"), "before it begins"),
    ],
)
def test_words_that_mean_nothing_are_refused(rate: Run, words: tuple[str, ...], said: str) -> None:
    status, _, complaint = rate(*words)

    assert status == 2
    assert said in complaint
