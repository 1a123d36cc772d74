"""TOML that people write as data: read exactly, with nothing passed over.

A tariff or a programme's file decides about money, so a key nobody knows is refused with its nearest right spelling, a
number is read as it is written and never through a float, and every fault names the file and the key. In go the file's
bytes; out comes a table that must be asked for each of its keys, and refuses what nobody asked for (`done`).
"""

import difflib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Self, TypeVar

from cloud.kernel.i18n import Language
from runtime import toml
from runtime.errors import InputRefused

MAX_BYTES: Final = 1_000_000
_SHOWN_CHARS: Final = 60
_MOST_NAMED: Final = 20
_LARGEST: Final = Decimal(10) ** 9
_MOST_DECIMALS: Final = 30
"""More than anybody writes, and few enough that sums of them stay exact and quick."""

T = TypeVar("T")
S = TypeVar("S", bound=StrEnum)


class TomlRefused(InputRefused):
    """The file says what it may not, or does not say what it must; its author mends it."""


def nearest(word: str, known: Iterable[str]) -> str:
    """What to write instead of a word that is not known."""
    choices = sorted(known)
    near = difflib.get_close_matches(word[:_SHOWN_CHARS], choices, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    more = f" and {len(choices) - _MOST_NAMED} more" if len(choices) > _MOST_NAMED else ""
    return f"known here: {', '.join(choices[:_MOST_NAMED])}{more}"


class StrictTable:
    """One table of the file, of which every key must be read."""

    def __init__(self, values: Mapping[str, Any], where: str, at: str = "") -> None:
        self._values = values
        self._where = where
        self._at = at
        self._asked: set[str] = set()

    @classmethod
    def parse(cls, data: bytes, where: str) -> Self:
        """The file's outermost table; raises TomlRefused for what is no TOML."""
        if len(data) > MAX_BYTES:
            raise TomlRefused(f"larger than {MAX_BYTES} bytes", where=where)
        try:
            return cls(toml.parse(data.decode("utf-8-sig"), parse_float=Decimal), where)
        except UnicodeDecodeError as error:
            raise TomlRefused("not UTF-8 text", where=where) from error
        except (ValueError, ArithmeticError) as error:
            raise TomlRefused(f"not valid TOML: {error}", where=where) from error

    def take(self, key: str, kind: type[T], called: str) -> T:
        """A value that must be there and be of this kind."""
        found = self.maybe(key, kind, called)
        if found is None:
            near = difflib.get_close_matches(key, self._values.keys() - self._asked, n=1)
            raise self.refuse(
                key, f"the key '{key}' is missing", f"write it so instead of {near[0]!r}" if near else "add it"
            )
        return found

    def maybe(self, key: str, kind: type[T], called: str) -> T | None:
        """A value that may be there."""
        self._asked.add(key)
        value = self._values.get(key)
        if value is None:
            return None
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.refuse(key, f"{str(value)[:_SHOWN_CHARS]!r} is not {called}")
        return value

    def text(self, key: str) -> str:
        """Words that somebody will read."""
        found = self.take(key, str, "a text").strip()
        if not found or not found.isprintable():
            raise self.refuse(key, "the text is empty or holds what cannot be printed")
        return found

    def day(self, key: str) -> date:
        """A day."""
        return self._a_day(key, self.take(key, date, "a day, as in 2026-01-31"))

    def maybe_day(self, key: str) -> date | None:
        """A day, or none."""
        found = self.maybe(key, date, "a day, as in 2026-01-31")
        return None if found is None else self._a_day(key, found)

    def number(self, key: str, otherwise: Decimal | None = None) -> Decimal:
        """A number, exactly as written."""
        value = self.value(key, otherwise)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            shown = f"{str(value)[:_SHOWN_CHARS]!r} is not a number" if self.has(key) else "the number is missing"
            raise self.refuse(key, shown)
        number = Decimal(value)
        if not number.is_finite() or number.copy_abs() >= _LARGEST:
            raise self.refuse(key, "the number is out of range")
        if -int(number.as_tuple().exponent) > _MOST_DECIMALS:
            raise self.refuse(key, f"the number has more than {_MOST_DECIMALS} decimals")
        return number

    def numbers(self, key: str) -> tuple[Decimal, ...]:
        """Numbers in a row, at least one."""
        row = self.take(key, list, "a list of numbers")
        each = StrictTable({str(at): value for at, value in enumerate(row)}, self._where, self._name(key))
        if not row:
            raise self.refuse(key, "the list is empty")
        return tuple(each.number(str(at)) for at in range(len(row)))

    def choice(self, key: str, among: type[S]) -> S:
        """One of the words of a kind."""
        word = self.text(key)
        known = [str(each) for each in among]
        if word not in known:
            raise self.refuse(key, f"{word[:_SHOWN_CHARS]!r} is not a choice", nearest(word, known))
        return among(word)

    def words(self, key: str) -> dict[Language, str]:
        """A text in every language."""
        table = self.below(key)
        found = {language: table.text(language) for language in Language}
        table.done()
        return found

    def below(self, key: str) -> "StrictTable":
        """The table of this name."""
        return StrictTable(self.take(key, dict, "a table"), self._where, self._name(key))

    def maybe_below(self, key: str) -> "StrictTable | None":
        """The table of this name, if it is there."""
        self._asked.add(key)
        return self.below(key) if self.has(key) else None

    def rows(self, key: str) -> list["StrictTable"]:
        """The tables in a list, none if it is not there."""
        found = self.maybe(key, list, "a list of tables") or []
        if not all(isinstance(each, dict) for each in found):
            raise self.refuse(key, "not everything in this list is a table")
        return [StrictTable(each, self._where, f"{self._name(key)}[{at}]") for at, each in enumerate(found, start=1)]

    def names(self) -> tuple[str, ...]:
        """Every key there is, whatever it is called."""
        self._asked.update(self._values)
        return tuple(self._values)

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self._values

    def value(self, key: str, otherwise: Any = None) -> Any:
        """Whatever stands there."""
        self._asked.add(key)
        return self._values.get(key, otherwise)

    def done(self) -> None:
        """Refuse what nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                raise self.refuse(key, f"unknown key {key[:_SHOWN_CHARS]!r}", nearest(key, self._asked))

    def refuse(self, key: str, what: str, do: str = "") -> TomlRefused:
        """What is wrong with the value of a key."""
        return TomlRefused(what, where=f"{self._where}: {self._name(key)}", do=do)

    def _name(self, key: str) -> str:
        return ".".join(filter(None, (self._at, key)))

    def _a_day(self, key: str, found: date) -> date:
        if isinstance(found, datetime):
            raise self.refuse(key, "this is an instant, not a day", "write it as in 2026-01-31")
        return found
