"""The parts make up the change to the cent, whatever the bills are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.billing.attribution import MAX_CAUSES, attribute
from cloud.kernel.money import Currency, Money, WrongCurrency, total

CAUSES = ["days", "weather", "behaviour", "time of use", "price", "tax", "event"]


def eur(minor):
    return Money(minor, Currency.EUR)


@st.composite
def games(draw):
    causes = CAUSES[: draw(st.integers(0, MAX_CAUSES))]
    bills = draw(st.lists(st.integers(-(10**9), 10**9), min_size=2 ** len(causes), max_size=2 ** len(causes)))
    return causes, lambda changed: eur(bills[sum(1 << causes.index(cause) for cause in changed)])


@given(games())
def test_the_parts_of_any_game_make_up_the_change(game):
    causes, bill = game

    parts = attribute(causes, bill)

    assert list(parts) == causes
    assert total(parts.values(), Currency.EUR) == bill(frozenset(causes)) - bill(frozenset())


@given(games())
def test_a_cause_that_never_matters_gets_nothing(game):
    causes, bill = game

    parts = attribute([*causes[:6], "idle"], lambda changed: bill(changed - {"idle"}))

    assert parts["idle"] == eur(0)


def test_two_causes_that_do_the_same_share_it_the_first_taking_the_odd_cent():
    parts = attribute(["a", "b"], lambda changed: eur(101 if changed else 0))

    assert parts == {"a": eur(51), "b": eur(50)}


def test_each_set_of_causes_is_billed_once():
    asked = []

    attribute(CAUSES, lambda changed: asked.append(changed) or eur(len(changed)))

    assert len(asked) == len(set(asked)) == 128


@pytest.mark.parametrize("causes", [[*CAUSES, "eighth"], ["a", "a"]])
def test_causes_that_cannot_be_told_apart_are_refused(causes):
    with pytest.raises(ValueError, match="told apart"):
        attribute(causes, lambda _: eur(0))


def test_bills_in_two_currencies_have_no_difference():
    with pytest.raises(WrongCurrency):
        attribute(["a"], lambda changed: Money(1, Currency.BRL if changed else Currency.EUR))
