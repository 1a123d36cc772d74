"""A running bill is told as a range, and not at all where a range would help nobody."""

from datetime import date, timedelta
from math import cos, pi
from random import Random

import pytest

from cloud.billing.projection import PRIOR_SHARE, NoProjection, Projection, WhyNoProjection, is_alarming, project
from cloud.billing.tariff import BillingPeriod
from cloud.kernel.money import Currency, Money

FIRST = date(2026, 7, 1)
CYCLE = BillingPeriod(first_day=FIRST, last_day=FIRST + timedelta(days=29))


def home(*, days, use=lambda day: 10_000, noise_wh=1_500, seed=5):
    """The use of so many days before the cycle and all of it, by `use(day)` give or take."""
    random = Random(seed)
    known = [FIRST + timedelta(days=at) for at in range(-days, 30)]
    return {day: max(0, round(use(day) + random.uniform(-noise_wh, noise_wh))) for day in known}


def eur(minor):
    return Money(minor, Currency.EUR)


def at_day(number, use_wh, temperatures=None):
    today = FIRST + timedelta(days=number)
    return project(use_wh, temperatures or {}, CYCLE, today, lambda more_wh: eur(500 + more_wh // 100))


def summed(use_wh, first, last):
    return sum(use_wh[FIRST + timedelta(days=at)] for at in range(first, last))


@pytest.mark.parametrize(("number", "why"), [(6, WhyNoProjection.TOO_EARLY), (26, WhyNoProjection.TOO_LATE)])
def test_nothing_is_said_too_early_nor_too_late(number, why):
    assert at_day(number, home(days=100)) == NoProjection(why=why)


@pytest.mark.parametrize("number", [7, 25])
def test_the_first_and_the_last_day_of_saying_something_are_within(number):
    assert isinstance(at_day(number, home(days=100)), Projection)


def test_days_are_counted_by_the_length_of_the_cycle():
    cycle = BillingPeriod(first_day=FIRST, last_day=FIRST + timedelta(days=59))

    found = project(home(days=100), {}, cycle, FIRST + timedelta(days=13), eur)

    assert found == NoProjection(why=WhyNoProjection.TOO_EARLY)


def test_one_day_in_ten_may_be_unread_and_no_more():
    use = home(days=100)
    del use[FIRST + timedelta(days=2)]

    assert isinstance(at_day(10, use), Projection)
    del use[FIRST + timedelta(days=3)]
    assert at_day(10, use) == NoProjection(why=WhyNoProjection.DAYS_MISSING)


def test_an_unread_day_is_projected_and_not_taken_for_zero():
    use = home(days=100, noise_wh=0)
    del use[FIRST + timedelta(days=2)]

    assert at_day(10, use).rest_wh[1] == 21 * 10_000


def test_a_steady_home_goes_on_as_it_did():
    use = home(days=120)

    found = at_day(15, use)

    assert found.used_wh == summed(use, 0, 15)
    assert found.rest_wh[1] == pytest.approx(15 * 10_000, rel=0.08)
    assert found.low < found.likely < found.high
    assert found.days_left == 15


def test_the_range_comes_from_how_the_home_strayed_before():
    steady, restless = home(days=160, noise_wh=200), home(days=160, noise_wh=9_000)

    narrow, wide = (at_day(15, use).rest_wh for use in (steady, restless))

    assert narrow[2] - narrow[0] < 0.1 * narrow[1]
    assert wide[2] - wide[0] > 3 * (narrow[2] - narrow[0])


def test_a_home_nobody_knows_has_the_stated_range():
    found = at_day(10, home(days=0, noise_wh=0))

    assert found.earlier_cycles == 0
    assert found.rest_wh == tuple(round(200_000 * factor) for factor in (1 - PRIOR_SHARE, 1, 1 + PRIOR_SHARE))


def test_a_heater_that_never_rests_is_soon_taken_into_account():
    broken_since = FIRST + timedelta(days=17)
    use = home(days=400, use=lambda day: 34_000 if day >= broken_since else 10_000)

    found = at_day(22, use)

    assert found.rest_wh[1] > 8 * 14_000


def test_last_years_course_is_followed_at_todays_level():
    def season(day):
        return 8_000 + 300 * max(0, (day - date(day.year, 7, 10)).days) * (day.month == 7)

    use = home(days=400, use=season, noise_wh=100)

    found = at_day(10, use)

    level_alone, truth = 20 * 8_000, summed(use, 10, 30)
    assert abs(found.rest_wh[1] - truth) < 0.6 * abs(level_alone - truth)


def test_weather_that_is_known_is_used():
    days = [FIRST + timedelta(days=at) for at in range(-370, 30)]
    temperatures = {day: 14 - 9 * cos(2 * pi * (day - FIRST).days / 365) for day in days}
    temperatures |= {FIRST + timedelta(days=at): -10.0 for at in range(10, 30)}  # a cold spell is forecast
    use = home(days=370, use=lambda day: 6_000 + 1_000 * max(0, 16 - temperatures[day]), noise_wh=300)

    found = at_day(10, use, temperatures)

    assert found.rest_wh[1] == pytest.approx(summed(use, 10, 30), rel=0.05)
    assert found.earlier_cycles >= 8


def test_what_is_not_yet_known_is_not_looked_at():
    use = home(days=200)
    until_today = {day: wh for day, wh in use.items() if day < FIRST + timedelta(days=12)}

    assert at_day(12, use) == at_day(12, until_today)


def test_a_day_outside_of_the_cycle_has_no_projection():
    with pytest.raises(ValueError, match="not in the cycle"):
        at_day(30, home(days=10))


def told(low):
    return Projection(
        low=eur(low),
        likely=eur(low + 500),
        high=eur(low + 900),
        used_wh=1,
        rest_wh=(1, 2, 3),
        days_left=9,
        earlier_cycles=0,
    )


@pytest.mark.parametrize(
    ("low", "usual", "line", "alarms"),
    [
        (13_000, 10_000, None, False),
        (13_001, 10_000, None, True),
        (13_001, 10_000, 15_000, False),
        (15_001, 10_000, 15_000, True),
        (3_000, 2_000, None, False),  # half as much again, and still only ten euros
        (3_001, 2_000, None, True),
        (14, 10, 5, False),
    ],
)
def test_even_the_low_end_is_over_every_line_before_anybody_is_alarmed(low, usual, line, alarms):
    assert is_alarming(told(low), eur(usual), None if line is None else eur(line)) is alarms
