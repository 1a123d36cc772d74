"""`lamplight-sim probe` as a gateway meets it: a serial port on which a probe says how things stand."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from simulators.probe.frames import Kind, frame, unstuffed
from tests.integration.simulators.players import Player, playing
from tests.waiting import SURELY_S, eventually


@pytest.fixture
def probe(tmp_path: Path) -> Iterator[Player]:
    with playing("probe", tmp_path, "--state", str(tmp_path / "probe.json")) as player:
        yield player


def next_of(port: serial.Serial, kind: Kind) -> bytes:
    """The payload of the next frame of that kind."""
    body = b"\xff"
    while body[0] != kind:
        body = unstuffed(port.read_until(b"\x00")[:-1]) or b"\xff"
    return body[2:-4]


def test_a_loss_is_told_until_it_is_acknowledged(probe: Player) -> None:
    with serial.Serial(str(probe.link), 115_200, timeout=SURELY_S) as port:
        port.write(b"\x00" + frame(Kind.HOST_HELLO, 0, b"\x01"))
        hello = next_of(port, Kind.HELLO)
        probe.tell("supply", "off")
        first, second = next_of(port, Kind.EVENT), next_of(port, Kind.EVENT)
        boot_id, event_id = struct.unpack_from("<II", first)
        port.write(frame(Kind.HOST_ACK, 1, struct.pack("<II", boot_id, event_id)))
        eventually(lambda: next_of(port, Kind.BEAT)[8] == 0, what="a beat with no event waiting")

    assert hello[0] == 1
    assert first[:13] == second[:13]
    assert probe.tell("status")["events_waiting"] == 0


def test_a_killed_probe_comes_back_under_a_new_boot_and_the_street_is_as_it_was(probe: Player, tmp_path: Path) -> None:
    probe.tell("supply", "off")
    before = probe.tell("status")
    probe.kill()

    with playing("probe", tmp_path, "--state", str(tmp_path / "probe.json")) as again:
        after = again.tell("status")

    assert after["supply"] == "off"
    assert after["boot_id"] != before["boot_id"]
