"""The messages a customer agreed to: short, traced, only in parts that are true, with a way out, and as a text."""

import re
from collections.abc import Collection
from zoneinfo import ZoneInfo

import pytest

from cloud.kernel.facts import FactSheet
from cloud.kernel.i18n import Language
from cloud.messaging.catalogue import OPT_OUT, TERMS, Catalogue, TemplateRefused
from cloud.messaging.gsm7 import septets
from cloud.messaging.model import Announcement, Letter
from cloud.messaging.phrases import PHRASES
from tests.fakes_messaging import CONSENTED, SERVICE, consented_facts, every_fact, fact
from tests.unit.cloud.messaging.test_catalogue import HOME, sources_as_shipped, told

CATALOGUE = Catalogue.load()
CURITIBA = ZoneInfo("America/Sao_Paulo")
EXPLAINED = Announcement.HIGH_BILL_EXPLAINED
PARTS = {name for name in consented_facts() if name.endswith("_part")}
EACH = [(announcement, language) for announcement in CONSENTED for language in Language]


def letter(announcement: Announcement, language: Language, *, without: Collection[str] = ()) -> Letter:
    sheet = FactSheet(each for each in every_fact().joined_with(HOME).values() if each.id not in without)
    return CATALOGUE.render(CATALOGUE.find(announcement, language), sheet, CURITIBA)


@pytest.mark.parametrize(("announcement", "language"), EACH)
def test_each_has_its_parts_and_ends_with_the_way_to_say_no(announcement: Announcement, language: Language) -> None:
    paragraphs = letter(announcement, language).body.text.strip().split("\n\n")

    assert len(paragraphs) == 7 + (announcement is EXPLAINED)
    assert paragraphs[-1].endswith(f"https://power.example/stop/C-1~billing~{'x' * 32}")
    assert len(" ".join(paragraphs).split()) < 200


@pytest.mark.parametrize(("announcement", "language"), EACH)
def test_the_longest_facts_still_make_a_text_message(announcement: Announcement, language: Language) -> None:
    sms = letter(announcement, language).sms

    assert sms is not None
    assert septets(sms.text) is not None
    assert len(sms.text) > 40
    assert {figure.fact_id for figure in sms.figures} <= CATALOGUE.find(announcement, language).needs


def test_word_of_the_supply_has_no_way_out_and_asks_for_no_consent() -> None:
    assert {TERMS[each].purpose for each in SERVICE} == {None}
    assert not any(OPT_OUT in CATALOGUE.find(each, language).needs for each in SERVICE for language in Language)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (Language.EN, ["R$1,234.56", "+R$224.46", "-R$32.10", "1,235 kWh", "August 31, 2026"]),
        (Language.PT_BR, ["R$ 1.234,56", "+R$ 224,46", "-R$ 32,10", "1.235 kWh", "31 de agosto de 2026"]),
        (Language.ES, ["1234,56 BRL", "+224,46 BRL", "-32,10 BRL", "1235 kWh", "31 de agosto de 2026"]),
        (Language.FR, ["1\u202f234,56 R$", "+224,46 R$", "-32,10 R$", "1\u202f235 kWh", "31 août 2026"]),
    ],
)
def test_a_bill_is_explained_in_the_readers_own_figures(language: Language, said: list[str]) -> None:
    found = told(letter(EXPLAINED, language).body)

    assert [found[name] for name in ("bill_total", "change", "days_part", "energy_wh", "bill_from")] == said


@pytest.mark.parametrize("language", Language)
def test_a_part_that_cannot_be_told_is_not_written_and_the_others_are(language: Language) -> None:
    made = letter(EXPLAINED, language, without={"weather_part", "tax_part"})

    lines = [line for line in made.body.text.split("\n") if line.startswith("- ")]
    assert len(lines) == len(PARTS) - 2
    assert told(made.body).keys() & PARTS == PARTS - {"weather_part", "tax_part"}
    assert "~" not in made.body.text.replace("C-1~billing~", "")


@pytest.mark.parametrize("language", Language)
def test_without_any_part_nothing_leads_up_to_them(language: Language) -> None:
    made = letter(EXPLAINED, language, without=PARTS)

    assert len(made.body.text.strip().split("\n\n")) == 7


def test_a_letter_holds_as_long_as_the_parts_it_tells() -> None:
    template = CATALOGUE.find(EXPLAINED, Language.EN)

    assert PARTS.isdisjoint(template.needs)
    assert CATALOGUE.printed(template, every_fact()) >= PARTS
    assert CATALOGUE.printed(template, FactSheet([fact("price_part", 1)])) == template.needs | {"price_part"}


@pytest.mark.parametrize("kind", PHRASES)
@pytest.mark.parametrize("language", Language)
def test_what_is_unusual_is_said_in_words_and_fits_a_text_message(kind: str, language: Language) -> None:
    sheet = FactSheet([*(each for each in every_fact().values() if each.id != "use_kind"), fact("use_kind", kind)])
    template = CATALOGUE.find(Announcement.UNUSUAL_USE, language)

    made = CATALOGUE.render(template, sheet.joined_with(HOME), CURITIBA)

    assert told(made.body)["use_kind"] == PHRASES[kind][language]
    assert made.sms is not None
    assert kind not in made.body.text


@pytest.mark.parametrize("value", ["spike", "zero", ""])
def test_a_phrase_nobody_wrote_is_refused(value: str) -> None:
    sheet = FactSheet([*(each for each in every_fact().values() if each.id != "use_kind"), fact("use_kind", value)])

    with pytest.raises(TemplateRefused, match="no phrase"):
        CATALOGUE.render(CATALOGUE.find(Announcement.UNUSUAL_USE, Language.EN), sheet.joined_with(HOME), CURITIBA)


def test_an_instant_is_no_date() -> None:
    sheet = FactSheet([*(each for each in every_fact().values() if each.id != "bill_from"), fact("bill_from", NOON)])

    with pytest.raises(TemplateRefused, match="'bill_from' cannot be written"):
        CATALOGUE.render(CATALOGUE.find(EXPLAINED, Language.EN), sheet.joined_with(HOME), CURITIBA)


NOON = fact("noon", "").as_of


@pytest.mark.parametrize(
    ("announcement", "line"), [(EXPLAINED, ""), (Announcement.POWER_OUT, "\n{{ opt_out_url | words }}")]
)
def test_the_way_out_stands_where_consent_is_needed_and_nowhere_else(announcement: Announcement, line: str) -> None:
    sources = sources_as_shipped()
    changed = re.sub(r"\{\{ opt_out_url \| words \}\}", "", sources[announcement, Language.EN]) + line
    sources[announcement, Language.EN] = changed

    with pytest.raises(TemplateRefused, match="whether it names opt_out_url"):
        Catalogue(sources)
