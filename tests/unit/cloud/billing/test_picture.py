"""The picture and the table beside it say the same, in the customer's language."""

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from cloud.billing.bill_pair import parse
from cloud.billing.explanation import Caveat, Factor, explain
from cloud.billing.explanation_words import WORDS, caveats, lines, summary
from cloud.billing.picture import draw, svg
from cloud.kernel.i18n import NBSP, Language
from tests.fakes_bills import pair, written


def explained(**of_pair):
    read = parse(written(pair(**of_pair)))
    return explain(read.previous, read.current, read.rate, read.history)


DEARER = explained(base=(8.0, 13.0), peak=(0.3, 0.2), days=(29, 33))
CHEAPER = explained(base=(13.0, 8.0))


@pytest.mark.parametrize("language", Language)
def test_every_language_has_words_for_everything(language):
    words = WORDS[language]

    assert set(words.factors) == set(Factor)
    assert set(words.caveats) == set(Caveat)
    assert len(set(words.factors.values())) == len(Factor)


def test_a_dearer_bill_is_told_in_one_sentence():
    assert summary(DEARER, Language.EN).replace(NBSP, " ") == f"€{DEARER.change.amount} more than the previous bill"


def test_a_cheaper_bill_is_told_without_a_minus():
    assert "a menos que a conta anterior" in summary(CHEAPER, Language.PT_BR)
    assert "-" not in summary(CHEAPER, Language.PT_BR)


def test_the_same_bill_is_told_as_such():
    read = parse(written(pair()))
    same = explain(read.previous, read.previous, read.rate, read.history)

    assert summary(same, Language.FR) == "Comme la facture précédente"
    assert len(lines(same, Language.FR)) == 2


def test_the_table_leaves_out_what_is_nothing():
    told = {line.factor for line in lines(DEARER, Language.ES)}

    assert told == {None, Factor.DAYS, Factor.WEATHER, Factor.BEHAVIOUR, Factor.TIME_OF_USE}


def test_caveats_are_sentences():
    explanation = explained(flags=["cur_estimated"])

    assert caveats(explanation, Language.EN) == ("A reading was estimated, so nobody can say yet how much was used.",)


@pytest.mark.parametrize("explanation", [DEARER, CHEAPER])
def test_each_bar_begins_where_the_last_one_ended(explanation):
    picture = draw(explanation, Language.EN)

    for before, bar in pairwise(picture.bars[:-1]):
        assert before.end_x == pytest.approx(bar.x if bar.looks == "up" else bar.x + bar.width, abs=2)
    assert picture.bars[-1].end_x == pytest.approx(picture.bars[-2].end_x)


@pytest.mark.parametrize("explanation", [DEARER, CHEAPER, explained(base=(8.0, 8.0), noise=0)])
def test_every_bar_is_within_the_picture_and_can_be_seen(explanation):
    picture = draw(explanation, Language.PT_BR)

    for bar in picture.bars:
        assert 0 <= bar.x < bar.x + bar.width <= picture.width
        assert bar.width >= 2


def test_a_bill_in_the_customers_favour_goes_left_of_zero():
    credit = {"current": {"n": 30, "price": "old", "tax": 0.1, "event": -300}}

    picture = draw(explained(**credit), Language.EN)

    assert picture.bars[-1].end_x < picture.zero_x


def test_a_file_brings_its_colours_and_a_page_has_them():
    picture = draw(DEARER, Language.EN)

    assert "<style>" in svg(picture, is_file=True)
    assert "style" not in svg(picture)


def test_the_picture_is_xml_and_holds_the_words_of_the_table():
    root = ET.fromstring(svg(draw(DEARER, Language.FR), is_file=True))

    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == [word for line in lines(DEARER, Language.FR) for word in (line.label, line.amount)]
