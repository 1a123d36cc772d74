"""`listen` at a push port: what comes is shown as it means, counted, and kept for decode."""

import argparse
import json
from collections import deque

import pytest

from gateway import capture_commands, listen_commands
from gateway.adapters import push_ports
from gateway.core.dlms.hdlc import Frame, FrameKind, client_address, server_address
from gateway.core.ports import Heard
from runtime.errors import InputRefused
from tests import fakes_axdr
from tests.fakes_gateway import FakeClock
from tests.fakes_meter import IMPORT, NOON, octets, scaler_unit, stamp, structure, u32
from tests.fakes_push import FakePushPort

BODY = structure(structure(octets(IMPORT.obis.octets), u32(261_927), scaler_unit(0, 30)))
PUSH = Frame(
    destination=client_address(16),
    source=server_address(logical=1, physical=17, size=2),
    kind=FrameKind.UNNUMBERED_INFORMATION,
    is_final=True,
    info=b"\xe6\xe7\x00\x0f\x40\x00\x00\x00\x0c" + stamp(NOON).octets() + fakes_axdr.encode(BODY),
).encode()


@pytest.fixture
def listen(monkeypatch, capsys):
    """Listen to these turns of octets, and give exit status and what was printed."""
    clock = FakeClock()
    monkeypatch.setattr(listen_commands, "clock_from_environment", lambda: clock)

    def run(turns, *words):
        port = FakePushPort(clock, deque([Heard(talk=0, octets=turn)] if turn else [] for turn in turns))
        monkeypatch.setattr(push_ports, "open_push_port", lambda *_: port)
        status = _say(listen_commands, "listen", "/dev/han", *words)
        assert port.is_closed
        return status, capsys.readouterr().out

    return run


def _say(module, *words):
    parser = argparse.ArgumentParser()
    module.add_parsers(parser.add_subparsers(required=True))
    arguments = parser.parse_args([str(word) for word in words])
    return arguments.handler(arguments)


def test_a_message_is_told_whole_however_it_comes_cut(listen):
    status, told = listen([PUSH[:9], PUSH[9:]])

    assert status == 0
    assert "1.0.1.8.0.255                      261927 Wh" in told
    assert "energy import" in told
    assert f"heard {len(PUSH)} octets: 1 message, 0 that gave nothing" in told


def test_an_authentication_key_alone_opens_nothing(listen, monkeypatch):
    monkeypatch.setenv("AUTH", "00" * 16)

    with pytest.raises(InputRefused, match="opens nothing"):
        _say(listen_commands, "listen", "/dev/han", "--auth-key", "env:AUTH")


def test_a_program_gets_an_object_for_each_message_and_one_at_the_end(listen):
    _, told = listen([PUSH, PUSH], "--json")

    *messages, end = map(json.loads, told.splitlines())
    assert [message["kind"] for message in messages] == ["hdlc-push"] * 2
    assert end == {"messages": 2, "refused": 0, "heard_bytes": 2 * len(PUSH)}


def test_the_octets_are_shown_where_somebody_wants_them(listen):
    _, told = listen([PUSH], "--octets")

    assert PUSH[:8].hex(" ") in told


def test_it_ends_after_so_many_messages(listen):
    _, told = listen([PUSH] * 5, "--count", "2", "--json")

    assert json.loads(told.splitlines()[-1])["messages"] == 2


def test_a_silent_port_ends_in_time_with_what_to_check(listen):
    status, told = listen([], "--for", "5")

    assert status == 1
    assert "is the port switched on?" in told


def test_noise_is_counted_and_makes_no_message(listen):
    status, told = listen([b"\x55\xaa" * 30, b"", b""], "--for", "5", "--json")

    assert status == 1
    assert json.loads(told.splitlines()[-1])["messages"] == 0


def test_what_is_kept_opens_with_decode(listen, tmp_path, capsys):
    kept = tmp_path / "heard"

    listen([PUSH], "--out", kept)

    assert _say(capture_commands, "decode", kept, "--json") == 0
    assert json.loads(capsys.readouterr().out)["readings"] == [
        {"obis": "1.0.1.8.0.255", "value": 261_927, "unit": "Wh"}
    ]


def test_a_file_that_cannot_be_kept_is_refused(listen, tmp_path):
    with pytest.raises(InputRefused, match="cannot keep"):
        listen([PUSH], "--out", tmp_path / "none" / "heard", "--for", "1")
