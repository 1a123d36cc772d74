"""Conditions and the tables they look at, as a programme's file writes them.

{ fact = "income", per = "people", at_most = 11000 }             or below, above, at_least, is, is_not
{ fact = "income", at_most = { table = "fpg", times = 1.5 } }    a share of a dated table
{ fact = "income", at_most = { base = 12600, plus = { minors = 4200 } } }
{ all = [ ... ] }, { any = [ ... ] }, { not = { ... } }
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any as Anything
from typing import Final, TypeAlias

from cloud.assistance.predicate import All, Any, Compare, Limit, Not, Op, Predicate, Rows, Table
from cloud.assistance.programme import Asked
from cloud.kernel.strict_toml import StrictTable

FACT_FORM: Final = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_DEEPEST: Final = 12

Tables: TypeAlias = Mapping[str, Table]


def formed(table: StrictTable, key: str, form: re.Pattern[str]) -> str:
    """A name of this form."""
    text = table.text(key)
    if not form.fullmatch(text):
        raise table.refuse(key, f"{text[:60]!r} cannot be a name", "use up to 40 small letters, digits and - or _")
    return text


def read_tables(top: StrictTable) -> Tables:
    """The `[[table]]`s of a programme's file, each name's with its dates in a row."""
    found: dict[str, Table] = {}
    for each in top.rows("table"):
        name, by = formed(each, "name", FACT_FORM), each.text("by")
        rows = Rows(
            valid_from=each.day("valid_from"),
            valid_to=each.day("valid_to"),
            values=each.numbers("values"),
            further=each.number("further") if each.has("further") else None,
        )
        each.text("source")
        each.done()
        before = found.get(name, Table(name=name, by=by, dated=()))
        if before.by != by:
            raise each.refuse("by", f"the table {name!r} goes by {before.by!r} elsewhere")
        if rows.valid_to < rows.valid_from or any(rows.valid_from <= other.valid_to for other in before.dated):
            do = "let each begin after the one before has ended"
            raise each.refuse("valid_from", f"the dates of the table {name!r} overlap or run backwards", do)
        found[name] = Table(name=name, by=by, dated=(*before.dated, rows))
    return found


def read_condition(table: StrictTable, tables: Tables, kinds: Mapping[str, Asked], depth: int = 0) -> Predicate:
    """The condition a table spells; `kinds` says what kind of answer each fact has."""
    forms = [key for key in ("all", "any", "not", "fact") if table.has(key)]
    if len(forms) != 1 or depth > _DEEPEST:
        what = (
            "a condition is one of all, any, not or fact" if depth <= _DEEPEST else "conditions are nested too deeply"
        )
        raise table.refuse("", what)
    found: Predicate
    match forms[0]:
        case "not":
            found = Not(read_condition(table.below("not"), tables, kinds, depth + 1))
        case "fact":
            found = _compare(table, tables, kinds)
        case every_or_one:
            parts = tuple(read_condition(part, tables, kinds, depth + 1) for part in table.rows(every_or_one))
            if not parts:
                raise table.refuse(every_or_one, "the list of conditions is empty")
            found = All(parts) if every_or_one == "all" else Any(parts)
    table.done()
    return found


def _compare(table: StrictTable, tables: Tables, kinds: Mapping[str, Asked]) -> Compare:
    fact = table.text("fact")
    per = table.text("per") if table.has("per") else None
    ops = [op for op in Op if table.has(op)]
    if len(ops) != 1:
        raise table.refuse(fact, "a fact is held against exactly one limit", f"use one of: {', '.join(Op)}")
    limit = _limit(table, ops[0], tables)
    kind = kinds.get(fact, Asked.NUMBER)
    fits = bool if kind is Asked.YES_NO else str if kind is Asked.WORD else Limit
    if not isinstance(limit, fits) or (fits is not Limit and (ops[0] not in {Op.IS, Op.IS_NOT} or per is not None)):
        raise table.refuse(ops[0], f"{fact!r} is asked as {kind} and cannot be held against this")
    return Compare(fact=fact, op=ops[0], limit=limit, per=per)


def _limit(table: StrictTable, op: Op, tables: Tables) -> Limit | bool | str:
    value: Anything = table.value(op)
    if isinstance(value, bool | str):
        return value
    if not isinstance(value, dict):
        return Limit(base=table.number(op))
    inner = table.below(op)
    name = inner.text("table") if inner.has("table") else None
    if name is not None and name not in tables:
        raise inner.refuse("table", f"there is no table {name!r}", f"known here: {', '.join(sorted(tables)) or 'none'}")
    plus = inner.maybe_below("plus")
    found = Limit(
        base=inner.number("base", Decimal(0)),
        table=tables[name] if name is not None else None,
        times=inner.number("times", Decimal(1)),
        plus=tuple((fact, plus.number(fact)) for fact in plus.names()) if plus else (),
    )
    inner.done()
    return found
