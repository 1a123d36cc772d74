"""A port as a person writes it."""

import pytest

from gateway.core.line_address import Rfc2217Address, SerialAddress, TcpAddress, parse_line_address
from runtime.errors import InputRefused


@pytest.mark.parametrize("path", ["/dev/ttyUSB0", "/tmp/meter", "meter", "COM3"])
def test_anything_without_a_scheme_is_a_serial_device(path):
    assert parse_line_address(path) == SerialAddress(path)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("tcp://10.0.0.7:4060", TcpAddress(host="10.0.0.7", port=4060, carries_hdlc=False)),
        ("tcp://meter.local", TcpAddress(host="meter.local", port=4059, carries_hdlc=False)),
        ("hdlc+tcp://moxa:4001", TcpAddress(host="moxa", port=4001, carries_hdlc=True)),
        ("rfc2217://moxa:2217", Rfc2217Address(host="moxa", port=2217)),
        ("tcp://[::1]:4059/", TcpAddress(host="::1", port=4059, carries_hdlc=False)),
    ],
)
def test_a_socket_is_named_with_its_protocol(text, address):
    assert parse_line_address(text) == address


def test_an_address_is_written_as_it_was_meant():
    assert str(parse_line_address("hdlc+tcp://[::1]:4001")) == "hdlc+tcp://[::1]:4001"
    assert str(parse_line_address("rfc2217://[::1]:2217")) == "rfc2217://[::1]:2217"
    assert str(parse_line_address("/dev/ttyUSB0")) == "/dev/ttyUSB0"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "/dev/tty\x1b[2J",
        "a\0b",
        "udp://meter:1",
        "tcp://",
        "tcp://meter:0x1",
        "tcp://meter:70000",
        "tcp://meter/path",
        "http://x",
        "rfc2217://moxa",
    ],
)
def test_what_is_no_port_is_refused_with_the_forms_there_are(text):
    with pytest.raises(InputRefused, match="hdlc\\+tcp://HOST:PORT"):
        parse_line_address(text)
