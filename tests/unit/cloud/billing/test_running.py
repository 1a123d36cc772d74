"""Which cycle a day lies in, and which bill it is held against."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from cloud.billing.accounts import UtilityBill
from cloud.billing.cycles import cycle_on
from cloud.billing.running import a_year_before, usual_bill
from cloud.billing.tariff import BillingPeriod
from cloud.kernel.ids import BillId
from cloud.kernel.money import Money
from tests.fakes_billing import CONTRACT, MAY

JULY = BillingPeriod(first_day=date(2026, 7, 1), last_day=date(2026, 7, 31))


def bill(first_day: date, last_day: date) -> UtilityBill:
    return replace(MAY, id=BillId(f"B-{last_day}"), first_day=first_day, last_day=last_day)


JUNE = bill(date(2026, 6, 1), date(2026, 6, 30))
LAST_JULY = bill(date(2025, 7, 3), date(2025, 8, 2))


@pytest.mark.parametrize(
    ("cycle_day", "day", "first_day", "last_day"),
    [
        (1, date(2026, 7, 1), date(2026, 7, 1), date(2026, 7, 31)),
        (14, date(2026, 7, 13), date(2026, 6, 14), date(2026, 7, 13)),
        (14, date(2026, 7, 14), date(2026, 7, 14), date(2026, 8, 13)),
        (28, date(2026, 3, 1), date(2026, 2, 28), date(2026, 3, 27)),
        (15, date(2027, 1, 3), date(2026, 12, 15), date(2027, 1, 14)),
    ],
)
def test_a_cycle_begins_on_the_contracts_day(cycle_day: int, day: date, first_day: date, last_day: date) -> None:
    found = cycle_on(replace(CONTRACT, cycle_day=cycle_day), day)

    assert (found.first_day, found.last_day) == (first_day, last_day)


def test_a_cycle_is_no_longer_than_its_contract() -> None:
    short = replace(CONTRACT, valid_from=date(2026, 7, 10), valid_to=date(2026, 7, 20))

    found = cycle_on(short, date(2026, 7, 15))

    assert (found.first_day, found.last_day) == (short.valid_from, short.valid_to)


def test_a_cycle_is_held_against_the_same_one_of_last_year_or_else_the_last_bill() -> None:
    this_july = bill(JULY.first_day, JULY.last_day)

    assert usual_bill([JUNE, MAY, LAST_JULY], JULY) == LAST_JULY
    assert usual_bill([this_july, JUNE, MAY], JULY) == JUNE
    assert usual_bill([this_july], JULY) is None


@pytest.mark.parametrize(("days_off", "is_same"), [(-8, False), (-7, True), (7, True), (8, False)])
def test_a_bill_of_a_year_ago_ends_within_a_week_of_the_day(days_off: int, is_same: bool) -> None:
    last_day = JULY.last_day - timedelta(days=365 - days_off)

    assert (a_year_before([bill(last_day - timedelta(days=30), last_day)], JULY) is not None) is is_same


@pytest.mark.parametrize(("days", "is_taken"), [(5, False), (23, False), (24, True), (38, True), (39, False)])
def test_a_cycle_is_held_against_no_bill_much_shorter_or_longer(days: int, is_taken: bool) -> None:
    last_day = date(2026, 6, 30)
    sent = bill(last_day - timedelta(days=days - 1), last_day)

    assert (usual_bill([sent], JULY) is not None) is is_taken


@pytest.mark.parametrize(("cents", "is_taken"), [(-1, False), (0, False), (1, True)])
def test_a_cycle_is_held_against_no_bill_that_gave_money_back(cents: int, is_taken: bool) -> None:
    sent = replace(JUNE, total=Money(cents, JUNE.total.currency))

    assert (usual_bill([sent], JULY) is not None) is is_taken
