"""Whether a meter takes what is kept for it: right, wrong, or not known, after one attempt."""

import pytest

from gateway.adapters import dlms_meter
from gateway.adapters.key_check import check_keys
from gateway.adapters.profile_files import load_profile
from gateway.core.errors import PortUnavailable
from gateway.core.meter_access import MeterSecrets
from gateway.core.trace.verdict import KeyVerdict
from gateway.secret_options import passing_identity
from runtime.secret import Secret
from simulators.meter.gatekeeper import Access, Authentication
from simulators.meter.security import Keys
from simulators.moment import Moment
from tests.fakes_head import EmptyHead, Head
from tests.fakes_meter import FakeClock
from tests.fakes_simulators import a_played_meter

KEY, AUTH_KEY = Secret(bytes(16)), Secret(bytes(range(16)))
PASSWORD = Access(authentication=Authentication.LLS, password=Secret(b"open sesame"))
KEYS = Access(authentication=Authentication.HLS_GMAC, keys=Keys(encryption=KEY, authentication=AUTH_KEY), draw=bytes)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def check(monkeypatch, clock):
    """Check secrets at a line."""

    def run(line, profile, **secrets):
        monkeypatch.setattr(dlms_meter, "SerialPort", lambda _path, _baud, **_parity: line)
        return check_keys("/dev/head", load_profile(profile), passing_identity(MeterSecrets(**secrets)), clock)

    return run


def test_right_keys_are_right(check, clock):
    head = Head(a_played_meter(access=KEYS), clock)

    assert check(head, "lamplight-sim-keys", key=KEY, auth_key=AUTH_KEY)[0] is KeyVerdict.RIGHT


@pytest.mark.parametrize("secrets", [{"key": AUTH_KEY, "auth_key": AUTH_KEY}, {"key": KEY, "auth_key": KEY}])
def test_either_wrong_key_is_wrong_after_one_attempt(check, clock, secrets):
    meter = a_played_meter(access=KEYS)

    verdict, why = check(Head(meter, clock), "lamplight-sim-keys", **secrets)

    assert (verdict, "does not take our keys" in why) == (KeyVerdict.WRONG, True)
    assert meter.command(["status"], Moment(at=clock.now(), mono_s=clock.monotonic()))["authentications_failed"] == 1


def test_a_wrong_password_is_wrong(check, clock):
    head = Head(a_played_meter(access=PASSWORD), clock)

    assert check(head, "lamplight-sim-password", password=Secret(b"mellon"))[0] is KeyVerdict.WRONG


def test_a_silent_meter_tells_nothing_of_its_keys(check, clock):
    verdict, why = check(EmptyHead(clock), "lamplight-sim-password", password=Secret(b"open sesame"))

    assert (verdict, "nobody answered" in why) == (KeyVerdict.UNCHECKED, True)


def test_a_port_that_is_not_there_says_nothing_at_all(clock):
    identity = passing_identity(MeterSecrets(password=Secret(b"open sesame")))

    with pytest.raises(PortUnavailable):
        check_keys("/no/such/port", load_profile("lamplight-sim-password"), identity, clock)
