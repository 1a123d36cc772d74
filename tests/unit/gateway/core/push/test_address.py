"""Where pushes arrive, as a person writes it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.line_address import SerialAddress
from gateway.core.push.address import ListenAddress, parse_push_address
from runtime.errors import InputRefused


def test_a_device_is_taken_as_it_is_written() -> None:
    assert parse_push_address("/dev/serial/by-id/han") == SerialAddress("/dev/serial/by-id/han")


@pytest.mark.parametrize("text", ["tcp-listen://127.0.0.1:4060", "udp-listen://0.0.0.0:4059", "tcp-listen://[::1]:9"])
def test_an_address_of_our_own_is_written_as_it_was_read(text: str) -> None:
    address = parse_push_address(text)

    assert isinstance(address, ListenAddress)
    assert str(address) == text


@pytest.mark.parametrize(
    "text",
    ["", " ", "tcp://127.0.0.1:4060", "tcp-listen://127.0.0.1", "tcp-listen://127.0.0.1:0", "tcp-listen://:4060",
     "tcp-listen://meter.local:4060", "tcp-listen://127.0.0.1:99999", "udp-listen://127.0.0.1:1/x", "/dev/tty\n"],
)  # fmt: skip
def test_what_is_no_push_port_is_refused_with_what_to_give(text: str) -> None:
    with pytest.raises(InputRefused) as refused:
        parse_push_address(text)

    assert "listen://HOST:PORT" in refused.value.do


@given(st.text(max_size=40).map(lambda text: f"tcp-listen://{text}") | st.text(max_size=40))
def test_any_text_is_a_push_port_or_refused(text: str) -> None:
    with suppress(InputRefused):
        assert parse_push_address(text)
