"""A JSON document read key by key: each value of the kind that is asked for, or refused by its key.

In go bytes; out come sections, whose values are exact: a number is a fraction of the decimal that was written, to 18
decimals, never a float on its way. Whatever is not there, not of the kind, not finite or too much is refused with
where it stands.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final, Self, TypeVar

from runtime.errors import InputRefused

MAX_BYTES: Final = 2_000_000
MAX_ITEMS: Final = 4_000
_MAX_NUMBER: Final = 10**9
_DECIMALS: Final = 18
_YEARS: Final = range(1900, 2200)

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Section:
    """An object of the document, and the keys that lead to it."""

    values: Mapping[str, object]
    path: str = ""

    @classmethod
    def of(cls, data: bytes) -> Self:
        """The whole document; raises InputRefused."""
        do = "write one JSON object in UTF-8"
        if len(data) > MAX_BYTES:
            raise InputRefused(f"it holds more than {MAX_BYTES:,} bytes", do=do)
        try:
            loaded = json.loads(data.decode("utf-8-sig"), parse_float=Decimal, parse_int=Decimal)
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise InputRefused(f"this is no JSON: {str(error)[:80]}", do=do) from None
        if not isinstance(loaded, dict):
            raise InputRefused("this is no JSON object", do=do)
        return cls(loaded)

    def section(self, key: str) -> Self:
        """The object under a key."""
        found = self._at(key)
        if not isinstance(found, dict):
            raise self.refused(key, "this is no object")
        return type(self)(found, self._where(key))

    def text(self, key: str) -> str:
        """The text under a key."""
        found = self._at(key)
        if not isinstance(found, str):
            raise self.refused(key, "this is no text")
        return found

    def choice(self, key: str, choices: type[Choice], default: Choice) -> Choice:
        """One of the words there are for it."""
        if key not in self.values:
            return default
        found = self.text(key)
        if found not in set(choices):
            raise self.refused(key, f"{found[:40]!r} is none of {', '.join(choices)}")
        return choices(found)

    def number(self, key: str, default: Fraction | None = None) -> Fraction:
        """The number under a key."""
        if key not in self.values and default is not None:
            return default
        return self.as_number(self._at(key), key)

    def day(self, key: str, default: date | None = None) -> date:
        """The date under a key."""
        if key not in self.values and default is not None:
            return default
        return self.as_day(self._at(key), key)

    def series(self, key: str) -> Sequence[object]:
        """The list under a key."""
        found = self._at(key)
        if not isinstance(found, list):
            raise self.refused(key, "this is no list")
        if len(found) > MAX_ITEMS:
            raise self.refused(key, f"it holds more than {MAX_ITEMS:,} values")
        return found

    def numbers(self, key: str, count: int) -> Sequence[Fraction | None]:
        """A list of so many numbers; null where one is not known."""
        found = self.series(key)
        if len(found) != count:
            raise self.refused(key, f"there are {len(found)} values for {count} days")
        return [None if value is None else self.as_number(value, f"{key}[{at}]") for at, value in enumerate(found)]

    def as_number(self, value: object, where: str) -> Fraction:
        """A value as an exact number."""
        if not isinstance(value, Decimal) or value.copy_abs() > _MAX_NUMBER:
            raise self.refused(where, f"this is no number up to {_MAX_NUMBER:,}")
        return Fraction(round(value, _DECIMALS))  # a billion of them would be a fraction nobody can reckon with

    def as_day(self, value: object, where: str) -> date:
        """A value as a date."""
        try:
            found = date.fromisoformat(value) if isinstance(value, str) else date.min
        except ValueError:
            found = date.min
        if found.year not in _YEARS:
            raise self.refused(where, "this is no date such as 2026-07-14")
        return found

    def refused(self, key: str, what: str) -> InputRefused:
        """The refusal of what stands under a key."""
        return InputRefused(what, where=self._where(key))

    def _at(self, key: str) -> object:
        if key not in self.values:
            raise self.refused(key, "this key is missing")
        return self.values[key]

    def _where(self, key: str) -> str:
        return f"{self.path}.{key[:60]}".lstrip(".")
