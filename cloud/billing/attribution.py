"""How much of a difference each of its causes made: the Shapley value, exact and to the cent.

A bill rose, and several things changed at once: it was colder, the period was longer, the price went up. Taking the
changes one after another gives each a part that depends on the order; here every order counts once, and each cause
gets the mean of what it added. In go the causes and a game: what the bill would be, had just these changed. Out comes
one part for each, and the parts make up the difference to the cent, whatever the game.

At most seven causes are played, which is 128 bills; each is reckoned once. Method: L. S. Shapley, A value for n-person
games, 1953.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations
from math import comb
from typing import Final, TypeVar

from cloud.kernel.money import Money, shares

MAX_CAUSES: Final = 7

Cause = TypeVar("Cause", bound=str)


def attribute(causes: Sequence[Cause], bill: Callable[[frozenset[Cause]], Money]) -> dict[Cause, Money]:
    """The part of each cause in `bill(all of them) - bill(none)`.

    >>> from cloud.kernel.money import Currency
    >>> def bill(changed: frozenset[str]) -> Money:  # three units more, and half a unit dearer
    ...     return Money((13 if "use" in changed else 10) * (250 if "price" in changed else 200), Currency.EUR)
    >>> {cause: part.minor for cause, part in attribute(["use", "price"], bill).items()}
    {'use': 675, 'price': 575}

    `bill` is asked once for each set of causes that may have changed. Raises ValueError for more than MAX_CAUSES of
    them or one twice, WrongCurrency where the bills are not in one currency.
    """
    if len(causes) > MAX_CAUSES or len(set(causes)) < len(causes):
        raise ValueError(f"at most {MAX_CAUSES} different causes can be told apart, not {list(causes)}")
    subsets = [frozenset(some) for size in range(len(causes) + 1) for some in combinations(causes, size)]
    bills = {subset: bill(subset) for subset in subsets}
    change = bills[frozenset(causes)] - bills[frozenset()]
    exact = [_mean_addition(cause, bills, len(causes)) for cause in causes]
    minor = shares(change.minor, exact)
    return {cause: Money(part, change.currency) for cause, part in zip(causes, minor, strict=True)}


def _mean_addition(cause: Cause, bills: dict[frozenset[Cause], Money], count: int) -> Fraction:
    """What the cause adds to the bill in hundredths, over all orders in which the causes can come."""
    without = [subset for subset in bills if cause not in subset]
    return sum(
        (Fraction((bills[some | {cause}] - bills[some]).minor, count * comb(count - 1, len(some))) for some in without),
        start=Fraction(0),
    )
