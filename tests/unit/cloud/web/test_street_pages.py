"""The operator's pages of a street: drawn and in words, its outages, and a case closed by a person."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest

from cloud.grid import store as grid
from cloud.grid.model import Device, Kind, Service, trees
from cloud.kernel.ids import DeviceId, UsagePointId
from cloud.web import street_page
from cloud.web.app import create_app
from tests.fakes_street import FLATS, PEOPLE, TRANSFORMER, Street
from tests.fakes_web import Browser, Town, a_town
from tests.unit.cloud.web.conftest import BEARER
from tests.unit.cloud.web.test_pages import headline, text_of


@pytest.fixture(scope="module")
def alarmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The street with its false alarms. Look, and change nothing."""
    with a_town(tmp_path_factory.mktemp("alarmed")) as town:
        street = Street.built(town)
        street.dip(*PEOPLE)
        street.false_alarms()
        yield town


@pytest.fixture(scope="module")
def quiet(alarmed: Town) -> Iterator[Browser]:
    with Browser(create_app(alarmed.services()), headers=BEARER) as made:
        yield made


@pytest.fixture(scope="module")
def stormy(night: Street) -> Iterator[Browser]:
    with Browser(create_app(night.town.services()), headers=BEARER) as made:
        yield made


def drawings(page):
    return [ET.fromstring(svg) for svg in re.findall(r'<svg class="street street-.*?</svg>', page, re.DOTALL)]


class TestStreet:
    def test_it_is_drawn_twice_and_every_home_is_a_link_with_a_name(self, quiet):
        page = quiet.get("/").text

        for drawing in drawings(page):
            links = {link.get("href"): link.get("aria-label") for link in drawing.iter("a")}
            assert set(links) == {f"/homes/{home}" for home in PEOPLE}
            assert links["/homes/UP-0001"].startswith("Rua das Acácias 12, Curitiba, UP-0001: power is on, evidence")
            assert links["/homes/UP-0003"].endswith("no recent word, evidence 4\xa0s old, optical head off the meter")
        assert len(drawings(page)) == 2

    def test_an_apartment_house_is_one_building(self, quiet):
        (wide, _) = drawings(quiet.get("/").text)
        homes = [
            [link.get("href") for link in group.iter("a")]
            for group in wide.iter("g")
            if "building " in group.get("class", "")
        ]

        assert [len(house) for house in homes] == [1, 1, 1, 1, 1, 3]
        assert homes[-1] == [f"/homes/{home}" for home in FLATS]

    def test_every_state_stands_in_words_with_its_evidence(self, quiet):
        page = text_of(quiet.get("/").text)

        assert "8 homes: 5 on, 1 no recent word, 1 switched off, 1 own breaker" in page
        assert "Power is on gateway unplugged The gateway’s verdict: the gateway was unplugged (confirmed," in page
        assert "nothing is drawn through the meter, just now" in page
        assert "1 dip" in page
        assert "None on this feeder." in page

    def test_an_outage_stands_at_its_transformer(self, stormy):
        page = stormy.get("/").text

        (wide, _) = drawings(page)
        assert "/outages/T-0101-1" in {link.get("href") for link in wide.iter("a")}
        assert "4 back, 2 unverified, 1 dark or unseen for another reason, 1 now in another outage." in text_of(page)
        assert "At UP-0002, since 20:08, found within outage 1. 1 home: 1 out." in text_of(page)
        assert "in French: Your power is back (delivered)" in text_of(page)

    def test_a_home_found_within_has_a_dead_wire_of_its_own(self, stormy):
        (wide, _) = drawings(stormy.get("/").text)

        dead = [path.get("d") for path in wide.iter("path") if "street-dead" in path.get("class", "")]
        assert [path.count("M") for path in dead] == [1]

    @pytest.mark.parametrize("path", ["/?feeder=F-02", "/?feeder=%00", "/?feeder=" + "x" * 40])
    def test_a_feeder_that_is_not_there_is_no_page(self, quiet, path):
        assert quiet.get(path).status_code == 404

    def test_all_homes_are_listed_by_name_beside_it(self, quiet):
        assert quiet.get("/homes").text.count("home-row") == len(PEOPLE)

    def test_a_long_feeder_comes_in_pages_in_the_order_of_the_feeder(self, tmp_path, monkeypatch):
        monkeypatch.setattr(street_page, "HOMES_A_PAGE", 3)
        with a_town(tmp_path) as town:
            Street.built(town)
            with Browser(create_app(town.services()), headers=BEARER) as operator:
                first = operator.get("/?feeder=F-01").text
                second = operator.get("/?feeder=F-01&after=UP-0003").text

        assert "3 homes: 3 on" in first
        assert "/?feeder=F-01&amp;after=UP-0003" in first
        assert [f"/homes/UP-000{at}" in second for at in range(1, 6)] == [False, False, False, True, True]

    def test_a_home_on_the_grid_that_nobody_knows_is_left_out(self, town, client):
        street = Street.built(town)
        with town.database.transaction() as connection:
            tree = grid.tree(connection, street_feeder(connection))
            more = Service(usage_point=UsagePointId("UP-9"), device=TRANSFORMER, phases="A")
            grid.keep_trees(connection, trees(tree.devices, [*tree.services, more]))

        assert "8 homes: 8 on" in client.get("/").text
        assert street.town is town


