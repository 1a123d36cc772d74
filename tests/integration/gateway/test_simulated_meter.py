"""The gateway's end and the simulated meter's, written apart from one standard, joined in memory.

The meter brings its own HDLC, A-XDR and sign-on, and its faults. Time passes only when somebody waits, so that a minute
of retries costs nothing.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.adapters.dlms_meter import DlmsMeter
from gateway.adapters.link_driver import LinkDriver
from gateway.adapters.profile_files import load_profile
from gateway.core.dlms.hdlc_link import HdlcLink
from gateway.core.errors import MeterGarbled, MeterHeld, MeterRefused, MeterSilent
from gateway.core.reading import IntervalStatus
from simulators.meter.device import Meter
from simulators.meter.history import History
from simulators.moment import Moment
from tests.fakes_head import Head
from tests.fakes_meter import FakeClock
from tests.fakes_simulators import NOW, a_life
from wire.terms import Disconnector
from wire.units import Quantity


class _KilledError(Exception):
    """The reader is gone, without a word."""


def _kill():
    raise _KilledError


PROFILE = load_profile("lamplight-sim")
HOUR = timedelta(hours=1)
MADE_AT = NOW - timedelta(days=40)


@pytest.fixture
def clock():
    return FakeClock(NOW)


@pytest.fixture
def make(clock):
    """A head on a new meter, and the session that reads through it."""

    def build(*, profile=PROFILE, history=None, phases=3, habits=None, **life):
        history = history or History.of_new_meter("LMP10000001", MADE_AT)
        meter = Meter(a_life(history=history, phases=phases, **life), keep=lambda _history: None, **(habits or {}))
        head = Head(meter, clock)
        session = DlmsMeter("/dev/head", profile, clock=clock, open_line=lambda _address, _baud: head)
        return head, session

    return build


def a_driver(head, *, client_sap):
    """Another reader's way to the meter, as far as HDLC."""
    return LinkDriver(
        head,
        HdlcLink(PROFILE.link, client_sap),
        PROFILE,
        client_sap=client_sap,
        signs_on=True,
        where="/dev/head",
        clock=head.clock,
        deadline_s=60,
        report=lambda _words: None,
    )


def told(head, *words):
    return head.meter.command(words, Moment(at=head.clock.now(), mono_s=head.clock.monotonic()))


def reading_of(session):
    return PROFILE.interpret(session.read_now())


def test_the_gateway_reads_what_the_meter_shows(make):
    head, session = make(steady_w=1_500.0)

    reading = reading_of(session)

    shown = told(head, "status")
    assert reading.meter_serial == shown["serial"]
    assert reading.value(Quantity.ENERGY_IMPORT_WH) == pytest.approx(shown["energy_import_wh"], abs=2)
    assert reading.value(Quantity.POWER_IMPORT_W) == shown["power_import_w"]
    assert [millivolts / 1000 for millivolts in reading.voltages_mv] == pytest.approx(shown["voltages_v"], abs=3)
    assert (reading.disconnector, reading.power_failures, reading.unread) == (Disconnector.CLOSED, 0, ())
    assert abs(reading.meter_clock_at - reading.taken_at) < timedelta(seconds=2)


def test_the_meter_is_given_back_after_each_session(make):
    head, session = make()

    session.read_now()

    assert told(head, "status")["is_associated"] is False
    assert told(head, "status")["baud"] == 300
    assert head.is_closed


def test_a_day_of_hours_adds_up_to_what_the_register_says(make, clock):
    _, session = make(steady_w=1_234.0)
    until = clock.now().replace(minute=0)

    _, rows = session.read_all(until - 24 * HOUR, until)

    assert [row.ends_at for row in rows] == [until - (23 - n) * HOUR for n in range(24)]
    assert sum(row.value(Quantity.ENERGY_IMPORT_WH) for row in rows) == pytest.approx(24 * 1_234, abs=2)
    assert 2 < clock.seconds < 10


def test_a_month_of_hours_fits_one_session(make, clock):
    _, session = make()

    _, rows = session.read_all(clock.now() - timedelta(days=30), clock.now())

    assert len(rows) == 30 * 24
    assert clock.seconds < 60


def test_an_outage_of_the_past_is_marked_in_its_hours(make, clock):
    cut, back = NOW - 5 * HOUR, NOW - timedelta(hours=3, minutes=30)
    history = History.of_new_meter("LMP10000001", MADE_AT).with_supply(False, cut).with_supply(True, back)
    _, session = make(history=history)

    snapshot, rows = session.read_all(NOW - 8 * HOUR, NOW)

    assert PROFILE.interpret(snapshot).power_failures == 1
    assert any(IntervalStatus.POWER_DOWN in row.status for row in rows)
    assert not any(IntervalStatus.POWER_DOWN in row.status for row in rows if row.ends_at <= cut)


@pytest.mark.parametrize(
    ("word", "state"), [("open", Disconnector.OPEN), ("ready", Disconnector.READY), ("closed", Disconnector.CLOSED)]
)
def test_the_switch_is_read_as_it_stands(make, word, state):
    head, session = make()
    told(head, "disconnector", word)

    assert reading_of(session).disconnector is state


def test_a_meter_without_supply_is_silent_and_answers_again_when_it_is_back(make, clock):
    head, session = make()
    told(head, "supply", "off")

    with pytest.raises(MeterSilent):
        session.read_now()
    silent_s = clock.seconds
    told(head, "supply", "on")
    reading = reading_of(session)

    assert silent_s < 10
    assert reading.power_failures == 1


def test_a_low_voltage_is_told_as_it_is(make):
    head, session = make()
    told(head, "voltage", "180")

    voltages_mv = reading_of(session).voltages_mv
    assert voltages_mv
    assert all(170_000 < millivolts < 190_000 for millivolts in voltages_mv)


