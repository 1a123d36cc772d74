"""Rates of the American database: what becomes a tariff, and what is refused by its name."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cloud.billing.calendars import WORKDAYS
from cloud.billing.rating import BillingPeriod, DayUse, bill
from cloud.billing.tariff import Demand, Energy, Minimum, Tariff, TariffRefused, TierBasis
from cloud.billing.urdb import parse_urdb

CHICAGO = ZoneInfo("America/Chicago")
FLAT = [[0] * 24] * 12
EVENING = [[0] * 16 + [1] * 5 + [0] * 3] * 12
JUNE = BillingPeriod(first_day=date(2026, 6, 1), last_day=date(2026, 6, 30))


def rate(**more: Any) -> dict[str, Any]:
    return {
        "name": "flat",
        "label": "5a",
        "energyratestructure": [[{"rate": 0.1, "adj": 0.02, "unit": "kWh"}]],
        "energyweekdayschedule": FLAT,
        "energyweekendschedule": FLAT,
    } | more


def parsed(**more: Any) -> Tariff:
    return parse_urdb(json.dumps(rate(**more)).encode(), "rate.json", CHICAGO)


def energy_of(tariff: Tariff) -> Energy:
    (charge,) = [each for each in tariff.versions[0].charges if isinstance(each, Energy)]
    return charge


def test_a_rate_is_its_price_and_its_adjustment() -> None:
    tariff = parsed()

    assert energy_of(tariff).tiers[0][1][0].rate == Decimal("0.12")
    assert (tariff.id, tariff.zone, tariff.currency) == ("5a", CHICAGO, "USD")


def test_the_only_item_of_an_answer_is_the_rate() -> None:
    data = json.dumps({"items": [rate()]}).encode()

    assert parse_urdb(data, "answer.json", CHICAGO) == parsed()


def test_the_schedules_become_periods_of_the_day() -> None:
    tariff = parsed(energyratestructure=[[{"rate": 0.1}], [{"rate": 0.3}]], energyweekdayschedule=EVENING)

    workday, weekend = (tariff.calendar.plan(date(2026, 6, day)) for day in (5, 6))

    assert date(2026, 6, 5).weekday() in WORKDAYS
    assert workday == ((0, "period 1"), (960, "period 2"), (1260, "period 1"))
    assert weekend == ((0, "period 1"),)


def test_tiers_by_day_are_an_allowance() -> None:
    tiers = [{"rate": 0.1, "max": 10, "unit": "kWh daily"}, {"rate": 0.2, "unit": "kWh daily"}]
    tariff = parsed(energyratestructure=[tiers], fixedchargefirstmeter=1, fixedchargeunits="$/day")
    use = [DayUse(day=JUNE.first_day + timedelta(days=at), period="period 1", energy_wh=15_000) for at in range(30)]

    made = bill(tariff, use, JUNE)

    assert energy_of(tariff).basis is TierBasis.DAY
    assert [(line.quantity, line.amount.minor) for line in made.lines] == [(300, 3000), (150, 3000), (30, 3000)]


def test_demand_and_a_minimum_are_charges() -> None:
    tariff = parsed(
        demandratestructure=[[{"rate": 0}], [{"rate": 9.75}]],
        demandweekdayschedule=EVENING,
        demandweekendschedule=FLAT,
        flatdemandstructure=[[{"rate": 4}], [{"rate": 5}]],
        flatdemandmonths=[0] * 6 + [1] * 6,
        mincharge=20,
    )

    kinds = [(type(each), each.name) for each in tariff.versions[0].charges]
    assert kinds[1:] == [
        (Demand, "demand, period 2"),
        (Demand, "flat demand, period 1"),
        (Demand, "flat demand, period 2"),
        (Minimum, "minimum"),
    ]


def test_a_rate_is_valid_from_its_start_to_its_end() -> None:
    tariff = parsed(startdate=1_767_225_600, enddate=1_798_675_200)

    (version,) = tariff.versions
    assert (version.first_day, version.last_day) == (date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"dgrules": "Net Metering"}, "cannot express what is given to the grid"),
        ({"energyratestructure": [[{"rate": 0.1, "sell": 0.05}]]}, "cannot express what is given to the grid"),
        ({"lookbackpercent": 80}, "a demand ratchet"),
        ({"coincidentratestructure": [[{"rate": 1}]]}, "a coincident peak"),
        ({"fueladjustmentsmonthly": [0.01] * 12}, "a fuel adjustment"),
        ({"flatdemandstructure": [[{"rate": 1, "max": 5}, {"rate": 2}]]}, "tiers of demand"),
        (
            {"energyratestructure": [[{"rate": 1, "max": 5, "unit": "kWh/kW"}, {"rate": 2, "unit": "kWh/kW"}]]},
            "tiers in kWh/kW",
        ),
        ({"energyratestructure": [[{"rate": 1, "max": 0}, {"rate": 2}]]}, "the tiers do not rise"),
        ({"energyratestructure": []}, "not a list of periods"),
        ({"energyratestructure": [[1]]}, "a tier is not an object"),
        ({"energyratestructure": [[{"rate": "0.1"}]]}, "'0.1' is not a number"),
        ({"energyweekdayschedule": [[0] * 24] * 11}, "not a table of 12 months"),
        ({"energyweekdayschedule": [[0] * 23] * 12}, "not a row of 24 hours"),
        ({"energyweekdayschedule": [[1] * 24] * 12}, "1 is no period of the rate"),
        ({"flatdemandstructure": [[{"rate": 1}]], "flatdemandmonths": [0]}, "not 12 months"),
        ({"fixedchargefirstmeter": 1, "fixedchargeunits": "$/week"}, "'$/week' is no unit"),
        ({"startdate": "soon"}, "no instant in seconds"),
    ],
)
def test_what_a_tariff_cannot_be_is_refused_by_name(more: dict[str, Any], said: str) -> None:
    with pytest.raises(TariffRefused) as refused:
        parsed(**more)

    assert said in str(refused.value)
    assert "rate.json" in str(refused.value)


def test_zeros_where_nothing_is_given_to_the_grid_say_nothing() -> None:
    tariff = parsed(fueladjustmentsmonthly=[0.0] * 12, lookbackrange=0, energyratestructure=[[{"rate": 1, "sell": 0}]])

    assert energy_of(tariff).tiers[0][1][0].rate == 1


@pytest.mark.parametrize("data", [b"{", b"[]", b"{}", b'{"energyratestructure": NaN}', b"\xff"])
def test_what_is_no_rate_is_refused(data: bytes) -> None:
    with pytest.raises(TariffRefused):
        parse_urdb(data, "rate.json", CHICAGO)


@pytest.mark.parametrize("number", ["1e999999999", "1e-999999", "-2000000000"])
def test_a_number_nobody_can_reckon_with_is_refused_by_its_key(number: str) -> None:
    data = json.dumps(rate()).replace('"rate": 0.1', f'"rate": {number}').encode()

    with pytest.raises(TariffRefused, match=r"is out of range .*energyratestructure"):
        parse_urdb(data, "rate.json", CHICAGO)
