"""Two programs that share nothing reckon one bill: the utility's, as it is played, and the cloud's, to the cent."""

from datetime import date, timedelta
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

import cloud.billing
from cloud.billing.rating import BillingPeriod, DayUse, bill
from cloud.billing.tariff_file import parse_tariff
from simulators.cis import prices

FILE = Path(cloud.billing.__file__).parent / "tariffs" / f"{prices.TARIFF}.toml"
TARIFF = parse_tariff(FILE.read_bytes(), FILE.name)
LAST = date(2028, 12, 31)


@given(
    first_day=st.dates(prices.FIRST_DAY, LAST - timedelta(days=45)),
    days=st.integers(1, 45),
    daily_wh=st.integers(0, 60_000),
    more_wh=st.lists(st.integers(0, 9_999), min_size=45, max_size=45),
)
@example(first_day=date(2027, 6, 16), days=30, daily_wh=12_345, more_wh=[7] * 45)  # the yearly readjustment
@example(first_day=date(2026, 4, 20), days=30, daily_wh=0, more_wh=[0] * 45)  # nothing used, and a flag that rises
def test_the_played_utility_and_the_cloud_reckon_the_same_bill(
    first_day: date, days: int, daily_wh: int, more_wh: list[int]
) -> None:
    use = {first_day + timedelta(days=at): daily_wh + more_wh[at] for at in range(days)}
    period = BillingPeriod(first_day=first_day, last_day=max(use), due_on=None)
    told = [DayUse(day=day, period=TARIFF.calendar.periods[0], energy_wh=wh) for day, wh in use.items()]

    ours = bill(TARIFF, told, period)

    assert prices.total_cents(use, period.first_day, period.last_day) == ours.total.minor
