"""A programme's file: strict TOML into the one form there is (docs/how-to/assistance.md shows one).

A limit misspelt is a family without help, so besides unknown keys these are refused: a version that overlaps another, a
condition on a fact nobody asks for or of another kind, a question nobody needs, a table that does not reach over the
days its version may be offered, a text that lacks one of our languages.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Final

from cloud.assistance.condition_file import FACT_FORM, Tables, formed, read_condition, read_tables
from cloud.assistance.predicate import Limit, Predicate, comparisons
from cloud.assistance.programme import (
    Amount,
    Asked,
    Kind,
    Programme,
    Question,
    Season,
    Source,
    Status,
    Verified,
    Version,
    parse_jurisdiction,
)
from cloud.kernel.strict_toml import StrictTable, TomlRefused
from runtime.errors import InputRefused
from runtime.reading import read_at_most

MAX_FILE_BYTES: Final = 256 * 1024
MAX_FILES: Final = 500
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
_DAY_OF_YEAR: Final = re.compile(r"(\d\d)-(\d\d)", re.ASCII)
_ANY_LEAP_YEAR: Final = 2024


def load(folder: Path | None = None) -> tuple[Programme, ...]:
    """The programmes that come with the program, and those of a utility's own folder.

    Raises: TomlRefused for a file that is none or a programme that stands twice, InputRefused where nothing is read.
    """
    ours = [(each.name, each.read_bytes()) for each in (files("cloud.assistance") / "programmes").iterdir()]
    found: dict[tuple[str, str], Programme] = {}
    for where, data in [*sorted(each for each in ours if each[0].endswith(".toml")), *_of_folder(folder)]:
        programme = parse(data, where)
        if (key := (programme.id, programme.jurisdiction)) in found:
            what = f"a programme {programme.id!r} for {programme.jurisdiction} is known already"
            raise TomlRefused(what, where=where, do="give it another id, or add a version to that one")
        found[key] = programme
    return tuple(found.values())


def parse(data: bytes, where: str) -> Programme:
    """The programme a file describes; raises TomlRefused naming the key."""
    top = StrictTable.parse(data, where)
    questions = tuple(_questions(top.below("asks")))
    tables = read_tables(top)
    programme = Programme(
        id=formed(top, "id", _ID),
        jurisdiction=_jurisdiction(top),
        kind=top.choice("kind", Kind),
        name=top.words("name"),
        questions=questions,
        versions=_in_order(top, [_version(each, tables, questions) for each in top.rows("version")]),
    )
    top.done()
    _check_questions(top, programme)
    return programme


def _of_folder(folder: Path | None) -> Iterator[tuple[str, bytes]]:
    if folder is None:
        return
    try:
        paths = sorted(folder.glob("*.toml"))[: MAX_FILES + 1]
        if not folder.is_dir() or len(paths) > MAX_FILES:
            what = f"this is no folder of at most {MAX_FILES} programme files"
            raise InputRefused(what, where=str(folder), do="name the folder of your *.toml")
        for path in paths:
            yield str(path), read_at_most(path, MAX_FILE_BYTES)
    except OSError as error:
        raise InputRefused(f"cannot read the programmes: {error.strerror}", where=str(folder)) from error


def _jurisdiction(top: StrictTable) -> str:
    try:
        return parse_jurisdiction(top.text("jurisdiction"))
    except TomlRefused:
        raise
    except InputRefused as refused:
        raise top.refuse("jurisdiction", refused.what, refused.do) from refused


def _questions(asks: StrictTable) -> Iterator[Question]:
    for fact in asks.names():
        if not FACT_FORM.fullmatch(fact):
            raise asks.refuse(fact[:60], "this cannot be a fact's name", "use small letters, digits and _")
        table = asks.below(fact)
        advice = table.words("advice") if table.has("advice") else None
        yield Question(fact=fact, kind=table.choice("kind", Asked), words=table.words("words"), advice=advice)
        table.done()


def _version(table: StrictTable, tables: Tables, questions: tuple[Question, ...]) -> Version:
    kinds = {question.fact: question.kind for question in questions}
    eligible = read_condition(table.below("eligible"), tables, kinds)
    version = Version(
        valid_from=table.day("valid_from"),
        valid_to=table.maybe_day("valid_to"),
        status=table.choice("status", Status),
        season=_season(table),
        eligible=eligible,
        amount=_amount(table, tables, kinds),
        benefit=table.words("benefit"),
        apply=table.words("apply"),
        sources=tuple(_source(each) for each in table.rows("source")),
        read_on=table.day("read_on"),
        read_again_by=table.day("read_again_by"),
        unverified=table.text("unverified") if table.has("unverified") else "",
    )
    table.done()
    _check(table, version)
    return version


def _check(table: StrictTable, version: Version) -> None:
    if version.valid_to is not None and version.valid_to < version.valid_from:
        raise table.refuse("valid_to", "it ends before it begins")
    if version.read_again_by <= version.read_on:
        raise table.refuse("read_again_by", "this is not after the day it was read")
    if version.status is Status.ENDED and version.valid_to is None:
        raise table.refuse("valid_to", "it has ended and does not say when", "add its last day")
    if (version.status is Status.SEASONAL) is not (version.season is not None):
        raise table.refuse("season", "exactly a seasonal one has a season")
    if not version.sources:
        raise table.refuse("source", "it has no source", "add [[version.source]]")
    if version.status is not Status.ENDED:
        if all(source.verified is Verified.MEMORY for source in version.sources):
            raise table.refuse("source", "it would be offered from memory alone", "look it up, or set it to ended")
        _check_tables(table, version)


def _check_tables(table: StrictTable, version: Version) -> None:
    """Every table a version looks at must speak of its first and last day, and of all between them."""
    for each in comparisons(version.eligible):
        if not isinstance(each.limit, Limit) or each.limit.table is None:
            continue
        dated, last = each.limit.table.dated, max(version.until, version.valid_from)
        gaps = [b for a, b in pairwise(dated) if (b.valid_from - a.valid_to).days != 1]
        if gaps or each.limit.table.rows_on(version.valid_from) is None or each.limit.table.rows_on(last) is None:
            what = (
                f"the table {each.limit.table.name!r} does not speak of every day from {version.valid_from} to {last}"
            )
            raise table.refuse("eligible", what, "add the table's missing dates")


def _in_order(top: StrictTable, versions: list[Version]) -> tuple[Version, ...]:
    if not versions:
        raise top.refuse("version", "it has no version", "add [[version]]")
    ordered = sorted(versions, key=lambda version: version.valid_from)
    for earlier, later in pairwise(ordered):
        if earlier.valid_to is None or later.valid_from <= earlier.valid_to:
            what = f"the version from {earlier.valid_from} overlaps the one from {later.valid_from}"
            raise top.refuse("version", what, "end the earlier one the day before")
    return tuple(ordered)


def _check_questions(top: StrictTable, programme: Programme) -> None:
    asked = {question.fact for question in programme.questions}
    needed = {fact for version in programme.versions for fact in _needs(version)}
    if lacking := sorted(needed - asked):
        raise top.refuse("asks", f"a condition needs {lacking[0]!r}, which is not asked", f"add [asks.{lacking[0]}]")
    if idle := sorted(asked - needed):
        raise top.refuse(f"asks.{idle[0]}", "no condition and no amount needs it", "take it out")


def _needs(version: Version) -> Iterator[str]:
    trees = [version.eligible]
    if version.amount is not None:
        trees += [condition for condition, _ in version.amount.cases]
        yield from () if version.amount.capped is None else (version.amount.capped[0],)
    for tree in trees:
        for each in comparisons(tree):
            yield from each.needs


def _season(table: StrictTable) -> Season | None:
    season = table.maybe_below("season")
    if season is None:
        return None
    found = Season(first=_day_of_year(season, "first"), last=_day_of_year(season, "last"))
    season.done()
    return found


def _day_of_year(table: StrictTable, key: str) -> int:
    form = _DAY_OF_YEAR.fullmatch(table.text(key))
    try:
        day = date(_ANY_LEAP_YEAR, int(form[1]), int(form[2])) if form else None
    except ValueError:
        day = None
    if day is None or (day.month, day.day) == (2, 29):
        raise table.refuse(key, "this is not a day of every year", "write it as in 11-01")
    return day.month * 100 + day.day


def _source(table: StrictTable) -> Source:
    found = Source(
        title=table.text("title"), found_in=table.text("found_in"), verified=table.choice("verified", Verified)
    )
    table.done()
    return found


def _amount(version: StrictTable, tables: Tables, kinds: Mapping[str, Asked]) -> Amount | None:
    table = version.maybe_below("amount")
    if table is None:
        return None
    capped = (table.text("fact"), table.number("at_most")) if table.has("fact") else None
    cases = tuple(_case(each, tables, kinds) for each in table.rows("case"))
    if (capped is None) is not bool(cases):
        raise table.refuse(
            "case", "an amount is either a fact up to a cap, or cases", "write fact and at_most, or case"
        )
    found = Amount(name=formed(table, "name", FACT_FORM), unit=table.text("unit"), capped=capped, cases=cases)
    table.done()
    return found


def _case(table: StrictTable, tables: Tables, kinds: Mapping[str, Asked]) -> tuple[Predicate, Decimal]:
    found = read_condition(table.below("when"), tables, kinds), table.number("gives")
    table.done()
    return found
