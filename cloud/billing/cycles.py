"""Billing cycles: from the contract's day of one month to the day before it in the next."""

from datetime import date, timedelta

from cloud.billing.accounts import Contract
from cloud.billing.tariff import BillingPeriod


def cycle_on(contract: Contract, day: date) -> BillingPeriod:
    """The cycle a day lies in, as far as the contract holds.

    >>> from cloud.kernel.ids import AccountId, ContractId, UsagePointId
    >>> contract = Contract(
    ...     id=ContractId("K-1"), account=AccountId("A-1"), usage_point=UsagePointId("UP-1"), tariff="b1",
    ...     valid_from=date(2026, 1, 1), valid_to=None, cycle_day=14,
    ... )
    >>> cycle = cycle_on(contract, date(2027, 7, 8))
    >>> str(cycle.first_day), str(cycle.last_day)
    ('2027-06-14', '2027-07-13')
    """
    first = day.replace(day=contract.cycle_day)
    if day < first:
        first = (day.replace(day=1) - timedelta(days=1)).replace(day=contract.cycle_day)
    following = (first.replace(day=1) + timedelta(days=31)).replace(day=contract.cycle_day)
    last = following - timedelta(days=1)
    if contract.valid_to is not None:
        last = min(last, contract.valid_to)
    return BillingPeriod(first_day=max(first, contract.valid_from), last_day=last)
