"""Facts: the only things a message to a customer may be made of.

A fact is a value with where it comes from, the instant it was known to hold, and for how long it may be repeated.
"It went out at 20:15" stays true for ever and has no time to live; "it is out" is true now and stale in a quarter of
an hour. A sheet is the handful of facts one message is written from, kept beside the message as its proof.

In go values from events, customers and policies; out come either every fact a message needs, or the list of what is
lacking and why. There is no third answer: whoever finds a fact missing or stale writes nothing, and asks a person.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from cloud.kernel.money import Currency, Money
from wire.instants import from_unix_ms, unix_ms

FactValue = str | int | datetime | date | timedelta | Money
_MS: Final = timedelta(milliseconds=1)


class SourceKind(StrEnum):
    """Where a fact can come from."""

    EVENT = "event"  # a signed event of a gateway: gateway/gen/lane/seq
    CUSTOMER = "customer"  # the utility's customer file: customer or usage point
    CASE = "case"  # our own case book: usage point/number
    READINGS = "readings"  # what the meter recorded: usage point/first day/last day
    BILL = "bill"  # a bill of the utility: its number
    WEATHER = "weather"  # temperatures: station/first day/last day
    TARIFF = "tariff"  # a dated tariff: its name and version
    PROGRAMME = "programme"  # a dated programme of assistance: its name and version
    CONSENT = "consent"  # what the customer agreed to: customer/purpose/channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One place a fact can be looked up at."""

    kind: SourceKind
    ref: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.ref}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A value, what proves it, when it held, and how long it may be repeated (None: for ever)."""

    id: str
    value: FactValue
    sources: tuple[Source, ...]
    as_of: datetime
    ttl: timedelta | None = None

    def __post_init__(self) -> None:
        if not self.sources:
            raise ValueError(f"the fact {self.id!r} has no source")

    @property
    def valid_until(self) -> datetime | None:
        """The last instant it may be repeated; None when it cannot grow stale."""
        return None if self.ttl is None else self.as_of + self.ttl

    def is_stale(self, now: datetime) -> bool:
        """Whether it is too old to be repeated at `now`; at its last instant it is not."""
        return self.valid_until is not None and self.valid_until < now


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """A fact that was needed and cannot be used."""

    fact_id: str
    stale_since: datetime | None = None

    def __str__(self) -> str:
        if self.stale_since is None:
            return f"{self.fact_id} is not known"
        return f"{self.fact_id} is too old to repeat (good until {self.stale_since:%Y-%m-%d %H:%M:%S} UTC)"


class FactSheet(Mapping[str, Fact]):
    """The facts one message is written from, by their id."""

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self._facts: dict[str, Fact] = {}
        for fact in facts:
            if fact.id in self._facts:
                raise ValueError(f"two facts are called {fact.id!r}")
            self._facts[fact.id] = fact

    def __getitem__(self, fact_id: str) -> Fact:
        return self._facts[fact_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)

    def __repr__(self) -> str:
        return f"FactSheet({sorted(self._facts)})"  # names only: values belong to a customer

    def joined_with(self, other: "FactSheet") -> "FactSheet":
        """Both sheets as one; ValueError where they name the same fact."""
        return FactSheet([*self.values(), *other.values()])

    def known_at(self, now: datetime) -> "FactSheet":
        """The facts that may be repeated at `now`."""
        return FactSheet(fact for fact in self.values() if not fact.is_stale(now))

    def lacking(self, needed: Iterable[str], now: datetime) -> tuple[Lack, ...]:
        """What of `needed` cannot be said at `now`; empty means that all of it can."""
        lacks = []
        for fact_id in sorted(needed):
            fact = self._facts.get(fact_id)
            if fact is None:
                lacks.append(Lack(fact_id=fact_id))
            elif fact.is_stale(now):
                lacks.append(Lack(fact_id=fact_id, stale_since=fact.valid_until))
        return tuple(lacks)

    def valid_until(self, needed: Iterable[str]) -> datetime | None:
        """Until when all of `needed`, which must be here, may be repeated; None: for ever."""
        ends = [end for fact_id in needed if (end := self._facts[fact_id].valid_until) is not None]
        return min(ends, default=None)

    def to_json(self) -> str:
        """The sheet as text, the same text for the same facts."""
        return json.dumps([_plain(self._facts[fact_id]) for fact_id in sorted(self._facts)], ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The sheet that `to_json` wrote."""
        return cls(_fact(plain) for plain in json.loads(text))

    def digest(self) -> str:
        """A SHA-256 over the sheet, in hexadecimal: names what a message was written from."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def _plain(fact: Fact) -> dict[str, object]:
    return {
        "id": fact.id,
        "value": _plain_value(fact.value),
        "sources": [[source.kind.value, source.ref] for source in fact.sources],
        "as_of_ms": unix_ms(fact.as_of),
        "ttl_ms": None if fact.ttl is None else fact.ttl // _MS,
    }


def _plain_value(value: FactValue) -> dict[str, str | int]:
    match value:
        case datetime():  # before date, which every datetime is too
            return {"instant_ms": unix_ms(value)}
        case date():
            return {"day": value.isoformat()}
        case timedelta():
            return {"span_ms": value // _MS}
        case Money(minor=minor, currency=currency):
            return {"minor": minor, "currency": currency.value}
        case int():
            return {"int": value}
        case str():
            return {"text": value}


def _fact(plain: dict[str, object]) -> Fact:
    match plain:
        case {
            "id": str(fact_id),
            "value": dict(value),
            "sources": list(sources),
            "as_of_ms": int(as_of),
            "ttl_ms": ttl,
        }:
            return Fact(
                id=fact_id,
                value=_value(value),
                sources=tuple(Source(kind=SourceKind(kind), ref=ref) for kind, ref in sources),
                as_of=from_unix_ms(as_of),
                ttl=ttl * _MS if isinstance(ttl, int) else None,
            )
    raise ValueError("this is not a fact")


def _value(plain: dict[str, object]) -> FactValue:
    match plain:
        case {"instant_ms": int(at_ms)}:
            return from_unix_ms(at_ms)
        case {"day": str(day)}:
            return date.fromisoformat(day)
        case {"minor": int(minor), "currency": str(currency)}:
            return Money(minor, Currency(currency))
        case {"span_ms": int(span_ms)}:
            return span_ms * _MS
        case {"int": int(number)}:
            return number
        case {"text": str(text)}:
            return text
    raise ValueError("this is not a fact's value")
