"""The reviewed templates: every figure traced, nothing claimed in prose, the same promise in four languages."""

import re
from collections.abc import Callable
from datetime import timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.kernel.facts import FactSheet
from cloud.kernel.i18n import NBSP, Language
from cloud.messaging.catalogue import TERMS, Catalogue, TemplateRefused
from cloud.messaging.model import Announcement, Letter, Traced
from tests.fakes_messaging import CONSENTED, EVENING, SERVICE, every_fact, fact, outage_facts

CATALOGUE = Catalogue.load()
OUT, BACK = Announcement.POWER_OUT, Announcement.POWER_BACK
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
HOME = FactSheet([fact("customer_name", "Ana Souza"), fact("address", "Rua das Flores 12")])
EVERY = [(announcement, language) for announcement in Announcement for language in Language]


def letter(announcement: Announcement, language: Language, facts: FactSheet | None = None) -> Letter:
    template = CATALOGUE.find(announcement, language)
    return CATALOGUE.render(template, (facts or every_fact()).joined_with(HOME), SAO_PAULO)


def told(traced: Traced) -> dict[str, str]:
    """What a text says of each fact, plain spaces for the unbreakable ones."""
    return {figure.fact_id: traced.text[figure.start : figure.end].replace(NBSP, " ") for figure in traced.figures}


def prose(traced: Traced) -> str:
    """The text with every figure taken out."""
    cut = traced.text
    for figure in reversed(traced.figures):
        cut = cut[: figure.start] + cut[figure.end :]
    return cut


@pytest.mark.parametrize(("announcement", "language"), EVERY)
def test_no_figure_stands_in_a_message_without_a_fact_behind_it(announcement: Announcement, language: Language) -> None:
    made = letter(announcement, language)

    for traced in (made.subject, made.body):
        assert not re.search(r"\d", prose(traced))
        assert {figure.fact_id for figure in traced.figures} <= set(every_fact()) | set(HOME)


@pytest.mark.parametrize(
    ("language", "began"),
    [
        (Language.EN, "Saturday, November 21 at 8:15 PM"),
        (Language.PT_BR, "sábado, 21 de novembro às 20:15"),
        (Language.ES, "sábado, 21 de noviembre a las 20:15"),
        (Language.FR, "samedi 21 novembre à 20:15"),
    ],
)
def test_power_out_says_to_whom_where_since_when_and_under_which_case(language: Language, began: str) -> None:
    assert told(letter(OUT, language).body) == {
        "customer_name": "Ana Souza",
        "address": "Rua das Flores 12",
        "began_at": began,
        "case": "UP-1-1",
    }


@pytest.mark.parametrize(
    ("language", "lasted", "held"),
    [
        (Language.EN, "48 minutes", "1 minute"),
        (Language.PT_BR, "48 minutos", "1 minuto"),
        (Language.ES, "48 minutos", "1 minuto"),
        (Language.FR, "48 minutes", "1 minute"),
    ],
)
def test_power_back_says_how_long_it_was_out_and_what_the_meter_measured(
    language: Language, lasted: str, held: str
) -> None:
    said = told(letter(BACK, language).body)

    assert (said["out_for"], said["voltage_mv"], said["held"]) == (lasted, "231 V", held)
    assert re.search(r"(9:03 PM|21:03)$", said["returned_at"])


@pytest.mark.parametrize("language", Language)
def test_check_breaker_says_what_the_meter_measured_and_when(language: Language) -> None:
    said = told(letter(Announcement.CHECK_BREAKER, language).body)

    assert said.keys() == {"customer_name", "address", "began_at", "measured_at", "voltage_mv", "case"}
    assert said["voltage_mv"] == "231 V"


@pytest.mark.parametrize("language", Language)
def test_still_out_says_since_when_the_neighbours_have_power_and_this_home_has_none(language: Language) -> None:
    said = told(letter(Announcement.STILL_OUT, language).body)

    assert said.keys() == {"customer_name", "address", "began_at", "neighbours_back_at", "case"}
    assert re.search(r"(8:46 PM|20:46)$", said["neighbours_back_at"])


