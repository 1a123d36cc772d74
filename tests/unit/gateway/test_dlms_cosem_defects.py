"""Where dlms-cosem 25.1.0 is known to hang, lose data or keep what it should give back: none of it reaches the gateway.

Each test is named for what a user of the gateway sees instead. Its HLS "common", which sends the secret in clear, is
not used at all.
"""

import socket
import subprocess
import sys
from datetime import timedelta

import pytest

from gateway.adapters import dlms_library  # noqa: F401 - before dlms-cosem

# isort: split
from dlms_cosem import cosem, state
from dlms_cosem.protocol import xdlms

from gateway.adapters.dlms_meter import DlmsMeter
from gateway.adapters.dlms_security import Identity, connection_for
from gateway.adapters.profile_files import load_profile
from gateway.adapters.tcp_port import TcpPort
from gateway.core.dlms import axdr, ciphered
from gateway.core.dlms.cosem_time import CosemDateTime
from gateway.core.dlms.data import NULL, Data, DataType
from gateway.core.dlms.hdlc import Deframer, Frame, FrameKind, client_address, server_address
from gateway.core.dlms.push.capture import read_capture
from gateway.core.errors import MeterSilent, MeterUnread, PortGone, Undecodable
from gateway.core.invocation_counter import InvocationCounter, KeptCounter
from gateway.core.meter_access import MeterSecrets
from simulators.meter import security
from tests import fakes_axdr
from tests.builders_meter import a_profile
from tests.fakes_access import KEYS
from tests.fakes_meter import (
    IMPORT,
    LOAD_PROFILE,
    NOON,
    VOLTAGE,
    FakeLine,
    FakeMeter,
    array,
    home_meter,
    octets,
    scaler_unit,
    stamp,
    structure,
    u8,
    u32,
)
from wire.units import Quantity

HOUR = timedelta(hours=1)


def meter_on(line, profile=None):
    profile = a_profile() if profile is None else profile
    return DlmsMeter("/dev/fake", profile, clock=line.clock, open_line=lambda _address, _baud: line)


def test_a_frame_that_ends_or_is_filled_with_flags_never_hangs():
    """Defect 1: 0.6 % of random frames had it wait for octets that never come."""
    addresses = {"destination": client_address(16), "source": server_address(logical=1, physical=0, size=1)}
    frames = [
        Frame(kind=FrameKind.INFORMATION, is_final=True, info=number.to_bytes(2, "big") + b"\x7e\x7e", **addresses)
        for number in range(2_000)
    ]
    deframer = Deframer()

    found = [deframer.feed(frame.encode()) for frame in frames]

    assert sum(frame.encode()[-2] == 0x7E for frame in frames) > 0
    assert found == [(frame,) for frame in frames]


def test_a_silent_line_ends_in_time():
    """Defect 2: it waited for ever."""
    line = FakeLine(is_silent=True)

    with pytest.raises(MeterSilent):
        meter_on(line).read_now()

    assert line.clock.seconds < 15


