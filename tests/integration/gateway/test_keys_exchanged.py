"""A meter takes new keys: once, all of them, and with a gateway that is cut off at any moment of it."""

from contextlib import suppress
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from gateway.adapters.dlms_meter import DlmsMeter
from gateway.adapters.dlms_security import Identity
from gateway.adapters.key_renewal import Renewal
from gateway.adapters.profile_files import load_profile
from gateway.core.errors import MeterUnread, SecretRefused
from gateway.core.invocation_counter import InvocationCounter, KeptCounter
from gateway.core.meter_access import KeyExchange, MeterSecrets
from runtime.secret import Secret
from tests.fakes_access import AUTH_KEY, KEY, by_keys
from tests.integration.gateway.test_meter_with_locks import Bench

MASTER = bytes(range(40, 56))
NEW_KEY, NEW_AUTH_KEY = bytes(range(60, 76)), bytes(range(80, 96))
PROFILE = load_profile("lamplight-sim-keys")
TITLE = b"LMPabcde"
OLD = MeterSecrets(key=Secret(KEY), auth_key=Secret(AUTH_KEY))
NEW = MeterSecrets(key=Secret(NEW_KEY), auth_key=Secret(NEW_AUTH_KEY))


def exchange(master: bytes = MASTER) -> KeyExchange:
    return KeyExchange(
        key=Secret(NEW_KEY),
        auth_key=Secret(NEW_AUTH_KEY),
        wrapped_key=Secret(aes_key_wrap(master, NEW_KEY)),
        wrapped_auth_key=Secret(aes_key_wrap(master, NEW_AUTH_KEY)),
    )


class Place:
    """A meter with keys and a master key, and a gateway that is to exchange them."""

    def __init__(self) -> None:
        self.bench = Bench(replace(by_keys(), master=Secret(MASTER)))
        self.taken: list[str] = []

    def session(self, secrets: MeterSecrets, due: KeyExchange | None = None) -> DlmsMeter:
        def identity(secrets: MeterSecrets) -> Identity:
            return Identity(title=TITLE, secrets=secrets, counter=InvocationCounter(KeptCounter(), lambda _kept: None))

        renewal = due and Renewal(exchange=due, identity=identity(NEW), taken=lambda: self.taken.append("taken"))
        bench = self.bench
        return DlmsMeter(
            "/dev/head",
            PROFILE,
            clock=bench.clock,
            identity=identity(secrets),
            renewal=renewal,
            open_line=lambda _address, _baud: bench.head,
        )

    def is_read_with(self, secrets: MeterSecrets) -> bool:
        try:
            self.session(secrets).read_now()
        except SecretRefused:
            return False
        return True


@pytest.fixture
def place() -> Place:
    return Place()


def test_the_meter_has_the_new_keys_and_is_read_with_them_at_once(place: Place) -> None:
    session = place.session(OLD, exchange())

    snapshot = session.read_now()
    session.read_now()

    assert PROFILE.interpret(snapshot).meter_serial == "LMP10000001"
    assert place.taken == ["taken"]
    assert (place.is_read_with(NEW), place.is_read_with(OLD)) == (True, False)


def test_a_meter_that_does_not_take_them_keeps_the_old_ones_and_is_read(place: Place) -> None:
    session = place.session(OLD, exchange(master=bytes(16)))

    session.read_now()
    session.read_now()

    assert place.taken == []
    assert place.is_read_with(OLD)


def test_a_gateway_cut_off_before_it_kept_them_offers_the_new_ones_after_the_old(place: Place) -> None:
    place.session(OLD, exchange()).read_now()
    place.taken.clear()

    place.session(OLD, exchange()).read_now()

    assert place.taken == ["taken"]
    assert place.is_read_with(NEW)


def test_a_gateway_with_neither_keeps_what_it_has_and_says_that_it_is_not_let_in(place: Place) -> None:
    wrong = MeterSecrets(key=Secret(bytes(16)), auth_key=Secret(bytes(16)))

    with pytest.raises(SecretRefused):
        place.session(wrong, exchange(master=bytes(16))).read_now()

    assert place.taken == []
    assert place.is_read_with(OLD)


@pytest.mark.parametrize("request_number", range(1, 30))
def test_from_whichever_request_on_the_meter_is_not_heard_the_keys_are_exchanged_in_the_end(
    place: Place, request_number: int
) -> None:
    session = place.session(OLD, exchange())
    place.bench.head.before_write[request_number] = lambda: place.bench.tell("fault", "drop", "1000")

    with suppress(MeterUnread):
        session.read_now()
    place.bench.tell("fault", "clear")
    place.bench.clock.seconds += 3_600
    session.read_now()

    assert place.taken == ["taken"]
    assert place.is_read_with(NEW)
