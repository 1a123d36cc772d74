"""Money: a whole number of a currency's smallest unit, and nothing else.

Rates have many decimals and amounts do not, so a `Decimal` becomes `Money` in one place, rounded half up as bills are,
and is never rounded again. Two currencies do not add. What must be split is split by largest remainder, so that the
parts make up the whole to the cent.

Source of the units: ISO 4217, the currencies of the places we serve.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final, Self

from runtime.errors import InputRefused

_CENTS: Final = 100


class Currency(StrEnum):
    """The currencies we bill in; each has a hundredth as its smallest unit."""

    BRL = "BRL"
    EUR = "EUR"
    GBP = "GBP"
    USD = "USD"


class WrongCurrency(InputRefused):
    """Amounts of two currencies met: the catcher refuses the bill or the file they stand in."""


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` hundredths of a currency: cents, centavos, pence; negative for a credit.

    >>> Money.of("12.345", Currency.EUR)
    Money(minor=1235, currency=<Currency.EUR: 'EUR'>)
    """

    minor: int
    currency: Currency

    @classmethod
    def of(cls, amount: Decimal | str, currency: Currency) -> Self:
        """An amount in whole units, rounded half up (away from zero) to the smallest one; ValueError for no amount."""
        try:
            minor = (Decimal(amount) * _CENTS).quantize(Decimal(1), ROUND_HALF_UP)
            return cls(int(minor), currency)
        except (ArithmeticError, ValueError):  # the latter from NaN, which quantizes to itself
            raise ValueError(f"{str(amount)[:40]!r} is not an amount of money") from None

    @property
    def amount(self) -> Decimal:
        """The same in whole units, with two decimals."""
        return Decimal(self.minor).scaleb(-2)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other).minor

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other).minor

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def _same(self, other: "Money") -> "Money":
        if other.currency is not self.currency:
            what = f"{other.currency} cannot be reckoned with {self.currency}"
            raise WrongCurrency(what, do="keep every amount of one bill in one currency")
        return other


def total(amounts: Iterable[Money], currency: Currency) -> Money:
    """The sum of the amounts, nothing at all being zero; raises WrongCurrency."""
    return sum(amounts, start=Money(0, currency))


def shares(whole: int, exact: Sequence[Fraction]) -> tuple[int, ...]:
    """Whole parts that make up `whole`, each within one of its exact part, which must make up `whole` too.

    Largest remainder: every part is rounded down, and what is left goes, one by one, to those who lost the most; the
    earlier one where two lost the same.

    >>> shares(100, [Fraction(100, 3)] * 3)
    (34, 33, 33)
    """
    if sum(exact) != whole:
        raise ValueError(f"the parts make up {sum(exact)}, not {whole}")
    down = [part.__floor__() for part in exact]
    order = sorted(range(len(exact)), key=lambda at: down[at] - exact[at])
    for at in order[: whole - sum(down)]:
        down[at] += 1
    return tuple(down)
