from datetime import timedelta

import pytest

from runtime.errors import EnvironmentRefused, InputRefused
from simulators.meter.device import Meter
from simulators.meter.hdlc import Address, Kind, receive_ready
from simulators.meter.history import History
from simulators.meter.opto import with_even_parity
from tests.fakes_access import BY_PASSWORD, aarq
from tests.fakes_simulators import NOW, a_life, command, frames_of, moment, snrm

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


def test_behind_an_open_breaker_nothing_is_drawn_and_the_meter_goes_on() -> None:
    meter = a_meter()

    status = meter.command(["breaker", "open"], moment())
    spoken = meter.feed(REQUEST, moment())

    assert (status["breaker"], status["disconnector"], status["power_import_w"]) == ("open", "closed", 0)
    assert isinstance(status["voltages_v"], list)
    assert status["voltages_v"][0] > 200
    assert len(spoken) == 1
    assert meter.command(["breaker", "closed"], moment())["power_import_w"] == 1_000


def test_without_a_head_nothing_passes_either_way() -> None:
    shelf = Shelf()
    meter = a_meter(shelf)

    status = meter.command(["head", "off"], moment())
    silent = meter.feed(REQUEST, moment())
    meter.command(["head", "on"], moment())
    spoken = meter.feed(REQUEST, moment())

    assert (status["head"], status["supply"], status["power_import_w"]) == ("off", "on", 1_000)
    assert silent == []
    assert len(spoken) == 1
    assert [history.is_head_on for history in shelf.kept] == [False, True]


def test_a_head_put_back_counts_as_no_failure() -> None:
    meter = a_meter()
    meter.command(["head", "off"], moment())

    assert meter.command(["head", "on"], moment())["power_failures"] == 0


def test_on_a_bus_a_meter_speaks_hdlc_at_once_and_to_its_address_only() -> None:
    meter = Meter(a_life(), keep=lambda _history: None, bus_address=18)

    others = meter.feed(snrm(meter=Address(logical=1, physical=17, size=2)), moment())
    own = meter.feed(snrm(meter=Address(logical=1, physical=18, size=2)), moment())

    assert meter.baud_at(1_000.0) == 9_600
    assert others == []
    assert [said.baud for said in own] == [9_600]


def test_a_cut_ends_a_bus_meters_link() -> None:
    meter = Meter(a_life(), keep=lambda _history: None, bus_address=18)
    own = Address(logical=1, physical=18, size=2)
    meter.feed(snrm(meter=own), moment())

    meter.command(["supply", "off"], moment())
    meter.command(["supply", "on"], moment())
    [answer] = meter.feed(command(receive_ready(0), meter=own), moment())

    assert frames_of([answer.octets])[0].control.kind is Kind.DISCONNECTED_MODE


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
    "words",
    [
        [],
        ["supply"],
        ["supply", "maybe"],
        ["disconnector", "ajar"],
        ["breaker", "tripped"],
        ["head"],
        ["voltage", "high"],
        ["voltage", "501"],
    ],
)
def test_a_command_nobody_knows_is_refused(words: list[str]) -> None:
    with pytest.raises(InputRefused):
        a_meter().command(words, moment())


def test_a_meter_that_thinks_does_so_once_before_each_answer() -> None:
    meter = Meter(a_life(), keep=Shelf().keep, turnaround_s=0.05)
    door = meter.open_converter()

    [said] = door.feed(snrm(), moment())

    assert said.after_s == 0.05


def test_a_reader_with_a_wrong_secret_is_logged() -> None:
    meter = Meter(a_life(), keep=Shelf().keep, access=BY_PASSWORD)
    door = meter.open_network()
    request = aarq(mechanism=1, value=b"open parsley")

    door.feed(bytes.fromhex("0001 0011 0001") + len(request).to_bytes(2, "big") + request, moment())

    assert meter.status(moment())["events"] == [["fraud", 46, NOW.isoformat()]]
