"""What a tariff's file may say, and in which words each fault is told."""

from datetime import date
from decimal import Decimal

import pytest

from cloud.billing.tariff import RateMissing, TariffRefused
from cloud.billing.tariff_file import parse_tariff
from tests.unit.cloud.billing.tariffs import ENERGY, HEAD, VERSION, charging, tariff

CALENDAR = """
[calendar]
holidays = [2026-12-25]
[[calendar.period]]
name = "P1"
days = "workdays"
holidays = false
hours = ["10:00-14:00"]
[[calendar.period]]
name = "P2"
"""
TAX = """
[[tax]]
name = "VAT"
method = "outside"
base = ["energy"]
date_rule = "consumption"
rates = [{ first_day = 2026-01-01, percent = 21 }]
"""
INSIDE = TAX.replace("outside", "inside").replace("21", "40")
ADDER = """
[[version.charge]]
kind = "adder"
name = "flag"
months = { 2026-06 = 1.5 }
"""
BANDS = "bands = [{ up_to_kwh = 100, percent = 12 }, { percent = 17 }]"


def version(first_day: str, last_day: str | None = None, charges: str = ENERGY) -> str:
    last = f"last_day = {last_day}\n" if last_day else ""
    return f"[[version]]\nfirst_day = {first_day}\n{last}{charges}"


def refusal(*parts: str, head: str = HEAD) -> str:
    with pytest.raises(TariffRefused) as refused:
        tariff(*parts, head=head)
    return str(refused.value)


def test_rates_are_read_exactly_as_they_are_written() -> None:
    found = tariff(version("2026-01-01", charges=ENERGY.replace("0.2", "0.10000000000000001")))

    (charge,) = found.version_on(date(2026, 5, 5)).charges
    assert charge.tiers[0][1][0].rate == Decimal("0.10000000000000001")  # type: ignore[union-attr]


def test_versions_may_stand_in_any_order() -> None:
    found = tariff(version("2026-07-01"), version("2026-01-01", "2026-06-30"))

    assert found.version_on(date(2026, 6, 30)).last_day == date(2026, 6, 30)
    assert found.version_on(date(2026, 7, 1)).last_day is None


def test_versions_that_overlap_by_one_day_are_refused() -> None:
    said = refusal(version("2026-01-01", "2026-07-01"), version("2026-07-01"))

    assert "two versions overlap" in said
    assert "flat.toml: version[2].first_day" in said


def test_a_version_after_one_without_end_overlaps_it() -> None:
    assert "the one before has no last day" in refusal(version("2026-01-01"), version("2026-07-01"))


def test_a_gap_between_versions_names_its_days() -> None:
    said = refusal(version("2026-01-01", "2026-05-31"), version("2026-07-01"))

    assert "nothing holds from 2026-06-01 to 2026-06-30" in said
    assert "overlap" not in said


def test_a_period_without_a_rate_is_refused_by_its_name() -> None:
    said = refusal(CALENDAR, version("2026-01-01", charges=ENERGY.replace("all", "P1")))

    assert "the rate of the period 'P2' is missing" in said


def test_a_version_in_another_currency_is_refused() -> None:
    said = refusal(VERSION.replace("last_day", 'currency = "USD"\nlast_day', 1))

    assert "the version is in USD, and the tariff in EUR" in said


@pytest.mark.parametrize("right", ["sources", "contracted_kw", "calendar"])
def test_a_misspelt_key_is_told_its_right_spelling(right: str) -> None:
    wrong = right[:-1] + "x"

    said = refusal(VERSION, head=f"{HEAD}{wrong} = 3\n")

    assert f"unknown key {wrong!r}" in said
    assert f"did you mean {right!r}?" in said


