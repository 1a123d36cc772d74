"""A programme: what help there is, where, from when to when, on which conditions, and how we know.

Rules of assistance change with every budget, and the usual failure is a limit of two years ago. So a programme is a row
of dated versions that never change and never overlap; each names its sources, the day they were read, and the day
after which they must be read again: what nobody has looked at since then is not offered, just as what has ended is not.

A programme of a wider place (US) holds in the narrower ones (US-CA) unless those have their own of the same name.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final, TypeAlias

from cloud.assistance.predicate import Facts, FactValue, Predicate, Truth, judge
from cloud.kernel.i18n import Language
from runtime.errors import InputRefused

Words: TypeAlias = Mapping[Language, str]
_LARGEST: Final = Decimal(10) ** 12
_LONGEST_CHARS: Final = 60
_YES_NO: Final = {"true": True, "yes": True, "false": False, "no": False}


class FactRefused(InputRefused):
    """What was told of a home is not of the kind that is asked for; whoever told it mends it."""


class Kind(StrEnum):
    """What a programme does."""

    BILL_DISCOUNT = "bill_discount"
    VOUCHER = "voucher"
    GRANT = "grant"
    CRISIS_GRANT = "crisis_grant"
    ARREARS_FORGIVENESS = "arrears_forgiveness"
    WEATHERIZATION = "weatherization"


class Status(StrEnum):
    """How a version stands within its dates."""

    ACTIVE = "active"
    SEASONAL = "seasonal"  # open in its season only
    PAUSED = "paused"
    ENDED = "ended"


class Asked(StrEnum):
    """What kind of answer a question has."""

    YES_NO = "yes_no"
    COUNT = "count"
    NUMBER = "number"
    WORD = "word"


class Verified(StrEnum):
    """How far a source was seen."""

    PAGE = "page"  # a page that reports it was read
    REPOSITORY = "repository"  # it was read in a public repository's data
    MEMORY = "memory"  # nobody has looked it up yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A fact a programme asks for: what kind it is, what it means to people, and what to do when it is lacking."""

    fact: str
    kind: Asked
    words: Words
    advice: Words | None = None

    def read(self, told: object) -> FactValue:
        """What was told, as the conditions take it; raises FactRefused."""
        value = self._read(told)
        if value is None:
            raise FactRefused(f"{str(told)[:_LONGEST_CHARS]!r} is not {_KINDS[self.kind]}", where=self.fact)
        return value

    def _read(self, told: object) -> FactValue | None:
        match self.kind:
            case Asked.YES_NO:
                return told if isinstance(told, bool) else _YES_NO.get(str(told).strip().lower())
            case Asked.WORD:
                return told if isinstance(told, str) and told else None
            case Asked.COUNT:
                number = _number(told)
                return number if number is not None and number >= 0 and number == int(number) else None
            case Asked.NUMBER:
                return _number(told)


_KINDS: Final = {
    Asked.YES_NO: "yes or no",
    Asked.COUNT: "a whole number from 0",
    Asked.NUMBER: "a number",
    Asked.WORD: "a word",
}


