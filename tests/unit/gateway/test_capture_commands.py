"""`decode` as a person and a program use it."""

import argparse
import io
import json
import sys

import pytest

from gateway import capture_commands
from gateway.core.dlms.hdlc import Frame, FrameKind, client_address, server_address
from gateway.core.dlms.wrapper import wrap
from gateway.core.errors import CaptureRefused
from runtime.errors import InputRefused
from tests import fakes_axdr
from tests.fakes_meter import IMPORT, NOON, VOLTAGE, octets, scaler_unit, stamp, structure, u16, u32
from tests.fakes_push_octets import AUTH_KEY, KEY, TITLE, m_bus, notification, seal

SERIAL_OBIS = bytes((0, 0, 96, 1, 0, 255))
NO_PUSH = Frame(
    destination=client_address(16),
    source=server_address(logical=1, physical=17, size=2),
    kind=FrameKind.UNNUMBERED_INFORMATION,
    is_final=True,
    info=bytes.fromhex("e6e700c401c1001105"),
)


def run(*words):
    """Parse the words as the program does, and run the command."""
    parser = argparse.ArgumentParser()
    capture_commands.add_parsers(parser.add_subparsers(required=True))
    arguments = parser.parse_args(words)
    return arguments.handler(arguments)


@pytest.fixture
def capture(tmp_path):
    """Write a capture and give its path."""

    def write(content):
        file = tmp_path / "capture"
        file.write_bytes(content)
        return str(file)

    return write


def a_push():
    body = structure(
        structure(octets(SERIAL_OBIS), octets(b"84895126")),
        structure(octets(IMPORT.obis.octets), u32(261_927), scaler_unit(0, 30)),
        structure(octets(VOLTAGE.obis.octets), u16(2_364), scaler_unit(-1, 35)),
        u16(7),
    )
    return Frame(
        destination=client_address(16),
        source=server_address(logical=1, physical=17, size=2),
        kind=FrameKind.UNNUMBERED_INFORMATION,
        is_final=True,
        info=b"\xe6\xe7\x00\x0f\x40\x00\x00\x00\x0c" + stamp(NOON).octets() + fakes_axdr.encode(body),
    ).encode()


@pytest.mark.parametrize(
    "content",
    [
        a_push(),
        a_push().hex().encode(),
        a_push().hex().upper().encode() + b"\n",
        a_push().hex(" ").encode(),
        a_push().hex("\n", 16).encode(),
    ],
    ids=["binary", "hex", "upper case", "spaced", "lines"],
)
def test_a_capture_may_be_binary_or_hex_in_any_layout(capture, capsys, content):
    assert run("decode", capture(content), "--json") == 0

    assert json.loads(capsys.readouterr().out) == {
        "kind": "hdlc-push",
        "sent_at": "2026-11-21T12:00:00+00:00",
        "sender": None,
        "counter": None,
        "protection": "none",
        "key": "no key needed",
        "proof": "crc16",
        "event": None,
        "readings": [
            {"obis": "0.0.96.1.0.255", "value": "84895126"},
            {"obis": "1.0.1.8.0.255", "value": 261_927, "unit": "Wh"},
            {"obis": "1.0.32.7.0.255", "value": 236.4, "unit": "V"},
        ],
        "unnamed": 1,
    }


def test_a_capture_may_come_through_a_pipe(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(a_push())))

    run("decode", "-")

    out = capsys.readouterr().out
    assert "236.4 V" in out
    assert "and 1 more without an OBIS code" in out


def test_several_messages_are_an_object_each(capture, capsys):
    run("decode", capture(a_push() * 2), "--json")

    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_refusal_names_the_kind_to_a_program_and_the_file_to_a_person(capture, capsys):
    file = capture(b"\xdb\x08" + bytes(40))

    with pytest.raises(CaptureRefused) as refused:
        run("decode", file, "--json")

    assert json.loads(capsys.readouterr().out)["refused"]["kind"] == "ciphered"
    assert file in str(refused.value)


def test_a_refusal_prints_nothing_but_its_line_to_a_person(capture, capsys):
    with pytest.raises(CaptureRefused):
        run("decode", capture(b"/ISk5\\2MT382\r\n"))

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "empty"), (b" \n", "empty"), (b"7ea", "middle of an octet"), (b"7e a", "middle")]
)
def test_what_cannot_be_a_capture_is_refused(capture, content, why):
    with pytest.raises(InputRefused, match=why):
        run("decode", capture(content))


def test_a_missing_file_is_refused():
    with pytest.raises(InputRefused, match="No such file"):
        run("decode", "/no/such/capture")


def test_keys_are_read_and_checked(capture, monkeypatch):
    monkeypatch.setenv("METER_KEY", "00" * 16)

    assert run("decode", capture(a_push()), "--key", "env:METER_KEY", "--auth-key", "env:METER_KEY") == 0


