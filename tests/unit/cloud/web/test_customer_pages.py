"""What a customer sees by her own link: her home, in her words, and nobody else's."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.customers import service
from cloud.kernel.ids import CustomerId
from cloud.outages import answers
from cloud.web.app import create_app
from tests.fakes_street import PEOPLE, Street
from tests.fakes_web import Browser, a_town
from tests.unit.cloud.web.conftest import BEARER
from tests.unit.cloud.web.test_pages import headline, text_of


@pytest.fixture(scope="module")
def anybody(night: Street) -> Iterator[Browser]:
    """Somebody without an operator's rights."""
    with Browser(create_app(night.town.services())) as made:
        yield made


def path_of(street: Street, home: str) -> str:
    return f"/you/{street.town.links.token_for(CustomerId(f'C-{home[3:]}'))}"


@pytest.mark.parametrize(
    ("home", "language", "title"),
    [
        ("UP-0001", "pt-BR", "Você tem energia"),
        ("UP-0002", "pt-BR", "Você está sem energia"),
        ("UP-0003", "es", "No sabemos si tiene electricidad"),
        ("UP-0004", "fr", "Votre alimentation est coupée au compteur"),
        ("UP-0005", "en", "We do not know whether you have power"),
        ("UP-0006B", "es", "Tiene electricidad"),
    ],
)
def test_each_reads_of_her_power_in_her_language(night, anybody, home, language, title):
    answer = anybody.get(path_of(night, home))

    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert headline(answer.text) == title


def test_nothing_of_the_neighbours_and_nothing_of_the_machinery_is_told(night, anybody):
    page = anybody.get(path_of(night, "UP-0003")).text

    others = [name for home, (name, _, _) in PEOPLE.items() if home != "UP-0003"]
    assert not any(name in page for name in others)
    assert not any(gateway.id in page for gateway in night.gateways.values())
    assert "/events/" not in page
    assert "/homes/" not in page


def test_messages_stand_as_sent_with_what_each_figure_rests_on(night, anybody):
    page = text_of(anybody.get(path_of(night, "UP-0001")).text)

    assert "A energia voltou: Rua das Acácias 12, Curitiba" in page
    assert "menor tensão medida pelo seu medidor: 231 V um relato assinado do nosso aparelho; com data de" in page


def test_the_open_outage_is_told_in_one_sentence_to_whom_it_concerns(night, anybody):
    dark, back = (text_of(anybody.get(path_of(night, home)).text) for home in ("UP-0002", "UP-0006A"))

    assert "A sua casa está na falta de energia UP-0002-2, que começou sábado, 21 de novembro às" in dark
    assert "No case is open for your home." in back


def test_whose_home_cannot_be_seen_is_not_told_that_it_is_out(night, anybody):
    page = text_of(anybody.get(path_of(night, "UP-0005")).text)

    assert "There has been an outage around your home since Saturday, November 21 at" in page
    assert "Your home lies in outage" not in page


@pytest.mark.parametrize(
    ("home", "is_asked"),
    [("UP-0001", False), ("UP-0002", False), ("UP-0003", True), ("UP-0004", False), ("UP-0005", True)],
)
def test_who_cannot_be_seen_is_asked_and_nobody_else(night, anybody, home, is_asked):
    assert ('name="power" value="yes"' in anybody.get(path_of(night, home)).text) is is_asked


def test_her_word_is_kept_and_shown_to_her_and_to_the_operator(night, anybody):
    path = path_of(night, "UP-0005")

    answer = anybody.post(f"{path}/answer", data={"home": "UP-0005", "power": "no"})

    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}#home-UP-0005")
    assert "You told us, Saturday, November 21 at" in text_of(anybody.get(path).text)
    with Browser(create_app(night.town.services()), headers=BEARER) as operator:
        for shown in ("/homes/UP-0005", "/outages/T-0101-1", "/"):
            assert "I have no power" in operator.get(shown).text
        told = operator.get("/api/v1/usage-points/UP-0005").json()
    assert (told["phase"], told["state"]["standing"]) == ("supplied", "unverified")