def _number(told: object) -> Decimal | None:
    if isinstance(told, bool) or not isinstance(told, int | float | Decimal | str) or len(str(told)) > _LONGEST_CHARS:
        return None
    try:
        number = Decimal(str(told).strip())
    except InvalidOperation:
        return None
    if not number.is_finite() or number.copy_abs() >= _LARGEST or -int(number.as_tuple().exponent) > _LONGEST_CHARS:
        return None  # nobody reckons with 1e-999999
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where something was read, and how far."""

    title: str
    found_in: str
    verified: Verified


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """From one day of the year to another, both within, over New Year or not; days as month * 100 + day."""

    first: int
    last: int

    def has(self, day: date) -> bool:
        """Whether it is open on this day."""
        at = day.month * 100 + day.day
        return self.first <= at <= self.last if self.first <= self.last else at >= self.first or at <= self.last

    def next_opening(self, day: date) -> date:
        """The first day on or after this one on which it opens."""
        return _next(self.first, day)

    def next_closing(self, day: date) -> date:
        """The first day on or after this one that is the last of it."""
        return _next(self.last, day)


def _next(day_of_year: int, day: date) -> date:
    found = date(day.year, day_of_year // 100, day_of_year % 100)
    return found if found >= day else found.replace(year=day.year + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoned:
    """What the help comes to for one home."""

    name: str
    value: Decimal
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How the help is reckoned: a fact up to a cap, or the value of the first case that holds."""

    name: str
    unit: str
    capped: tuple[str, Decimal] | None = None
    cases: tuple[tuple[Predicate, Decimal], ...] = ()

    def reckon(self, facts: Facts, on: date) -> Reckoned | None:
        """The amount for a home; None while what it hangs on is not known."""
        value = self._of_fact(facts) if self.capped else self._of_cases(facts, on)
        return None if value is None else Reckoned(name=self.name, value=value, unit=self.unit)

    def _of_fact(self, facts: Facts) -> Decimal | None:
        assert self.capped is not None
        fact, most = self.capped
        value = facts.get(fact)
        return min(value, most) if isinstance(value, Decimal) and value >= 0 else None

    def _of_cases(self, facts: Facts, on: date) -> Decimal | None:
        for condition, value in self.cases:
            match judge(condition, facts, on):
                case Truth.YES:
                    return value
                case Truth.UNKNOWN:
                    return None
                case Truth.NO:
                    continue
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The rules of a programme between two days, both within; no `valid_to` means that no end is known."""

    valid_from: date
    valid_to: date | None
    status: Status
    season: Season | None
    eligible: Predicate
    amount: Amount | None
    benefit: Words
    apply: Words
    sources: tuple[Source, ...]
    read_on: date
    read_again_by: date
    unverified: str

    @property
    def until(self) -> date:
        """The last day on which we may speak of it: its end, or the day its sources must be read again."""
        return self.read_again_by if self.valid_to is None else min(self.valid_to, self.read_again_by)

    def open_until(self, day: date) -> date:
        """The last day on which what is open on this day may be spoken of: a season may close before its version."""
        return self.until if self.season is None else min(self.until, self.season.next_closing(day))

    def has(self, day: date) -> bool:
        """Whether the day is within its dates."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def is_open_on(self, day: date) -> bool:
        """Whether it may be offered on this day to somebody who meets its conditions."""
        in_season = self.season is None or self.season.has(day)
        may_be = self.status in {Status.ACTIVE, Status.SEASONAL}
        return may_be and in_season and self.valid_from <= day <= self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """Its versions, the oldest first, and the questions any of them asks."""

    id: str
    jurisdiction: str
    kind: Kind
    name: Words
    questions: tuple[Question, ...]
    versions: tuple[Version, ...]

    def name_of(self, version: Version) -> str:
        """By which a message and a log name one version."""
        return f"{self.id}:{version.valid_from}"

    def holds_in(self, jurisdiction: str) -> bool:
        """Whether homes of this place can get it."""
        return f"{jurisdiction}-".startswith(f"{self.jurisdiction}-")

    def version_on(self, day: date) -> Version | None:
        """The version whose dates the day is within."""
        return next((version for version in self.versions if version.has(day)), None)

    def known(self, told: Mapping[str, object]) -> dict[str, FactValue]:
        """Of what was told of a home, the facts asked for here; null is not known. Raises FactRefused."""
        asked = {question.fact: question for question in self.questions}
        return {fact: asked[fact].read(value) for fact, value in told.items() if fact in asked and value is not None}


_JURISDICTION: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,16}){0,3}", re.ASCII)


def parse_jurisdiction(text: str) -> str:
    """A place as ISO 3166-2 names it (BR, US-CA), or a utility's below one; raises InputRefused."""
    if not _JURISDICTION.fullmatch(text):
        raise InputRefused(
            f"{text[:_LONGEST_CHARS]!r} is no jurisdiction", do="write it as in BR, US-CA or BR-PR-UTILITY"
        )
    return text


def holding_in(programmes: Iterable[Programme], jurisdiction: str) -> tuple[Programme, ...]:
    """The programmes that hold in a place, by name; of two of one name the one for the narrower place."""
    found: dict[str, Programme] = {}
    for programme in sorted(programmes, key=lambda each: len(each.jurisdiction)):
        if programme.holds_in(jurisdiction):
            found[programme.id] = programme
    return tuple(found[name] for name in sorted(found))
