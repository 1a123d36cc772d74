"""Conditions on what is known of a home, in three values: yes, no, and not known yet.

Nobody tells a utility everything, and a household must not lose help because a question was never asked. So a missing
fact makes a condition unknown, never false (Kleene's strong logic of three values): `any` is yes as soon as one part
is, `all` is no as soon as one part is, and what stays open names the facts that would settle it.

In go facts by name, the day, and a tree of conditions; out come a truth, and why: the facts still missing, or the
comparisons that were decisive. Limits may be tables by date and size (a poverty guideline of a year by the size of the
household); a table that says nothing of that day makes the condition unknown too.

>>> poor = Compare(fact="income", op=Op.AT_MOST, limit=Limit(base=Decimal(100)))
>>> judge(Any((poor, Compare(fact="registered", op=Op.IS, limit=True))), {"income": Decimal(101)}, date(2026, 1, 1))
<Truth.UNKNOWN: 'unknown'>
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Final, TypeAlias

FactValue: TypeAlias = bool | Decimal | str
Facts: TypeAlias = Mapping[str, FactValue]
"""What is known; a fact that is not in here is missing."""


class Truth(Enum):
    """Three values, from the least to the most."""

    NO = "no"
    UNKNOWN = "unknown"
    YES = "yes"


_RANK: Final = {Truth.NO: 0, Truth.UNKNOWN: 1, Truth.YES: 2}
_OPPOSITE: Final = {Truth.NO: Truth.YES, Truth.UNKNOWN: Truth.UNKNOWN, Truth.YES: Truth.NO}


def both(*truths: Truth) -> Truth:
    """The least of them; of nothing, no: an empty list of conditions lets nobody in."""
    return min(truths, key=_RANK.__getitem__, default=Truth.NO)


def either(*truths: Truth) -> Truth:
    """The most of them; of nothing, no."""
    return max(truths, key=_RANK.__getitem__, default=Truth.NO)


def opposite(truth: Truth) -> Truth:
    """What its denial is worth."""
    return _OPPOSITE[truth]


class Op(StrEnum):
    """How a fact is held against its limit."""

    BELOW = "below"
    AT_MOST = "at_most"
    ABOVE = "above"
    AT_LEAST = "at_least"
    IS = "is"
    IS_NOT = "is_not"


_DENIAL: Final = {
    Op.BELOW: Op.AT_LEAST,
    Op.AT_LEAST: Op.BELOW,
    Op.AT_MOST: Op.ABOVE,
    Op.ABOVE: Op.AT_MOST,
    Op.IS: Op.IS_NOT,
    Op.IS_NOT: Op.IS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What a table says from one day to another: the first sizes one by one, then so much for each further one."""

    valid_from: date
    valid_to: date
    values: tuple[Decimal, ...]
    further: Decimal | None

    def at(self, size: int) -> Decimal | None:
        """The value for so many, from 1; None where the table ends."""
        if 1 <= size <= len(self.values):
            return self.values[size - 1]
        if size < 1 or self.further is None:
            return None
        return self.values[-1] + self.further * (size - len(self.values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Amounts by date and by a count, such as the people of a household."""

    name: str
    by: str
    dated: tuple[Rows, ...]

    def rows_on(self, on: date) -> Rows | None:
        """What it says on a day."""
        return next((rows for rows in self.dated if rows.valid_from <= on <= rows.valid_to), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """An amount: fixed, or a share of a table's, plus so much for each of a counted fact."""

    base: Decimal = Decimal(0)
    table: Table | None = None
    times: Decimal = Decimal(1)
    plus: tuple[tuple[str, Decimal], ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """The facts it is reckoned from."""
        return (*((self.table.by,) if self.table else ()), *(fact for fact, _ in self.plus))

    def reckon(self, facts: Facts, on: date) -> Decimal | None:
        """The amount; None while a fact or a table's row for it is missing."""
        amount = self.base
        for fact, each in self.plus:
            if not isinstance(count := facts.get(fact), Decimal):
                return None
            amount += count * each
        if self.table is None:
            return amount
        size, rows = facts.get(self.table.by), self.table.rows_on(on)
        if rows is None or not isinstance(size, Decimal) or size != int(size):
            return None
        looked_up = rows.at(int(size))
        return None if looked_up is None else amount + looked_up * self.times


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """One fact, or one fact per another, held against a limit; `is` and `is_not` hold it against a word or yes/no."""

    fact: str
    op: Op
    limit: Limit | bool | str
    per: str | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        """The facts it looks at."""
        of_limit = self.limit.needs if isinstance(self.limit, Limit) else ()
        return (self.fact, *((self.per,) if self.per else ()), *of_limit)

    def value(self, facts: Facts) -> FactValue | None:
        """What is held against the limit; None while it is missing, or told per nothing."""
        value = facts.get(self.fact)
        if self.per is None or value is None:
            return value
        per = facts.get(self.per)
        if not isinstance(value, Decimal) or not isinstance(per, Decimal) or per <= 0:
            return None
        return value / per

    def judge(self, facts: Facts, on: date) -> Truth:
        """Whether it holds."""
        value = self.value(facts)
        limit = self.limit.reckon(facts, on) if isinstance(self.limit, Limit) else self.limit
        if value is None or limit is None or type(value) is not type(limit):
            return Truth.UNKNOWN
        return Truth.YES if self._holds(value, limit) else Truth.NO

    def denied(self) -> "Compare":
        """The comparison that holds where this one does not."""
        return replace(self, op=_DENIAL[self.op])

    def _holds(self, value: FactValue, limit: FactValue) -> bool:
        if self.op in {Op.IS, Op.IS_NOT}:
            return (value == limit) is (self.op is Op.IS)
        if not isinstance(value, Decimal) or not isinstance(limit, Decimal):
            return False  # words have no order; the file's reader lets none through
        match self.op:
            case Op.BELOW:
                return value < limit
            case Op.AT_MOST:
                return value <= limit
            case Op.ABOVE:
                return value > limit
        return value >= limit


@dataclass(frozen=True, slots=True)
class All:
    """Every part must hold."""

    parts: "tuple[Predicate, ...]"


@dataclass(frozen=True, slots=True)
class Any:
    """One part must hold."""

    parts: "tuple[Predicate, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The part must not hold."""

    part: "Predicate"


Predicate: TypeAlias = All | Any | Not | Compare


def judge(predicate: Predicate, facts: Facts, on: date) -> Truth:
    """What these facts make of the condition on a day."""
    match predicate:
        case All(parts):
            return both(*(judge(part, facts, on) for part in parts))
        case Any(parts):
            return either(*(judge(part, facts, on) for part in parts))
        case Not(part):
            return opposite(judge(part, facts, on))
        case Compare():
            return predicate.judge(facts, on)


def decisive(predicate: Predicate, facts: Facts, on: date) -> tuple[Compare, ...]:
    """The comparisons that make the whole what it is, each once: those that keep it open, or that settle it.

    What is denied comes as its denial, so that each says what it takes to be let in.
    """
    return tuple(dict.fromkeys(_decisive(predicate, facts, on)))


def missing(predicate: Predicate, facts: Facts, on: date) -> tuple[str, ...]:
    """The facts that are not known and could settle what is open; nothing where all is settled."""
    if judge(predicate, facts, on) is not Truth.UNKNOWN:
        return ()
    open_ones = decisive(predicate, facts, on)
    return tuple(dict.fromkeys(fact for one in open_ones for fact in one.needs if fact not in facts))


def comparisons(predicate: Predicate) -> Iterator[Compare]:
    """Every comparison of the tree."""
    match predicate:
        case All(parts) | Any(parts):
            for part in parts:
                yield from comparisons(part)
        case Not(part):
            yield from comparisons(part)
        case Compare():
            yield predicate


def _decisive(predicate: Predicate, facts: Facts, on: date) -> Iterator[Compare]:
    match predicate:
        case All(parts) | Any(parts):
            whole = judge(predicate, facts, on)
            for part in _alike(parts, whole, facts, on):
                yield from _decisive(part, facts, on)
        case Not(part):
            yield from (each.denied() for each in _decisive(part, facts, on))
        case Compare():
            yield predicate


def _alike(parts: Sequence[Predicate], truth: Truth, facts: Facts, on: date) -> Iterator[Predicate]:
    return (part for part in parts if judge(part, facts, on) is truth)