@pytest.mark.parametrize("language", Language)
def test_power_check_says_nothing_of_this_home_but_that_it_cannot_be_seen(language: Language) -> None:
    said = told(letter(Announcement.POWER_CHECK, language).body)

    assert said.keys() == {"customer_name", "address", "neighbours_back_at", "case"}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("announcement", [Announcement.STILL_OUT, Announcement.POWER_CHECK])
def test_what_is_not_known_is_never_said_to_be(announcement: Announcement, language: Language) -> None:
    """ "Your power is back" and "your power is out" belong to those who know it."""
    subject = prose(letter(announcement, language).subject)

    assert subject not in {prose(letter(OUT, language).subject), prose(letter(BACK, language).subject)}
    for sentence in _CERTAINTIES[language]:
        assert sentence not in letter(announcement, language).body.text.lower()


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("announcement", [Announcement.STILL_OUT, Announcement.POWER_CHECK])
def test_neighbours_who_may_never_have_lost_power_are_not_said_to_have_it_again(
    announcement: Announcement, language: Language
) -> None:
    """A neighbour's voltage shows that there is power, not that there was none; and it may have come late."""
    means = letter(announcement, language).body.text.split("\n\n")[2]

    assert not re.search(r"\b(again|de novo|de nuevo|vuelven|de nouveau)\b", means)
    assert re.search(r"at the latest|pelo menos|como muy tarde|au plus tard", means)


_CERTAINTIES = {
    Language.EN: ("your power is back", "your power is out", "your power has been back"),
    Language.PT_BR: ("você tem energia de novo", "você está sem energia"),
    Language.ES: ("vuelve a tener electricidad desde", "no tiene electricidad desde"),
    Language.FR: ("vous avez de nouveau du courant", "vous êtes sans courant"),
}


@pytest.mark.parametrize("language", Language)
def test_a_breaker_is_switched_on_once_and_left_to_an_electrician_when_it_trips_again(language: Language) -> None:
    body = letter(Announcement.CHECK_BREAKER, language).body.text.lower()

    assert re.search("electrician|eletricista|electricista|électricien", body)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("announcement", SERVICE)
def test_every_message_is_short_and_has_its_five_parts(announcement: Announcement, language: Language) -> None:
    body = letter(announcement, language).body.text

    paragraphs = body.strip().split("\n\n")
    assert len(paragraphs) == 6  # greeting, fact, what it means, what we do, what you can do, when we write again
    assert len(body.split()) < 160


@pytest.mark.parametrize(
    ("language", "word"),
    [(Language.EN, "your"), (Language.PT_BR, "você"), (Language.ES, "usted"), (Language.FR, "vous")],
)
def test_every_message_is_in_its_own_language(language: Language, word: str) -> None:
    for announcement in Announcement:
        assert word in letter(announcement, language).body.text.lower()


@pytest.mark.parametrize(
    ("announcement", "claim"),
    [
        (OUT, "power_is_out"),
        (BACK, "power_is_back"),
        (Announcement.CHECK_BREAKER, "nothing_is_drawn"),
        (Announcement.STILL_OUT, "no_return_shown"),
        (Announcement.POWER_CHECK, "cannot_be_seen"),
    ],
)
@pytest.mark.parametrize("language", Language)
def test_a_message_needs_the_fact_it_claims_as_a_whole(
    announcement: Announcement, claim: str, language: Language
) -> None:
    assert claim in CATALOGUE.find(announcement, language).needs


@pytest.mark.parametrize("announcement", Announcement)
def test_all_languages_of_a_message_say_the_same_facts(announcement: Announcement) -> None:
    assert len({CATALOGUE.find(announcement, language).needs for language in Language}) == 1


def test_only_what_continues_an_outage_follows_it() -> None:
    follows = {announcement: CATALOGUE.find(announcement, Language.EN).terms.follows for announcement in Announcement}

    assert follows == {
        OUT: None,
        BACK: OUT,
        Announcement.CHECK_BREAKER: None,
        Announcement.STILL_OUT: OUT,
        Announcement.POWER_CHECK: None,
        **dict.fromkeys(CONSENTED),
    }


def test_a_french_colon_never_begins_a_line() -> None:
    for announcement in Announcement:
        source = (files("cloud.messaging") / "templates" / f"{announcement}.fr.txt").read_text("utf-8")
        assert not re.search(r"(?<!\u00a0)[:?]", source)


