"""Octets out of what people paste."""

import contextlib
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.pasted import octets_of
from runtime.errors import InputRefused

OCTETS = bytes.fromhex(
    "7ea0270102011 05a87e6e7000f40000000090c07e1090c0217122aff800000020106000005 28b80c7e".replace(" ", "")
)
HALVES = (OCTETS[:20].hex(" "), OCTETS[20:].hex(" "))


def lines(form):
    """The octets over two lines, each with what a program puts around it."""
    return "\n".join(form.format(half) for half in HALVES).encode()


@pytest.mark.parametrize(
    "pasted",
    [
        OCTETS.hex().encode(),
        OCTETS.hex(" ").upper().encode(),
        OCTETS.hex("\n", 8).encode(),
        OCTETS.hex(":").encode(),
        OCTETS.hex("-").encode(),
        OCTETS.hex(",").encode(),
        ("0x" + OCTETS.hex()).encode(),
        ", ".join(f"0x{octet:02X}" for octet in OCTETS).encode(),
        ("{ " + ", ".join(f"0x{octet:02x}" for octet in OCTETS) + " };").encode(),
        ("[" + ", ".join(f'"{octet:02x}"' for octet in OCTETS) + "]").encode(),
        "".join(f"\\x{octet:02x}" for octet in OCTETS).encode(),
        b'"' + OCTETS.hex(" ").encode() + b'"',
        b"\xef\xbb\xbf" + OCTETS.hex(" ").encode(),
        lines("{}"),
        lines("23:18:43 {}"),
        lines("23:18:43.731 {}"),
        lines("2017-09-12 23:18:43.731 {}"),
        lines("2017-09-12T23:18:43Z {}"),
        lines("2017-09-12T23:18:43+02:00 {}"),
        lines("[16:58:09.395][V][dlms_meter:030]: {}"),
        lines("[16:58:09][VV][dlms_meter:030]: {}"),
        lines("(V) {}"),
        lines("RX: {}"),
        lines("TX -> {}"),
        lines("<< {}"),
        lines("2017-09-12 23:18:43 DEBUG rx: {}"),
        lines("data = {}"),
        lines("S>C {}"),
        lines("(D) {}"),
        lines("21:11:41.045 :>{}"),
        lines("0.612 {}"),
        lines("2024-05-07 21:11:20 DEBUG (MainThread) [custom_components.ams] bytes: {}"),
        b"[16:58:09.395][VV][dlms_meter:030]: " + OCTETS.hex(".").upper().encode() + b" (41)",
        b"(D) (readHanPort)(C1) Frame dump (461b):\n(D) " + OCTETS.hex(" ").encode(),
        b"[2017-09-12 23.18.43.731 - Received 41 (0x29) bytes]\n" + OCTETS.hex(" ").encode(),
        b"a push of our meter, at noon:\n\n" + OCTETS.hex(" ").encode() + b"\n\nthat was it\n",
        b"# from the meter\n" + OCTETS.hex(" ").encode(),
    ],
)
def test_hex_is_read_as_people_paste_it(pasted):
    assert octets_of(pasted) == OCTETS


def hexdump(octets, form):
    rows = [octets[at : at + 16] for at in range(0, len(octets), 16)]
    return "\n".join(form(16 * number, row) for number, row in enumerate(rows)).encode()


def characters(row):
    return "".join(chr(octet) if 0x20 <= octet < 0x7F else "." for octet in row)


@pytest.mark.parametrize("octets", [OCTETS, b"0123456789abcdef 7e a0 be ef | \x00 12:30", bytes(range(256))])
@pytest.mark.parametrize(
    "form",
    [
        lambda at, row: f"{at:08x}: {row.hex(' ', -2):<39}  {characters(row)}",
        lambda at, row: f"{at:08x}  {row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}  |{characters(row)}|",
        lambda at, row: f"{at:04x}: {row.hex(' ')}",
        lambda at, row: f"{at:04x}  {row.hex(' ')}",
    ],
    ids=["xxd", "hexdump -C", "offset with a colon", "offset with two spaces"],
)
def test_offsets_and_characters_of_a_dump_are_left_out(octets, form):
    assert octets_of(hexdump(octets, form)) == octets


@pytest.mark.parametrize("binary", [OCTETS, b"\x00\x01", bytes(range(128, 256)), b"7ea0\xff"])
def test_what_is_no_text_is_binary(binary):
    assert octets_of(binary) == binary


@pytest.mark.parametrize("text", [b"/ISk5\\2MT382\r\n\r\n1-0:1.8.0(1)\r\n!\r\n", b"hello", b"no hex here\nnor here\n"])
def test_text_without_hex_is_handed_on_as_it_is(text):
    assert octets_of(text) == text


@pytest.mark.parametrize(
    ("pasted", "why"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (b"7ea", "middle of an octet"),
        (b"7e a", "middle of an octet"),
        (OCTETS.hex()[:-1].encode(), "middle of an octet"),
        (HALVES[0].encode() + b"\nthen 7e a0 27 01 02 01 10 5a 87 and more\n", "line 2 holds hex among"),
        (HALVES[0].encode() + b"\n" + HALVES[1].replace("28", "2g").encode(), "line 2 holds hex among"),
    ],
)
def test_what_cannot_be_meant_is_refused(pasted, why):
    with pytest.raises(InputRefused, match=why):
        octets_of(pasted)


@given(st.binary(max_size=200))
def test_any_octets_survive_being_pasted_as_hex(octets):
    assert octets_of(b"7e" + octets.hex(" ", 1).encode()) == b"\x7e" + octets


@given(st.text(alphabet="0123456789abcdefx:;|[]() .-\n\tTZ", max_size=120))
def test_any_text_is_octets_or_refused(text):
    with contextlib.suppress(InputRefused):
        assert isinstance(octets_of(text.encode()), bytes)


def test_groups_of_a_tic_are_text_though_their_values_look_like_hex():
    copied = b"ADCO 270622224349 B\r\nBASE 010528394 +\r\nPAPP 00450 *\r\n"

    assert octets_of(copied) == copied


@pytest.mark.parametrize(
    "slow",
    [
        b"a" + b"-" * 300_000,
        b"a" + b"a.-" * 40_000 + b">",
        b"()" * 200_000,
        b"[]" * 100_000 + b"x",
        b"00000000  00 " + b" " * 300_000 + b"x" * 20,
        b"00000000  00" + b" |" * 150_000 + b"\t" * 100_000 + b"x" * 20,
        b"7e " * 100_000 + b"z",
    ],
)
def test_a_line_is_read_in_time_in_proportion_to_its_length(slow):
    begun_s = process_time()

    with contextlib.suppress(InputRefused):
        octets_of(slow)

    assert process_time() - begun_s < 1  # some 0.1 s each; what looks again from every place takes minutes


def test_a_text_of_more_lines_than_any_capture_has_is_refused():
    with pytest.raises(InputRefused, match="lines"):
        octets_of(b"a\n" * 100_001)
