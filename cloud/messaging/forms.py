"""How a fact is written into a template: each form writes one kind of value, and marks what it wrote.

A mark names the fact behind a stretch of text. `traced` takes the marks out again and keeps what they said: which
characters of the text state which fact. The marks are private-use characters, which no printable text holds.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2.runtime import Context
from jinja2.utils import pass_context

from cloud.kernel import i18n
from cloud.kernel.facts import Fact
from cloud.kernel.i18n import Language
from cloud.kernel.money import Money
from cloud.messaging.model import Figure, Traced
from cloud.messaging.phrases import PHRASES
from runtime.errors import InputRefused

ZONE: Final = "_zone"
LANGUAGE: Final = "_language"
"""The names under which a template's surroundings hold the reader's zone and language."""

_BEGIN, _MIDDLE, _END = "\ue000", "\ue001", "\ue002"
_MARK: Final = re.compile(f"{_BEGIN}([a-z_]+){_MIDDLE}(.*?){_END}", re.DOTALL)
_SPACES: Final = frozenset({i18n.NBSP, i18n.NARROW_NBSP})
_MV_PER_V: Final = 1_000


class TemplateRefused(InputRefused):
    """A template holds what a template may not hold; its author mends it."""


def traced(marked: str) -> Traced:
    """The text without its marks, and what they said."""
    text, figures, end = "", [], 0
    for mark in _MARK.finditer(marked):
        text += marked[end : mark.start()]
        figures.append(Figure(start=len(text), end=len(text) + len(mark[2]), fact_id=mark[1]))
        text += mark[2]
        end = mark.end()
    return Traced(text=text + marked[end:], figures=tuple(figures))


def _written(write: Callable[[Any, ZoneInfo, Language], str], kind: type) -> Callable[[Context, Fact], str]:
    """A filter that writes the value of a fact, which must be of this kind, and marks what it wrote."""

    @pass_context
    def form(context: Context, fact: Fact) -> str:
        is_instant = isinstance(fact.value, datetime)  # which counts as a date too, and is none
        if not isinstance(fact.value, kind) or (kind is date and is_instant):
            raise TemplateRefused(f"the fact {fact.id!r} cannot be written in this form")
        text = write(fact.value, context[ZONE], context[LANGUAGE])
        return f"{_BEGIN}{fact.id}{_MIDDLE}{_visible(text)}{_END}"

    return form


def _visible(text: str) -> str:
    """The text without characters that would break a line, a header, or our own marks."""
    return "".join(char for char in text if char.isprintable() or char in _SPACES)


def _words(value: str, _zone: ZoneInfo, _language: Language) -> str:
    return value


def _phrase(value: str, _zone: ZoneInfo, language: Language) -> str:
    if value not in PHRASES:
        raise TemplateRefused(f"there is no phrase {value[:40]!r}", do=f"phrases are: {', '.join(PHRASES)}")
    return PHRASES[value][language]


def _date(value: date, _zone: ZoneInfo, language: Language) -> str:
    return i18n.long_date(value, language)


def _duration(value: timedelta, _zone: ZoneInfo, language: Language) -> str:
    return i18n.duration(value, language)


def _volts(value: int, _zone: ZoneInfo, language: Language) -> str:
    return i18n.figure(value, "V", language, scale=_MV_PER_V)


def _kwh(value: int, _zone: ZoneInfo, language: Language) -> str:
    return i18n.energy(value, language)


def _money(value: Money, _zone: ZoneInfo, language: Language) -> str:
    return i18n.money(value, language)


def _change(value: Money, _zone: ZoneInfo, language: Language) -> str:
    return i18n.money(value, language, signed=True)


FORMS: Final[Mapping[str, Callable[[Context, Fact], str]]] = {
    "words": _written(_words, str),
    "phrase": _written(_phrase, str),
    "moment": _written(i18n.moment, datetime),
    "clock": _written(i18n.clock, datetime),
    "day": _written(i18n.day, datetime),
    "date": _written(_date, date),
    "duration": _written(_duration, timedelta),
    "volts": _written(_volts, int),
    "kwh": _written(_kwh, int),
    "money": _written(_money, Money),
    "change": _written(_change, Money),
}
"""Every form a template may use."""
