"""The word about assistance: what help is likely for homes that a file tells of.

`assist` needs no state folder: cases go in as JSON, one or a list, each with a place, a day and what is known; out
comes what every programme of that place says. It is a door other programs use, so its JSON stays as it is.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cloud.command import add, answer
from runtime.errors import InputRefused
from runtime.reading import read_at_most

if TYPE_CHECKING:
    from cloud.assistance.check import Assessment
    from cloud.kernel.i18n import Language

MAX_FILE_BYTES: Final = 4_000_000
MAX_CASES: Final = 10_000
_LANGUAGES: Final = ("en", "pt-BR", "es", "fr")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One home that is asked about."""

    id: str
    jurisdiction: str
    on: date
    facts: dict[str, object]


def add_to(commands: "argparse._SubParsersAction[Any]") -> None:
    """Let `assist` be one of the commands."""
    about = "which programmes of assistance are likely for a home, and why not"
    parser = add(commands, "assist", _assist, about)
    parser.add_argument("file", metavar="FILE", help="cases as JSON: jurisdiction, today, facts; - for standard input")
    parser.add_argument("--on", type=_day, metavar="DATE", help="as if it were this day, whatever the cases say")
    parser.add_argument("--language", choices=_LANGUAGES, default="en", metavar="|".join(_LANGUAGES))
    parser.add_argument("--programmes", type=Path, metavar="DIR", help="a utility's own programmes, besides ours")
    parser.add_argument("--json", action="store_true")


def cases(data: bytes, where: str, on: date | None) -> list[Case]:
    """The cases of a file; raises InputRefused naming the one that is none."""
    try:
        found = json.loads(data, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise InputRefused(f"not JSON: {str(error) or 'too deep'}", where=where) from error
    listed = found if isinstance(found, list) else [found]
    if len(listed) > MAX_CASES:
        raise InputRefused(f"more than {MAX_CASES} cases", where=where, do="hand them in in parts")
    return [_case(each, f"{where}: case {number}", on) for number, each in enumerate(listed, start=1)]


def _assist(arguments: argparse.Namespace) -> int:
    from cloud.assistance import check, words
    from cloud.assistance.programme_file import load
    from cloud.kernel.i18n import Language

    programmes, language = load(arguments.programmes), Language(arguments.language)
    told: list[dict[str, object]] = []
    lines: list[str] = []
    for case in cases(_read(arguments.file), arguments.file, arguments.on):
        try:
            found = check.assess_all(programmes, case.facts, case.jurisdiction, case.on)
        except InputRefused as refused:
            raise InputRefused(refused.what, where=f"{case.id}: {refused.where}", do=refused.do) from refused
        listed = [words.values(each, each.programme.known(case.facts), case.on, language) for each in found]
        told.append({"id": case.id} | _heading(case) | {"programmes": listed})
        lines += _lines(case, found, language)
    answer(arguments, told, lines)
    return 0


def _lines(case: Case, found: "tuple[Assessment, ...]", language: "Language") -> Iterator[str]:
    from cloud.assistance import words

    yield f"{case.id}  {case.jurisdiction}  {case.on}"
    for each in found:
        first, *rest = words.lines(each, each.programme.known(case.facts), case.on, language)
        yield f"  {first}"
        yield from (f"    {line}" for line in rest)
    if not found:
        yield "  no programme is known there"


def _heading(case: Case) -> dict[str, object]:
    return {"jurisdiction": case.jurisdiction, "on": case.on.isoformat()}


def _case(told: object, where: str, on: date | None) -> Case:
    from cloud.assistance.programme import parse_jurisdiction

    if not isinstance(told, Mapping):
        raise InputRefused(
            "a case is an object", where=where, do='write {"jurisdiction": ..., "today": ..., "facts": {}}'
        )
    facts, place, today = told.get("facts"), told.get("jurisdiction"), told.get("today")
    if not isinstance(facts, Mapping) or not isinstance(place, str):
        raise InputRefused("the case has no jurisdiction or no facts", where=where, do="add them")
    name = told.get("id")
    where = f"{where} ({str(name)[:40]})" if name is not None else where
    try:
        jurisdiction = parse_jurisdiction(place)
        day = on or date.fromisoformat(today if isinstance(today, str) else "")
    except InputRefused as refused:
        raise InputRefused(refused.what, where=where, do=refused.do) from refused
    except ValueError as error:
        raise InputRefused(f"{str(today)[:40]!r} is no day", where=where, do="write today as in 2026-01-31") from error
    return Case(id=str(name)[:80] if name is not None else where, jurisdiction=jurisdiction, on=day, facts=dict(facts))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no day; write it as in 2026-01-31") from None


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is no number")


def _read(name: str) -> bytes:
    try:
        data = sys.stdin.buffer.read(MAX_FILE_BYTES + 1) if name == "-" else read_at_most(Path(name), MAX_FILE_BYTES)
    except OSError as error:
        raise InputRefused(f"cannot read: {error.strerror}", where=name) from error
    if len(data) > MAX_FILE_BYTES:
        raise InputRefused(f"more than {MAX_FILE_BYTES} bytes", where=name, do="hand the cases in in parts")
    return data
