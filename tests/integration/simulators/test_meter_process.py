"""`lamplight-sim meter` as a gateway meets it: a serial port that takes its time, and a control socket."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from simulators.meter.hdlc import Deframer, Kind
from simulators.meter.opto import with_even_parity
from tests.fakes_simulators import snrm
from tests.integration.simulators.players import Player, playing, run
from tests.terminal import Terminal
from tests.waiting import SURELY_S, eventually

REQUEST, CHOICE = with_even_parity(b"/?!\r\n"), with_even_parity(b"\x06252\r\n")
IDENTIFICATION = with_even_parity(b"/LMP5\\2LAMPSIM01\r\n")
CHARACTER_S = 10 / 300


@pytest.fixture
def meter(tmp_path: Path) -> Iterator[Player]:
    with playing("meter", tmp_path, "--state", str(tmp_path / "meter.json")) as player:
        yield player


def test_a_reader_signs_on_at_300_baud_and_goes_on_in_hdlc_at_9600(meter: Player) -> None:
    with serial.Serial(str(meter.link), 300, timeout=SURELY_S) as port:
        began_s = time.monotonic()
        port.write(REQUEST)
        identification = port.read(len(IDENTIFICATION))
        took_s = time.monotonic() - began_s
        port.write(CHOICE)
        confirmation = port.read(len(CHOICE))
        port.baudrate = 9_600
        port.write(snrm())
        [acknowledgement] = Deframer().feed(port.read(32))

    assert identification == IDENTIFICATION
    assert took_s >= 0.2 + (len(REQUEST) + len(IDENTIFICATION)) * CHARACTER_S
    assert confirmation == CHOICE
    assert acknowledgement.control.kind is Kind.UNNUMBERED_ACKNOWLEDGE


def test_at_a_wrong_speed_there_is_only_noise(meter: Player) -> None:
    with serial.Serial(str(meter.link), 9_600, timeout=0.5) as port:
        port.write(REQUEST)
        silence = port.read(1)
        port.timeout = SURELY_S

        def heard() -> bytes:
            """An answer whose speed the reader leaves after two characters, as soon as it runs."""
            port.baudrate = 300
            port.write(REQUEST)
            first = port.read(2)
            port.baudrate = 9_600
            return first + port.read(len(IDENTIFICATION) - 2)

        noise = eventually(lambda: (answer := heard()) != IDENTIFICATION and answer, what="noise")

    assert silence == b""
    assert noise[:2] == IDENTIFICATION[:2]
    assert len(noise) == len(IDENTIFICATION)


def test_a_cut_ends_the_answer_in_the_middle(meter: Player) -> None:
    with serial.Serial(str(meter.link), 300) as port:

        def heard() -> bytes:
            """An answer within which the supply is cut, if the reader runs in time."""
            meter.tell("supply", "on")
            port.write(REQUEST)
            port.timeout = SURELY_S
            first = port.read(3)
            meter.tell("supply", "off")
            port.timeout = 2  # the rest would take half a second
            return first + port.read(len(IDENTIFICATION) - len(first))

        answer = eventually(lambda: len(answer := heard()) < len(IDENTIFICATION) and answer, what="half an answer")

    assert answer == IDENTIFICATION[: len(answer)]


def test_a_killed_meter_remembers_its_cut(meter: Player, tmp_path: Path) -> None:
    meter.tell("supply", "off")
    meter.tell("disconnector", "open")
    meter.kill()

    with playing("meter", tmp_path, "--state", str(tmp_path / "meter.json")) as again:
        status = again.tell("status")

    assert (status["supply"], status["disconnector"], status["power_failures"]) == ("off", "open", 1)


def test_a_meter_told_to_stop_leaves_nothing_behind(meter: Player) -> None:
    assert meter.link.is_symlink()

    assert meter.end() == 0

    assert not meter.link.is_symlink()
    assert not meter.control.exists()


def test_a_meter_killed_leaves_a_link_that_the_next_replaces(meter: Player, tmp_path: Path) -> None:
    meter.kill()

    with playing("meter", tmp_path) as again:
        assert eventually(lambda: again.tell("status"))["power_failures"] == 0


def test_two_meters_cannot_share_a_socket(meter: Player, tmp_path: Path) -> None:
    refused = run("meter", "--link", str(tmp_path / "other"), "--control", str(meter.control))

    assert refused.returncode == 2
    assert "another simulator answers there" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_the_door_of_the_shell_tells_a_meter_what_happens(meter: Player) -> None:
    told = run("tell", str(meter.control), "supply", "off")
    refused = run("tell", str(meter.control), "explode")

    assert told.stdout.startswith('{"ok": true, ')
    assert '"supply": "off"' in told.stdout
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    "words",
    [
        ("meter", "--link", "{}/a", "--control", "{}/missing/b", "--state", "{}/state"),
        ("meter", "--link", "{}/missing/a", "--control", "{}/b", "--state", "{}/state"),
        ("probe", "--link", "{}/a", "--control", "{}/b", "--state", "{}/file"),
        ("meter", "--link", "{}/file", "--control", "{}/b"),
        ("meter", "--link", "{}/a", "--control", "{}/file"),
        ("meter", "--link", "{}/a", "--control", "{}/" + "b" * 120),
        ("meter", "--link", "{}/a", "--control", "{}/b", "--state", "{}/file"),
        ("meter", "--link", "{}/a", "--control", "{}/b", "--state", "{}/missing/c"),
        ("meter", "--link", "{}/a", "--control", "{}/b", "--from", "{}/file"),
        ("meter", "--link", "{}/a", "--control", "{}/b", "--serial", "No. 5"),
        ("meter", "--link", "{}/a", "--control", "{}/b", "--time-zone", "Mars"),
        ("meter", "--link", "{}/a", "--control", "{}/b", "--phases", "2"),
        ("meter", "--link", "{}/a"),
        ("tell", "{}/nobody.sock", "status"),
        ("household", "--hours", "0"),
        ("household", "--from", "{}/none.csv"),
        ("juggle",),
    ],
    ids=" ".join,
)
def test_what_cannot_be_played_is_one_line_and_status_2(
    tmp_path: Path, terminal: Terminal, words: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("not what was wanted")

    refused = terminal.run("lamplight-sim", *(word.format(tmp_path) for word in words))

    assert refused.refusal.startswith("lamplight-sim: ")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
