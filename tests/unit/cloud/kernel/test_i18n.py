"""Forms for people: dates, times and figures in four languages. tests/interop checks them against CLDR."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.kernel import i18n
from cloud.kernel.i18n import NBSP, Language

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
NEW_YORK = ZoneInfo("America/New_York")
EVENING = datetime(2026, 11, 21, 23, 15, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (Language.EN, "Saturday, November 21 at 8:15 PM"),
        (Language.PT_BR, "sábado, 21 de novembro às 20:15"),
        (Language.ES, "sábado, 21 de noviembre a las 20:15"),
        (Language.FR, "samedi 21 novembre à 20:15"),
    ],
)
def test_a_moment_is_told_as_the_customer_would_say_it(language: Language, text: str) -> None:
    assert i18n.moment(EVENING, SAO_PAULO, language).replace(NBSP, " ") == text


@pytest.mark.parametrize(
    ("language", "text"),
    [(Language.EN, "at 1:05 AM"), (Language.PT_BR, "às 01:05"), (Language.ES, "a la 1:05"), (Language.FR, "à 01:05")],
)
def test_one_in_the_morning_has_its_own_grammar(language: Language, text: str) -> None:
    at = datetime(2026, 3, 1, 4, 5, tzinfo=UTC)

    assert i18n.moment(at, SAO_PAULO, language).replace(NBSP, " ").endswith(text)


@pytest.mark.parametrize(("hour", "text"), [(3, "12:05 AM"), (15, "12:05 PM")])
def test_midnight_and_noon_are_twelve_on_an_english_clock(hour: int, text: str) -> None:
    at = datetime(2026, 3, 1, hour, 5, tzinfo=UTC)

    assert i18n.clock(at, SAO_PAULO, Language.EN) == text.replace(" ", NBSP)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (Language.EN, "Sunday, March 1"),
        (Language.PT_BR, "domingo, 1º de março"),
        (Language.ES, "domingo, 1 de marzo"),
        (Language.FR, "dimanche 1er mars"),
    ],
)
def test_the_first_of_a_month_is_an_ordinal_where_people_write_one(language: Language, text: str) -> None:
    assert i18n.day(datetime(2026, 3, 1, 12, tzinfo=UTC), SAO_PAULO, language) == text


def test_the_day_is_the_day_where_the_customer_lives() -> None:
    at = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)

    assert i18n.day(at, SAO_PAULO, Language.EN) == "Saturday, November 21"


@pytest.mark.parametrize(("hour", "text"), [(5, "1:30 AM (UTC−4)"), (6, "1:30 AM (UTC−5)"), (7, "2:30 AM")])
def test_in_the_hour_that_comes_twice_the_offset_is_told(hour: int, text: str) -> None:
    at = datetime(2026, 11, 1, hour, 30, tzinfo=UTC)

    assert i18n.clock(at, NEW_YORK, Language.EN) == text.replace("30 AM", f"30{NBSP}AM")


@pytest.mark.parametrize(
    ("span", "language", "text"),
    [
        (timedelta(0), Language.EN, "0 seconds"),
        (timedelta(0), Language.FR, "0 seconde"),
        (timedelta(0), Language.PT_BR, "0 segundo"),
        (timedelta(seconds=1), Language.ES, "1 segundo"),
        (timedelta(seconds=60), Language.FR, "1 minute"),
        (timedelta(seconds=108), Language.EN, "1 minute and 48 seconds"),
        (timedelta(seconds=599), Language.PT_BR, "9 minutos e 59 segundos"),
        (timedelta(seconds=600), Language.EN, "10 minutes"),
        (timedelta(seconds=659), Language.EN, "10 minutes"),
        (timedelta(minutes=125), Language.FR, "2 heures et 5 minutes"),
        (timedelta(hours=2), Language.ES, "2 horas"),
        (timedelta(days=1, minutes=59), Language.EN, "1 day and 59 minutes"),
        (timedelta(days=3, hours=1, minutes=30), Language.ES, "3 días y 1 hora"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(span: timedelta, language: Language, text: str) -> None:
    assert i18n.duration(span, language).replace(NBSP, " ") == text


def test_a_negative_duration_is_nobodys() -> None:
    with pytest.raises(ValueError, match="negative"):
        i18n.duration(timedelta(seconds=-1), Language.EN)


@pytest.mark.parametrize(
    ("value", "digits", "language", "text"),
    [
        (230_499, 0, Language.EN, "230 V"),
        (230_500, 0, Language.EN, "231 V"),
        (231_449, 1, Language.FR, "231,4 V"),
        (231_450, 1, Language.EN, "231.5 V"),
        (-1_500, 1, Language.ES, "−1,5 V"),
        (-400, 0, Language.EN, "0 V"),
        (1_005, 2, Language.PT_BR, "1,01 V"),
    ],
)
def test_a_figure_is_rounded_half_up_without_a_float(value: int, digits: int, language: Language, text: str) -> None:
    assert i18n.figure(value, "V", language, scale=1_000, digits=digits).replace(NBSP, " ") == text


@given(st.integers(0, 2**32), st.sampled_from(Language))
def test_no_form_ever_breaks_between_a_number_and_what_belongs_to_it(unix_s: int, language: Language) -> None:
    at = datetime.fromtimestamp(unix_s, UTC)

    text = i18n.clock(at, NEW_YORK, language)

    assert " " not in text.split(" (")[0]


def test_only_english_may_is_both_a_month_and_a_word() -> None:
    assert "may" in i18n.calendar_words(Language.EN)
    assert {len(i18n.calendar_words(language)) for language in Language} == {19}
