"""Money is whole cents, of one currency, and splits without a rest."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.kernel.money import Currency, Money, WrongCurrency, shares, total

BRL, EUR = Currency.BRL, Currency.EUR


@pytest.mark.parametrize(
    ("amount", "minor"), [("2.675", 268), ("-2.675", -268), ("0.004", 0), ("1E+2", 10_000), (Decimal("0.005"), 1)]
)
def test_half_a_cent_is_rounded_away_from_zero(amount: str | Decimal, minor: int) -> None:
    assert Money.of(amount, EUR) == Money(minor, EUR)


@pytest.mark.parametrize("amount", ["", "1,50", "NaN", "Infinity", "R$ 3"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        Money.of(amount, EUR)


def test_a_sum_keeps_its_currency_even_when_it_is_empty() -> None:
    assert total([], BRL) == Money(0, BRL)
    assert total([Money(5, BRL), Money(-7, BRL)], BRL) == Money(-2, BRL)


def test_two_currencies_do_not_meet() -> None:
    with pytest.raises(WrongCurrency, match="EUR cannot be reckoned with BRL"):
        Money(1, BRL) + Money(1, EUR)
    with pytest.raises(WrongCurrency):
        assert Money(1, BRL) < Money(1, EUR)


def test_an_amount_reads_as_a_bill_writes_it() -> None:
    assert str(Money(123_456, EUR)) == "1234.56 EUR"
    assert str(-Money(5, BRL)) == "-0.05 BRL"


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=8), st.integers(1, 997))
def test_shares_make_up_the_whole_and_none_is_a_cent_off(parts: list[int], base: int) -> None:
    exact = [Fraction(part, base) for part in parts]
    whole = -sum(exact).__floor__()
    exact.append(whole - sum(exact))

    split = shares(whole, exact)

    assert sum(split) == whole
    assert all(abs(given - want) < 1 for given, want in zip(split, exact, strict=True))


def test_parts_that_do_not_make_up_the_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="make up 1, not 2"):
        shares(2, [Fraction(1)])
