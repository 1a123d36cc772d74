"""What a bill comes to, charge by charge and tax by tax."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from cloud.billing.charges import LineKind
from cloud.billing.day_use import DayPeak, DayUse, ReadingsRefused
from cloud.billing.rating import BillingPeriod, BillLine, bill, rounded
from cloud.billing.tariff import RateMissing, Tariff
from cloud.kernel.money import Currency, Money
from runtime.errors import InputRefused
from tests.unit.cloud.billing.tariffs import ENERGY, JUNE, VERSION, charging, evenly, tariff

TIERS = "[{ up_to_kwh = 100, rate = 0.1 }, { up_to_kwh = 200, rate = 0.2 }, { rate = 0.4 }]"


def lines(of: Tariff, kwh_a_day: int = 10, period: BillingPeriod = JUNE) -> dict[str, BillLine]:
    """The last line of each component."""
    return {line.component: line for line in bill(of, evenly(kwh_a_day, period), period).lines}


def tiered(more: str = "") -> Tariff:
    return tariff(VERSION.replace("0.2", TIERS) + more)


def parts(of: Tariff, kwh_a_day: int) -> list[str]:
    return [f"{line.quantity.normalize():f}" for line in bill(of, evenly(kwh_a_day), JUNE).lines]


def test_energy_is_its_kwh_times_its_rate() -> None:
    made = bill(tariff(), evenly(10), JUNE)

    assert [(line.quantity, line.rate, line.amount) for line in made.lines] == [
        (Decimal(300), Decimal("0.2"), Money(6000, Currency.EUR))
    ]
    assert made.total == Money(6000, Currency.EUR)


def test_half_a_cent_is_rounded_up() -> None:
    use = [DayUse(day=JUNE.first_day, period="all", energy_wh=25)]

    made = bill(tariff(), use, JUNE)

    assert made.total == Money(1, Currency.EUR)


@pytest.mark.parametrize(("exact", "cents"), [("1/200", 1), ("-1/200", -1), ("49/10000", 0), ("0", 0), ("3/2", 150)])
def test_money_is_rounded_half_away_from_zero(exact: str, cents: int) -> None:
    assert rounded(Fraction(exact), Currency.EUR).minor == cents


@pytest.mark.parametrize(
    ("kwh_a_day", "expected"), [(3, ["90"]), (5, ["100", "50"]), (10, ["100", "100", "100"]), (0, [])]
)
def test_tiers_are_filled_from_the_lowest(kwh_a_day: int, expected: list[str]) -> None:
    assert parts(tiered(), kwh_a_day) == expected


def test_tiers_by_day_are_an_allowance_for_the_days() -> None:
    assert parts(tiered('limits = "day"\n'), 150) == ["3000", "1500"]


def test_periods_that_pool_their_tiers_share_each_by_what_they_used() -> None:
    calendar = '[calendar]\n[[calendar.period]]\nname = "P1"\ndays = "workdays"\n[[calendar.period]]\nname = "P2"\n'
    both = VERSION.replace("all = 0.2", f"P1 = {TIERS}, P2 = {TIERS}")
    use = [DayUse(day=JUNE.first_day, period=name, energy_wh=wh) for name, wh in (("P1", 90_000), ("P2", 30_000))]

    alone = bill(tariff(calendar, both), use, JUNE)
    pooled = bill(tariff(calendar, both, "pooled = true\n"), use, JUNE)

    assert [(line.period, line.quantity) for line in alone.lines] == [("P1", 90), ("P2", 30)]
    assert [(line.period, line.quantity) for line in pooled.lines] == [("P1", 75), ("P1", 15), ("P2", 25), ("P2", 5)]
    assert pooled.total == Money(1400, Currency.EUR)


@pytest.mark.parametrize(
    ("charge", "cents"),
    [
        ('amount = 0.5\nper = "day"', 1500),
        ('amount = 12\nper = "month"', 1200),
        ('amount = 12\nper = "month"\nproration = "actual/365"', 1184),
        ('amount = 12\nper = "month"\nproration = "30-day"', 1200),
        ('amount = 120\nper = "year"', 1000),
        ('amount = 120\nper = "year"\nproration = "actual/365"', 986),
    ],
)
def test_a_fixed_amount_is_prorated_as_the_tariff_says(charge: str, cents: int) -> None:
    found = lines(charging(f'kind = "fixed"\nname = "supply"\n{charge}'))

    assert found["supply"].amount.minor == cents


def test_power_is_charged_for_the_contracted_kw_and_refused_without() -> None:
    power = charging('kind = "power"\nname = "power"\nrate_kw_year = 36.5')

    found = lines(replace(power, contracted_kw=Decimal("4.6")))

    assert found["power"].amount.minor == 1380
    with pytest.raises(InputRefused, match="contracted power, and none is known"):
        bill(power, evenly(1), JUNE)


def test_a_flag_is_added_to_each_kwh_of_its_month() -> None:
    flag = charging('kind = "adder"\nname = "flag"\nper = "MWh"\nmonths = { 2026-06 = 50, 2026-07 = 100 }')
    period = BillingPeriod(first_day=date(2026, 6, 21), last_day=date(2026, 7, 10))

    made = bill(flag, evenly(10, period), period)

    flags = [(line.first_day, line.quantity, line.amount.minor) for line in made.lines if line.component == "flag"]
    assert flags == [(date(2026, 6, 21), 100, 500), (date(2026, 7, 1), 100, 1000)]


def test_a_month_whose_flag_is_not_known_is_an_error_and_not_the_month_before() -> None:
    flag = charging('kind = "adder"\nname = "flag"\nmonths = { 2026-05 = 50 }')

    with pytest.raises(RateMissing, match="flag has no rate for 2026-06-01"):
        bill(flag, evenly(1), JUNE)


def test_a_price_of_the_hour_is_refused_without_the_prices() -> None:
    pvpc = charging('kind = "hourly energy"\nname = "pool"\npublished_by = "the operator"')

    with pytest.raises(RateMissing, match="a price for every hour, published by the operator"):
        bill(pvpc, evenly(1), JUNE)


def test_a_minimum_adds_what_the_charges_lack() -> None:
    least = charging('kind = "minimum"\nname = "least"\namount = 20\nper = "month"\nbase = ["energy"]')

    assert lines(least, kwh_a_day=1)["least"].amount.minor == 1400
    assert "least" not in lines(least, kwh_a_day=4)


def test_a_minimum_of_kwh_is_charged_as_kwh() -> None:
    made = bill(tariff(VERSION + "minimum_kwh = 50\n"), evenly(1), JUNE)

    assert [(line.kind, line.quantity) for line in made.lines] == [(LineKind.ENERGY, 30), (LineKind.MINIMUM, 20)]
    assert made.total == Money(1000, Currency.EUR)


def test_demand_is_the_highest_power_and_refused_where_nobody_knows_it() -> None:
    demand = charging('kind = "demand"\nname = "peak"\nrate_kw = 4')
    peaks = [DayPeak(day=date(2026, 6, day), charge="peak", power_w=Decimal(2_000 + day)) for day in (3, 4)]

    made = bill(demand, evenly(1), JUNE, peaks=peaks)

    assert made.lines[-1].amount.minor == 802
    with pytest.raises(InputRefused, match="highest power, and it is not known"):
        bill(demand, evenly(1), JUNE)


def two_versions(second: str, *, first: str = "") -> Tariff:
    until = VERSION.replace("2026-12-31", "2026-06-20")
    return tariff(until, first, VERSION.replace("2026-01-01", "2026-06-21").replace(ENERGY, second))


def test_a_change_of_version_rates_each_day_by_its_own() -> None:
    use = [DayUse(day=date(2026, 6, day), period="all", energy_wh=1000 * day) for day in range(1, 31)]

    made = bill(two_versions(ENERGY.replace("0.2", "0.3")), use, JUNE)

    assert [(line.last_day.day, line.quantity, line.amount.minor) for line in made.lines] == [
        (20, 210, 4200),
        (30, 255, 7650),
    ]


def test_a_charge_that_two_versions_share_stays_one_line() -> None:
    other = '[[version.charge]]\nkind = "fixed"\nname = "new"\namount = 3\nper = "month"\n'

    made = bill(two_versions(ENERGY + other), evenly(1), JUNE)

    assert [(line.component, line.first_day.day, line.amount.minor) for line in made.lines] == [
        ("energy", 1, 600),
        ("new", 21, 100),
    ]


def test_tiers_of_part_of_a_period_are_part_as_large() -> None:
    def used(version: str) -> Tariff:
        return two_versions(version.replace("0.2", "[{ up_to_kwh = 90, rate = 0.3 }, { rate = 0.4 }]"))

    made = bill(used(ENERGY), evenly(10), JUNE)

    assert [line.quantity for line in made.lines] == [200, 30, 70]


def vat(rates: str, *, rule: str = "consumption", base: str = '["energy"]', name: str = "VAT", more: str = "") -> str:
    head = f'\n[[tax]]\nname = "{name}"\nmethod = "outside"\nbase = {base}\ndate_rule = "{rule}"\n'
    return f"{head}rates = [{rates}]\n{more}"


OLD_AND_NEW = (
    "{ first_day = 2026-01-01, last_day = 2026-06-10, percent = 10 }, { first_day = 2026-06-11, percent = 20 }"
)


def test_a_tax_by_consumption_changes_on_its_day() -> None:
    made = bill(tariff(VERSION, vat(OLD_AND_NEW)), evenly(10), JUNE)

    assert [(line.component, line.quantity, line.amount.minor) for line in made.lines] == [
        ("energy", 100, 2000),
        ("energy", 200, 4000),
        ("VAT", 20, 200),
        ("VAT", 40, 800),
    ]


def test_a_tax_by_the_due_day_takes_the_rate_of_that_day_for_all() -> None:
    due = tariff(VERSION, vat(OLD_AND_NEW, rule="due"))

    made = bill(due, evenly(10), replace(JUNE, due_on=date(2026, 7, 5)))

    assert [line.amount.minor for line in made.lines] == [6000, 1200]
    with pytest.raises(InputRefused, match="the day the bill falls due, which is not known"):
        bill(due, evenly(10), JUNE)


def test_a_tax_without_a_rate_for_the_day_is_an_error() -> None:
    with pytest.raises(RateMissing, match="the tax VAT has no rate for 2026-06-11"):
        bill(tariff(VERSION, vat(OLD_AND_NEW.partition("},")[0] + "}")), evenly(1), JUNE)


def test_a_tax_can_be_reckoned_on_another_and_cuts_it_where_it_changes() -> None:
    duty = vat("{ first_day = 2026-01-01, percent = 5 }", name="duty")
    made = bill(tariff(VERSION, duty, vat(OLD_AND_NEW, base='["energy", "duty"]')), evenly(10), JUNE)

    assert [line.amount.minor for line in made.lines] == [2000, 4000, 100, 200, 210, 840]


def test_a_tax_is_never_less_than_its_floor() -> None:
    floored = tariff(VERSION, vat("{ first_day = 2026-01-01, percent = 0.4 }", more="floor_mwh = 1\n"))

    found = lines(floored)["VAT"]

    assert (found.unit, found.quantity, found.amount.minor) == ("MWh", Decimal("0.3"), 30)


def test_a_tax_for_each_kwh_has_no_other_base() -> None:
    excise = (
        '\n[[tax]]\nname = "excise"\nmethod = "per_kwh"\ndate_rule = "consumption"\n'
        "rates = [{ first_day = 2026-01-01, amount_kwh = 0.03 }]\n"
    )

    assert lines(tariff(VERSION, excise))["excise"].amount.minor == 900


def inside(name: str, rate: str, net_of: str = "[]") -> str:
    return (
        f'\n[[tax]]\nname = "{name}"\nmethod = "inside"\nbase = ["energy"]\nnet_of = {net_of}\n'
        f'date_rule = "consumption"\nrates = [{{ first_day = 2026-01-01, {rate} }}]\n'
    )


def test_taxes_inside_are_in_the_price_and_not_added_again() -> None:
    made = bill(
        tariff(VERSION, inside("ICMS", "percent = 20"), inside("PIS", "percent = 5", '["ICMS"]')), evenly(10), JUNE
    )

    assert [(line.component, line.amount.minor, line.is_included) for line in made.lines] == [
        ("energy", 7895, False),  # 60 / (0.80 x 0.95)
        ("ICMS", 1579, True),
        ("PIS", 316, True),
    ]
    assert made.total.minor == 7895


def test_without_net_of_every_tax_inside_is_reckoned_on_the_whole_price() -> None:
    made = bill(tariff(VERSION, inside("ICMS", "percent = 20"), inside("PIS", "percent = 5")), evenly(10), JUNE)

    assert made.total.minor == 8000  # 60 / (1 - 0.25)


def test_bands_of_a_tax_inside_cut_the_kwh_of_the_bill() -> None:
    bands = "bands = [{ up_to_kwh = 100, percent = 0 }, { percent = 20 }]"

    made = bill(tariff(VERSION, inside("ICMS", bands)), evenly(10), JUNE)

    assert [(line.component, line.quantity, line.amount.minor) for line in made.lines] == [
        ("energy", 100, 2000),
        ("energy", 200, 5000),
        ("ICMS", 20, 0),
        ("ICMS", 50, 1000),
    ]


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (DayUse(day=date(2026, 7, 1), period="all", energy_wh=1), "not of this bill"),
        (DayUse(day=date(2026, 6, 1), period="P1", energy_wh=1), "'P1' is no period of the tariff flat"),
    ],
)
def test_energy_of_another_bill_or_another_tariff_is_refused(use: DayUse, said: str) -> None:
    with pytest.raises(ReadingsRefused, match=said):
        bill(tariff(), [use], JUNE)


@pytest.mark.parametrize(
    ("first", "last"), [("2026-01-01", "2029-01-05"), ("0001-01-01", "0001-01-02"), ("9999-12-01", "9999-12-31")]
)
def test_a_period_that_no_bill_is_for_is_refused(first: str, last: str) -> None:
    with pytest.raises(InputRefused, match="no bill is for"):
        BillingPeriod(first_day=date.fromisoformat(first), last_day=date.fromisoformat(last))


def test_a_minimum_that_changes_looks_at_the_charges_of_its_own_days() -> None:
    def least(amount: int) -> str:
        head = '[[version.charge]]\nkind = "minimum"\nname = "least"\nper = "month"\nbase = ["energy"]\n'
        return f"{head}amount = {amount}\n"

    made = bill(two_versions(ENERGY + least(36), first=least(30)), evenly(5), JUNE)

    assert [(line.component, line.first_day.day, line.amount.minor) for line in made.lines] == [
        ("energy", 1, 2000),
        ("energy", 21, 1000),
        ("least", 21, 200),
    ]


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InputRefused, match="before it begins"):
        BillingPeriod(first_day=date(2026, 6, 2), last_day=date(2026, 6, 1))