def street_feeder(connection):
    (feeder,) = grid.feeders(connection)
    return feeder


class TestHome:
    @pytest.mark.parametrize(
        ("home", "title", "words"),
        [
            ("UP-0002", "Power is on", "The gateway’s verdict: the gateway was unplugged (confirmed, strong evidence)"),
            ("UP-0003", "No recent word from this home", "the optical head is off the meter (provisional"),
            ("UP-0004", "Switched off at the meter", "supply switch: open"),
            ("UP-0005", "The home’s own breaker is off", "nothing is drawn through the meter"),
        ],
    )
    def test_a_false_alarm_is_told_with_what_it_rests_on(self, quiet, home, title, words):
        page = quiet.get(f"/homes/{home}").text

        assert headline(page) == title
        assert words in text_of(page)
        assert "Dips 1" in text_of(page)

    def test_one_that_cannot_be_seen_names_its_outage_and_since_when_nothing_is_heard(self, stormy):
        page = text_of(stormy.get("/homes/UP-0005").text)

        assert "Power cannot be verified" in page
        assert "Nothing heard since 20:02 of this home’s gateway" in page
        assert "It lies in outage T-0101-1: unverified since 20:09." in page

    def test_the_customers_own_view_is_a_link_away(self, stormy):
        (link,) = re.findall(r'href="(/you/[^"]+)"', stormy.get("/homes/UP-0004").text)

        assert headline(stormy.get(link).text) == "Votre alimentation est coupée au compteur"

    def test_a_neighbours_events_on_the_same_bus_are_not_shown(self, quiet):
        page = quiet.get("/homes/UP-0006B").text

        assert len(re.findall(r'<h3><a href="/events/', page)) == 2  # its reading and its dip


class TestOutage:
    @pytest.mark.parametrize("name", ["T-0101-1", "1"])
    def test_it_tells_where_who_what_happened_and_what_was_said(self, stormy, name):
        page = text_of(stormy.get(f"/outages/{name}").text)

        assert "Power is back at T-0101" in page
        assert "Within it: UP-0002-2, 1 out." in page
        assert "UP-0003 · in this outage: unverified since 20:09" in page
        assert "Queued for the customer: is your power on? UP-0005" in page
        assert "UP-0006B: Your power is back (Spanish, delivered)" in page

    def test_one_found_within_leads_to_the_one_around_it(self, stormy):
        page = text_of(stormy.get("/outages/UP-0002-2").text)

        assert "UP-0002 is out since 20:08" in page
        assert (
            "Found within T-0101-1: homes around it had power by 20:11 at the latest, and none was shown here." in page
        )

    @pytest.mark.parametrize("name", ["T-0102-1", "7", "T-0101-2", "-1", "x", "9" * 40, "%00", "T-0101-"])
    def test_one_that_is_not_there_is_no_page(self, stormy, name):
        assert stormy.get(f"/outages/{name}").status_code == 404
        assert stormy.get(f"/api/v1/outages/{name}").status_code in {404, 422}

    def test_all_are_listed(self, stormy):
        page = text_of(stormy.get("/outages").text)

        assert page.index("UP-0002-2") < page.index("T-0101-1")
        assert "Times are America/Sao_Paulo." in page
        assert "At T-0101, since 20:08" in page

    def test_where_homes_are_in_several_zones_times_are_in_none_of_them(self, town, client):
        for home, zone, feeder in (("UP-1", "America/Sao_Paulo", "F-1"), ("UP-2", "Europe/Paris", "F-2")):
            gateway = town.settle_in(home, zone=zone)
            head = Device(id=DeviceId(feeder), kind=Kind.FEEDER, parent=None, phases="ABC")
            line = Service(usage_point=UsagePointId(home), device=head.id, phases="A")
            with town.database.transaction() as connection:
                grid.keep_trees(connection, trees([head], [line]))
            town.judge(gateway, town.lose(gateway))
        town.go_on(30)

        assert "Times are UTC, as the homes are in several zones." in text_of(client.get("/outages").text)
        assert "1 outage open on other feeders. All outages" in text_of(client.get("/").text)
        assert "1 outage open on other feeders. All outages" in text_of(client.get("/?feeder=F-2").text)

    def test_where_there_is_one_feeder_nothing_is_said_of_others(self, stormy):
        assert "other feeders" not in stormy.get("/").text

    def test_programs_get_the_same(self, stormy):
        nested, outer = stormy.get("/api/v1/outages").json()["outages"]

        assert (outer["name"], outer["device"], outer["within"], outer["closed_at"]) == (
            "T-0101-1",
            "T-0101",
            None,
            None,
        )
        assert (nested["name"], nested["device"], nested["within"]) == ("UP-0002-2", "UP-0002", 1)
        standings = {member["usage_point"]: member["standing"] for member in outer["members"]}
        assert standings["UP-0002"] == "elsewhere"
        assert standings["UP-0005"] == "unverified"
        assert outer["counts"]["back"] == 4
        detail = stormy.get("/api/v1/outages/T-0101-1").json()
        assert detail["nested"] == ["UP-0002-2"]
        assert {"opened", "first_back", "asked"} <= {line["mark"] for line in detail["timeline"]}

    def test_a_home_tells_programs_its_phase_finding_dips_and_outage(self, quiet, stormy):
        tripped = quiet.get("/api/v1/usage-points/UP-0005").json()
        dark = stormy.get("/api/v1/usage-points/UP-0002").json()

        assert (tripped["phase"], tripped["dips"], tripped["outage"]) == ("supplied", 1, None)
        assert (tripped["finding"]["cause"], tripped["finding"]["stage"]) == ("own_breaker", "confirmed")
        assert tripped["state"]["notes"] == ["own_breaker"]
        assert (dark["phase"], dark["finding"], dark["outage"]) == ("told", None, "UP-0002-2")


