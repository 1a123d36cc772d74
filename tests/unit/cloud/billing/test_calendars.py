"""Which period an hour belongs to: by weekday, holiday and season."""

from datetime import date

import pytest

from cloud.billing.calendars import WORKDAYS, Calendar, Rule, Season
from cloud.billing.tariff import TariffRefused
from tests.unit.cloud.billing.tariffs import HEAD, VERSION, tariff

PEAK = Rule(period="P1", weekdays=WORKDAYS, on_holidays=False, hours=((600, 840),))
REST = Rule(period="P3")
CALENDAR = """
[calendar]
[[calendar.period]]
name = "summer"
seasons = ["06-15..09-30"]
[[calendar.period]]
name = "other"
"""


@pytest.mark.parametrize(
    ("day", "is_peak"),
    [
        (date(2026, 12, 24), True),  # a Thursday
        (date(2026, 12, 25), False),  # a holiday
        (date(2026, 12, 26), False),  # a Saturday
        (date(2026, 12, 28), True),
    ],
)
def test_a_peak_of_workdays_leaves_out_weekends_and_holidays(day: date, is_peak: bool) -> None:
    calendar = Calendar(rules=(PEAK, REST), holidays=frozenset({date(2026, 12, 25)}))

    plan = calendar.plan(day)

    assert (plan == ((0, "P3"), (600, "P1"), (840, "P3"))) is is_peak
    assert (plan == ((0, "P3"),)) is not is_peak


@pytest.mark.parametrize(
    ("day", "is_in"),
    [
        (date(2026, 11, 1), True),
        (date(2027, 2, 28), True),
        (date(2026, 10, 31), False),
        (date(2027, 3, 1), False),
    ],
)
def test_a_season_may_go_over_new_years_eve(day: date, is_in: bool) -> None:
    assert (day in Season(first=(11, 1), last=(2, 29))) is is_in


def test_an_earlier_rule_wins() -> None:
    calendar = Calendar(rules=(Rule(period="a", hours=((0, 120),)), Rule(period="b", hours=((60, 180),)), REST))

    assert calendar.plan(date(2026, 1, 1)) == ((0, "a"), (120, "b"), (180, "P3"))


@pytest.mark.parametrize("rules", [(), (PEAK,), (REST, PEAK)])
def test_hours_may_not_be_left_over(rules: tuple[Rule, ...]) -> None:
    with pytest.raises(ValueError, match="without conditions"):
        Calendar(rules=rules)


def test_a_season_is_read_from_a_file() -> None:
    found = tariff(CALENDAR, VERSION.replace("all = 0.2", "summer = 0.3, other = 0.2"))

    assert found.calendar.plan(date(2026, 6, 15)) == ((0, "summer"),)
    assert found.calendar.plan(date(2026, 6, 14)) == ((0, "other"),)


@pytest.mark.parametrize("season", ['"summer"', '"06-31"', '"13-01..14-01"', "3"])
def test_a_season_that_is_none_is_refused(season: str) -> None:
    with pytest.raises(TariffRefused, match=r"is no season|not everything in this list is a text"):
        tariff(CALENDAR.replace('"06-15..09-30"', season), VERSION, head=HEAD)