def test_a_peer_that_closes_is_noticed_at_once():
    """Defect 2: it spun at full load."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = TcpPort(*listening.getsockname())
        listening.accept()[0].close()
        with pytest.raises(PortGone):
            port.read(60.0)
        port.close()


def test_long_frames_are_negotiated_and_lost_ones_repaired():
    """Defect 3: always 128 octets and one frame, and no retry."""
    lossy = FakeLine(spoil=lambda number, sent: b"" if number % 2 else sent)

    meter_on(lossy).read_now()

    (first,) = Deframer().feed(lossy.written[0])
    assert first.info.hex() == "818014050207ee060207ee070400000007080400000007"
    assert lossy.clock.seconds > 0


def test_a_failure_in_the_middle_still_gives_link_and_port_back():
    """Defect 4: an exception left association and port open."""
    line = FakeLine(meter=FakeMeter(answer_to=lambda apdu: b"\xff" if apdu[0] == 0xC0 else None))

    with pytest.raises(MeterUnread):
        meter_on(line).read_now()

    assert (line.meter.is_linked, line.is_closed) == (False, True)


@pytest.mark.parametrize("size", [127, 128, 300])
def test_long_octet_strings_keep_their_length(size):
    """Defect 6: one octet of length, whatever the length."""
    data = Data(DataType.OCTET_STRING, bytes(size))

    assert axdr.decode(fakes_axdr.encode(data)) == data


@pytest.mark.parametrize(
    "value",
    [
        Data(DataType.FLOAT32, 2_301.0),
        Data(DataType.FLOAT64, 2_301.0),
        Data(DataType.LONG64, 2_301),
    ],
)
def test_a_register_of_any_type_is_read_within_a_list(value):
    """Defect 7: one value of an unknown type lost the whole answer and the connection with it."""
    line = FakeLine(meter=FakeMeter(objects=home_meter() | {VOLTAGE: value}))

    reading = a_profile().interpret(meter_on(line).read_now())

    assert reading.voltages_mv == (230_100,)


@pytest.mark.parametrize("max_pdu_bytes", [64, 100])
def test_a_list_may_come_in_blocks(max_pdu_bytes):
    """Defect 8: its list request cannot take block transfer."""
    line = FakeLine(meter=FakeMeter(max_pdu_bytes=max_pdu_bytes))

    assert meter_on(line).read_now().answers[IMPORT] == u32(12_345)


def test_a_meter_whose_first_counter_is_nought_is_heard():
    """Defect 5: it was refused as not larger than the one before."""
    connection = a_connection()
    sealed = security.seal(KEYS, connection.meter_system_title, 0, b"\xc4\x01")

    assert connection.open_answer(ciphered.wrap(b"", sealed)) == b"\xc4\x01"
    with pytest.raises(Undecodable, match="used before"):
        connection.open_answer(ciphered.wrap(b"", sealed))


@pytest.mark.parametrize("items", [1, 24])
def test_a_long_ciphered_request_carries_its_length(items):
    """Defect 6: one octet of length, so that a list of twelve attributes was noise."""
    connection = a_connection()
    connection.state.current_state = state.READY
    wanted = [cosem.CosemAttributeWithSelection(cosem.CosemAttribute(3, cosem.Obis(1, 0, 1, 8, 0), 2), None)] * items
    request = xdlms.GetRequestWithList(cosem_attributes_with_selection=wanted)

    sealed = ciphered.unwrap(connection.request(request))

    assert security.unseal(KEYS, sealed.title, sealed.octets) == (1, request.to_bytes())


def test_a_proof_and_the_request_that_carries_it_have_a_counter_each():
    """Found here: both took one, and two messages under one nonce give the authentication key away."""
    connection = a_connection()
    connection.meter_to_client_challenge = b"P6wRJ21F"

    proof = connection.authentication.hls_generate_reply_data(connection)
    _, number = connection.encrypt(b"the request")

    assert int.from_bytes(proof[1:5], "big") != number


def test_what_comes_in_clear_or_from_another_is_not_believed():
    """Found here: a plain answer was taken in a ciphered association, and the control octet was never looked at."""
    connection = a_connection()
    sealed = security.seal(KEYS, connection.meter_system_title, 7, b"\xc4\x01")

    for answer in (b"\xc4\x01", ciphered.wrap(b"OTHER001", sealed), ciphered.wrap(b"", b"\x20" + sealed[1:])):
        with pytest.raises(Undecodable):
            connection.open_answer(answer)


def test_an_echo_of_our_own_challenge_proves_nothing():
    """Found here: whoever sends our challenge and our proof back would have passed."""
    connection = a_connection()
    own = connection.authentication.get_calling_authentication_value()
    connection.meter_to_client_challenge = own
    connection.meter_system_title = connection.client_system_title

    echoed = connection.authentication.hls_generate_reply_data(connection)

    assert not connection.authentication.hls_meter_data_is_valid(echoed, connection)


def a_connection():
    """A ciphered connection with the standard's keys, to a meter that has told its title."""
    secrets = MeterSecrets(key=KEYS.encryption, auth_key=KEYS.authentication)
    counter = InvocationCounter(KeptCounter(), lambda _kept: None)
    access = load_profile("lamplight-sim-keys").access
    identity = Identity(title=b"LMPabcde", secrets=secrets, counter=counter)
    connection = connection_for(access, identity, max_pdu_bytes=1_024)
    connection.meter_system_title = b"LMP00001"
    return connection


def test_utc_is_aware_and_an_unspecified_status_raises_no_flag():
    """Defect 9: deviation 0 came back naive, status FF as every flag set."""
    moment = CosemDateTime.decode(bytes.fromhex("07ea0b15060c0000000000ff"))

    assert moment.to_utc().utcoffset() == timedelta(0)
    assert not moment.status.is_invalid


def test_wildcards_are_read_and_never_break_a_reader():
    """Defect 9: wildcards raised TypeError."""
    assert CosemDateTime.decode(bytes.fromhex("ffffffffffffffffff8000ff")).date.year is None


def test_a_row_never_loses_a_column_to_null_data():
    """Defect 9: null-data outside the clock column was dropped."""
    rows = [structure(stamp(NOON - HOUR), u8(0), u32(100)), structure(NULL, NULL, NULL)]
    line = FakeLine(meter=FakeMeter(objects=home_meter() | {LOAD_PROFILE: array(*rows)}))

    _, (row,) = meter_on(line).read_all(NOON - HOUR, NOON)

    assert (row.ends_at, row.value(Quantity.ENERGY_IMPORT_WH)) == (NOON, 0)


def test_a_capture_period_is_in_seconds():
    """Defect 9: minutes there, seconds in the meter."""
    line = FakeLine()

    _, (row,) = meter_on(line).read_all(NOON - HOUR, NOON)

    assert row.period_s == 3_600


def test_nothing_is_written_to_standard_output(capfd):
    """Defect 11: every object went through structlog to standard output."""
    meter_on(FakeLine()).read_all(NOON - HOUR, NOON)

    assert capfd.readouterr() == ("", "")


def test_its_log_and_what_that_brings_along_are_not_loaded():
    """8 MB of a gateway's 60, for words nobody is to see."""
    words = "import sys, gateway.main; print(sorted({'asyncio', 'rich', 'structlog'} & sys.modules.keys()))"

    said = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True).stdout

    assert said == "[]\n"


def test_a_notification_whose_date_is_tagged_is_read():
    """Defect 12: Kaifa's tagged date raised ValueError."""
    body = structure(structure(octets(IMPORT.obis.octets), u32(5), scaler_unit(0, 30)))
    apdu = b"\xe6\xe7\x00\x0f\x40\x00\x00\x00\x09\x0c" + stamp(NOON).octets() + fakes_axdr.encode(body)
    frame = Frame(
        destination=client_address(16),
        source=server_address(logical=1, physical=17, size=2),
        kind=FrameKind.UNNUMBERED_INFORMATION,
        is_final=True,
        info=apdu,
    )

    (message,) = read_capture(frame.encode())

    assert [reading.value for reading in message.readings] == [5]
