"""The played customer system: its prices, its cycles, its home, and the drops it writes whole or faulty."""

import csv
import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from runtime.errors import InputRefused
from simulators.cis import drop, prices, winter
from simulators.cis.books import Books, Home, homes_in
from simulators.cis.mischief import Fault
from simulators.cis.winter import WinterHome
from simulators.commands import cis
from simulators.scenarios.neighbours import grid_file

CURITIBA = ZoneInfo("America/Sao_Paulo")
JULY = {date(2026, 7, day): 10_000 for day in range(1, 32)}
MADE_AT = datetime(2026, 8, 3, 5, tzinfo=UTC)
ANA = Home(usage_point="UP-0001", meter="LMP00000001")
BOOKS = Books(on=date(2026, 8, 3), since=date(2026, 5, 1), facts={"cadunico": "true"}, consents=[("billing", "email")])
ROWS = BOOKS.rows([ANA], lambda _home, _day: 10_000)


def test_a_month_costs_what_a_pocket_calculator_says() -> None:
    lines = list(prices.lines(JULY, date(2026, 7, 1), date(2026, 7, 31)))

    # 310 kWh x 0.61240 / (0.81 x 0.95) = 246.71; 310 x 0.04463 / 0.7695 = 17.98; COSIP 14.70
    assert [(line.name, line.cents) for line in lines] == [("energia", 24_671), ("bandeira", 1_798), ("COSIP", 1_470)]


def test_who_uses_nothing_pays_for_thirty_kwh() -> None:
    nothing = dict.fromkeys(JULY, 0)

    # 30 kWh x 0.61240 / 0.7695 = 23.88
    assert prices.total_cents(nothing, date(2026, 7, 1), date(2026, 7, 31)) == 2_388 + 1_470


@pytest.mark.parametrize("day", [date(2025, 12, 31), date(2029, 1, 1)])
def test_a_day_without_a_published_price_is_not_billed(day: date) -> None:
    with pytest.raises(InputRefused, match=f"publishes no price for {day}"):
        prices.total_cents({day: 1_000}, day, day)


def test_cycles_are_those_that_ended_before_today() -> None:
    books = Books(on=date(2026, 8, 15), since=date(2026, 5, 15), cycle_day=15, months=2)

    assert books.cycles() == [(date(2026, 6, 15), date(2026, 7, 14)), (date(2026, 7, 15), date(2026, 8, 14))]


def test_no_cycle_is_billed_from_before_the_contract_began() -> None:
    assert [first for first, _ in BOOKS.cycles()] == [date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)]


def test_a_bill_is_paid_on_the_day_it_falls_due() -> None:
    assert [row["paid_on"] for row in ROWS["payments"]] == ["2026-06-12", "2026-07-12"]
    assert ROWS["bills"][-1] == {
        "bill": "B-UP-0001-2026-07", "account": "A-UP-0001", "contract": "K-UP-0001", "first_day": "2026-07-01",
        "last_day": "2026-07-31", "energy_wh": "310000", "total": "279.39", "currency": "BRL", "quality": "actual",
        "issued_on": "2026-08-02", "due_on": "2026-08-12",
    }  # fmt: skip


def test_the_winter_is_cold_and_its_home_uses_more() -> None:
    home = WinterHome(seed=1, zone=CURITIBA)
    months = {month: [date(2026, month, day) for day in range(1, 29)] for month in (1, 7)}
    warmth = {month: sum(winter.mean_temp_c(day, 1) for day in days) / 28 for month, days in months.items()}
    energy_wh = {month: sum(map(home.energy_wh_on, days)) for month, days in months.items()}

    assert 19 < warmth[1] < 24
    assert 10 < warmth[7] < 15
    assert energy_wh[7] > 1.5 * energy_wh[1]


def test_a_faulty_heater_changes_no_day_before_its_fault_nor_after_it_was_mended() -> None:
    faulty = {"fault_from": date(2026, 7, 20), "fault_until": date(2026, 7, 22)}
    sound, home = WinterHome(seed=1, zone=CURITIBA), WinterHome(seed=1, zone=CURITIBA, **faulty)
    days = [date(2026, 7, day) for day in (19, 20, 21, 22)]

    more_wh = [home.energy_wh_on(day) - sound.energy_wh_on(day) for day in days]

    assert more_wh[0] == more_wh[3] == 0
    assert min(more_wh[1:3]) > 10_000


def test_a_day_has_the_hours_its_clock_gives_it() -> None:
    madrid = ZoneInfo("Europe/Madrid")
    days = (date(2026, 3, 29), date(2026, 6, 1), date(2026, 10, 25))

    assert [len(list(winter.hours_of(day, madrid))) for day in days] == [23, 24, 25]


