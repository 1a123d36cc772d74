"""What a person reads: whether the power is on, what was told, and what every figure rests on."""

import re

import pytest

from cloud.messaging.ports import Refused, Unknown
from tests.fakes_cloud import FakeGateway
from wire.events import GatewayStarted


def text_of(page):
    """What a reader sees, in one line."""
    inline = re.sub(r"</?(?:a|time|span|strong|sup|code|q|path|svg)\b[^>]*>", "", page)
    return " ".join(re.sub(r"<[^>]+>", " ", inline).replace("\xa0", " ").split())


def headline(page):
    return text_of(re.search(r"<h1.*?</h1>", page, re.DOTALL)[0])


class TestFront:
    def test_nothing_known_says_what_to_do(self, client):
        assert "No home is known yet" in client.get("/").text

    def test_one_home_is_shown_at_once(self, town, client):
        town.settle_in("UP-1")

        assert headline(client.get("/").text) == "Nothing heard of its power yet"

    def test_several_homes_are_listed_with_their_state(self, visitor):
        page = text_of(visitor.get("/").text)

        assert "Rua das Laranjeiras 120, Rio de Janeiro UP-1 · meter LMP00000001 Power is on" in page
        assert "3 rue des Lilas, Lyon UP-2 · meter LMP00000002 Power is out since" in page

    def test_many_homes_come_in_pages(self, town, client):
        for number in range(51):
            town.settle_in(f"UP-{number:03d}")

        first = client.get("/").text
        second = client.get("/?after=UP-049").text

        assert first.count("home-row") == 50
        assert 'href="/?after=UP-049"' in first
        assert second.count("home-row") == 1

    def test_a_gateway_without_a_customer_is_a_home_too(self, town, client):
        gateway = FakeGateway(meter="LMP-LONE")
        town._register(gateway, "UP-LONE")
        town.hear(gateway, GatewayStarted(software="0.1.0", boot=1))

        page = text_of(client.get("/").text)

        assert "Address not told" in page
        assert "Customer not imported" in page


class TestStatus:
    def test_power_is_on_by_a_reading_and_says_how_old_it_is(self, town, client):
        town.read_registers(town.settle_in("UP-1"))
        town.go_on(120)

        page = text_of(client.get("/homes/UP-1").text)

        assert "Power is on Its own meter read 229.1 V. Evidence 2 min ago" in page

    def test_power_is_out_since_a_time_of_the_homes_own_clock(self, town, client):
        gateway = town.settle_in("UP-1")
        town.judge(gateway, town.lose(gateway))

        page = client.get("/homes/UP-1").text

        assert headline(page) == "Power is out since 20:00"
        assert 'datetime="2026-11-21T23:00:00.000Z" title="2026-11-21 23:00:00 UTC">20:00<' in page
        assert "supply sense: lost" in page

    def test_a_loss_without_a_verdict_is_being_verified(self, town, client):
        town.lose(town.settle_in("UP-1"))

        assert headline(client.get("/homes/UP-1").text) == "Supply was lost at 20:00, being verified"

    def test_a_voltage_in_an_open_case_is_not_yet_a_return(self, town, client):
        gateway = town.settle_in("UP-1")
        town.judge(gateway, town.lose(gateway))
        town.read_registers(gateway)

        assert headline(client.get("/homes/UP-1").text) == "Supply is back, being verified"

    def test_a_proven_return_says_what_proves_it(self, town, client):
        gateway = town.settle_in("UP-1")
        town.live_through_an_outage(gateway)

        page = client.get("/homes/UP-1").text

        assert "Its own meter proved it: 228.9 V, held for 1 min, back since 20:42." in text_of(page)
        assert f'href="/events/{gateway.id}/1/0/3"' in page

    def test_silence_is_not_power(self, town, client):
        town.read_registers(town.settle_in("UP-1"))
        town.go_on(901)

        page = text_of(client.get("/homes/UP-1").text)

        assert "No recent word from this home Power was on 15 min ago." in page


class TestMessages:
    def test_each_is_in_its_own_language(self, lived_in, visitor):
        page = visitor.get("/homes/UP-1").text

        assert page.count('<div class="letter-text" lang="pt-BR">') == 2

    def test_every_figure_has_a_note_and_every_note_a_source(self, visitor):
        page = visitor.get("/homes/UP-1").text

        wanted = set(re.findall(r'</span><sup><a href="#(m\d+-n\d+)"', page))
        notes = dict(re.findall(r'<li id="(m\d+-n\d+)">(.*?)</li>', page, re.DOTALL))
        assert len(re.findall(r'class="figure"', page)) == len(re.findall(r"</span><sup><a href=", page)) > 10
        assert wanted == set(notes)
        assert all(re.search("as of <time datetime", note) for note in notes.values())
        assert all(re.search("/events/|customer file|case book", note) for note in notes.values())

    def test_the_source_of_a_figure_can_be_opened(self, visitor):
        page = visitor.get("/homes/UP-1").text

        events = set(re.findall(r'<span class="note-source"><a class="mono" href="([^"]+)"', page))

        assert events
        assert {visitor.get(event).status_code for event in events} == {200}

    def test_a_lost_answer_waits_for_a_person_who_can_settle_it(self, town, client):
        gateway = town.settle_in("UP-1")
        town.sender.ending = Unknown(reason="the answer was lost")
        town.judge(gateway, town.lose(gateway))
        town.go_on(120)

        before = client.get("/homes/UP-1").text
        answer = client.post("/messages/1/decide", data={"turn": "marked_delivered"})
        after = client.get("/homes/UP-1").text

        assert "may have arrived: the relay’s answer was lost" in before
        assert "a message below waits for a decision" in before
        assert (answer.status_code, answer.headers["location"]) == (303, "/homes/UP-1#m1")
        assert "delivered to the mail relay" in after
        assert "Only a person can settle this" not in after

    def test_a_refused_mail_can_be_sent_again(self, town, client):
        gateway = town.settle_in("UP-1")
        town.sender.ending = Refused(answer="550 no such user")
        town.judge(gateway, town.lose(gateway))
        town.go_on(120)

        client.post("/messages/1/decide", data={"turn": "sent_again"})
        town.work()

        assert len(town.sender.sent) == 2

    @pytest.mark.parametrize("turn", ["sent_again", "delivered", "nonsense", ""])
    def test_a_decision_that_cannot_be_made_is_told_so(self, visitor, turn):
        answer = visitor.post("/messages/1/decide", data={"turn": turn})

        assert answer.status_code == 409


