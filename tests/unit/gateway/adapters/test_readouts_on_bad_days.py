"""Readouts of the simulated meter on bad days, in memory: each ends in time, in the right value or a typed error."""

import pytest

from gateway.adapters.profile_files import load_profile
from gateway.adapters.telegram_meter import TelegramMeter
from gateway.core.errors import MeterUnread
from tests.fakes_meter import FakeClock
from tests.fakes_simulators import NOW, a_played_meter, moment
from tests.fakes_text_lines import PacedHead
from wire.units import Quantity

PROFILE = load_profile("iec62056-21-mode-c")
READS = 12


def outcomes(fault, reads=READS):
    """What each of some reads came to: the energy told beside what the meter shows, or the error."""
    meter, clock, found = a_played_meter(), FakeClock(NOW), []
    meter.command(fault.split(), moment())
    for _ in range(reads):
        head = PacedHead(meter.open_readout(), clock)
        session = TelegramMeter("/dev/head", PROFILE, clock=clock, open_line=lambda _address, _baud, head=head: head)
        began_s = clock.seconds
        try:
            reading = PROFILE.interpret(session.read_now())
            found.append((reading.value(Quantity.ENERGY_IMPORT_WH), meter.life.energy_import_wh(clock.now())))
        except MeterUnread as error:
            found.append((error, error))
        assert head.is_closed
        assert clock.seconds - began_s < 65
    return found


def is_right(told, shown):
    return told is None or isinstance(told, MeterUnread) or 0 <= shown - told <= 20


@pytest.mark.parametrize("kind", ["drop", "flip", "burst", "garbage", "cut", "parity", "baud", "mishear"])
def test_no_read_gives_a_wrong_value(kind):
    found = outcomes(f"fault rate {kind} 0.2")

    assert [pair for pair in found if not is_right(*pair)] == []


@pytest.mark.parametrize("fault", ["fault echo on", "fault flip", "fault cut", "fault parity 2"])
def test_what_can_be_mended_is(fault):
    told, shown = outcomes(fault, reads=1)[0]

    assert isinstance(told, int)
    assert is_right(told, shown)


def test_a_dead_meter_ends_in_its_name():
    ((error, _),) = outcomes("supply off", reads=1)

    assert error.fault.name == "SILENT"
