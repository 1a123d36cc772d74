"""An open page keeps up by itself, disturbs nobody, and never holds the server back."""

import time

from playwright.sync_api import expect

from cloud.messaging.ports import Unknown
from tests.browser.conftest import served
from tests.fakes_web import a_town


def test_an_outage_arrives_on_the_open_page(tmp_path, open_page):
    with a_town(tmp_path, is_open=True) as town:
        home = town.settle_in("UP-1")
        town.read_registers(home)
        with served(town) as address:
            page = open_page()
            page.goto(f"{address}/")
            title = page.get_by_role("heading", level=1)
            expect(title).to_have_text("Power is on")
            expect(page.get_by_role("status")).to_have_text("This page keeps itself up to date.")

            began_ms = town.lose(home)
            expect(title).to_have_text("Supply was lost at 20:00, being verified")
            town.judge(home, began_ms)
            expect(title).to_have_text("Power is out since 20:00")
            town.go_on(120)
            expect(page.locator(".letter")).to_have_count(1)
            town.restore(home, began_ms)
            expect(title).to_have_text("Power is on")
            expect(page.locator(".letter")).to_have_count(2)
            expect(page).to_have_title("Power is on · Rua das Laranjeiras 120, Rio de Janeiro · Lamplight")


def test_what_a_reader_opened_and_where_they_are_stays(tmp_path, open_page):
    with a_town(tmp_path, is_open=True) as town:
        home = town.settle_in("UP-1")
        town.read_a_week(home)
        town.read_registers(home)
        with served(town) as address:
            page = open_page()
            page.goto(f"{address}/")
            expect(page.get_by_role("status")).to_have_text("This page keeps itself up to date.")
            page.locator("#curve-table > summary").click()
            page.locator("#registers a").first.focus()

            town.go_on(60)
            town.read_registers(home, voltage_mv=231_000)

            expect(page.locator("#registers")).to_contain_text("231.0")
            expect(page.locator("#curve-table table")).to_be_visible()
            assert page.evaluate("document.activeElement.closest('#registers') !== null")


def test_a_decision_is_made_on_the_page_and_shown_at_once(tmp_path, open_page):
    with a_town(tmp_path, is_open=True) as town:
        home = town.settle_in("UP-1", language="fr")
        town.sender.ending = Unknown(reason="the relay went away before it answered")
        town.judge(home, town.lose(home))
        town.go_on(120)
        with served(town) as address:
            page = open_page(javascript=False)
            page.goto(f"{address}/")
            page.get_by_role("button", name="It arrived: mark as delivered").click()

            expect(page).to_have_url(f"{address}/homes/UP-1#m1")
            expect(page.get_by_text("delivered to the mail relay")).to_be_visible()


def test_the_server_stops_at_once_though_pages_are_open(tmp_path, open_page):
    with a_town(tmp_path, is_open=True) as town:
        town.settle_in("UP-1")
        pages = [open_page(), open_page()]
        with served(town) as address:
            for page in pages:
                page.goto(f"{address}/")
                expect(page.get_by_role("status")).to_have_text("This page keeps itself up to date.")
            began_s = time.monotonic()
        took_s = time.monotonic() - began_s

        assert took_s < 2
        expect(pages[0].get_by_role("status")).to_contain_text("Not connected.")
