from simulators.meter.hdlc import Kind, unnumbered
from simulators.meter.optical_port import OpticalPort
from simulators.meter.opto import SignOn, with_even_parity
from simulators.meter.station import Station
from tests.fakes_simulators import FakeApplication, command, moment, snrm

REQUEST, CHOICE = with_even_parity(b"/?!\r\n"), with_even_parity(b"\x06252\r\n")


def a_port() -> OpticalPort:
    return OpticalPort(sign_on=SignOn(address="1"), station=Station(FakeApplication()))


def changed_over() -> OpticalPort:
    port = a_port()
    port.feed(REQUEST, moment(1_000.0))
    port.feed(CHOICE, moment(1_001.0))
    return port


def test_the_port_wakes_at_300_baud() -> None:
    assert a_port().baud_at(0.0) == 300


def test_the_choice_is_confirmed_at_300_and_hdlc_goes_on_at_9600() -> None:
    port = a_port()
    port.feed(REQUEST, moment(1_000.0))

    [confirmation] = port.feed(CHOICE, moment(1_001.0))
    [acknowledgement] = port.feed(snrm(), moment(1_002.0))

    assert confirmation.baud == 300
    assert acknowledgement.baud == 9_600
    assert port.baud_at(1_002.0) == 9_600


def test_disc_is_acknowledged_at_9600_and_leads_back_to_300() -> None:
    port = changed_over()
    port.feed(snrm(), moment(1_002.0))

    [farewell] = port.feed(command(unnumbered(Kind.DISCONNECT)), moment(1_003.0))

    assert farewell.baud == 9_600
    assert port.baud_at(1_003.0) == 300
    assert len(port.feed(REQUEST, moment(1_004.0))) == 1


def test_a_reader_that_vanishes_locks_the_port_for_120_seconds() -> None:
    port = changed_over()
    port.feed(snrm(), moment(1_002.0))

    assert port.baud_at(1_122.0) == 9_600
    assert port.baud_at(1_122.1) == 300


def test_a_reader_that_never_speaks_hdlc_locks_it_no_longer() -> None:
    port = changed_over()

    assert port.baud_at(1_121.0) == 9_600
    assert port.baud_at(1_121.1) == 300


def test_a_cut_of_the_supply_leads_back_to_300() -> None:
    port = changed_over()
    port.feed(snrm(), moment(1_002.0))

    port.power_off()

    assert port.baud_at(1_002.0) == 300
