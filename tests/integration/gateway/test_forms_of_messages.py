"""The gateway and a simulated meter agree on how messages travel: in which blocks, in which form of ciphering."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.adapters.dlms_meter import DlmsMeter
from gateway.adapters.dlms_security import Identity
from gateway.adapters.profile_files import load_profile
from gateway.core.dlms.selection import Entries
from gateway.core.errors import MeterRefused, MeterUnread, SecretRefused
from gateway.core.invocation_counter import InvocationCounter, KeptCounter
from gateway.core.meter_access import Ciphering, MeterSecrets
from runtime.secret import Secret
from simulators.meter.device import Meter
from simulators.meter.gatekeeper import Access
from simulators.meter.history import History
from simulators.meter.link_parameters import LIMITS, limits_of
from simulators.meter.server import Forms
from simulators.meter.wrapper_port import NETWORK_BAUD
from simulators.moment import Moment
from tests.fakes_access import AUTH_KEY, KEY, by_keys
from tests.fakes_head import Head
from tests.fakes_meter import FakeClock
from tests.fakes_simulators import NOW, a_life

KEYS = MeterSecrets(key=Secret(KEY), auth_key=Secret(AUTH_KEY))
PUBLIC, BY_KEYS = load_profile("lamplight-sim"), load_profile("lamplight-sim-keys")
HOUR = timedelta(hours=1)


class Bench:
    """A meter on a network or behind a converter, and the session that reads it."""

    def __init__(self, port, *, has_keys, forms=None, profile=None, frames=LIMITS):
        self.clock = FakeClock(NOW)
        history = History.of_new_meter("LMP10000001", NOW - timedelta(days=10))
        access = by_keys() if has_keys else Access()
        self.meter = Meter(
            a_life(history=history, phases=3), keep=lambda _: None, access=access, forms=forms, frames=frames
        )
        door = self.meter.open_network() if port.startswith("tcp") else self.meter.open_converter()
        self.head = Head(door, self.clock)
        self.head.baud = NETWORK_BAUD if port.startswith("tcp") else 9_600
        counter = InvocationCounter(KeptCounter(), lambda _: None)
        self.session = DlmsMeter(
            port,
            profile or (BY_KEYS if has_keys else PUBLIC),
            clock=self.clock,
            identity=Identity(title=b"LMPabcde", secrets=KEYS if has_keys else MeterSecrets(), counter=counter),
            open_line=lambda _address, _baud: self.head,
        )

    def tell(self, words):
        return self.meter.command(words.split(), Moment(at=self.clock.now(), mono_s=self.clock.monotonic()))


EVERY_WAY = pytest.mark.parametrize(
    ("port", "has_keys"),
    [("tcp://meter:4059", False), ("tcp://meter:4059", True), ("hdlc+tcp://meter:4001", False)],
    ids=["wrapper", "wrapper, ciphered", "HDLC"],
)


@EVERY_WAY
@pytest.mark.parametrize("has_general_blocks", [False, True])
def test_a_week_is_read_in_blocks_of_either_kind(port, has_keys, has_general_blocks):
    bench = Bench(port, has_keys=has_keys, forms=Forms(has_general_blocks=has_general_blocks))

    _, rows = bench.session.read_all(NOW - 7 * 24 * HOUR, NOW)

    assert len(rows) == 7 * 24


@pytest.mark.parametrize("offered", ["32/1", "128/1", "128/7", "2030/7"])
@pytest.mark.parametrize("agreed_to", ["128/1", "128/7", "512/3", "2030/1", "2030/7"])
def test_a_day_is_read_in_frames_of_any_length_and_window_the_two_agree_on(offered, agreed_to):
    info_bytes, window = map(int, offered.split("/"))
    profile = replace(PUBLIC, link=replace(PUBLIC.link, max_info_bytes=info_bytes, window=window))
    bench = Bench("hdlc+tcp://meter:4001", has_keys=False, profile=profile, frames=limits_of(agreed_to))

    _, rows = bench.session.read_all(NOW - 24 * HOUR, NOW)

    assert len(rows) == 24


@pytest.mark.parametrize("ciphering", [kind for kind in Ciphering if kind is not Ciphering.GENERAL])
def test_a_meter_of_service_forms_alone_is_read(ciphering):
    profile = replace(BY_KEYS, access=replace(BY_KEYS.access, ciphering=ciphering))
    bench = Bench("tcp://meter:4059", has_keys=True, forms=Forms(has_general_protection=False), profile=profile)

    _, rows = bench.session.read_all(NOW - 24 * HOUR, NOW)

    assert len(rows) == 24


def test_a_profile_that_insists_on_the_general_form_is_refused_by_such_a_meter():
    profile = replace(BY_KEYS, access=replace(BY_KEYS.access, ciphering=Ciphering.GENERAL))
    bench = Bench("tcp://meter:4059", has_keys=True, forms=Forms(has_general_protection=False), profile=profile)

    with pytest.raises(MeterUnread):
        bench.session.read_now()


@EVERY_WAY
def test_rows_asked_for_by_their_number_are_those_of_their_time(port, has_keys):
    bench = Bench(port, has_keys=has_keys)
    buffer = PUBLIC.load_profile.buffer

    with bench.session.visit() as association:
        by_entry = association.get_entries(buffer, Entries(3, 5))
        captured = bench.meter.life.captures(NOW)
        by_range = association.get_range(buffer, captured[2].stamp, captured[4].stamp)

    assert by_entry == by_range
    assert len(by_entry.items()) == 3


@pytest.mark.parametrize("port", ["tcp://meter:4059", "hdlc+tcp://meter:4001"])
@pytest.mark.parametrize(
    ("misconduct", "error"),
    [
        ("refuse 30", MeterRefused),
        ("refuse idle", MeterRefused),
        ("counter replay", MeterUnread),
        ("counter lower", MeterUnread),
        ("counter wrong", SecretRefused),
        ("key wrong", SecretRefused),
        ("addressee wrong", MeterUnread),
        ("sender wrong", MeterUnread),
    ],
)
def test_misconduct_is_a_typed_error_in_time_and_no_value(port, misconduct, error):
    bench = Bench(port, has_keys=True)
    bench.session.read_now()
    bench.tell(f"misbehave {misconduct}")
    began_s = bench.clock.monotonic()

    with pytest.raises(error):
        bench.session.read_now()

    assert bench.clock.monotonic() - began_s < 60
    assert bench.head.is_closed


@pytest.mark.parametrize("port", ["tcp://meter:4059", "hdlc+tcp://meter:4001"])
def test_after_its_misconduct_the_meter_is_read_again(port):
    bench = Bench(port, has_keys=True)
    bench.session.read_now()
    for misconduct in ("refuse 30", "counter replay", "addressee wrong", "sender wrong"):
        bench.tell(f"misbehave {misconduct}")
        with pytest.raises(MeterUnread):
            bench.session.read_now()
        bench.tell("misbehave clear")
        bench.clock.seconds += 300

    assert bench.session.read_now().answers
