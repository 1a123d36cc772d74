import gzip
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import InputRefused
from simulators.generated_load import GeneratedHousehold
from simulators.household import RecordedHousehold, open_household, zone_named
from simulators.recorded_load import Series

FITTING = re.compile(r"timestamp,.*\b(\w+_)?(kwh|wh|kw|w)\b")
NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


def a_series(*, began_at: datetime, weeks: int, filled_slots: tuple[int, ...] = ()) -> Series:
    """Hourly, each hour using as many watt-hours as its place in the series."""
    hours = weeks * 7 * 24
    return Series(
        began_at=began_at,
        cadence_s=3_600,
        joules=tuple(place * 3_600 for place in range(hours)),
        column="kwh",
        rows=hours,
        duplicates=0,
        filled_slots=filled_slots,
    )


def place_at(home: RecordedHousehold, at: datetime) -> int:
    """Which hour of the series is lived at an instant."""
    return round(home.power_w(at))


def test_a_generated_home_is_the_same_for_whoever_asks() -> None:
    one, same, other = GeneratedHousehold(seed=5), GeneratedHousehold(seed=5), GeneratedHousehold(seed=6)

    week_wh = one.energy_wh_between(NOW - WEEK, NOW)

    assert week_wh == same.energy_wh_between(NOW - WEEK, NOW)
    assert week_wh != other.energy_wh_between(NOW - WEEK, NOW)


@pytest.mark.parametrize("seed", range(20))
def test_a_generated_home_uses_what_homes_use(seed: int) -> None:
    home = GeneratedHousehold(seed=seed)

    month_wh = home.energy_wh_between(NOW - 28 * DAY, NOW)

    assert 80_000 < month_wh < 400_000


def test_a_home_sleeps_at_night_and_cooks_in_the_evening() -> None:
    home = GeneratedHousehold(seed=1)
    midnights = [datetime(2026, 11, day, tzinfo=UTC) for day in range(1, 15)]

    night_wh = sum(home.energy_wh_between(midnight + 2 * HOUR, midnight + 5 * HOUR) for midnight in midnights)
    evening_wh = sum(home.energy_wh_between(midnight + 18 * HOUR, midnight + 21 * HOUR) for midnight in midnights)

    assert evening_wh > 2 * night_wh


def test_a_home_keeps_local_time() -> None:
    tokyo = GeneratedHousehold(seed=1, zone=ZoneInfo("Asia/Tokyo"))
    evening_in_tokyo = [datetime(2026, 11, day, 9, tzinfo=UTC) for day in range(1, 15)]
    night_in_tokyo = [datetime(2026, 11, day, 17, tzinfo=UTC) for day in range(1, 15)]

    evenings_wh = sum(tokyo.energy_wh_between(at, at + 3 * HOUR) for at in evening_in_tokyo)
    nights_wh = sum(tokyo.energy_wh_between(at, at + 3 * HOUR) for at in night_in_tokyo)

    assert evenings_wh > 2 * nights_wh


def test_power_is_what_the_energy_of_its_minute_says() -> None:
    home = GeneratedHousehold(seed=1)

    assert home.energy_wh_between(NOW, NOW + timedelta(minutes=1)) * 60 == pytest.approx(home.power_w(NOW))


@settings(max_examples=20, deadline=None)
@given(
    hours=st.lists(st.floats(-2_000, 2_000), min_size=3, max_size=3).map(sorted),
    zone=st.sampled_from(["UTC", "Europe/Madrid", "America/Sao_Paulo", "Australia/Lord_Howe"]),
)
def test_parts_add_up_to_the_whole_through_every_change_of_the_clocks(hours: list[float], zone: str) -> None:
    start, middle, end = (NOW + timedelta(hours=hour) for hour in hours)
    home = GeneratedHousehold(seed=1, zone=ZoneInfo(zone))

    parts_wh = home.energy_wh_between(start, middle) + home.energy_wh_between(middle, end)

    assert parts_wh == pytest.approx(home.energy_wh_between(start, end), abs=1e-6)


def test_a_recorded_monday_stays_a_monday() -> None:
    home = RecordedHousehold.living_at(NOW, a_series(began_at=datetime(2012, 1, 2, tzinfo=UTC), weeks=20))

    assert home.began_at.weekday() == 0
    assert (home.began_at - datetime(2012, 1, 2, tzinfo=UTC)) % WEEK == timedelta()


def test_a_long_record_is_lived_in_its_own_season() -> None:
    home = RecordedHousehold.living_at(NOW, a_series(began_at=datetime(2012, 1, 2, tzinfo=UTC), weeks=150))

    recorded_at = datetime(2012, 1, 2, tzinfo=UTC) + place_at(home, NOW) * HOUR

    assert abs(recorded_at.timetuple().tm_yday - NOW.timetuple().tm_yday) <= 4