@pytest.mark.parametrize(
    ("home", "form", "status"),
    [
        ("UP-0001", {"home": "UP-0001", "power": "yes"}, 409),
        ("UP-0005", {"home": "UP-0003", "power": "yes"}, 404),
        ("UP-0005", {"home": "UP-0005", "power": "maybe"}, 404),
        ("UP-0005", {"home": "\0", "power": "yes"}, 404),
        ("UP-0005", {"power": "yes"}, 404),
    ],
)
def test_a_word_nobody_asked_for_is_not_kept(night, anybody, home, form, status):
    answer = anybody.post(f"{path_of(night, home)}/answer", data=form)

    with night.town.database.read() as connection:
        kept = answers.of_homes(connection, ["UP-0001", "UP-0003"])
    assert answer.status_code == status
    assert kept == {}


def test_a_form_of_another_site_is_refused(night, anybody):
    path = f"{path_of(night, 'UP-0005')}/answer"

    answer = anybody.post(path, data={"home": "UP-0005", "power": "yes"}, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403


@pytest.mark.parametrize("token", ["x", "C-0001", "C-0001~", "C-0001~" + "A" * 32, "~", "%00", "C-9~x", "x" * 5_000])
@pytest.mark.parametrize("tail", ["", "/live"])
def test_a_wrong_token_gets_the_same_page_whatever_is_wrong(anybody, token, tail):
    answer = anybody.get(f"/you/{token}{tail}")

    assert answer.status_code == 404
    assert headline(answer.text) == "This link leads nowhere"
    assert 'lang="fr"' in answer.text


def test_a_token_of_a_customer_who_is_not_there_is_nobodys(night, anybody):
    token = night.town.links.token_for(CustomerId("C-gone"))

    assert headline(anybody.get(f"/you/{token}").text) == "This link leads nowhere"


@pytest.mark.parametrize("path", ["/you", "/you/", "/", "/homes/UP-0001", "/outages", "/api/v1/outages"])
def test_a_link_opens_nothing_else(night, anybody, path):
    assert anybody.get(path).status_code in {303, 401, 404}


def test_every_page_holds_no_script_or_style_of_its_own(night, anybody):
    for path in (path_of(night, "UP-0003"), "/you/x"):
        page = anybody.get(path).text
        assert page.count("<script") == page.count('<script src="/static/live.js" defer></script>') == 1
        assert "style=" not in page
        assert not re.search(r"<[^>]* on[a-z]+=", page)


def test_what_her_gateway_found_is_told_plainly(tmp_path: Path):
    with a_town(tmp_path) as town:
        street = Street.built(town)
        street.false_alarms()
        with Browser(create_app(town.services())) as somebody:
            tripped = text_of(somebody.get(path_of(street, "UP-0005")).text)
            unplugged = text_of(somebody.get(path_of(street, "UP-0002")).text)
            fallen = text_of(somebody.get(path_of(street, "UP-0003")).text)

    assert "Power reaches your meter, but not your home" in tripped
    assert "nothing is drawn through your meter Saturday, November 21 at 8:00 PM" in tripped
    assert "Você tem energia" in unplugged
    assert "O nosso aparelho ao lado do medidor está fora da tomada." in unplugged
    assert "Nuestro lector se ha soltado de su contador" in fallen


def test_a_customer_with_several_homes_finds_them_on_one_page(town):
    town.settle_in("UP-1")
    heading = "usage_point,meter,customer,name,email,language,time_zone,address\n"
    row = "UP-2,M-2,C-1,Clara,clara@example.org,pt-BR,America/Sao_Paulo,Rua B 2\n"

    service.import_data(town.database, (heading + row).encode(), town.clock)
    with Browser(create_app(town.services())) as somebody:
        page = text_of(somebody.get(f"/you/{town.links.token_for(CustomerId('C-1'))}").text)

    assert "As suas casas" in page
    assert "Rua B 2" in page