def test_a_misspelt_key_of_a_charge_is_told_its_right_spelling() -> None:
    said = refusal(version("2026-01-01", charges=ENERGY + "minimum_kw = 30\n"))

    assert "unknown key 'minimum_kw'" in said
    assert "did you mean 'minimum_kwh'?" in said


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("", "the tariff has no version"),
        (version("2026-01-01", charges=""), "the version charges nothing"),
        (version("2026-01-01", "2025-01-01"), "is before the first day"),
        (version("2026-01-01", charges=ENERGY + ENERGY), "a second charge is called 'energy'"),
        (version("2026-01-01", charges=ENERGY.replace('"energy"', '"enrgy"', 1)), "did you mean 'energy'?"),
        (version("2026-01-01", charges=ENERGY.replace("0.2", "inf")), "out of range"),
        (VERSION + TAX.replace('["energy"]', '["enrgy"]'), "did you mean 'energy'?"),
        (VERSION + TAX.replace("percent = 21", "amount_kwh = 21"), "the number is missing"),
        (VERSION + TAX + TAX, "'VAT' is the name of something else"),
        (VERSION + TAX.replace('base = ["energy"]\n', ""), "a tax in percent has a base"),
        (VERSION + TAX.replace("outside", "inside").replace("21", "50"), "less than half"),
        (VERSION + INSIDE + INSIDE.replace("VAT", "ICMS"), "leave less than a quarter of its price"),
        (VERSION + ADDER.replace("2026-06", "0000-06"), "this is no month"),
        (VERSION + ADDER.replace("1.5", "1e-999999"), "more than 30 decimals"),
        (VERSION + ADDER.replace("1.5", "1e999999999"), "out of range"),
        ("contracted_kw = -4\n" + VERSION, "is the power of no home"),
        (CALENDAR.replace("holidays = false", 'seasons = ["06-01..09-31"]') + VERSION, "no year has a 09-31"),
        (VERSION + TAX.replace("percent = 21", BANDS), "a band of kWh means nothing here"),
        (CALENDAR.replace('name = "P2"', 'name = "P2"\ndays = "weekends"'), "the last period has conditions"),
        (CALENDAR.replace("10:00-14:00", "14:00-10:00"), "no stretch of a day"),
        (CALENDAR.replace("2026-12-25", '"Xmas"'), "not everything in this list is a day"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(part: str, said: str) -> None:
    line = refusal(part)

    assert said in line
    assert "\n" not in line


def test_rates_of_a_tax_do_not_overlap_and_leave_no_gap() -> None:
    rate = "{{ first_day = {}, last_day = {}, percent = 21 }}"
    rates = TAX.replace("[{ first_day = 2026-01-01, percent = 21 }]", "[{}, {}]")
    first = rate.format("2026-01-01", "2026-03-31")

    overlap = refusal(VERSION, rates.format(first, rate.format("2026-03-31", "2026-12-31")))
    gap = refusal(VERSION, rates.format(first, rate.format("2026-04-02", "2026-12-31")))

    assert "two rates overlap" in overlap
    assert "nothing holds from 2026-04-01 to 2026-04-01" in gap


def test_one_name_is_one_kind_of_charge_in_every_version() -> None:
    fixed = '[[version.charge]]\nkind = "fixed"\nname = "energy"\namount = 3\nper = "month"\n'

    said = refusal(version("2026-01-01", "2026-06-30"), version("2026-07-01", charges=fixed))

    assert "another kind of charge in another version" in said


def test_tiers_rise_and_the_last_has_no_limit() -> None:
    tiers = "rates = { all = [{ up_to_kwh = 200, rate = 1 }, { up_to_kwh = 100, rate = 2 }, { rate = 3 }] }"

    falling = refusal(version("2026-01-01", charges=ENERGY.replace("rates = { all = 0.2 }", tiers)))
    ending = refusal(
        version("2026-01-01", charges=ENERGY.replace("0.2", "[{ up_to_kwh = 200, rate = 1 }]")),
    )

    assert "the tiers do not rise" in falling
    assert "the last tier has no up_to_kwh" in ending


def test_a_month_that_is_none_and_a_level_that_is_none_are_refused() -> None:
    flag = 'kind = "adder"\nname = "flag"\nlevels = {{ green = 0 }}\nmonths = {{ {} }}'

    with pytest.raises(TariffRefused, match="this is no month"):
        charging(flag.format('2026-13 = "green"'))
    with pytest.raises(TariffRefused, match="did you mean 'green'"):
        charging(flag.format('2026-12 = "gren"'))


def test_a_day_outside_of_every_version_has_no_price() -> None:
    with pytest.raises(RateMissing, match="has no version for 2027-01-01"):
        tariff().version_on(date(2027, 1, 1))


@pytest.mark.parametrize("data", [b"\xff\xfe", b"id = ", b'id = "x"\nid = "y"'])
def test_bytes_that_are_no_toml_are_refused(data: bytes) -> None:
    with pytest.raises(TariffRefused, match=r"TOML|UTF-8"):
        parse_tariff(data, "flat.toml")


def test_a_time_zone_that_is_none_is_told_the_nearest() -> None:
    assert "did you mean 'Europe/Madrid'?" in refusal(VERSION, head=HEAD.replace("Europe/Madrid", "Europe/Madird"))
