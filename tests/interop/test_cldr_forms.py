"""Our forms of dates, times and durations against the CLDR data that Chromium carries."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page

from cloud.kernel import i18n
from cloud.kernel.i18n import Language

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