def test_a_drop_is_what_its_manifest_says_and_nothing_of_its_making_is_left(tmp_path: Path) -> None:
    path = drop.write(tmp_path, "D-1", ROWS, MADE_AT)

    told = json.loads((path / "manifest.json").read_bytes())
    assert (told["drop"], told["made_at"]) == ("D-1", "2026-08-03T05:00:00+00:00")
    for file in told["files"]:
        data = (path / file["name"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == file["sha256"]
        assert len(list(csv.DictReader(data.decode().splitlines()))) == file["rows"]
    assert [each.name for each in tmp_path.iterdir()] == ["D-1"]
    with pytest.raises(InputRefused, match="a drop of this name"):
        drop.write(tmp_path, "D-1", ROWS, MADE_AT)


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_makes_another_drop_and_leaves_the_books_alone(tmp_path: Path, fault: Fault) -> None:
    whole = drop.write(tmp_path, "whole", ROWS, MADE_AT)

    faulty = drop.write(tmp_path, "faulty", ROWS, MADE_AT, fault)

    again = drop.write(tmp_path, "again", ROWS, MADE_AT)
    contents = [
        {file.name: file.read_bytes().replace(path.name.encode(), b"") for file in path.iterdir()}
        for path in (whole, faulty, again)
    ]
    assert contents[0] == contents[2] != contents[1]


def test_the_homes_of_the_demos_grid_file_are_known(tmp_path: Path) -> None:
    (tmp_path / "grid.csv").write_text(grid_file())

    homes = homes_in(tmp_path / "grid.csv")

    assert (homes[0].usage_point, homes[0].customer, homes[0].language) == ("UP-0001", "C-0001", "pt-BR")
    assert all(home.usage_point.startswith("UP-") for home in homes)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "\0"])
def test_a_file_that_holds_no_homes_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "homes.csv").write_text(text)

    with pytest.raises(InputRefused):
        cis.main(["drop", "--dir", str(tmp_path), "--homes", str(tmp_path / "homes.csv")])


def test_the_load_the_weather_and_the_bill_are_of_one_home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    days = ["--first-day", "2026-07-01", "--last-day", "2026-07-31", "--out"]
    cis.main(["load", *days, str(tmp_path / "load.csv"), "--fault-from", "2026-07-20"])
    cis.main(["weather", *days, str(tmp_path / "weather.csv")])
    words = ["--on", "2026-08-03", "--months", "1", "--home", "UP-0001,LMP00000001", "--fault-from", "2026-07-20"]

    cis.main(["drop", "--dir", str(tmp_path), "--drop", "D", *words, "--only", "bills", "--only", "contracts"])

    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "D")
    assert sorted(file.name for file in (tmp_path / "D").iterdir()) == ["bills.csv", "contracts.csv", "manifest.json"]
    (billed,) = rows_of(tmp_path / "D" / "bills.csv")
    assert int(billed["energy_wh"]) == sum(int(row["wh"]) for row in rows_of(tmp_path / "load.csv"))
    assert len(rows_of(tmp_path / "weather.csv")) == 31


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["drop", "--dir", "d"], "no home is named"),
        (["drop", "--dir", "d", "--home", "UP-0001"], "'UP-0001' is not two words"),
        (["drop", "--dir", "d", "--home", "UP,M", "--fault", "none"], "--fault"),
        (["drop", "--dir", "d", "--home", "UP,M", "--consent", "billing"], "'billing' is not two words"),
        (["drop", "--dir", "d", "--home", "UP,M", "--drop", "../D"], "invalid name of letters"),
        (["drop", "--dir", "d", "--home", "UP,M", "--on", "0001-01-01"], "invalid day of 1970 to 2199"),
        (["load", "--out", "l", "--first-day", "9999-12-31", "--last-day", "9999-12-31"], "invalid day of 1970"),
        (["drop", "--dir", "d", "--homes", "/dev/zero"], "holds more than"),
        (["weather", "--out", "w", "--first-day", "2026-07-02", "--last-day", "2026-07-01"], "that is 0 days"),
    ],
)
def test_words_that_ask_for_nothing_are_refused(words: list[str], why: str) -> None:
    with pytest.raises(InputRefused, match=why):
        cis.main(words)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_days_follow_each_other_without_a_step() -> None:
    temperatures = [winter.mean_temp_c(date(2026, 6, 1) + timedelta(days=at), 3) for at in range(60)]

    assert max(abs(one - other) for one, other in pairwise(temperatures)) < 9


@pytest.mark.parametrize("fault", Fault)
def test_a_drop_in_which_nothing_could_be_wrong_is_refused(tmp_path: Path, fault: Fault) -> None:
    with pytest.raises(InputRefused, match="that could be wrong"):
        drop.write(tmp_path, "D-1", {"bills": [], "contracts": []}, MADE_AT, fault)

    assert list(tmp_path.iterdir()) == []
