"""Every language says everything, and nothing else."""

import re

import pytest

from cloud.billing.explanation import Factor
from cloud.billing.projection import WhyNoProjection
from cloud.kernel import i18n
from cloud.kernel.facts import SourceKind
from cloud.kernel.i18n import Language
from cloud.web import customer_words
from cloud.web.customer_words import WordsRefused, check, read, tables
from cloud.web.standing import Note, Standing
from wire.terms import Disconnector, EvidenceKind


def test_every_language_has_every_key():
    found = tables()

    assert set(found) == set(Language)
    assert {frozenset(table) for table in found.values()} == {frozenset(found[Language.EN])}


@pytest.mark.parametrize("language", Language)
def test_every_state_and_note_has_words(language):
    table = tables()[language]

    assert {key for key in table if key.startswith("title.")} == {f"title.{standing}" for standing in Standing}
    assert {key for key in table if key.startswith("meaning.")} == {f"meaning.{standing}" for standing in Standing}
    assert {key for key in table if key.startswith("note.")} == {f"note.{note}" for note in Note}


@pytest.mark.parametrize("language", Language)
def test_what_may_be_seen_has_words(language):
    table = tables()[language]
    unsaid = {EvidenceKind.INPUT_VOLTAGE, EvidenceKind.UPLINK}
    said = {re.sub(r"_\d+$", "", key.partition(".")[2]) for key in table if key.startswith("evidence.")}

    assert said == {kind.name.lower() for kind in EvidenceKind if kind not in unsaid}
    assert all(f"evidence.disconnector_{value.value}" in table for value in Disconnector)


@pytest.mark.parametrize("language", Language)
def test_whatever_a_figure_may_rest_on_has_words(language):
    table = tables()[language]

    assert all(f"source.{kind}" in table for kind in SourceKind)
    assert all(f"fact.{factor}_part" in table for factor in Factor)
    assert all(f"bill.{why}" in table for why in WhyNoProjection)


@pytest.mark.parametrize("language", Language)
def test_no_figure_and_no_day_stands_in_the_words_themselves(language):
    names = i18n.calendar_words(language) - {"may"}

    for said in tables()[language].values():
        prose = re.sub(r"\{\w+\}", "", said)
        assert not re.search(r"\d", prose)
        assert not names & set(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", prose.lower()))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[a]\nx = "{since}"\n', "not in every language: a.y"),
        ('[a]\nx = "{until}"\ny = "b"\n', "other holes than in English: a.x"),
    ],
)
def test_a_file_that_differs_is_refused(text, words):
    english = read('[a]\nx = "{since}"\ny = "b"\n')

    with pytest.raises(WordsRefused, match=words):
        check({Language.EN: english, Language.FR: read(text)})


def test_the_words_come_with_the_program():
    assert customer_words.tables() is tables()


@pytest.mark.parametrize(
    ("language", "bound"),
    [
        (Language.EN, "at the latest"),
        (Language.PT_BR, "pelo menos"),
        (Language.ES, "como muy tarde"),
        (Language.FR, "au plus tard"),
    ],
)
def test_power_around_a_home_is_bounded_and_not_dated(language, bound):
    assert bound in tables()[language]["fact.neighbours_back_at"]