@pytest.mark.parametrize("fault", [("drop", "1"), ("flip", "1"), ("cut", "1"), ("garbage", "1"), ("echo", "on")])
@pytest.mark.parametrize("write", range(1, 7))
def test_one_bad_answer_anywhere_in_a_session_is_mended(make, clock, fault, write):
    head, session = make()
    head.before_write = {write: lambda: told(head, "fault", *fault)}

    snapshot, rows = session.read_all(clock.now() - 6 * HOUR, clock.now())

    assert PROFILE.interpret(snapshot).meter_serial == "LMP10000001"
    assert len(rows) == 6


@pytest.mark.parametrize("write", range(1, 7))
def test_one_request_that_never_arrives_is_mended(make, clock, write):
    head, session = make()
    head.before_write = {write: lambda: told(head, "fault", "silence", "0.5")}

    snapshot, rows = session.read_all(clock.now() - 6 * HOUR, clock.now())

    assert PROFILE.interpret(snapshot).meter_serial == "LMP10000001"
    assert len(rows) == 6


def test_a_slow_meter_is_waited_for(make):
    head, session = make()
    told(head, "fault", "slow", "1.0")

    assert reading_of(session).meter_serial == "LMP10000001"


@pytest.mark.parametrize(("fault", "errors"), [("garbage", MeterGarbled), ("drop", MeterSilent)])
def test_a_line_that_never_gets_better_is_named_for_what_it_is(make, fault, errors):
    head, session = make()
    told(head, "fault", fault, "1000")

    with pytest.raises(errors):
        session.read_now()

    assert head.is_closed


def test_a_reader_that_was_killed_does_not_lock_the_next_one_out(make, clock):
    head, session = make()
    head.before_write = dict.fromkeys(range(4, 10), _kill)
    with pytest.raises(_KilledError):
        session.read_now()
    left_at = told(head, "status")["baud"]
    head.before_write = {}

    reading = reading_of(session)

    assert left_at == 9_600
    assert reading.meter_serial == "LMP10000001"
    assert clock.seconds < 20


def test_a_meter_that_another_reader_holds_is_left_alone_and_then_read(make, clock):
    head, session = make()
    other = a_driver(head, client_sap=99)

    other.connect()
    with pytest.raises(MeterHeld, match="another reader holds it") as held:
        session.read_now()
    clock.seconds += held.value.leave_alone_s

    assert 120 < held.value.leave_alone_s < 130
    assert reading_of(session).meter_serial == "LMP10000001"


@pytest.mark.parametrize("baud", [2_400, 4_800, 19_200])
def test_a_meter_left_in_hdlc_at_another_speed_than_the_profiles_is_found(make, baud):
    head, session = make(habits={"fastest_baud": baud})
    a_driver(head, client_sap=16).connect()

    reading = reading_of(session)

    assert reading.meter_serial == "LMP10000001"
    assert told(head, "status")["is_associated"] is False


def test_a_meter_that_lets_nobody_in_for_a_while_is_left_alone(make):
    head, session = make()
    told(head, "misbehave", "refuse", "60")

    with pytest.raises(MeterHeld, match="for now"):
        session.read_now()

    assert head.is_closed


@pytest.mark.parametrize("misheard", range(1, 3))
def test_a_meter_is_given_back_though_it_mishears_our_leave(make, misheard):
    head, session = make()
    head.before_write[7] = lambda: told(head, "fault", "mishear", f"{misheard}")

    session.read_now()

    assert told(head, "status")["baud"] == 300


@pytest.mark.parametrize("baud", [300, 600, 2_400, 19_200])
def test_a_head_of_any_speed_serves(make, baud):
    profile = replace(PROFILE, sign_on=replace(PROFILE.sign_on, max_baud=baud))
    _, session = make(profile=profile)

    assert reading_of(session).meter_serial == "LMP10000001"


@pytest.mark.parametrize(("info_bytes", "window"), [(128, 1), (128, 7), (512, 3), (32, 1), (2_030, 7)])
def test_any_length_of_frames_gives_the_same_rows(make, clock, info_bytes, window):
    profile = replace(PROFILE, link=replace(PROFILE.link, max_info_bytes=info_bytes, window=window))
    _, session = make(profile=profile)

    _, rows = session.read_all(clock.now() - 48 * HOUR, clock.now())

    assert len(rows) == 48
    assert {row.value(Quantity.ENERGY_IMPORT_WH) for row in rows} == {1_000}


def test_a_meter_that_saves_its_battery_is_woken_first(make):
    sleepy = {"saves_battery": True}
    _, unwoken = make(habits=sleepy)
    _, woken = make(habits=sleepy, profile=replace(PROFILE, sign_on=replace(PROFILE.sign_on, wake_up_s=2.2)))

    assert reading_of(woken).meter_serial == "LMP10000001"
    with pytest.raises(MeterSilent):
        unwoken.read_now()


@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_meter_is_called_by_an_address_of_any_length(make, size):
    profile = replace(PROFILE, link=replace(PROFILE.link, address_bytes=size, server_physical=17))
    _, session = make(profile=profile)

    assert reading_of(session).meter_serial == "LMP10000001"


def test_another_meters_address_is_met_with_silence(make):
    profile = replace(PROFILE, link=replace(PROFILE.link, address_bytes=4, server_physical=18))
    _, session = make(profile=profile)

    with pytest.raises(MeterSilent):
        session.read_now()


def test_a_client_the_meter_does_not_know_is_refused(make):
    profile = replace(PROFILE, access=replace(PROFILE.access, client_sap=77))
    _, session = make(profile=profile)

    with pytest.raises(MeterRefused):
        session.read_now()
