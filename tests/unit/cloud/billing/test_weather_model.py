"""A home's use goes with its weather as far as its own past shows it, and no further."""

from math import cos, pi
from random import Random

import pytest

from cloud.billing.weather_model import ENOUGH_DAYS, CannotTell, Day, Slope, WeatherModel, WhyNot, fit


def year(use, *, days=365, mean_c=15.0, swing_k=13.0, noise_wh=900, seed=4):
    """Days of one year in which `use(temperature)` was taken, give or take."""
    random = Random(seed)
    found = []
    for number in range(days):
        temperature = mean_c - swing_k * cos(2 * pi * number / 365) + random.gauss(0, 3)
        found.append(Day(temperature, max(0, round(use(temperature) + random.gauss(0, noise_wh)))))
    return found


def heated(temperature):
    return 7_000 + 800 * max(0, 14 - temperature)


def cooled(temperature):
    return 5_000 + 1_500 * max(0, temperature - 21)


def test_a_heated_home_has_one_slope_that_begins_where_its_heating_does():
    model = fit(year(heated))

    assert isinstance(model, WeatherModel)
    assert model.cooling.wh_per_k == 0
    assert model.heating.wh_per_k == pytest.approx(800, rel=0.05)
    assert model.heating.begins_c == pytest.approx(14, abs=1)


def test_a_cooled_home_has_the_other_slope():
    model = fit(year(cooled))

    assert model.heating.wh_per_k == 0
    assert model.cooling.wh_per_k == pytest.approx(1_500, rel=0.08)


def test_a_home_that_heats_and_cools_has_both():
    model = fit(year(lambda t: heated(t) + cooled(t), noise_wh=500))

    assert model.weather_wh(0) == pytest.approx(800 * 14, rel=0.08)
    assert model.weather_wh(17.5) < 600
    assert model.weather_wh(31) == pytest.approx(1_500 * 10, rel=0.08)


def test_the_order_of_the_days_does_not_matter():
    days = year(heated)

    assert fit(days) == fit(reversed(days))


def test_one_day_short_of_nine_months_is_too_little():
    days = year(heated, days=ENOUGH_DAYS)

    assert isinstance(fit(days), WeatherModel)
    assert fit(days[1:]) == CannotTell(why=WhyNot.TOO_LITTLE_HISTORY)


@pytest.mark.parametrize("use", [lambda _t: 9_000, lambda t: 9_000 + (t * 7_919 % 1) * 4_000])
def test_a_home_that_does_not_mind_the_weather_is_not_explained_by_it(use):
    assert fit(year(use)) == CannotTell(why=WhyNot.WEATHER_EXPLAINS_LITTLE)


def test_a_home_nobody_used_is_not_explained_either():
    assert fit(year(lambda _t: 0, noise_wh=0)) == CannotTell(why=WhyNot.WEATHER_EXPLAINS_LITTLE)


def test_a_place_without_seasons_has_no_room_for_a_slope():
    assert isinstance(fit([Day(20.0, 9_000 + number % 7) for number in range(365)]), CannotTell)


def test_a_few_hot_days_beyond_a_balance_point_carry_no_slope():
    mild = [Day(15.0, 8_000)] * 360

    assert isinstance(fit([*mild, *[Day(38.0, 60_000)] * 9]), CannotTell)
    assert isinstance(fit([*mild, *[Day(38.0, 60_000)] * 10]), WeatherModel)


def test_a_home_without_noise_is_fitted_exactly():
    model = fit([Day(float(number % 30), 2_000 + 500 * max(0, 10 - number % 30)) for number in range(300)])

    assert model.r2 == pytest.approx(1)
    assert model.heating == Slope(wh_per_k=pytest.approx(500), begins_c=pytest.approx(10))
    assert model.base_wh == pytest.approx(2_000)