class TestCurve:
    def test_it_is_told_in_words_drawn_and_listed(self, visitor):
        page = visitor.get("/homes/UP-1").text

        assert "taken from the grid between" in text_of(page)
        assert page.count('role="img"') == 2
        assert page.count('<th scope="row"><time') == 49

    def test_seven_days_are_shown_when_asked_for(self, visitor):
        page = visitor.get("/homes/UP-1?days=7").text

        assert "Load of the last 7 days" in page
        assert page.count('<th scope="row"><time') == 169

    def test_what_was_not_read_is_not_zero(self, visitor):
        page = text_of(visitor.get("/homes/UP-1").text)

        assert "48 of 49 periods of 1 h were read; the others are unknown, not zero." in page


class TestEvents:
    def test_the_newest_come_first_with_their_proof(self, lived_in, visitor):
        page = text_of(visitor.get("/homes/UP-1").text)

        assert page.index("Supply restored") < page.index("Verdict: supply interrupted (confirmed)")
        assert f"signature verified gateway {lived_in.gateways['UP-1'].id} · alarms no. 3 · arrived" in page

    def test_heartbeats_do_not_drown_the_story(self, visitor):
        page = visitor.get("/homes/UP-1").text

        assert ">Heartbeat<" not in page
        assert "Last heartbeat" in page

    def test_one_event_shows_its_bytes_and_checks_them_anew(self, lived_in, visitor):
        page = visitor.get(f"/events/{lived_in.gateways['UP-1'].id}/1/0/2").text

        shown = text_of(page)
        assert "Signature verified, checked just now" in shown
        assert "In its place of the chain: alarms no. 2, after no. 1, before no. 3" in shown
        assert "signed receipts of this lane cover everything up to no. 3" in shown
        assert "d2844da201" in page

    def test_the_first_event_follows_the_genesis_of_its_key(self, lived_in, visitor):
        page = text_of(visitor.get(f"/events/{lived_in.gateways['UP-1'].id}/1/0/1").text)

        assert "In its place of the chain: alarms no. 1, the first after the genesis of its key" in page


def test_what_was_refused_is_shown_with_its_reason(visitor):
    page = text_of(visitor.get("/quarantine").text)

    assert "unknown key: 1" in page
    assert "came once" in page


def test_the_docs_name_every_route_and_every_model(visitor):
    page = visitor.get("/docs").text
    description = visitor.get("/openapi.json").json()

    assert all(path in page for path in description["paths"])
    assert all(f'id="model-{name}"' in page for name in description["components"]["schemas"])


@pytest.mark.parametrize(
    "path",
    [
        "/homes/none",
        "/homes/" + "x" * 5_000,
        "/homes/%00",
        "/homes/%ff%fe",
        "/homes/..%2f..%2fetc",
        "/homes/'%20OR%201=1",
        "/homes/%F0%9F%92%A1",
        "/homes/UP-1?days=99999999999999999999",
        "/homes/UP-1?days=x",
        "/?after=%00",
        "/events/ABCDEFGH/1/0/1",
        "/events/ABCDEFGH/1/0/99999999999999999999999",
        "/events/ABCDEFGH/-1/0/1",
        "/events/ABCDEFGH/1/7/1",
        "/events/abc/1/0/1",
        "/events/%00/1/0/1",
        "/no/such/page",
    ],
)
def test_a_hostile_address_is_a_page_that_does_not_exist(visitor, path):
    answer = visitor.get(path)

    assert answer.status_code == 404
    assert headline(answer.text)
    assert "To the homes" in answer.text


@pytest.mark.parametrize("number", ["0", "-1", "9" * 40, "x", "%00"])
def test_a_hostile_message_number_is_no_message(visitor, number):
    assert visitor.post(f"/messages/{number}/decide", data={"turn": "sent_again"}).status_code == 404


def test_what_a_customer_is_called_is_never_markup(town, client):
    town.settle_in("UP-1", name="<b>O'Neil</b> & Sons", address="<script>alert(1)</script>")

    page = client.get("/homes/UP-1").text

    assert "<script>alert" not in page
    assert "&lt;b&gt;O&#39;Neil&lt;/b&gt; &amp; Sons" in page
