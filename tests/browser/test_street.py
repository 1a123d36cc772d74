"""The street and a customer's own page, as people meet them: at a desk, on a telephone, live, and without script."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from cloud.kernel.ids import CustomerId
from tests.browser.conftest import NARROW, WIDE, served
from tests.browser.test_pages import (
    NARROW_LIGHT,
    SEEN,
    SIDEWAYS,
    WIDE_DARK,
    WIDE_LIGHT,
    found_wrong,
    looked_at,
    show,
    watched,
)
from tests.fakes_street import FLATS, Street
from tests.fakes_web import a_town


@pytest.fixture(scope="module")
def after_the_storm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Street, str]]:
    """Power is back but for 2; 3 and 5 cannot be seen. Look, and change nothing."""
    with a_town(tmp_path_factory.mktemp("storm"), is_open=True) as town:
        street = Street.built(town)
        street.storm()
        street.return_()
        with served(town) as address:
            yield street, address


def her_page(street: Street, home: str) -> str:
    return f"/you/{street.town.links.token_for(CustomerId(f'C-{home[3:]}'))}"


def test_the_street_is_accessible_and_fits_on_every_screen(after_the_storm, open_page):
    _, address = after_the_storm
    page = open_page()
    complaints = watched(page)
    page.goto(f"{address}/")

    for seen in SEEN:
        show(page, seen)
        assert (found_wrong(page), page.evaluate(SIDEWAYS)) == ([], 0), seen
        shown = [page.locator(f".street-{name}").is_visible() for name in ("wide", "narrow")]
        assert shown == [WIDE in seen, NARROW in seen]
    assert complaints == []


@pytest.mark.parametrize(
    ("path", "seen"), [("/outages/1", NARROW_LIGHT), ("/outages", WIDE_DARK), ("/homes/UP-0005", NARROW_LIGHT)]
)
def test_outages_are_accessible_and_fit(after_the_storm, screen, path, seen):
    _, address = after_the_storm

    assert looked_at(screen, seen, address + path) == ([], 0)


@pytest.mark.parametrize(
    ("home", "seen"),
    [("UP-0001", WIDE_DARK), ("UP-0002", NARROW_LIGHT), ("UP-0003", NARROW_LIGHT), ("UP-0004", WIDE_DARK)],
)
def test_a_customers_page_is_accessible_and_fits(after_the_storm, screen, home, seen):
    street, address = after_the_storm

    assert looked_at(screen, seen, address + her_page(street, home)) == ([], 0)


def test_a_link_that_leads_nowhere_is_accessible_too(after_the_storm, screen):
    _, address = after_the_storm

    assert looked_at(screen, NARROW_LIGHT, f"{address}/you/x") == ([], 0)


def test_an_outage_arrives_on_the_open_street_and_on_her_page(tmp_path, open_page):
    with a_town(tmp_path, is_open=True) as town:
        street = Street.built(town)
        with served(town) as address:
            page, hers = open_page(), open_page(NARROW)
            page.goto(f"{address}/")
            hers.goto(address + her_page(street, "UP-0006B"))
            expect(page.get_by_role("status")).to_have_text("This page keeps itself up to date.")
            expect(hers.get_by_role("status")).to_have_text("Esta página se mantiene al día.")

            street.go_out("UP-0001", "UP-0002", *FLATS)
            town.go_on(30)

            expect(page.locator("#street-title")).to_contain_text("5 out")
            expect(page.locator("svg.street-wide a[href='/outages/T-0101-1']")).to_be_visible()
            expect(hers.get_by_role("heading", level=1)).to_have_text("No tiene electricidad")


def test_a_home_in_the_drawing_is_reached_by_the_keyboard(after_the_storm, screen):
    _, address = after_the_storm
    show(screen, WIDE_LIGHT)
    screen.goto(f"{address}/")

    screen.locator("svg.street-wide a[href='/homes/UP-0003']").focus()
    screen.keyboard.press("Enter")
    screen.wait_for_url(f"{address}/homes/UP-0003")

    expect(screen.get_by_role("heading", level=1)).to_have_text("Power cannot be verified")


def test_she_answers_without_javascript(after_the_storm, open_page):
    street, address = after_the_storm
    page = open_page(NARROW, javascript=False)
    page.goto(address + her_page(street, "UP-0003"))

    page.get_by_role("button", name="Tengo electricidad", exact=True).click()

    expect(page.locator(".customer-word")).to_contain_text("Nos dijo, el sábado, 21 de noviembre")
    expect(page.get_by_role("heading", level=1)).to_have_text("No sabemos si tiene electricidad")


def test_an_operator_settles_a_home_without_javascript(tmp_path, open_page):
    with a_town(tmp_path, is_open=True) as town:
        street = Street.built(town)
        street.go_out("UP-0001", "UP-0002", *FLATS)
        town.go_on(30)
        with served(town) as address:
            page = open_page(javascript=False)
            page.goto(f"{address}/outages/1")
            page.locator("#member-UP-0001 summary").click()
            page.locator("#who-UP-0001").fill("Olga Ortiz")
            page.locator("#reason-UP-0001").fill("A crew saw her lights")
            page.get_by_role("button", name="Close it for UP-0001").click()

            expect(page.locator("#story")).to_contain_text("by Olga Ortiz: A crew saw her lights")
