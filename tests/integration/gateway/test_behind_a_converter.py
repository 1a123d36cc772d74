"""A meter behind an optical head behind a converter: signed on to at 300 baud and read at 9600, all over RFC 2217."""

from dataclasses import replace
from datetime import timedelta

from gateway.adapters.dlms_meter import DlmsMeter
from gateway.adapters.profile_files import load_profile
from gateway.adapters.rfc2217_port import Rfc2217Port
from runtime.clock import SystemClock
from simulators.meter.device import Meter
from simulators.meter.history import History
from simulators.moment import Moment
from tests.fakes_rfc2217 import LoopPort, converter
from tests.fakes_simulators import a_life

PROFILE = load_profile("lamplight-sim")
IN_NO_TIME = replace(PROFILE, sign_on=replace(PROFILE.sign_on, switch_delay_s=0.0))


def test_a_meter_behind_a_head_is_read_over_rfc_2217():
    clock = SystemClock()
    history = History.of_new_meter("LMP10000001", clock.now() - timedelta(days=40))
    meter = Meter(a_life(history=history), keep=lambda _history: None)
    speeds = []

    def heard(octets):
        now = Moment.read(clock)
        speeds.append((far.baudrate, meter.baud_at(now.mono_s)))
        return b"".join(said.octets for said in meter.feed(octets, now))

    far = LoopPort(heard)

    with converter(far) as (host, port):
        session = DlmsMeter(
            f"rfc2217://{host}:{port}",
            IN_NO_TIME,
            clock=clock,
            open_line=lambda address, baud: Rfc2217Port(address.host, address.port, baud, pause=lambda _seconds: None),
        )
        reading = PROFILE.interpret(session.read_now())

    assert reading.meter_serial == "LMP10000001"
    assert {ours == the_meters for ours, the_meters in speeds} == {True}
    assert {300, 9_600} == {ours for ours, _ in speeds}
