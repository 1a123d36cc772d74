"""What is shown of bills: to her in her language what is sure, to the operator all of it, to programs the same."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from cloud.billing import accounts_store
from cloud.billing.projection import WhyNoProjection
from cloud.customers import service as customers
from cloud.kernel.ids import AccountId, BillId, ContractId, CustomerId
from cloud.web.app import create_app
from tests.fakes_web import Browser, Town
from tests.fakes_web_bills import ACCOUNT, CONTRACT, LOOK, OCTOBER, OUTLOOK, PAID, brl, keep_bills, keep_contract
from tests.unit.cloud.web.test_pages import text_of

DIFFERS = replace(
    LOOK, reckoned=brl(39_999), matches=False, why="the utility asks 410.30 BRL, and we reckon 399.99 BRL"
)
UNREAD = replace(LOOK, reckoned=None, matches=None, since_previous=None, why="31 of 31 days are not read")
FIRST = replace(LOOK, previous=None, since_previous=None, since_year_ago=None, why="there is no bill before it")


@pytest.fixture
def home(town: Town) -> Town:
    """Clara's home in Rio."""
    town.settle_in("UP-1")
    return town


@pytest.fixture
def somebody(home: Town) -> Iterator[Browser]:
    """Somebody without an operator's rights."""
    with Browser(create_app(home.services())) as made:
        yield made


def her_page(town: Town, somebody: Browser, customer: str = "C-1") -> str:
    answer = somebody.get(f"/you/{town.links.token_for(CustomerId(customer))}")
    assert answer.status_code == 200
    return answer.text.replace("\xa0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("language", "range_", "sure", "change", "caveat"),
    [
        ("en", "R$401.10 to R$465.90", "Eight times in ten", "R$126.18 more than the previous", "nine months"),
        ("pt-BR", "R$ 401,10 a R$ 465,90", "Oito em cada dez", "R$ 126,18 a mais que a conta", "nove meses"),
        ("es", "401,10 BRL a 465,90 BRL", "Ocho de cada diez", "126,18 BRL más que la factura", "nueve meses"),
        ("fr", "401,10 R$ à 465,90 R$", "Huit fois sur dix", "126,18 R$ de plus que la facture", "neuf mois"),
    ],
)
def test_she_reads_where_her_bill_goes_and_why_the_last_one_changed(town, language, range_, sure, change, caveat):
    town.settle_in("UP-1", language=language)
    keep_bills(town)

    with Browser(create_app(town.services())) as somebody:
        page = her_page(town, somebody)

    text = text_of(page)
    assert all(said in text for said in (range_, sure, change, caveat))
    picture = re.findall(r'class="bill-(?:label|amount)"[^>]*>([^<]*)<', page)
    table = re.findall(r'<th scope="row">([^<]*)</th><td class="number">([^<]*)</td></tr>', page.partition("-table")[2])
    assert picture == [word for line in table[: len(picture) // 2] for word in line]


def test_every_figure_of_her_bill_leads_to_its_source(home, somebody):
    keep_bills(home)

    page = her_page(home, somebody)

    assert set(re.findall(r'href="#(bill-[^"]*)"', page)) == set(re.findall(r'<li id="(bill-[^"]*)"', page))
    text = text_of(page)
    assert "o que o seu medidor registrou, as temperaturas da estação meteorológica, a sua tarifa" in text
    assert "o que foi pago: R$ 410,30 os pagamentos registrados pela distribuidora" in text
    assert "R$ 20,30 a mais que a conta de um ano atrás" in text


@pytest.mark.parametrize(
    ("payments", "said"),
    [
        ((), "Vencimento"),
        ((replace(PAID, amount=brl(1)),), "Ainda não recebemos um pagamento desse valor."),
        ((replace(PAID, paid_on=date(2026, 11, 2)),), "Ainda não recebemos um pagamento desse valor."),
    ],
)
def test_what_is_not_known_to_be_paid_is_not_called_paid(home, somebody, payments, said):
    keep_bills(home, payments=payments)

    page = text_of(her_page(home, somebody))

    assert "Paga em" not in page
    assert said in page


def test_before_its_due_day_nobody_is_told_that_a_bill_is_not_paid(home, somebody):
    keep_bills(home, payments=(replace(PAID, amount=brl(1)),))
    with home.database.transaction() as connection:
        accounts_store.keep_bills(connection, [replace(OCTOBER, due_on=home.clock.now().date())])

    assert "um pagamento desse valor" not in her_page(home, somebody)


@pytest.mark.parametrize("look", [DIFFERS, UNREAD])
def test_what_is_not_sure_is_kept_from_her_and_waits_for_a_person(home, somebody, client, look):
    keep_bills(home, look=look)

    hers, operators = text_of(her_page(home, somebody)), text_of(client.get("/homes/UP-1").text)

    assert "Ainda não dizemos por que ela mudou" in hers
    assert "bill-change" not in her_page(home, somebody)
    assert look.why not in hers
    assert look.why in operators
    assert f"{look.why[0].upper()}{look.why[1:]}." in text_of(client.get("/bills").text)


def test_a_first_bill_needs_nobody(home, somebody, client):
    keep_bills(home, look=FIRST)

    assert "Ainda não há uma conta anterior para comparar." in text_of(her_page(home, somebody))
    assert "B-10" not in client.get("/bills").text


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (WhyNoProjection.TOO_EARLY, "Ainda é cedo para dizer"),
        (WhyNoProjection.DAYS_MISSING, "Faltam leituras de dias demais"),
        ("no rate holds on 2026-11-01 (tariffs/x.toml)", "Ainda não podemos dizer para onde esta conta caminha."),
    ],
)
def test_where_nothing_can_be_said_of_the_running_bill_she_reads_why(home, somebody, client, why, said):
    keep_bills(home, outlook=replace(OUTLOOK, range=None, why=str(why)))

    page = text_of(her_page(home, somebody))

    assert said in page
    assert "Oito em cada dez" not in page
    assert "x.toml" not in page
    assert client.get("/api/v1/usage-points/UP-1/outlook").json()["why_not"] == str(why)


