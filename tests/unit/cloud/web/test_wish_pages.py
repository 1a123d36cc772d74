"""What she wishes to be told: kept as she said it, said no to by a link, and nobody else's to change."""

import re
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path

import pytest

from cloud.billing import accounts_store
from cloud.billing.accounts import Account, Contract
from cloud.customers import consent_store, preference_store
from cloud.customers.consent import Channel, Purpose
from cloud.customers.preferences import Preferences
from cloud.kernel.ids import AccountId, ContractId, CustomerId, UsagePointId
from cloud.kernel.money import Currency, Money
from cloud.web.app import create_app
from tests.fakes_web import Browser, Town, a_town
from tests.unit.cloud.web.test_pages import headline, text_of

CLARA, MAX = CustomerId("C-1"), CustomerId("C-2")
FORM = {"quiet_from": "22:00", "quiet_until": "07:30", "bill_line": "350,50", "billing": "yes", "readings_fine": "yes"}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Clara in Rio, who gets bills, and Max in Albany, who gets none."""
    with a_town(tmp_path) as town:
        town.settle_in("UP-1")
        town.settle_in("UP-2", name="Max Lee", language="en", zone="America/New_York", address="16 Elm Street, Albany")
        with town.database.transaction() as connection:
            account = Account(id=AccountId("A-1"), customer=CLARA, currency=Currency.BRL)
            contract = Contract(
                id=ContractId("K-1"),
                account=account.id,
                usage_point=UsagePointId("UP-1"),
                tariff="t",
                valid_from=date(2026, 1, 1),
                valid_to=None,
                cycle_day=1,
                weather_station="",
            )
            accounts_store.keep_accounts(connection, [account])
            accounts_store.keep_contracts(connection, [contract])
        yield town


@pytest.fixture
def somebody(town: Town) -> Iterator[Browser]:
    with Browser(create_app(town.services())) as made:
        yield made


def page_of(town: Town, customer: CustomerId = CLARA) -> str:
    return f"/you/{town.links.token_for(customer)}"


def stop_of(town: Town, purpose: Purpose = Purpose.BILLING) -> str:
    return f"/stop/{town.links.stop_token_for(CLARA, purpose)}"


def agreed(town: Town, customer: CustomerId = CLARA) -> set[Purpose]:
    with town.database.read() as connection:
        return {each.purpose for each in consent_store.of_customer(connection, customer) if each.is_given}


def wished(town: Town) -> Preferences:
    with town.database.read() as connection:
        return preference_store.of_customer(connection, CLARA)


def test_nothing_is_ticked_before_she_says_so(town, somebody):
    page = somebody.get(page_of(town)).text

    assert page.count('type="checkbox"') == 4
    assert " checked" not in page
    assert 'name="quiet_from" required value="21:00"' in page
    assert 'name="quiet_until" required value="08:00"' in page


def test_what_she_wishes_is_kept_with_when_and_how_and_shown_again(town, somebody):
    answer = somebody.post(f"{page_of(town)}/wishes", data=FORM)

    line = Money(35_050, Currency.BRL)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{page_of(town)}#wishes")
    assert agreed(town) == {Purpose.BILLING, Purpose.READINGS_FINE}
    assert wished(town) == Preferences(quiet_from=time(22), quiet_until=time(7, 30), bill_line=line)
    with town.database.read() as connection:
        told = [(each.at, each.by, each.channel) for each in consent_store.history(connection, CLARA)]
    now = town.clock.now()
    assert sorted(told) == [(now, "customer", Channel.EMAIL), (now, "customer", Channel.NONE)]
    page = somebody.get(page_of(town)).text
    assert page.count(" checked") == 2
    assert 'value="350,50"' in page
    assert "Sua resposta: sim, sábado, 21 de novembro às 20:00" in text_of(page)


def test_what_she_unticks_is_a_no(town, somebody):
    somebody.post(f"{page_of(town)}/wishes", data=FORM)
    town.clock.go_on(60)

    somebody.post(f"{page_of(town)}/wishes", data=FORM | {"billing": ""})

    assert agreed(town) == {Purpose.READINGS_FINE}
    assert "Sua resposta: não, sábado, 21 de novembro às 20:01" in text_of(somebody.get(page_of(town)).text)


def test_who_gets_no_bills_is_asked_for_no_line(town, somebody):
    page = somebody.get(page_of(town, MAX)).text

    assert 'name="bill_line"' not in page
    assert somebody.post(f"{page_of(town, MAX)}/wishes", data=FORM).status_code == 422


@pytest.mark.parametrize(
    "change",
    [
        {"quiet_from": "24:00"},
        {"quiet_until": ""},
        {"quiet_from": "9"},
        {"bill_line": "1.234,50"},
        {"bill_line": "-5"},
        {"bill_line": "R$ 5"},
        {"bill_line": "1234567"},
        {"bill_line": "5.1"},
        {"bill_line": "٣"},
    ],
)
def test_what_cannot_be_read_is_asked_for_again_and_nothing_is_kept(town, somebody, change):
    answer = somebody.post(f"{page_of(town)}/wishes", data=FORM | change)

    assert answer.status_code == 422
    assert headline(answer.text) == "Não foi possível salvar"
    assert "como 350,50" in text_of(answer.text)
    assert (agreed(town), wished(town)) == (set(), Preferences())


def test_an_empty_line_is_no_line(town, somebody):
    somebody.post(f"{page_of(town)}/wishes", data=FORM)
    somebody.post(f"{page_of(town)}/wishes", data=FORM | {"bill_line": " "})

    assert wished(town).bill_line is None


@pytest.mark.parametrize("path", ["wishes", "stop"])
def test_a_form_of_another_site_is_refused(town, somebody, path):
    address = {"wishes": f"{page_of(town)}/wishes", "stop": stop_of(town)}[path]

    answer = somebody.post(address, data=FORM, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert agreed(town) == set()


@pytest.mark.parametrize("token", ["x", "C-1~", "C-1~" + "A" * 32, "~"])
def test_a_wrong_token_changes_nothing(somebody, token):
    assert somebody.post(f"/you/{token}/wishes", data=FORM).status_code == 404


# The link in a message


def test_looking_at_the_link_changes_nothing_and_the_form_on_it_does(town, somebody):
    somebody.post(f"{page_of(town)}/wishes", data=FORM)
    town.clock.go_on(60)

    looked = somebody.get(stop_of(town))

    assert headline(looked.text) == "Parar de receber estas mensagens?"
    assert f'action="{stop_of(town)}"' in looked.text
    assert Purpose.BILLING in agreed(town)
    done = somebody.post(stop_of(town))
    assert (done.status_code, headline(done.text)) == (200, "Você não receberá mais estas mensagens")
    assert agreed(town) == {Purpose.READINGS_FINE}


@pytest.mark.parametrize(
    "request_",
    [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"content": b"\xff"},
        {},
    ],
)
def test_one_click_of_a_mail_program_is_enough_and_may_come_twice(town, somebody, request_):
    somebody.post(f"{page_of(town)}/wishes", data=FORM)
    town.clock.go_on(60)

    answers = [somebody.post(stop_of(town), **request_).status_code for _ in range(2)]

    assert answers == [200, 200]
    assert agreed(town) == {Purpose.READINGS_FINE}
    with town.database.read() as connection:
        last = consent_store.history(connection, CLARA)[-1]
    assert (last.is_given, last.by, last.evidence) == (False, "customer", "the link in a message to her")


def test_the_link_says_no_to_one_purpose_and_opens_nothing(town, somebody):
    token = town.links.stop_token_for(CLARA, Purpose.BILLING)
    other = re.sub("billing", "assistance", token)

    for path in (f"/you/{token}", f"/you/{token}/wishes", f"/stop/{other}", f"/stop/{token}x", "/stop/~", "/stop/x"):
        assert somebody.get(path).status_code in {404, 405}
    assert somebody.post(f"/stop/{other}").status_code == 404
    assert somebody.get(f"/stop/{town.links.token_for(CLARA)}").status_code == 404
    assert "Rua das Laranjeiras" not in somebody.get(stop_of(town)).text


def test_a_link_of_a_customer_without_a_home_is_nobodys(town, somebody):
    token = town.links.stop_token_for(CustomerId("C-9"), Purpose.BILLING)

    assert somebody.post(f"/stop/{token}").status_code == 404


def test_an_address_is_made_only_where_customers_can_reach_the_page(town):
    made = town.links.way_out("https://power.example/")(CLARA, Purpose.BILLING)

    assert made == f"https://power.example{stop_of(town)}"
    assert town.links.way_out("")(CLARA, Purpose.BILLING) == ""
