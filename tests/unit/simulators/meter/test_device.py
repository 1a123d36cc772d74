from datetime import timedelta

import pytest

from runtime.errors import EnvironmentRefused, InputRefused
from simulators.meter.device import Meter
from simulators.meter.history import History
from simulators.meter.opto import with_even_parity
from tests.fakes_simulators import NOW, a_life, moment, snrm

REQUEST, CHOICE = with_even_parity(b"/?!\r\n"), with_even_parity(b"\x06252\r\n")


class Shelf:
    """Keeps histories, or refuses to like a full disk."""

    def __init__(self) -> None:
        self.kept: list[History] = []
        self.is_full = False

    def keep(self, history: History) -> None:
        if self.is_full:
            raise EnvironmentRefused("cannot write: no space left")
        self.kept.append(history)


def a_meter(shelf: Shelf | None = None) -> Meter:
    return Meter(a_life(), keep=(shelf or Shelf()).keep)


def test_a_meter_tells_how_things_stand() -> None:
    status = a_meter().command(["status"], moment())

    assert status["serial"] == "LMP10000001"
    assert (status["supply"], status["disconnector"], status["power_failures"]) == ("on", "closed", 0)
    assert (status["power_import_w"], status["baud"], status["is_associated"]) == (1_000, 300, False)


def test_a_change_is_kept_before_it_is_answered() -> None:
    shelf = Shelf()

    status = a_meter(shelf).command(["supply", "off"], moment())

    assert status["supply"] == "off"
    assert [history.is_supplied for history in shelf.kept] == [False]


def test_a_new_meter_keeps_its_beginning() -> None:
    shelf = Shelf()

    a_meter(shelf).begin()

    assert shelf.kept == [a_life().history]


def test_what_cannot_be_kept_has_not_happened() -> None:
    shelf = Shelf()
    meter = a_meter(shelf)
    shelf.is_full = True

    with pytest.raises(EnvironmentRefused):
        meter.command(["supply", "off"], moment())

    assert meter.is_supplied


def test_the_same_command_twice_is_kept_once() -> None:
    shelf = Shelf()
    meter = a_meter(shelf)

    meter.command(["supply", "off"], moment())
    meter.command(["supply", "off"], moment(at=NOW + timedelta(hours=1)))

    assert len(shelf.kept) == 1


def test_without_supply_the_meter_is_silent() -> None:
    meter = a_meter()
    meter.command(["supply", "off"], moment())

    silent = meter.feed(REQUEST, moment())
    meter.command(["supply", "on"], moment())
    spoken = meter.feed(REQUEST, moment())

    assert silent == []
    assert len(spoken) == 1


def test_a_cut_ends_every_link() -> None:
    meter = a_meter()
    meter.feed(REQUEST, moment())
    meter.feed(CHOICE, moment(1_001.0))
    meter.feed(snrm(), moment(1_002.0))

    meter.command(["supply", "off"], moment(1_003.0))
    meter.command(["supply", "on"], moment(1_004.0))

    assert meter.baud_at(1_004.0) == 300


def test_an_open_disconnector_does_not_silence_the_meter() -> None:
    meter = a_meter()

    status = meter.command(["disconnector", "open"], moment())

    assert (status["disconnector"], status["power_import_w"]) == ("open", 0)
    assert len(meter.feed(REQUEST, moment())) == 1


def test_the_street_may_be_too_low() -> None:
    status = a_meter().command(["voltage", "170"], moment())

    assert isinstance(status["voltages_v"], list)
    assert 168.0 < status["voltages_v"][0] < 172.0


def test_an_echoing_head_shows_the_request_before_the_answer() -> None:
    meter = a_meter()
    meter.command(["fault", "echo", "on"], moment())

    echo, _identification = meter.feed(REQUEST, moment())

    assert echo.octets == REQUEST


def test_spoilt_frames_are_counted() -> None:
    meter = a_meter()
    meter.feed(REQUEST, moment())
    meter.feed(CHOICE, moment(1_001.0))

    meter.feed(snrm()[:-2] + b"\x00\x7e", moment(1_002.0))

    assert meter.command(["status"], moment(1_002.0))["frames_refused"] == 1


def test_a_fault_is_told_to_the_faults() -> None:
    meter = a_meter()

    status = meter.command(["fault", "drop"], moment())

    assert status["faults"] == {"drop": 1, "echo": False, "slow_s": 0.0}
    assert meter.feed(REQUEST, moment()) == []


def test_within_a_silence_nothing_is_heard_or_said() -> None:
    meter = a_meter()
    meter.command(["fault", "silence", "5"], moment(1_000.0))

    assert meter.feed(REQUEST, moment(1_001.0)) == []
    assert len(meter.feed(REQUEST, moment(1_006.0))) == 1


@pytest.mark.parametrize(
    "words", [[], ["supply"], ["supply", "maybe"], ["disconnector", "ajar"], ["voltage", "high"], ["voltage", "501"]]
)
def test_a_command_nobody_knows_is_refused(words: list[str]) -> None:
    with pytest.raises(InputRefused):
        a_meter().command(words, moment())