def test_a_home_without_a_bill_is_told_kindly_and_one_without_a_contract_nothing(home, somebody):
    before = text_of(her_page(home, somebody))
    keep_contract(home)
    after = text_of(her_page(home, somebody))

    assert "A sua conta" not in before
    assert "Ainda não recebemos nenhuma conta." in after


def test_the_bills_of_who_lived_there_before_are_not_hers(home, somebody, client):
    keep_bills(home)
    row = "UP-1,LMP00000001,C-9,Nova Dona,nova@example.org,en,America/Sao_Paulo,Rua B 2\n"
    heading = "usage_point,meter,customer,name,email,language,time_zone,address\n"
    customers.import_data(home.database, (heading + row).encode(), home.clock)

    before = her_page(home, somebody, "C-9")
    account = replace(ACCOUNT, id=AccountId("A-9"), customer=CustomerId("C-9"))
    keep_contract(
        home,
        account,
        replace(CONTRACT, id=ContractId("K-9"), account=account.id, valid_from=date(2026, 11, 10)),
    )
    after = her_page(home, somebody, "C-9")

    assert "Your bill" not in before
    assert "No bill has reached us yet." in text_of(after)
    assert all(amount not in after for amount in ("410.30", "284.12", "401.10"))
    assert "R$410.30" in client.get("/homes/UP-1").text


def test_programs_get_bills_with_the_parts_of_their_change_to_the_cent(home, client):
    keep_bills(home)

    newest, before, _ = client.get("/api/v1/usage-points/UP-1/bills").json()["bills"]

    assert newest["total"] == newest["reckoned"] == {"amount": "410.30", "currency": "BRL"}
    assert (newest["matches"], newest["is_explained"], newest["paid_on"]) == (True, True, "2026-11-12")
    change = newest["since_previous"]
    assert change["from_bill"] == before["id"] == "B-09"
    assert sum(Decimal(part["amount"]["amount"]) for part in change["parts"]) == Decimal(change["change"]["amount"])
    assert (change["driver"], change["caveats"]) == ("use", ["too_little_history"])
    assert (before["reckoned"], before["looks"], before["since_previous"]) == (None, 0, None)


def test_programs_get_where_the_running_bill_is_going(home, client):
    keep_bills(home)

    told = client.get("/api/v1/usage-points/UP-1/outlook").json()

    assert told["range"]["low"] == {"amount": "401.10", "currency": "BRL"}
    assert (told["days_left"], told["usual_bill"], told["tariff"]) == (10, "B-10-2025", "rede-acacias-b1")


@pytest.mark.parametrize("path", ["UP-1/outlook", "UP-9/outlook", "UP-9/bills"])
def test_what_is_not_there_says_what_to_do(home, client, path):
    answer = client.get(f"/api/v1/usage-points/{path}")

    assert answer.status_code == 404
    assert answer.json()["do"]


def test_a_bill_that_could_not_be_reckoned_is_history_once_a_later_one_came(home, client):
    keep_bills(home, look=replace(UNREAD, bill=BillId("B-09")))

    assert "No bill waits for anybody." in client.get("/bills").text
