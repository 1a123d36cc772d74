"""Unusual use that lasts is told once to whom wishes to know; a spike, a silence and old news to nobody."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cloud.customers import consent_store, service
from cloud.customers.consent import Change, Channel, Purpose
from cloud.kernel.ids import CustomerId
from cloud.messaging import store as messaging
from cloud.messaging.model import Message, State
from cloud.web.app import create_app
from tests.fakes_cloud import FakeGateway
from tests.fakes_web import Browser, Town, a_town
from tests.unit.cloud.web.conftest import BEARER
from tests.unit.cloud.web.test_pages import text_of
from wire.events import UnusualUse
from wire.instants import unix_ms
from wire.terms import UseKind, UseStage

_HOUR_MS = 3_600_000
MORNING_S = 12 * 3_600  # from 20:00 to 8:00


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with a_town(tmp_path) as town:
        yield town


@pytest.fixture
def home(town: Town) -> FakeGateway:
    gateway = town.settle_in("UP-1")
    change = Change(
        customer=CustomerId("C-1"),
        purpose=Purpose.USAGE_ALERTS,
        channel=Channel.EMAIL,
        is_given=True,
        at=town.clock.now(),
        by="customer",
        evidence="form 12",
    )
    with town.database.transaction() as connection:
        consent_store.record(connection, change, town.clock.now())
    return gateway


def noticed(
    town: Town, kind: UseKind = UseKind.SUSTAINED, stage: UseStage = UseStage.RAISED, *, hours_ago: int = 1
) -> UnusualUse:
    now_ms = unix_ms(town.clock.now())
    return UnusualUse(
        kind=kind,
        stage=stage,
        began_at_ms=now_ms - 30 * _HOUR_MS,
        noticed_at_ms=now_ms - hours_ago * _HOUR_MS,
        observed_wh=31_400,
        usual_wh=12_100,
        period_s=86_400,
        score_milli=1_700,
    )


def messages(town: Town) -> list[Message]:
    with town.database.read() as connection:
        return messaging.newest(connection, limit=10)


@pytest.mark.parametrize(
    ("kind", "words"),
    [(UseKind.SUSTAINED, "31 kWh em um dia"), (UseKind.BASE_LOAD, "31 kWh por hora nos momentos mais calmos da casa")],
)
def test_use_that_lasts_is_told_with_the_event_behind_every_figure(town, home, kind, words):
    town.hear(home, noticed(town, kind))

    (mail,) = town.sender.sent
    (message,) = messages(town)
    assert words in mail.body.replace("\xa0", " ")
    assert message.key.case == f"{home.meter}/{kind.name.lower()}/2026-11-20"
    assert message.facts["observed_wh"].sources[0].kind == "event"


def test_the_same_is_told_once_however_often_it_is_said(town, home):
    event = noticed(town)

    town.hear(home, event, event)
    town.hear(home, event)

    assert len(messages(town)) == len(town.sender.sent) == 1


@pytest.mark.parametrize("kind", [UseKind.SPIKE, UseKind.ZERO])
def test_a_spike_and_a_silence_are_told_to_no_customer(town, home, kind):
    town.hear(home, noticed(town, kind))

    assert messages(town) == []


@pytest.mark.parametrize(("hours_ago", "told"), [(168, 1), (169, 0)])
def test_old_news_is_none(town, home, hours_ago, told):
    town.hear(home, noticed(town, hours_ago=hours_ago))

    assert len(messages(town)) == told


def test_what_ended_before_the_morning_is_not_told_any_more(town, home):
    town.clock.go_on(2 * 3_600)
    event = noticed(town)
    town.hear(home, event)
    town.clock.go_on(3_600)

    town.hear(home, replace(event, stage=UseStage.ENDED, noticed_at_ms=unix_ms(town.clock.now())))
    town.go_on(MORNING_S)

    (message,) = messages(town)
    assert (message.state, town.sender.sent) == (State.OVERTAKEN, [])


def test_the_end_of_another_kind_overtakes_nothing(town, home):
    town.clock.go_on(2 * 3_600)
    town.hear(home, noticed(town))
    town.hear(home, noticed(town, UseKind.BASE_LOAD, UseStage.ENDED))

    town.go_on(MORNING_S)

    assert [message.state for message in messages(town)] == [State.DELIVERED]


def test_who_did_not_agree_is_not_told(town):
    gateway = town.settle_in("UP-1")

    town.hear(gateway, noticed(town))

    assert [message.state for message in messages(town)] == [State.WITHHELD]


def test_a_gateway_speaks_only_for_the_home_its_meter_measures(town, home):
    heading = "usage_point,meter,customer,name,email,language,time_zone,address\n"
    rows = [
        "UP-1,OTHER-1,C-1,Clara Nogueira,home1@example.org,pt-BR,America/Sao_Paulo,Rua A",
        f"UP-7,{home.meter},C-7,Bia,bia@example.org,pt-BR,America/Sao_Paulo,Rua B",
    ]
    service.import_data(town.database, (heading + "\n".join(rows)).encode(), town.clock)

    town.hear(home, noticed(town))

    assert messages(town) == []


def test_the_text_message_stands_beside_the_mail_wherever_the_mail_is_shown(town, home):
    town.hear(home, noticed(town))
    text = "Consumo fora do comum na sua casa: 31 kWh em um dia; o normal é 12 kWh."

    with Browser(create_app(town.services()), headers=BEARER) as operator:
        hers = plain(operator.get(f"/you/{town.links.token_for(CustomerId('C-1'))}").text)
        shown = plain(operator.get("/homes/UP-1").text)
        told = operator.get("/api/v1/messages").json()["messages"][0]

    assert "Como mensagem de texto" in hers
    assert all(part in page for page in (hers, shown) for part in ("Consumo fora do comum na sua casa:", "em um dia"))
    assert "Rests on the customer’s consent to: usage alerts" in shown
    assert (told["purpose"], told["sms"][: len(text)]) == ("usage_alerts", text)
    assert {figure["text"] for figure in told["figures"] if figure["part"] == "sms"} == {
        "31 kWh",
        "12 kWh",
        "em um dia",
    }


def plain(page: str) -> str:
    return text_of(page).replace("\xa0", " ")
