"""Our forms of dates, times and durations against the CLDR data that Chromium carries."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page

from cloud.kernel import i18n
from cloud.kernel.i18n import NARROW_NBSP, NBSP, Language
from cloud.kernel.money import Currency, Money

ZONES = ("America/Sao_Paulo", "Europe/Madrid", "Asia/Kolkata")
# A year in steps that visit every month, every weekday and every hour.
YEAR = [datetime(2026, 1, 2, 0, 7, tzinfo=UTC) + step * timedelta(days=2, hours=11, minutes=13) for step in range(150)]

ASK = """([language, zone, moments]) => {
  const form = (options) => new Intl.DateTimeFormat(language, {timeZone: zone, ...options});
  const day = form({weekday: 'long', month: 'long', day: 'numeric'});
  const time = form({timeStyle: 'short'});
  return moments.map(ms => [day.format(ms), time.format(ms)]);
}"""
ASK_UNITS = """([language, counts]) => Object.fromEntries(['day', 'hour', 'minute', 'second'].map(unit => {
  const form = new Intl.NumberFormat(language, {style: 'unit', unit, unitDisplay: 'long'});
  return [unit, counts.map(count => form.format(count))];
}))"""


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    yield page
    page.close()


def plain(text: str) -> str:
    """Any space as a plain one: which kind stands where is typography, and differs between releases."""
    return " ".join(text.split())


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("language", Language)
def test_days_and_times_are_written_as_cldr_has_them(page: Page, language: Language, zone: str) -> None:
    there = ZoneInfo(zone)
    moments = [at for at in YEAR if at.astimezone(there).day != 1]  # ours is an ordinal, CLDR's is not
    ours = [[plain(i18n.day(at, there, language)), plain(i18n.clock(at, there, language))] for at in moments]

    theirs = page.evaluate(ASK, [language.value, zone, [int(at.timestamp() * 1_000) for at in moments]])

    assert ours == [[plain(day), plain(time)] for day, time in theirs]


@pytest.mark.parametrize("language", Language)
def test_units_take_the_plural_cldr_gives_them(page: Page, language: Language) -> None:
    counts = [1, 2, 5, 9]

    theirs = page.evaluate(ASK_UNITS, [language.value, counts])

    for unit, span in (
        ("day", timedelta(days=1)),
        ("hour", timedelta(hours=1)),
        ("minute", timedelta(minutes=1)),
        ("second", timedelta(seconds=1)),
    ):
        assert [plain(i18n.duration(count * span, language)) for count in counts] == [plain(t) for t in theirs[unit]]


@pytest.mark.parametrize("language", Language)
def test_nothing_at_all_is_singular_or_plural_as_cldr_has_it(page: Page, language: Language) -> None:
    theirs = page.evaluate(ASK_UNITS, [language.value, [0]])

    assert plain(i18n.duration(timedelta(0), language)) == plain(theirs["second"][0])


@pytest.mark.parametrize("language", Language)
def test_moments_join_day_and_time_as_cldr_does_at_every_hour_but_one(page: Page, language: Language) -> None:
    ask = """([language, moments]) => moments.map(ms => new Intl.DateTimeFormat(
        language, {timeZone: 'UTC', dateStyle: 'long', timeStyle: 'short'}).format(ms))"""
    hours = [datetime(2026, 11, 21, hour, 5, tzinfo=UTC) for hour in (0, *range(2, 24))]

    theirs = page.evaluate(ask, [language.value, [int(at.timestamp() * 1_000) for at in hours]])

    ours = [plain(i18n.moment(at, ZoneInfo("UTC"), language)) for at in hours]
    joined = [plain(text).partition("2026")[2] for text in theirs]
    assert [text[-len(end) :] for text, end in zip(ours, joined, strict=True)] == joined


ASK_MONEY = """([language, currency, amounts]) => ['auto', 'exceptZero'].map(signDisplay => {
  const form = new Intl.NumberFormat(language, {style: 'currency', currency, signDisplay});
  return amounts.map(minor => form.format(minor / 100));
})"""
AMOUNTS = [0, 5, 99, 100, 99_999, 100_000, 123_456, 999_999, 1_000_000, 123_456_789, -40, -123_456]


@pytest.mark.parametrize("currency", Currency)
@pytest.mark.parametrize("language", Language)
def test_money_is_written_as_cldr_has_it_to_the_space(page: Page, language: Language, currency: Currency) -> None:
    amounts = [Money(minor, currency) for minor in AMOUNTS]

    theirs = page.evaluate(ASK_MONEY, [language.value, currency.value, AMOUNTS])

    assert [[i18n.money(each, language, signed=signed) for each in amounts] for signed in (False, True)] == theirs


@pytest.mark.parametrize("language", Language)
def test_figures_and_dates_are_written_as_cldr_has_them(page: Page, language: Language) -> None:
    ask = """([language, days, counts]) => {
      const date = new Intl.DateTimeFormat(language, {dateStyle: 'long', timeZone: 'UTC'});
      const number = new Intl.NumberFormat(language);
      return [days.map(ms => date.format(ms)), counts.map(count => number.format(count))];
    }"""
    days = [on for step in range(0, 700, 7) if (on := date(2026, 1, 2) + timedelta(days=step)).day != 1]
    counts = [0, 1, 12, 999, 1_000, 9_999, 10_000, 1_234_567]
    midnights = [int(datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp() * 1_000) for on in days]

    dates, numbers = page.evaluate(ask, [language.value, midnights, counts])

    assert [i18n.long_date(on, language) for on in days] == dates
    assert [i18n.figure(count, "V", language) for count in counts] == [f"{number}{NBSP}V" for number in numbers]


def test_french_groups_are_parted_by_the_narrow_space_and_the_sign_by_the_wide_one() -> None:
    assert i18n.money(Money(123_456, Currency.EUR), Language.FR) == f"1{NARROW_NBSP}234,56{NBSP}€"
