"""A programme's file is read exactly, or refused by file and key."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from cloud.assistance.predicate import Truth, decisive, judge, missing
from cloud.assistance.programme import Season, holding_in
from cloud.assistance.programme_file import load, parse
from cloud.kernel.i18n import Language
from cloud.kernel.strict_toml import TomlRefused

ON = date(2026, 3, 1)


def words(text: str) -> str:
    return "".join(f'"{language}" = "{text}"\n' for language in Language)


def version(text: str = "valid_from = 2026-01-01\nvalid_to = 2026-12-31", more: str = "", then: str = "") -> str:
    return f"""
[[version]]
{text}
status = "active"
read_on = 2026-01-01
read_again_by = 2027-01-01
{more or 'eligible = { fact = "income", at_most = { table = "line", times = 1.5 } }'}
{then}
[version.benefit]
{words("a grant")}
[version.apply]
{words("the town hall")}
[[version.source]]
title = "the law"
found_in = "the gazette"
verified = "page"
"""


HEAD = f"""
id = "help"
jurisdiction = "BR"
kind = "grant"
[name]
{words("Help")}
[asks.income]
kind = "number"
[asks.income.words]
{words("income")}
[asks.size]
kind = "count"
[asks.size.words]
{words("people")}
"""
TABLE = """
[[table]]
name = "line"
by = "size"
valid_from = 2026-01-01
valid_to = 2026-12-31
values = [100, 150.50]
further = 40
source = "the gazette"
"""
WHOLE = HEAD + TABLE + version()


def refusal(text: str) -> str:
    with pytest.raises(TomlRefused) as refused:
        parse(text.encode(), "help.toml")
    return str(refused.value)


def test_a_limit_is_a_share_of_what_the_table_says_of_that_size() -> None:
    (rules,) = parse(WHOLE.encode(), "help.toml").versions
    three = {"size": Decimal(3)}

    assert judge(rules.eligible, three | {"income": Decimal("285.75")}, ON) is Truth.YES
    assert judge(rules.eligible, three | {"income": Decimal("285.76")}, ON) is Truth.NO
    assert judge(rules.eligible, {"size": Decimal(0), "income": Decimal(0)}, ON) is Truth.UNKNOWN
    assert missing(rules.eligible, {"income": Decimal(0)}, ON) == ("size",)


def test_a_denial_says_what_it_takes() -> None:
    denied = 'eligible = { not = { any = [{ fact = "income", above = 9 }, { fact = "size", below = 2 }] } }'
    (rules,) = parse((HEAD + version(more=denied)).encode(), "help.toml").versions

    against = decisive(rules.eligible, {"income": Decimal(10), "size": Decimal(2)}, ON)

    assert [(each.fact, each.op) for each in against] == [("income", "at_most")]


def test_every_programme_that_comes_along_is_read() -> None:
    found = load()

    assert {"br-tsee", "br-desconto-social", "es-bono-social", "fr-cheque-energie", "us-liheap", "us-lihwap"} == {
        each.id for each in found
    }
    assert [each.jurisdiction for each in holding_in(found, "US-CA")] == ["US-CA", "US"]
    assert holding_in(found, "USA") == ()


def test_one_programme_cannot_stand_twice(tmp_path: Path) -> None:
    (tmp_path / "again.toml").write_text(WHOLE)
    (tmp_path / "and-again.toml").write_text(WHOLE)

    with pytest.raises(TomlRefused, match="known already"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("first", "last", "inside", "outside", "opens"),
    [
        (1101, 331, date(2026, 12, 31), date(2026, 4, 1), date(2026, 11, 1)),
        (401, 1031, date(2026, 4, 1), date(2026, 11, 1), date(2027, 4, 1)),
    ],
)
def test_a_season_may_reach_over_new_year(first: int, last: int, inside: date, outside: date, opens: date) -> None:
    season = Season(first=first, last=last)

    assert season.has(inside)
    assert not season.has(outside)
    assert season.next_opening(outside) == opens


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('kind = "grant"', 'kind = "grand"', "'grand' is not a choice (help.toml: kind): did you mean 'grant'?"),
        ("jurisdiction", "juristiction", "(help.toml: jurisdiction): write it so instead of 'juristiction'"),
        ("[name]", "nmae = 1\n[name]", "unknown key 'nmae' (help.toml: nmae): did you mean 'name'?"),
        ('jurisdiction = "BR"', 'jurisdiction = "br"', "'br' is no jurisdiction"),
        ('id = "help"', 'id = "Help!"', "'Help!' cannot be a name"),
        ("at_most =", "atmost =", "a fact is held against exactly one limit"),
        (
            'table = "line"',
            'table = "lines"',
            "there is no table 'lines' (help.toml: version[1].eligible.at_most.table): known here: line",
        ),
        ("[100, 150.50]", "[]", "the list is empty"),
        ("[100, 150.50]", "[100, true]", "'True' is not a number"),
        ("[100, 150.50]", "[100, 1e99]", "out of range"),
        ("valid_to = 2026-12-31\nvalues", "valid_to = 2026-11-30\nvalues", "does not speak of every day"),
        ("read_again_by = 2027-01-01", "read_again_by = 2026-01-01", "not after the day it was read"),
        ("read_on = 2026-01-01", "read_on = 2026-01-01T12:00:00", "an instant, not a day"),
        ('status = "active"', 'status = "seasonal"', "exactly a seasonal one has a season"),
        ('status = "active"', 'status = "active"\nseason = { first = "02-29", last = "03-31" }', "not a day of every"),
        ('"pt-BR" = "a grant"', "", "the key 'pt-BR' is missing (help.toml: version[1].benefit.pt-BR): add it"),
        ('title = "the law"', 'title = ""', "the text is empty"),
        ('fact = "income"', 'fact = "earnings"', "which is not asked (help.toml: asks): add [asks.earnings]"),
        ('kind = "number"', 'kind = "yes_no"', "'income' is asked as yes_no and cannot be held against this"),
        ("{ fact", "{ any = [], fact", "one of all, any, not or fact"),
        ("id =", "id", "not valid TOML"),
        ('verified = "page"', 'verified = "memory"', "offered from memory alone"),
        ("[asks.size]", "[asks.Size]", "cannot be a fact's name"),
        ("valid_to = 2026-12-31\nstatus", "valid_to = 2025-12-31\nstatus", "it ends before it begins"),
        ("valid_to = 2026-12-31\nstatus", "status", "does not speak of every day"),
        ("valid_to = 2026-12-31\nvalues", "valid_to = 2025-12-31\nvalues", "overlap or run backwards"),
        ('found_in = "the gazette"', "", "version[1].source[1].found_in"),
        ("[[version.source]]", "[version.note]", "unknown key 'note'"),
    ],
)
def test_what_is_wrong_is_refused_by_its_key(old: str, new: str, complaint: str) -> None:
    assert complaint in refusal(WHOLE.replace(old, new, 1))


def test_a_season_is_read_by_its_days() -> None:
    seasonal = WHOLE.replace('status = "active"', 'status = "seasonal"\nseason = { first = "11-01", last = "03-31" }')

    assert parse(seasonal.encode(), "help.toml").versions[0].season == Season(first=1101, last=331)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (HEAD + TABLE, "it has no version"),
        (WHOLE + TABLE.replace('"size"', '"income"').replace("2026-", "2027-"), "goes by 'size' elsewhere"),
        (HEAD + TABLE + version("valid_from = 2026-01-01").replace('"active"', '"ended"'), "does not say when"),
    ],
)
def test_what_is_missing_is_refused(text: str, complaint: str) -> None:
    assert complaint in refusal(text)


def test_two_versions_do_not_overlap() -> None:
    later = version("valid_from = 2026-12-31", 'eligible = { fact = "income", at_most = 5 }')

    assert "the version from 2026-01-01 overlaps the one from 2026-12-31" in refusal(WHOLE + later)


def test_a_question_nobody_needs_is_not_asked() -> None:
    alone = version(more='eligible = { fact = "income", at_most = 5 }')

    assert "no condition and no amount needs it (help.toml: asks.size)" in refusal(HEAD + alone)


def test_conditions_end_somewhere() -> None:
    deep = "{ not = " * 14 + '{ fact = "income", at_most = 5 }' + " }" * 14

    assert "nested too deeply" in refusal(HEAD + version(more=f"eligible = {deep}"))


def test_an_amount_is_one_thing_or_the_other() -> None:
    both = '[version.amount]\nname = "x"\nunit = "BRL"'

    assert "a fact up to a cap, or cases" in refusal(HEAD + TABLE + version(then=both))
