"""What a programme says of a home on a day: open or shut first, and then its conditions."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from cloud.assistance import words
from cloud.assistance.check import Ended, Likely, NeedsFacts, NotYet, Paused, Unlikely, assess
from cloud.assistance.predicate import All, Compare, Limit, Op, Rows, Table, Truth, judge
from cloud.assistance.programme import (
    Amount,
    Asked,
    FactRefused,
    Kind,
    Programme,
    Question,
    Season,
    Source,
    Status,
    Verified,
    Version,
)
from cloud.kernel.i18n import Language

WORDS = dict.fromkeys(Language, "help")
POOR = Compare(fact="income", op=Op.BELOW, limit=Limit(base=Decimal(100)))
HEATED = Compare(fact="heating", op=Op.IS_NOT, limit="none")
ON = date(2026, 2, 1)
VERSION = Version(
    valid_from=date(2026, 1, 1),
    valid_to=date(2026, 12, 31),
    status=Status.ACTIVE,
    season=None,
    eligible=All((POOR, HEATED)),
    amount=Amount(name="amount", unit="BRL", cases=((replace(POOR, op=Op.AT_LEAST), Decimal(1)), (HEATED, Decimal(2)))),
    benefit=WORDS,
    apply=WORDS,
    sources=(Source(title="the law", found_in="the gazette", verified=Verified.PAGE),),
    read_on=date(2026, 1, 1),
    read_again_by=date(2026, 11, 30),
    unverified="",
)
WINTER = replace(VERSION, status=Status.SEASONAL, season=Season(first=1101, last=331))
HOME = {"income": Decimal(99), "heating": "electric"}


def programme(*versions: Version) -> Programme:
    questions = (
        Question(fact="income", kind=Asked.NUMBER, words=WORDS),
        Question(fact="heating", kind=Asked.WORD, words=WORDS),
    )
    return Programme(
        id="help", jurisdiction="BR-PR", kind=Kind.GRANT, name=WORDS, questions=questions, versions=versions
    )


def test_who_meets_every_condition_is_likely_with_the_first_amount_that_holds() -> None:
    found = assess(programme(VERSION), HOME, "BR-PR", ON)

    assert isinstance(found, Likely)
    assert found.amount is not None
    assert found.amount.value == 2


def test_who_lives_elsewhere_is_told_where_it_is() -> None:
    found = assess(programme(VERSION), HOME, "BR", ON)

    assert found == Unlikely(programme=programme(VERSION), version=None, against=())
    assert list(words.lines(found, HOME, ON, Language.EN)) == ["unlikely: help (help)", "it is for BR-PR"]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"income": Decimal(100)}, Unlikely),
        ({"income": Decimal(1), "heating": "none"}, Unlikely),
        ({"income": Decimal(1)}, NeedsFacts),
        ({"income": "much", "heating": "gas"}, NeedsFacts),
    ],
)
def test_a_fact_that_is_missing_or_of_another_kind_is_needed_and_one_that_is_wrong_decides(facts, expected) -> None:
    assert isinstance(assess(programme(VERSION), facts, "BR-PR", ON), expected)


@pytest.mark.parametrize(
    ("version", "on", "shut"),
    [
        (VERSION, date(2025, 12, 31), NotYet(programme=programme(VERSION), opens=date(2026, 1, 1))),
        (VERSION, date(2027, 1, 1), Ended(programme=programme(VERSION), last_day=date(2026, 12, 31))),
        (
            VERSION,
            date(2026, 12, 1),
            Paused(programme=programme(VERSION), version=VERSION, stale_since=date(2026, 11, 30)),
        ),
        (WINTER, date(2026, 4, 1), NotYet(programme=programme(WINTER), opens=date(2026, 11, 1))),
    ],
)
def test_what_is_shut_says_why(version: Version, on: date, shut) -> None:
    assert assess(programme(version), HOME, "BR-PR", on) == shut


def test_a_season_that_does_not_open_again_has_ended() -> None:
    last = replace(WINTER, valid_to=date(2026, 6, 30))

    assert assess(programme(last), HOME, "BR-PR", date(2026, 4, 1)) == Ended(
        programme=programme(last), last_day=date(2026, 6, 30)
    )


@pytest.mark.parametrize(
    ("status", "expected", "said"),
    [
        (Status.PAUSED, Paused, "paused: help (help) nobody can apply at the moment"),
        (Status.ENDED, Ended, "ended: help (help) ended 2026-12-31"),
    ],
)
def test_a_standing_counts_within_the_dates(status: Status, expected: type, said: str) -> None:
    found = assess(programme(replace(VERSION, status=status)), HOME, "BR-PR", ON)

    assert isinstance(found, expected)
    assert " ".join(words.lines(found, HOME, ON, Language.EN)).startswith(said)


def test_an_amount_that_hangs_on_an_unknown_fact_is_not_told() -> None:
    unknown = Compare(fact="size", op=Op.AT_LEAST, limit=Limit(base=Decimal(2)))
    cases = Amount(name="amount", unit="BRL", cases=((unknown, Decimal(3)), (HEATED, Decimal(2))))
    none = Amount(name="amount", unit="BRL", cases=((replace(HEATED, op=Op.IS), Decimal(3)),))
    capped = Amount(name="kwh", unit="kWh", capped=("kwh", Decimal(80)))

    assert [each.reckon(HOME, ON) for each in (cases, none, capped)] == [None, None, None]


def test_a_table_that_ends_leaves_it_open() -> None:
    rows = Rows(valid_from=ON, valid_to=ON, values=(Decimal(5),), further=None)
    limit = Limit(table=Table(name="line", by="size", dated=(rows,)))
    known = {"income": Decimal(1), "size": Decimal(2)}

    assert judge(replace(POOR, limit=limit), known, ON) is Truth.UNKNOWN
    assert judge(replace(POOR, limit=limit), known | {"size": Decimal(1)}, ON) is Truth.YES
    assert judge(replace(POOR, limit=limit), known | {"size": Decimal(1)}, date(2026, 2, 2)) is Truth.UNKNOWN


def test_words_have_no_order() -> None:
    assert judge(Compare(fact="heating", op=Op.ABOVE, limit="a"), HOME, ON) is Truth.NO


@pytest.mark.parametrize(
    ("kind", "told", "read"),
    [
        (Asked.YES_NO, " Yes ", True),
        (Asked.YES_NO, False, False),
        (Asked.COUNT, 3.0, Decimal(3)),
        (Asked.NUMBER, " 5382.00 ", Decimal("5382.00")),
        (Asked.WORD, "gas", "gas"),
    ],
)
def test_an_answer_is_read_as_its_question_asks(kind: Asked, told: object, read: object) -> None:
    assert Question(fact="x", kind=kind, words=WORDS).read(told) == read


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Asked.YES_NO, 1),
        (Asked.COUNT, 2.5),
        (Asked.COUNT, -1),
        (Asked.NUMBER, "1,50"),
        (Asked.NUMBER, "NaN"),
        (Asked.NUMBER, "1e13"),
        (Asked.NUMBER, True),
        (Asked.NUMBER, [1]),
        (Asked.NUMBER, "1" * 61),
        (Asked.WORD, ""),
    ],
)
def test_an_answer_of_another_kind_is_refused(kind: Asked, told: object) -> None:
    with pytest.raises(FactRefused, match="is not"):
        Question(fact="x", kind=kind, words=WORDS).read(told)
