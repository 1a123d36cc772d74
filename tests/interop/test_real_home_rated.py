"""A home somebody measured, in `LAMPLIGHT_DATA/load`, rated from the shell."""

import json
import os
from pathlib import Path

import pytest

from cloud.billing.tariff_folder import SHIPPED
from cloud.cli import main

_HOME = Path(os.environ.get("LAMPLIGHT_DATA", "/nonexistent"), "load", "uk0_hourly.csv.gz")


@pytest.mark.skipif(not _HOME.is_file(), reason="LAMPLIGHT_DATA holds no load/uk0_hourly.csv.gz")
def test_a_real_home_has_a_bill_for_june(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bill", "rate", "--json", "--tariff", str(SHIPPED / "gb-day-night.toml"), "--intervals", str(_HOME)]
    monkeypatch.setattr("sys.argv", ["lamplight-cloud", *words, "--from", "2020-06-01", "--until", "2020-06-30"])

    status = main()

    found = json.loads(capsys.readouterr().out)
    assert status == 0
    assert (found["days"], found["energy_wh"], found["total"]) == (30, 124_203, "47.62")