@given(st.text(max_size=40), st.integers(0, 10_000_000), st.sampled_from(EVERY))
def test_hostile_names_cannot_break_lines_headers_or_marks(
    name: str, lasted_s: int, which: tuple[Announcement, Language]
) -> None:
    facts = FactSheet([*_without(every_fact(), "out_for"), fact("out_for", timedelta(seconds=lasted_s))])
    template = CATALOGUE.find(*which)
    home = FactSheet([fact("customer_name", name), fact("address", "{{ case | words }}" + name)])

    made = CATALOGUE.render(template, facts.joined_with(home), SAO_PAULO)

    assert "\n" not in made.subject.text
    assert not re.search("[\ue000-\uf8ff\r\x00]", made.subject.text + made.body.text)
    assert told(made.subject)["address"].startswith("{{ case | words }}")


def _without(sheet: FactSheet, name: str) -> list:
    return [found for found in sheet.values() if found.id != name]


# What a template may not hold

Change = Callable[[str], str]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text + "\nBack in 2 hours.", "'2' is a claim"),
        (lambda text: text + "\nUntil Sunday.", "'sunday' is a claim"),
        (lambda text: text + "\nSee https://example.com", "'https:' is a claim"),
        (lambda text: text + "\nIt costs you nothing: €", "'€' is a claim"),
        (lambda text: text + "{{ began_at }}", "only text and holes"),
        (lambda text: text + "{% if case %}x{% endif %}", "only text and holes"),
        (lambda text: text + "{{ 'a' * 10 }}", "only text and holes"),
        (lambda text: text + "{{ case.value | words }}", "only text and holes"),
        (lambda text: text + "{{ case | words | words }}", "only text and holes"),
        (lambda text: text + "{{ case | upper }}", "forms are: words, phrase, moment, clock, day, date,"),
        (lambda text: text + "{{ case | words('x') }}", "only text and holes"),
        (lambda text: text + "{{ case", "unexpected end of template"),
        (lambda text: "No body", "not a subject line"),
        (lambda text: "Two\nlines\n\nbody", "not a subject line"),
    ],
)
def test_a_template_holds_prose_and_facts_and_nothing_else(change: Change, why: str) -> None:
    sources = sources_as_shipped()
    sources[OUT, Language.EN] = change(sources[OUT, Language.EN])

    with pytest.raises(TemplateRefused, match=re.escape(why)):
        Catalogue(sources)


@pytest.mark.parametrize(("announcement", "language"), EVERY)
def test_a_missing_template_is_refused_when_the_program_starts(announcement: Announcement, language: Language) -> None:
    sources = sources_as_shipped()
    del sources[announcement, language]

    with pytest.raises(TemplateRefused, match=rf"missing \({announcement}\.{language}\.txt\)"):
        Catalogue(sources)


@pytest.mark.parametrize("announcement", Announcement)
def test_an_announcement_without_terms_is_refused_when_the_program_starts(announcement: Announcement) -> None:
    terms = {known: TERMS[known] for known in Announcement if known is not announcement}

    with pytest.raises(TemplateRefused, match=f"no terms for {announcement}"):
        Catalogue(sources_as_shipped(), terms)


def test_a_fact_in_the_wrong_form_is_refused() -> None:
    wrong = FactSheet([*_without(outage_facts(), "began_at"), fact("began_at", "last night")])

    with pytest.raises(TemplateRefused, match="'began_at' cannot be written"):
        letter(OUT, Language.EN, wrong)


def sources_as_shipped() -> dict[tuple[Announcement, Language], str]:
    folder = files("cloud.messaging") / "templates"
    return {(name, language): (folder / f"{name}.{language}.txt").read_text("utf-8") for name, language in EVERY}


def test_the_version_of_a_template_changes_with_its_text() -> None:
    sources = sources_as_shipped()
    sources[OUT, Language.EN] += "Take care.\n"

    changed = Catalogue(sources).find(OUT, Language.EN).version

    assert changed != CATALOGUE.find(OUT, Language.EN).version


def test_a_message_that_crosses_midnight_names_both_days() -> None:
    facts = FactSheet([*_without(outage_facts(), "returned_at"), fact("returned_at", EVENING + timedelta(hours=4))])

    said = told(letter(BACK, Language.ES, facts).body)

    assert (said["began_at"][:6], said["returned_at"][:7]) == ("sábado", "domingo")
