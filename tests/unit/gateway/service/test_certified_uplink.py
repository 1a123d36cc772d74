"""When the next certificate is asked for, and what becomes of what comes."""

from datetime import timedelta

import pytest

from gateway.core.arrival import Arrival
from gateway.core.certificate import Standing
from gateway.core.errors import UplinkLost
from gateway.service.certified_uplink import LOOK_EVERY_S, CertifiedUplink
from runtime.errors import InputRefused
from tests.fakes_gateway import FakeClock
from tests.fakes_uplink import FakeBroker
from wire import topics
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner
from wire.topics import Kind

SIGNER = SoftwareSigner.generate()
GATEWAY = gateway_id_of(SIGNER.public.spki)
CERTIFICATE = Arrival(kind=Kind.CERTIFICATE, payload=b"the next one")


class FakeCertificate:
    """A certificate of which the test says how long it holds."""

    def __init__(self, due_at):
        self.is_good = True
        self.taken = []
        self.lasting_until(due_at)

    def lasting_until(self, due_at):
        self._standing = Standing(due_at=due_at, ends_at=due_at + timedelta(days=30))

    def standing(self):
        return self._standing

    def request(self):
        return b"the request"

    def take_over(self, pem, now):
        if not self.is_good:
            raise InputRefused("the certificate is not for this gateway")
        self.taken.append(pem)
        self.lasting_until(now + timedelta(days=60))
        return self._standing


class Line:
    """A certified uplink over a broker that answers nothing of itself."""

    def __init__(self, *, due_in_s):
        self.clock = FakeClock()
        self.certificate = FakeCertificate(self.clock.now() + timedelta(seconds=due_in_s))
        self.broker = FakeBroker(cloud=None, clock=self.clock, swallows_above=0)
        self.uplink = CertifiedUplink(self.broker, self.certificate, GATEWAY, self.clock)
        self.uplink.open()

    def times_asked(self):
        return self.broker.published.count((topics.certificate_request(GATEWAY), b"the request"))

    def wait_for(self, seconds, step_s=10):
        for _ in range(int(seconds / step_s)):
            self.uplink.wait(step_s)

    def hears(self, *arrivals):
        self.broker.commands += arrivals
        return self.uplink.wait(1)


@pytest.fixture
def due():
    return Line(due_in_s=0)


def test_while_the_certificate_is_fresh_nothing_is_asked():
    line = Line(due_in_s=3 * LOOK_EVERY_S)

    line.wait_for(2.9 * LOOK_EVERY_S)
    asked_before = line.times_asked()
    line.wait_for(1.2 * LOOK_EVERY_S)

    assert asked_before == 0
    assert line.times_asked() >= 1


def test_once_it_is_due_it_is_asked_for_until_it_is_answered_ever_later(due):
    due.wait_for(60)
    in_the_first_minute = due.times_asked()
    due.wait_for(12 * LOOK_EVERY_S, step_s=60)

    assert in_the_first_minute == 2
    assert 12 <= due.times_asked() <= 20


def test_what_comes_is_kept_and_nothing_more_is_asked(due):
    due.wait_for(10)

    came = due.hears(CERTIFICATE)
    due.wait_for(5 * LOOK_EVERY_S, step_s=60)

    assert list(came) == []
    assert due.certificate.taken == [b"the next one"]
    assert due.times_asked() == 1


def test_one_of_no_use_is_told_once_a_request_and_asked_for_again(due, caplog):
    due.certificate.is_good = False

    due.hears(*[CERTIFICATE] * 5)
    due.wait_for(40)

    assert caplog.text.count("certificate_refused") == 1
    assert due.times_asked() == 2


def test_receipts_and_commands_pass_by(due):
    receipt, command = (Arrival(kind=kind, payload=b"x") for kind in (Kind.RECEIPT, Kind.COMMAND))

    assert due.hears(receipt, CERTIFICATE, command) == [receipt, command]


def test_the_events_own_way_is_the_brokers(due):
    due.broker.announces, due.broker.most_under_way_allowed = 10, 3
    due.uplink.publish("lw/1/x/up/a", b"an event")

    assert due.uplink.fits(b"short")
    assert not due.uplink.fits(b"x" * 11)
    assert (due.uplink.room(), due.uplink.is_quiet()) == (2, False)
    assert due.broker.published == [("lw/1/x/up/a", b"an event")]
    due.uplink.close()
    assert not due.broker.is_open


def test_no_request_takes_the_last_place_from_an_event(due):
    due.broker.most_under_way_allowed = 0

    due.wait_for(100)

    assert due.times_asked() == 0


def test_a_broker_that_stays_shut_since_the_certificate_ended_is_told_so(due):
    due.certificate.lasting_until(due.clock.now() - timedelta(days=31))
    due.broker.refuses = 1

    with pytest.raises(UplinkLost, match="certificate that opens the broker ended on 2026-"):
        due.uplink.open()


def test_a_broker_that_is_merely_away_is_told_as_away(due):
    due.broker.refuses = 1

    with pytest.raises(UplinkLost, match="the broker is away"):
        due.uplink.open()


def test_a_certificate_that_cannot_be_read_is_told_and_the_connection_goes_on(due, caplog):
    due.certificate.standing = lambda: (_ for _ in ()).throw(InputRefused("the certificate cannot be read"))

    due.wait_for(LOOK_EVERY_S / 2)

    assert caplog.text.count("certificate_not_asked_for") == 1
