"""Bills of a dated tariff are explained by what changed on them: a flag, a version, a tax, the days or the home."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.billing.dated_terms import RateOfTariff, side_of
from cloud.billing.explanation import Caveat, Factor, explain
from cloud.billing.rating import DayUse, bill
from cloud.billing.tariff import BillingPeriod
from cloud.billing.tariff_file import parse_tariff
from cloud.kernel.money import Currency, Money, total
from runtime.errors import InputRefused

TARIFF = b"""
id = "made-up"
title = "Made up"
currency = "EUR"
zone = "Europe/Madrid"
sources = ["invented"]

[[calendar.period]]
name = "peak"
hours = ["18:00-22:00"]
[[calendar.period]]
name = "rest"

[[version]]
first_day = 2026-01-01
last_day = 2026-04-14
[[version.charge]]
kind = "energy"
name = "energy"
rates = { peak = 0.30, rest = 0.15 }
[[version.charge]]
kind = "adder"
name = "flag"
per = "kWh"
months = { 2026-01 = 0.00, 2026-02 = 0.00, 2026-03 = 0.05, 2026-04 = 0.05 }
[[version.charge]]
kind = "fixed"
name = "supply"
amount = 10
per = "month"

[[version]]
first_day = 2026-04-15
last_day = 2026-12-31
[[version.charge]]
kind = "energy"
name = "energy"
rates = { peak = 0.40, rest = 0.20 }
[[version.charge]]
kind = "adder"
name = "flag"
per = "kWh"
months = { 2026-04 = 0.05, 2026-05 = 0.05 }
[[version.charge]]
kind = "fixed"
name = "supply"
amount = 10
per = "month"

[[tax]]
name = "VAT"
method = "outside"
base = ["energy", "flag", "supply"]
date_rule = "due"
rates = [{ first_day = 2026-01-01, last_day = 2026-03-31, percent = 10 }, { first_day = 2026-04-01, percent = 21 }]
"""
MADE_UP = parse_tariff(TARIFF, "made-up.toml")
MILD = {date(2026, 1, 1) + timedelta(days=at): 20.0 for at in range(365)}


def month(number, *, days=28, due_in=3):
    first = date(2026, number, 1)
    return BillingPeriod(first_day=first, last_day=first + timedelta(days=days - 1), due_on=date(2026, due_in, 9))


def use(period, *, peak_wh=2_000, rest_wh=6_000):
    """The same on every day."""
    days = [period.first_day + timedelta(days=at) for at in range(period.days)]
    return [
        DayUse(day=day, period=name, energy_wh=wh)
        for day in days
        for name, wh in [("peak", peak_wh), ("rest", rest_wh)]
    ]


def side(period, **of_use):
    return side_of(MADE_UP, use(period, **of_use), period, MILD)


def explained(previous, current):
    told = explain(previous, current, RateOfTariff(MADE_UP), [])
    assert total(told.parts.values(), Currency.EUR) == told.change
    return {str(factor): part.minor for factor, part in told.parts.items() if part.minor}


def test_two_months_alike_differ_in_nothing():
    assert explained(side(month(1)), side(month(2))) == {}


def test_a_flag_is_a_price():
    assert explained(side(month(2)), side(month(3))) == {"price": round(28 * 8 * 5 * 1.1)}


def test_the_day_it_falls_due_is_a_tax():
    parts = explained(side(month(1)), side(month(2, due_in=4)))

    assert set(parts) == {"tax"}


def test_more_days_are_days_though_the_supply_is_paid_by_the_month():
    assert explained(side(month(1)), side(month(1, days=31))) == {"days": round(3 * (2 * 30 + 6 * 15) * 1.1)}


def test_a_shift_into_the_peak_is_time_of_use():
    parts = explained(side(month(1)), side(month(2), peak_wh=5_000, rest_wh=3_000))

    assert parts == {"time_of_use": round(28 * 3 * 15 * 1.1)}


def test_a_version_that_begins_within_the_month_counts_for_its_days():
    whole, half = side(month(3)), side(month(4))

    assert set(explained(whole, half)) == {"price"}
    assert explained(whole, half)["price"] == pytest.approx(28 * 8 * 5 / 2 * 1.1 * 1.25, rel=0.01)


def test_the_same_prices_in_another_version_are_no_cause():
    assert side(month(1)).price == side(month(2)).price != side(month(3)).price


@settings(max_examples=25)
@given(
    previous=st.tuples(st.integers(1, 5), st.integers(20, 28), st.integers(0, 20_000), st.integers(0, 20_000)),
    current=st.tuples(st.integers(1, 5), st.integers(20, 28), st.integers(0, 20_000), st.integers(0, 20_000)),
)
def test_the_parts_make_up_any_change_and_a_bill_is_itself(previous, current):
    sides = [
        side(month(number, days=days), peak_wh=peak, rest_wh=rest) for number, days, peak, rest in (previous, current)
    ]

    explained(*sides)

    for each in sides:
        assert abs((RateOfTariff(MADE_UP)(each.terms) - each.reckoned).minor) <= 2


def test_a_straddling_month_used_unevenly_is_reckoned_by_its_days():
    april = month(4)
    uneven = [DayUse(day=april.last_day, period="rest", energy_wh=224_000)]
    one = side_of(MADE_UP, uneven, april, MILD)

    told = explain(side(month(3)), one, RateOfTariff(MADE_UP), [])

    assert one.stated == bill(MADE_UP, uneven, april).total
    assert told.parts[Factor.EVENT].minor == 0
    assert Caveat.UTILITY_RECKONS_OTHERWISE not in told.caveats


def test_a_credit_is_an_event():
    period = month(2)
    credited = side_of(MADE_UP, use(period), period, MILD, event=Money(-500, Currency.EUR))

    assert explained(side(month(1)), credited) == {"event": -500}


def test_a_demand_charge_is_refused():
    demand = b"""[[version.charge]]
kind = "demand"
name = "power"
rate_kw = 4
"""
    tariff = parse_tariff(TARIFF.replace(b"[[tax]]", demand + b"[[tax]]"), "made-up.toml")

    with pytest.raises(InputRefused, match="demand"):
        side_of(tariff, [], month(1), MILD)


def test_terms_of_a_document_are_not_of_a_tariff():
    with pytest.raises(TypeError):
        RateOfTariff(MADE_UP)(replace(side(month(1)).terms, price="A"))
