"""The page about bills: its tariff can be read, and it names every kind of charge."""

import re
from datetime import date
from pathlib import Path

from cloud.billing import charge_tables
from cloud.billing.rating import BillingPeriod, DayUse, bill
from cloud.billing.tariff_file import parse_tariff

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "bills.md").read_text(encoding="utf-8")


def test_the_smallest_tariff_bills() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    period = BillingPeriod(first_day=date(2026, 6, 1), last_day=date(2026, 6, 30))

    made = bill(
        parse_tariff(text.encode(), "page"), [DayUse(day=period.first_day, period="all", energy_wh=1000)], period
    )

    assert made.total.minor == 24


def test_every_kind_of_charge_is_named() -> None:
    assert set(re.findall(r"^\| `([a-z ]+)` \|", PAGE, re.MULTILINE)) == set(charge_tables.KINDS)
