"""A meter that lives on its capacitor for a while: it answers in the dark, and measures no voltage."""

from simulators.meter.device import Meter
from tests.fakes_simulators import NOW, a_life, moment


def test_it_answers_in_the_dark_as_long_as_its_capacitor_lasts_and_reads_no_voltage() -> None:
    life = a_life()
    meter = Meter(life, keep=lambda _history: None, capacitor_s=5)

    meter.command(["supply", "off"], moment(100))

    assert life.voltage_v(1, NOW) == 0
    assert [meter.is_silent(mono_s) for mono_s in (100, 104.9, 105)] == [False, False, True]


def test_without_one_it_is_silent_at_once() -> None:
    meter = Meter(a_life(), keep=lambda _history: None)

    meter.command(["supply", "off"], moment(100))

    assert meter.is_silent(100)


def test_every_link_is_gone_when_the_supply_comes_back() -> None:
    meter = Meter(a_life(), keep=lambda _history: None, capacitor_s=5)
    lost = list[str]()
    meter._ports[0].power_off = lambda: lost.append("port")  # type: ignore[method-assign]

    meter.command(["supply", "off"], moment(100))
    on_capacitor = list(lost)
    meter.command(["supply", "on"], moment(200))

    assert (on_capacitor, lost) == ([], ["port"])
