"""What is not open is never offered: over any dates, seasons and standings, an offer's day lies within its version."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.assistance.check import Likely, assess
from cloud.assistance.predicate import Compare, Limit, Op
from cloud.assistance.programme import Asked, Kind, Programme, Question, Season, Status, Version
from cloud.assistance.programme_file import load
from cloud.kernel.i18n import Language

WORDS = dict.fromkeys(Language, "help")
POOR = Compare(fact="income", op=Op.AT_MOST, limit=Limit(base=Decimal(100)))
DAYS = st.integers(0, 1500).map(lambda days: date(2024, 1, 1) + timedelta(days))
SEASONS = st.builds(Season, first=st.sampled_from([101, 401, 1101]), last=st.sampled_from([331, 1031, 1231]))


def version(valid_from: date, length_days: int | None, status: Status, season: Season, read_for_days: int) -> Version:
    return Version(
        valid_from=valid_from,
        valid_to=None if length_days is None else valid_from + timedelta(length_days),
        status=status,
        season=season if status is Status.SEASONAL else None,
        eligible=POOR,
        amount=None,
        benefit=WORDS,
        apply=WORDS,
        sources=(),
        read_on=valid_from,
        read_again_by=valid_from + timedelta(read_for_days),
        unverified="",
    )


def programme(*versions: Version) -> Programme:
    question = Question(fact="income", kind=Asked.NUMBER, words=WORDS)
    return Programme(
        id="help", jurisdiction="BR", kind=Kind.GRANT, name=WORDS, questions=(question,), versions=versions
    )


VERSIONS = st.builds(
    version, DAYS, st.none() | st.integers(0, 500), st.sampled_from(Status), SEASONS, st.integers(1, 700)
)


@given(VERSIONS, DAYS)
def test_what_is_likely_is_open_that_day(version: Version, on: date) -> None:
    found = assess(programme(version), {"income": Decimal(0)}, "BR-PR", on)

    assert isinstance(found, Likely) is version.is_open_on(on)
    assert not isinstance(found, Likely) or version.valid_from <= on <= (version.valid_to or on)
    assert not isinstance(found, Likely) or (version.status is not Status.ENDED and on <= version.read_again_by)


@given(VERSIONS, DAYS)
def test_likely_cannot_be_built_for_a_day_on_which_it_is_not_open(version: Version, on: date) -> None:
    shut = replace(version, status=Status.ENDED)

    with pytest.raises(ValueError, match="not open"):
        Likely(programme=programme(shut), version=shut, on=on, amount=None, met=())


@given(st.integers(0, 8000).map(lambda days: date(2011, 1, 1) + timedelta(days)))
def test_none_of_our_own_programmes_is_offered_outside_its_dates_or_unread(on: date) -> None:
    told = {"cadunico": True, "income_per_capita_min_wages": "0.4", "uc": 1, "rfr": 0}

    for each in load():
        found = assess(each, each.known(told), each.jurisdiction, on)
        assert not isinstance(found, Likely) or found.version.valid_from <= on <= found.version.until
