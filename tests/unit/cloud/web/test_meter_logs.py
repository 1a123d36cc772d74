"""What a meter logged: the operator reads it, and nothing of it reaches the customer."""

from dataclasses import replace

import pytest

from cloud.kernel.ids import CustomerId, UsagePointId
from cloud.messaging import store as messaging
from cloud.web.app import create_app
from tests.fakes_web import Browser
from tests.unit.cloud.web.test_pages import text_of
from wire.events import MeterAlarmLogged
from wire.meter_log import ClockQuality, MeterEventKind

SOMEBODY_AT_THE_METER = [
    MeterEventKind.MAGNETIC_FIELD,
    MeterEventKind.TERMINAL_COVER_OPENED,
    MeterEventKind.BYPASSED,
    MeterEventKind.LOGIN_FAILED,
]


def logged(town, kind):
    return MeterAlarmLogged(
        kind=kind,
        occurred_at_ms=town.now_ms(),
        clock=ClockQuality.GOOD,
        family="dsmr",
        log="fraud",
        raw_code=42,
        cim=(3, 12, 66, 242),
        phase=None,
        duration_ms=None,
    )


def test_an_operator_reads_on_the_homes_page_what_its_meter_logged(town, client):
    gateway = town.settle_in("UP-1")

    town.hear(gateway, logged(town, MeterEventKind.MAGNETIC_FIELD))
    page = text_of(client.get("/homes/UP-1").text)

    assert "strong magnetic field" in page


def test_what_a_meter_calls_its_log_is_text_on_every_page_and_never_markup(town, client):
    gateway = town.settle_in("UP-1")
    odd = replace(
        logged(town, MeterEventKind.OTHER), family="<b onload=alert(1)>", log='"><script>x</script>', cim=None
    )

    town.hear(gateway, odd)
    pages = [client.get(place).text for place in ("/homes/UP-1", "/events", "/")]

    assert all("<script>x" not in page and "<b onload" not in page for page in pages)
    assert "&lt;script&gt;x" in pages[0]


@pytest.mark.parametrize("kind", SOMEBODY_AT_THE_METER)
def test_a_sign_of_tampering_changes_nothing_on_the_customers_page_and_sends_her_nothing(town, kind):
    gateway = town.settle_in("UP-1")
    town.read_registers(gateway)
    path = f"/you/{town.links.token_for(CustomerId('C-1'))}"

    with Browser(create_app(town.services())) as anybody:
        before = anybody.get(path).text
        town.hear(gateway, logged(town, kind))
        after = anybody.get(path).text

    assert before == after
    assert "pt-BR" in before
    with town.database.read() as connection:
        assert list(messaging.newest(connection, usage_point=UsagePointId("UP-1"), limit=5)) == []
