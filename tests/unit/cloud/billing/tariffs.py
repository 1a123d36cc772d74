"""Small tariffs for tests, as the text of their files."""

from datetime import date, timedelta

from cloud.billing.rating import BillingPeriod, DayUse
from cloud.billing.tariff import Tariff
from cloud.billing.tariff_file import parse_tariff

HEAD = """
id = "flat"
title = "Flat"
currency = "EUR"
zone = "Europe/Madrid"
"""
ENERGY = """
[[version.charge]]
kind = "energy"
name = "energy"
rates = { all = 0.2 }
"""
VERSION = f"""
[[version]]
first_day = 2026-01-01
last_day = 2026-12-31
{ENERGY}
"""
JUNE = BillingPeriod(first_day=date(2026, 6, 1), last_day=date(2026, 6, 30))


def tariff(*parts: str, head: str = HEAD) -> Tariff:
    """The tariff of a file with these parts, or one version at 0.20 a kWh."""
    return parse_tariff((head + "".join(parts or (VERSION,))).encode(), "flat.toml")


def charging(*charges: str) -> Tariff:
    """The tariff of a year with energy at 0.20 a kWh, and these charges."""
    return tariff(VERSION, *(f"[[version.charge]]\n{each}\n" for each in charges))


def evenly(kwh_a_day: int, period: BillingPeriod = JUNE, name: str = "all") -> list[DayUse]:
    """As much on each day."""
    days = [period.first_day + timedelta(days=at) for at in range(period.days)]
    return [DayUse(day=day, period=name, energy_wh=kwh_a_day * 1000) for day in days]
