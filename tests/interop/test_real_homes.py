"""Real homes in `LAMPLIGHT_DATA/load`, looked through from the shell: few alarms, and a failing heating is noticed."""

import csv
import gzip
import json
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.cli import run

_DATA = os.environ.get("LAMPLIGHT_DATA", "")
_FOLDER = Path(_DATA, "load")
_HOME = _FOLDER / "ausgrid12_30min.csv.gz"

pytestmark = pytest.mark.skipif(not _DATA or not _HOME.exists(), reason="LAMPLIGHT_DATA holds no load of a real home")


def rows() -> list[tuple[datetime, float]]:
    with gzip.open(_HOME, "rt") as file:
        return [(datetime.fromisoformat(row["timestamp"]), float(row["gc_kwh"])) for row in csv.DictReader(file)]


def test_a_year_of_a_real_home_raises_less_than_an_alarm_a_month_and_can_be_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["detect", str(_HOME), "--column", "gc_kwh", "--json", "--plot", str(tmp_path / "home.svg")])

    assert len(capsys.readouterr().out.splitlines()) <= 12
    assert (tmp_path / "home.svg").stat().st_size > 10_000


@pytest.mark.parametrize("days", [20, 70])
def test_a_heating_that_doubles_the_days_of_a_real_home_is_noticed_the_same_day(
    days: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = rows()[: (days + 3) * 48]
    onset_at = recorded[days * 48 + 31][0]
    usual = sum(kwh for at, kwh in recorded if at < onset_at) / (days * 48 + 31)
    faulty = "".join(f"{at},{kwh + usual * (at >= onset_at)}\n" for at, kwh in recorded)
    (tmp_path / "faulty.csv").write_text(f"timestamp,kwh\n{faulty}")

    run(["detect", str(tmp_path / "faulty.csv"), "--json"])

    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    noticed = [datetime.fromisoformat(each["noticed_at"]).replace(tzinfo=None) for each in found]
    assert [each["kind"] for each in found] == ["sustained"]
    assert timedelta() < noticed[0] - onset_at <= timedelta(hours=24)