@pytest.mark.parametrize("weeks", [6, 7, 8, 52])
def test_five_recorded_weeks_lie_before_now_where_the_record_has_them(weeks: int) -> None:
    home = RecordedHousehold.living_at(NOW, a_series(began_at=datetime(2012, 1, 2, tzinfo=UTC), weeks=weeks))

    assert place_at(home, NOW) >= 35 * 24
    assert place_at(home, NOW - 35 * DAY) == place_at(home, NOW) - 35 * 24


def test_a_story_that_outlives_its_record_lives_it_again() -> None:
    home = RecordedHousehold.living_at(NOW, a_series(began_at=datetime(2012, 1, 2, tzinfo=UTC), weeks=1))

    assert place_at(home, NOW) == place_at(home, NOW + WEEK) == place_at(home, NOW - 5 * WEEK)
    assert home.energy_wh_between(NOW - WEEK, NOW) == home.energy_wh_between(NOW, NOW + WEEK) == sum(range(168))


def test_weeks_that_were_not_recorded_are_not_lived_if_there_are_better() -> None:
    series = a_series(began_at=datetime(2012, 1, 2, tzinfo=UTC), weeks=104)
    gap = range(35 * 168, 50 * 168)
    home = RecordedHousehold.living_at(NOW, a_series(began_at=series.began_at, weeks=104, filled_slots=tuple(gap)))

    lived = {place_at(home, NOW - back * HOUR) for back in range(35 * 24)}

    assert not lived & set(gap)


def test_what_is_given_back_is_no_energy_taken() -> None:
    series = Series(
        began_at=NOW, cadence_s=3_600 * 84, joules=(3_600, -7_200), column="kwh", rows=2, duplicates=0, filled_slots=()
    )
    home = RecordedHousehold(series, began_at=NOW)

    assert home.energy_wh_between(NOW, NOW + WEEK) == 1
    assert home.exported_wh_between(NOW, NOW + WEEK) == 2
    assert home.power_w(NOW + 4 * DAY) < 0 < home.power_w(NOW)


@settings(max_examples=20)
@given(minutes=st.lists(st.integers(-50_000, 50_000), min_size=3, max_size=3).map(sorted))
def test_parts_of_a_record_add_up_across_its_seams(minutes: list[int]) -> None:
    start, middle, end = (NOW + timedelta(minutes=minute) for minute in minutes)
    home = RecordedHousehold(a_series(began_at=NOW, weeks=1), began_at=NOW)

    parts_wh = home.energy_wh_between(start, middle) + home.energy_wh_between(middle, end)

    assert parts_wh == pytest.approx(home.energy_wh_between(start, end), abs=1e-6)


def test_without_a_file_a_home_is_generated() -> None:
    home = open_household(None, seed=1, zone=UTC, now=NOW)

    assert isinstance(home, GeneratedHousehold)
    assert home.exported_wh_between(NOW - WEEK, NOW) == 0


def test_with_a_file_the_recorded_home_is_lived(tmp_path: Path) -> None:
    rows = [f"{NOW + place * HOUR:%Y-%m-%dT%H:%M},0.5" for place in range(7 * 24)]
    (tmp_path / "home.csv").write_text("\n".join(["timestamp,kwh", *rows]))

    home = open_household(tmp_path / "home.csv", seed=1, zone=UTC, now=NOW)

    assert home.power_w(NOW) == 500


def test_a_time_zone_nobody_knows_is_refused() -> None:
    with pytest.raises(InputRefused, match="Mars"):
        zone_named("Mars/Olympus")


def real_homes() -> list[Path]:
    """Every recorded load among the data, told by its columns; none without the data."""
    folder = Path(os.environ.get("LAMPLIGHT_DATA", "nowhere"), "load")
    return [path for path in sorted(folder.glob("*.csv.gz")) if FITTING.search(header_of(path))]


def header_of(path: Path) -> str:
    with gzip.open(path, "rt") as file:
        return file.readline().strip()


@pytest.mark.skipif(not os.environ.get("LAMPLIGHT_DATA"), reason="LAMPLIGHT_DATA is unset: no real homes to read")
@pytest.mark.parametrize("path", real_homes(), ids=lambda path: path.name)
def test_a_real_home_lives_now(path: Path) -> None:
    home = open_household(path, seed=1, zone=UTC, now=NOW)

    hours_wh = [home.energy_wh_between(NOW - (back + 1) * HOUR, NOW - back * HOUR) for back in range(35 * 24)]

    assert 1_000 < sum(hours_wh) / 35 < 100_000
    assert len({round(energy_wh) for energy_wh in hours_wh}) > 100
