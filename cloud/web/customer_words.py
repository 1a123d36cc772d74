"""The words of a customer's own page, in her language: one reviewed file a language, read once.

A file is a table of sentences by section and key; a sentence may have holes like {since}, which are filled with what
`i18n` writes: instants, figures and durations in her language and by her clock. A key that is missing, or a hole that
is not the same in every language, is found when the files are read and not when somebody is in the dark.
"""

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

from cloud.kernel import i18n
from cloud.kernel.i18n import Language
from cloud.kernel.money import Money
from runtime.errors import InputRefused

_MV_PER_V: Final = 1_000
Table = Mapping[str, str]


class WordsRefused(InputRefused):
    """A file of words lacks what another has; its author mends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerWords:
    """What can be said to one customer: her language, and the clock on her wall."""

    language: Language
    zone: ZoneInfo
    table: Table

    @classmethod
    def of(cls, language: Language, zone: ZoneInfo) -> "CustomerWords":
        """The words of this language."""
        return cls(language=language, zone=zone, table=tables()[language])

    def say(self, key: str, **holes: str) -> str:
        """The sentence of this key, "section.key", with its holes filled; raises KeyError for none."""
        return self.table[key].format(**holes)

    def has(self, key: str) -> bool:
        """Whether there is something to say under this key."""
        return bool(self.table.get(key))

    def moment(self, at: datetime) -> str:
        return i18n.moment(at, self.zone, self.language)

    def volts(self, value_mv: int) -> str:
        return i18n.figure(value_mv, "V", self.language, scale=_MV_PER_V)

    def duration(self, span: timedelta) -> str:
        return i18n.duration(span, self.language)

    def date(self, on: date) -> str:
        return i18n.long_date(on, self.language)

    def money(self, value: Money) -> str:
        return i18n.money(value, self.language)

    def amount(self, value: Money) -> str:
        """As she would type it: no sign of the currency, no groups."""
        return str(value.amount).replace(".", i18n.decimal_mark(self.language))

    def days(self, count: int) -> str:
        return i18n.days(count, self.language)

    def energy(self, value_wh: int) -> str:
        return i18n.energy(value_wh, self.language)


@cache
def tables() -> Mapping[Language, Table]:
    """Every language's table; raises WordsRefused when they do not say the same."""
    folder = files("cloud.web") / "customer"
    found = {language: read((folder / f"{language}.toml").read_text(encoding="utf-8")) for language in Language}
    check(found)
    return found


def read(text: str) -> Table:
    """The table a file's text holds."""
    return {f"{section}.{key}": said for section, table in tomllib.loads(text).items() for key, said in table.items()}


def check(found: Mapping[Language, Table]) -> None:
    """Raise WordsRefused unless every language has the keys and holes of English."""
    reference = found[Language.EN]
    for language, table in found.items():
        if differing := sorted(reference.keys() ^ table.keys()):
            raise WordsRefused(f"not in every language: {', '.join(differing)}", where=f"{language}.toml")
        odd = [key for key, said in table.items() if _holes(said) != _holes(reference[key])]
        if odd:
            raise WordsRefused(f"other holes than in English: {', '.join(odd)}", where=f"{language}.toml")


def _holes(said: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(said) if name is not None)
