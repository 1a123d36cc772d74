"""How dates, times, durations and figures are written to a customer, in each language we write.

A message is read by somebody in the dark, so it says "sábado, 21 de novembro às 20:15" and not "2026-11-21T23:15Z".
The forms are those of the Unicode Common Locale Data Repository, release 48 (`common/main/{en,pt,es,fr}.xml` and
`common/supplemental/plurals.xml`): the skeletons `MMMMEEEEd` for days, the long date, the short time format, the
`atTime` joiner, the long unit patterns, the plural categories, the decimal and the standard currency pattern.
tests/browser holds them against the CLDR data inside Chromium.

In go aware instants, dates, whole figures and a language; out comes text in which a number and its unit never part at
a line's end. Four languages and ten forms fit on two pages; a library would bring hundreds of locales and the same ten.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from cloud.kernel.money import Currency, Money

NBSP: Final = "\N{NO-BREAK SPACE}"
NARROW_NBSP: Final = "\N{NARROW NO-BREAK SPACE}"
_WH_PER_KWH: Final = 1_000
_TENTHS_BELOW_WH: Final = 10 * _WH_PER_KWH
_SHOW_SECONDS_BELOW: Final = timedelta(minutes=10)


class Language(StrEnum):
    """The languages we write, by their BCP 47 tags."""

    EN = "en"
    PT_BR = "pt-BR"
    ES = "es"
    FR = "fr"


class Unit(StrEnum):
    """The parts a duration is told in."""

    DAY = "day"
    HOUR = "hour"
    MINUTE = "minute"
    SECOND = "second"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forms:
    """The forms of one language."""

    weekdays: tuple[str, ...]  # from Monday, as datetime counts
    months: tuple[str, ...]
    day: str  # pattern over {weekday}, {day}, {month}
    first: str  # the first of a month; an ordinal where the language writes one, which CLDR leaves out
    clock: Callable[[datetime], str]
    at: Callable[[datetime], str]  # the word before a clock time
    units: Mapping[Unit, tuple[str, str]]  # singular, plural
    zero_is_singular: bool  # CLDR plural category "one" holds for i = 0 as well
    joined_by: str
    date: str  # pattern over {day}, {month}, {year}
    decimal_mark: str
    group_mark: str
    groups_from: int  # the first whole number that is written in groups
    money: str  # pattern over {symbol} and {amount}; a sign stands before it
    symbols: Mapping[Currency, str]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _units(*pairs: str) -> Mapping[Unit, tuple[str, str]]:
    return {unit: (one, many) for unit, (one, many) in zip(Unit, map(_words, pairs), strict=True)}


def _symbols(brl: str, eur: str, gbp: str, usd: str) -> Mapping[Currency, str]:
    return {Currency.BRL: brl, Currency.EUR: eur, Currency.GBP: gbp, Currency.USD: usd}


def _clock_12(at: datetime) -> str:
    return f"{at.hour % 12 or 12}:{at.minute:02d}{NBSP}{'AM' if at.hour < 12 else 'PM'}"


def _clock_24(at: datetime) -> str:
    return f"{at.hour:02d}:{at.minute:02d}"


_FORMS: Final[Mapping[Language, _Forms]] = {
    Language.EN: _Forms(
        weekdays=_words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
        months=_words("January February March April May June July August September October November December"),
        day="{weekday}, {month} {day}",
        first="1",
        clock=_clock_12,
        at=lambda _at: "at",
        units=_units("day days", "hour hours", "minute minutes", "second seconds"),
        zero_is_singular=False,
        joined_by=" and ",
        date="{month} {day}, {year}",
        decimal_mark=".",
        group_mark=",",
        groups_from=1_000,
        money="{symbol}{amount}",
        symbols=_symbols("R$", "€", "£", "$"),
    ),
    Language.PT_BR: _Forms(
        weekdays=_words("segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo"),
        months=_words("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
        day="{weekday}, {day} de {month}",
        first="1º",
        clock=_clock_24,
        at=lambda _at: "às",
        units=_units("dia dias", "hora horas", "minuto minutos", "segundo segundos"),
        zero_is_singular=True,
        joined_by=" e ",
        date="{day} de {month} de {year}",
        decimal_mark=",",
        group_mark=".",
        groups_from=1_000,
        money=f"{{symbol}}{NBSP}{{amount}}",
        symbols=_symbols("R$", "€", "£", "US$"),
    ),
    Language.ES: _Forms(
        weekdays=_words("lunes martes miércoles jueves viernes sábado domingo"),
        months=_words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
        day="{weekday}, {day} de {month}",
        first="1",
        clock=lambda at: f"{at.hour}:{at.minute:02d}",
        at=lambda at: "a la" if at.hour == 1 else "a las",  # grammar asks for the singular at one; CLDR has no rule
        units=_units("día días", "hora horas", "minuto minutos", "segundo segundos"),
        zero_is_singular=False,
        joined_by=" y ",
        date="{day} de {month} de {year}",
        decimal_mark=",",
        group_mark=".",
        groups_from=10_000,
        money=f"{{amount}}{NBSP}{{symbol}}",
        symbols=_symbols("BRL", "€", "GBP", "US$"),
    ),
    Language.FR: _Forms(
        weekdays=_words("lundi mardi mercredi jeudi vendredi samedi dimanche"),
        months=_words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        day="{weekday} {day} {month}",
        first="1er",
        clock=_clock_24,
        at=lambda _at: "à",
        units=_units("jour jours", "heure heures", "minute minutes", "seconde secondes"),
        zero_is_singular=True,
        joined_by=" et ",
        date="{day} {month} {year}",
        decimal_mark=",",
        group_mark=NARROW_NBSP,
        groups_from=1_000,
        money=f"{{amount}}{NBSP}{{symbol}}",
        symbols=_symbols("R$", "€", "£GB", "$US"),
    ),
}


def day(at: datetime, zone: ZoneInfo, language: Language) -> str:
    """The weekday and date where the customer lives: "Saturday, November 21", "samedi 21 novembre"."""
    local, forms = at.astimezone(zone), _FORMS[language]
    number = forms.first if local.day == 1 else str(local.day)
    return forms.day.format(weekday=forms.weekdays[local.weekday()], day=number, month=forms.months[local.month - 1])


def clock(at: datetime, zone: ZoneInfo, language: Language) -> str:
    """The time of day where the customer lives, to the minute: "8:15 PM", "20:15".

    In the hour that summer time gives back, the same time of day comes twice: there the offset is told too.
    """
    local = at.astimezone(zone)
    text = _FORMS[language].clock(local)
    return f"{text} ({_offset(local)})" if _comes_twice(local) else text


def moment(at: datetime, zone: ZoneInfo, language: Language) -> str:
    """Day and time in one: "Saturday, November 21 at 8:15 PM", "sábado, 21 de noviembre a las 20:15"."""
    word = _FORMS[language].at(at.astimezone(zone))
    return f"{day(at, zone, language)} {word} {clock(at, zone, language)}"


def duration(span: timedelta, language: Language) -> str:
    """How long something took, in its two largest units, rounded down, so that no customer's outage grows.

    >>> duration(timedelta(hours=2, minutes=5, seconds=59), Language.ES).replace(NBSP, " ")
    '2 horas y 5 minutos'
    >>> duration(timedelta(minutes=1, seconds=48), Language.FR).replace(NBSP, " ")
    '1 minute et 48 secondes'

    Seconds are told below ten minutes. ValueError for a negative span: it is nobody's duration.
    """
    if span < timedelta(0):
        raise ValueError(f"a duration cannot be negative: {span}")
    forms = _FORMS[language]
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    counts = [(Unit.DAY, days), (Unit.HOUR, hours), (Unit.MINUTE, minutes)]
    if span < _SHOW_SECONDS_BELOW:
        counts.append((Unit.SECOND, seconds))
    told = [(unit, count) for unit, count in counts if count][:2] or [(Unit.SECOND, 0)]
    return forms.joined_by.join(f"{count}{NBSP}{_unit_word(forms, unit, count)}" for unit, count in told)


def long_date(on: date, language: Language) -> str:
    """A date with its year, which a programme or a bill needs: "November 22, 2026", "22 de novembro de 2026"."""
    forms = _FORMS[language]
    number = forms.first if on.day == 1 else str(on.day)
    return forms.date.format(day=number, month=forms.months[on.month - 1], year=on.year)


def days(count: int, language: Language) -> str:
    """A number of days: "1 day", "9 jours"."""
    return f"{_number(count, 0, language)}{NBSP}{_unit_word(_FORMS[language], Unit.DAY, count)}"


def figure(value: int, symbol: str, language: Language, *, scale: int = 1, digits: int = 0) -> str:
    """An integer reading in a larger unit, rounded half up: `figure(231_400, "V", FR, scale=1000)` is "231 V".

    Integers all the way: a meter's value is never sent through a float.
    """
    steps = 10**digits
    rounded = (abs(value) * steps * 2 + scale) // (2 * scale)
    sign = "\N{MINUS SIGN}" if value < 0 and rounded else ""
    return f"{sign}{_number(rounded, digits, language)}{NBSP}{symbol}"


def energy(value_wh: int, language: Language) -> str:
    """Energy in kWh, with tenths below ten: "9.6 kWh", "1.234 kWh"."""
    digits = 1 if abs(value_wh) < _TENTHS_BELOW_WH else 0
    return figure(value_wh, "kWh", language, scale=_WH_PER_KWH, digits=digits)


def money(value: Money, language: Language, *, signed: bool = False) -> str:
    """An amount to the cent: "R$ 1.234,56", "1 234,56 €"; `signed` writes a plus before what is above nothing.

    >>> money(Money(123456, Currency.BRL), Language.PT_BR).replace(NBSP, " ")
    'R$ 1.234,56'
    """
    forms = _FORMS[language]
    sign = "-" if value.minor < 0 else "+" if signed and value.minor > 0 else ""
    amount = _number(abs(value.minor), 2, language)
    return sign + forms.money.format(symbol=forms.symbols[value.currency], amount=amount)


def _number(steps: int, digits: int, language: Language) -> str:
    """A whole number of steps, 10**digits of which are one, in groups of three."""
    forms = _FORMS[language]
    whole, part = divmod(steps, 10**digits)
    text = f"{whole:,}".replace(",", forms.group_mark) if whole >= forms.groups_from else str(whole)
    return f"{text}{forms.decimal_mark}{part:0{digits}d}" if digits else text


def decimal_mark(language: Language) -> str:
    """What parts the whole from the tenths."""
    return _FORMS[language].decimal_mark


def calendar_words(language: Language) -> frozenset[str]:
    """Month and weekday names, lower case: what a template may not hold, because only a fact may name a day."""
    forms = _FORMS[language]
    return frozenset(word.lower() for word in (*forms.weekdays, *forms.months))


def _unit_word(forms: _Forms, unit: Unit, count: int) -> str:
    singular, plural = forms.units[unit]
    return singular if count == 1 or (count == 0 and forms.zero_is_singular) else plural


def _comes_twice(local: datetime) -> bool:
    earlier, later = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    return earlier is not None and later is not None and earlier > later


def _offset(local: datetime) -> str:
    minutes = int((local.utcoffset() or timedelta(0)).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    sign = "\N{MINUS SIGN}" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "")