class TestClosing:
    @pytest.fixture
    def street(self, town):
        made = Street.built(town)
        made.go_out("UP-0001", "UP-0002")
        town.go_on(30)
        town.go_on(60)
        return made

    def test_a_case_is_closed_by_a_person_with_a_reason(self, street, client):
        before = client.get("/homes/UP-0001").text

        answer = client.post("/homes/UP-0001/close", data={"who": "Olga Ortiz", "reason": "Crew saw lights on"})
        after = text_of(client.get("/homes/UP-0001").text)

        assert 'action="/homes/UP-0001/close"' in before
        assert (answer.status_code, answer.headers["location"]) == (303, "/homes/UP-0001#story")
        assert "closed by a person" in after
        assert "by Olga Ortiz: Crew saw lights on" in after
        (closed,) = client.get("/api/v1/cases?usage_point=UP-0001").json()["cases"]
        assert (closed["end"], closed["closed_by"]) == ("operator", "Olga Ortiz")

    @pytest.mark.parametrize(
        ("home", "form", "status"),
        [
            ("UP-0002", {"who": "Olga", "reason": " "}, 400),
            ("UP-0002", {"who": "", "reason": "x"}, 400),
            ("UP-0002", {"who": "Olga", "reason": "x" * 501}, 400),
            ("UP-0002", {"who": "Ol\0ga", "reason": "x"}, 400),
            ("UP-none", {"who": "Olga", "reason": "x"}, 409),
        ],
    )
    def test_one_that_cannot_be_closed_says_why(self, stormy, home, form, status):
        answer = stormy.post(f"/homes/{home}/close", data=form)

        assert answer.status_code == status
        assert headline(answer.text)
        assert stormy.get("/api/v1/usage-points/UP-0002").json()["phase"] == "told"

    def test_a_home_without_a_case_has_none_to_close(self, quiet):
        assert quiet.post("/homes/UP-0001/close", data={"who": "Olga", "reason": "x"}).status_code == 409

    def test_a_home_that_cannot_be_seen_is_settled_in_its_outage(self, street, client):
        answer = client.post("/homes/UP-0004/close", data={"who": "Olga", "reason": "Called: has power"})

        members = client.get("/api/v1/outages/1").json()["members"]
        assert answer.status_code == 303
        assert [member["close_reason"] for member in members if member["standing"] == "closed"] == ["Called: has power"]

    def test_a_form_of_another_site_is_refused(self, street, client):
        answer = client.post(
            "/homes/UP-0001/close", data={"who": "x", "reason": "y"}, headers={"Origin": "https://a.example"}
        )

        assert answer.status_code == 403