@pytest.mark.parametrize("source", ["00112233445566778899aabbccddeeff", "file:", "env", "http://x"])
def test_a_key_itself_is_refused_and_not_repeated(capture, source):
    with pytest.raises(InputRefused, match="never given itself") as refused:
        run("decode", capture(a_push()), "--key", source)

    assert source not in str(refused.value).replace("file:PATH", "").replace("env:NAME", "")


def test_standard_input_is_not_capture_and_key_at_once():
    with pytest.raises(InputRefused, match="at once"):
        run("decode", "-", "--key", "-")


@pytest.fixture
def keys(monkeypatch):
    """The keys of the meter, where a person would have put them."""
    monkeypatch.setenv("METER_KEY", KEY.hex())
    monkeypatch.setenv("METER_AUTH_KEY", AUTH_KEY.hex())
    monkeypatch.setenv("OTHER_KEY", "55" * 16)
    return "--key", "env:METER_KEY", "--auth-key", "env:METER_AUTH_KEY"


SEALED = m_bus(seal(notification(structure(octets(IMPORT.obis.octets), u32(5), scaler_unit(0, 30)))))


@pytest.mark.parametrize(
    ("words", "protection", "verdict"),
    [(4, "checked", "tag right"), (2, "unchecked", "tag not checked")],
    ids=["both keys", "the encryption key alone"],
)
def test_the_verdict_over_the_keys_is_told(capture, capsys, keys, words, protection, verdict):
    run("decode", capture(SEALED), *keys[:words], "--json")

    told = json.loads(capsys.readouterr().out)
    assert (told["protection"], told["key"], told["sender"]) == (protection, verdict, TITLE.hex())


def test_a_wrong_key_is_told_to_a_program_and_to_a_person(capture, capsys, keys):
    with pytest.raises(CaptureRefused, match="the encryption key is another"):
        run("decode", capture(SEALED), "--key", "env:OTHER_KEY", "--json")

    told = json.loads(capsys.readouterr().out)["refused"]
    assert (told["kind"], told["key"]) == ("wrong-key", "wrong key")


def test_an_event_is_told_to_a_person_and_to_a_program(capture, capsys):
    gasp = wrap(bytes.fromhex("c2000001808080808000020904") + b"KA6P", source=103, destination=102)

    run("decode", capture(gasp))
    run("decode", capture(gasp), "--json")

    words, told = capsys.readouterr().out.split("\n{")
    assert "event: last-gasp (128.128.128.128.128.0 KA6P)" in words
    assert json.loads("{" + told)["event"] == {"kind": "last-gasp", "obis": "128.128.128.128.128.0", "value": "KA6P"}


def test_a_part_that_gives_nothing_is_told_beside_what_does(capture, capsys):
    run("decode", capture(a_push() + Frame.encode(NO_PUSH)), "--json")

    out, err = capsys.readouterr()
    assert [json.loads(line)["kind"] for line in out.splitlines()] == ["hdlc-push"]
    assert "a part of the capture gave nothing: these HDLC frames are a dialogue" in err


def test_what_stands_beside_the_messages_is_told(capture, capsys):
    run("decode", capture(a_push() + bytes(40)))

    assert "40 octets beside the messages belong to none" in capsys.readouterr().err


def test_half_a_file_is_told_as_that(capture):
    with pytest.raises(CaptureRefused, match="breaks off: 50 of 98 octets"):
        run("decode", capture(a_push()[:50].hex().encode()))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--key", "env:SHORT_KEY"), "15 octets, not 16 or 32"),
        (("--auth-key", "env:METER_AUTH_KEY"), "alone opens nothing"),
        (("--key", "env:METER_KEY", "--system-title", "4b46"), "16 hex digits"),
        (("--key", "env:METER_KEY", "--system-title", "no title"), "16 hex digits"),
    ],
)
def test_keys_and_titles_that_cannot_be_are_refused(capture, keys, monkeypatch, words, why):
    monkeypatch.setenv("SHORT_KEY", "00" * 15)

    with pytest.raises(InputRefused, match=why):
        run("decode", capture(SEALED), *words)


def test_a_list_without_codes_is_named_by_its_layout(capture, capsys):
    run("decode", capture(notification(structure(u32(5852)))))

    assert "5852 W" in capsys.readouterr().out


def test_of_many_parts_that_give_nothing_the_first_are_told_and_the_others_counted(capture, capsys):
    assert run("decode", capture(a_push() + NO_PUSH.encode() * 500)) == 0

    told = capsys.readouterr().err.splitlines()
    assert len(told) == 21
    assert told[-1] == "480 more parts of the capture gave nothing"


def test_a_file_too_long_for_any_capture_is_refused_for_that(capture):
    with pytest.raises(InputRefused, match="more than 8000000 octets"):
        run("decode", capture(b"7e " * 2_700_000))
