"""The pages as people meet them: at a desk, on a telephone, by day, by night, by keyboard and without script."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from cloud.kernel import i18n
from cloud.kernel.i18n import Language
from tests.browser.conftest import HEIGHT, NARROW, WIDE, served
from tests.fakes_web import TOKEN, a_town

WIDE_LIGHT, WIDE_DARK, NARROW_LIGHT = (WIDE, "light"), (WIDE, "dark"), (NARROW, "light")
NARROW_DARK = (NARROW, "dark")
SEEN = [WIDE_LIGHT, WIDE_DARK, NARROW_LIGHT, NARROW_DARK]
OPEN_ALL = "all => all.forEach(one => { one.open = true })"
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def watched(page):
    """Whatever the browser complains of."""
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    return complaints


def found_wrong(page):
    """What axe finds wrong, in words; nothing when the page is accessible."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:160]}" for rule in found]


def looked_at(screen, seen, address):
    """What is wrong with a page as it stands on such a screen, and how far it reaches beyond its side."""
    show(screen, seen)
    screen.goto(address)
    screen.eval_on_selector_all("details", OPEN_ALL)
    return found_wrong(screen), screen.evaluate(SIDEWAYS)


def show(page, seen):
    """Let the page be as wide as this, by day or night."""
    width, scheme = seen
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.emulate_media(color_scheme=scheme)


def test_a_home_is_accessible_and_fits_on_every_screen(restored, open_page):
    _, address = restored
    page = open_page()
    complaints = watched(page)
    page.goto(f"{address}/")

    for seen in SEEN:
        show(page, seen)
        assert page.evaluate(SIDEWAYS) == 0, seen
    page.eval_on_selector_all("details", OPEN_ALL)
    for seen in SEEN:
        show(page, seen)
        assert (found_wrong(page), page.evaluate(SIDEWAYS)) == ([], 0), (seen, "with everything laid open")
    assert complaints == []


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/", NARROW_LIGHT),
        ("/homes/UP-2", NARROW_LIGHT),
        ("/homes/UP-3", WIDE_DARK),
        ("/homes/UP-4", NARROW_LIGHT),
        ("/homes/UP-5", WIDE_DARK),
        ("/homes/UP-6", WIDE_DARK),
        ("/homes/UP-7", NARROW_LIGHT),
        ("/quarantine", NARROW_LIGHT),
        ("/alarms", NARROW_LIGHT),
        ("/commands", NARROW_LIGHT),
    ],
)
def test_every_state_is_accessible_and_fits(street, screen, path, seen):
    _, address = street

    assert looked_at(screen, seen, address + path) == ([], 0)


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/events/{gateway}/1/0/2", NARROW_LIGHT),
        ("/docs", NARROW_LIGHT),
        ("/enter", WIDE_DARK),
        ("/homes/none", NARROW_LIGHT),
    ],
)
def test_the_pages_behind_are_accessible_and_fit(restored, screen, path, seen):
    town, address = restored
    path = path.format(gateway=town.gateways["UP-1"].id)

    assert looked_at(screen, seen, address + path) == ([], 0)


def test_everything_can_be_read_without_javascript(restored, open_page):
    _, address = restored
    page = open_page(javascript=False)
    page.goto(f"{address}/")

    assert page.get_by_role("heading", level=1).inner_text() == "Power is on"
    assert page.locator(".letter-text[lang='pt-BR']").count() == 2
    assert page.locator("svg.curve-wide").is_visible()
    assert page.get_by_text("Reload this page to see what is new.").is_visible()
    page.locator("#curve-table > summary").click()
    expect(page.get_by_role("table", name=re.compile("period by period"))).to_be_visible()


def test_a_note_leads_from_the_figure_to_the_signed_event(restored, screen):
    _, address = restored
    screen.goto(f"{address}/")

    figure = screen.locator(".letter").last.locator("sup a", has_text="3").first
    figure.click()
    note = screen.locator("li:target")
    screen.wait_for_function("document.querySelector('li:target') !== null")
    note.get_by_role("link").first.click()

    expect(screen.get_by_role("heading", level=1)).to_have_text("Supply lost")
    expect(screen.get_by_text("Signature verified")).to_be_visible()


def test_the_keyboard_finds_its_way(restored, screen):
    _, address = restored
    screen.goto(f"{address}/")

    screen.keyboard.press("Tab")
    skip = screen.evaluate("document.activeElement.textContent")
    screen.keyboard.press("Enter")
    screen.wait_for_function("document.querySelector(':target') !== null")
    screen.keyboard.press("Tab")
    inside = screen.evaluate("document.activeElement.closest('main') !== null")
    outline = screen.evaluate("getComputedStyle(document.activeElement).outlineStyle")

    assert (skip, inside, outline) == ("Skip to the content", True, "solid")


@pytest.mark.parametrize(("seen", "fits"), [(WIDE_LIGHT, "wide"), (NARROW_LIGHT, "narrow")])
def test_the_picture_that_fits_is_the_one_that_is_shown(restored, screen, seen, fits):
    _, address = restored
    show(screen, seen)
    screen.goto(f"{address}/")

    assert [name for name in ("wide", "narrow") if screen.locator(f".curve-{name}").is_visible()] == [fits]


def test_a_person_enters_with_the_token_and_is_led_on(tmp_path, open_page):
    with a_town(tmp_path) as town:
        town.read_registers(town.settle_in("UP-1"))
        with served(town) as address:
            page = open_page()
            page.goto(f"{address}/homes/UP-1")
            page.get_by_label("Access token").fill("wrong")
            page.get_by_role("button", name="Enter").click()
            told = page.get_by_role("alert").inner_text()
            page.get_by_label("Access token").fill(TOKEN)
            page.get_by_role("button", name="Enter").click()

            assert told.startswith("That is not the token")
            expect(page).to_have_url(f"{address}/homes/UP-1")
            expect(page.get_by_role("heading", level=1)).to_have_text("Power is on")


def test_days_and_times_are_written_as_the_browser_s_own_locale_data_would(open_page):
    zone = "America/Sao_Paulo"
    instants = [datetime(2026, month, 10 + month, 2 * month - 1, 5 * month - 1, tzinfo=UTC) for month in range(1, 13)]

    theirs = open_page().evaluate(
        """([languages, instants, timeZone]) => languages.map(language => instants.map(at => [
            { weekday: "long", month: "long", day: "numeric", timeZone },
            { timeStyle: "short", timeZone },
        ].map(form => new Intl.DateTimeFormat(language, form).format(new Date(at)))))""",
        [list(Language), [at.isoformat() for at in instants], zone],
    )
    ours = [
        [[i18n.day(at, ZoneInfo(zone), language), i18n.clock(at, ZoneInfo(zone), language)] for at in instants]
        for language in Language
    ]

    assert ours == [[[re.sub(r"\s(?=[AP]M)", "\xa0", text) for text in told] for told in each] for each in theirs]
