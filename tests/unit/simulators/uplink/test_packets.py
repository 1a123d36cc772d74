"""MQTT packets are found in a stream, and the stream is never altered."""

import pytest

from simulators.uplink.packets import MAX_HELD_BYTES, Cutter, Kind, Piece, puback

CONNECT = bytes.fromhex("100c00044d5154540402003c0000")
PING = bytes.fromhex("c000")


def publish(topic: bytes = b"up", payload: bytes = b"x", *, packet_id: int = 0, flags: int = 0) -> bytes:
    """A PUBLISH of MQTT 3.1.1; of quality 1 when it has an identifier."""
    number = packet_id.to_bytes(2, "big") if packet_id else b""
    body = len(topic).to_bytes(2, "big") + topic + number + payload
    return bytes((0x30 | flags | (0x02 if packet_id else 0),)) + length_of(body) + body


def length_of(body: bytes) -> bytes:
    length, octets = len(body), b""
    while True:
        length, septet = length >> 7, length & 0x7F
        octets += bytes((septet | (0x80 if length else 0),))
        if not length:
            return octets


def kinds(stream: bytes) -> list[tuple[Kind, int, int]]:
    return [(piece.kind, piece.quality, piece.packet_id) for piece in Cutter().feed(stream)]


def test_a_publish_is_known_with_its_quality_and_number() -> None:
    assert kinds(publish(packet_id=258)) == [(Kind.PUBLISH, 1, 258)]
    assert kinds(publish()) == [(Kind.PUBLISH, 0, 0)]


@pytest.mark.parametrize(
    "acknowledgement", [puback(7), bytes.fromhex("4003000710"), bytes.fromhex("40040007 10 00")], ids=["4", "5", "5+"]
)
def test_an_acknowledgement_of_either_version_is_known(acknowledgement: bytes) -> None:
    assert kinds(acknowledgement) == [(Kind.PUBACK, 0, 7)]


def test_other_packets_are_pieces_of_their_own() -> None:
    pieces = Cutter().feed(CONNECT + PING + publish())

    assert [piece.octets for piece in pieces] == [CONNECT, PING, publish()]
    assert [piece.kind for piece in pieces] == [Kind.OTHER, Kind.OTHER, Kind.PUBLISH]


def test_a_packet_cut_anywhere_comes_whole() -> None:
    packet, cutter = publish(payload=bytes(200), packet_id=1), Cutter()

    pieces = [piece for octet in packet for piece in cutter.feed(bytes((octet,)))]

    assert [piece.octets for piece in pieces] == [packet]


def test_a_long_packet_passes_as_it_comes_and_the_next_is_read_again() -> None:
    long, cutter = publish(payload=bytes(MAX_HELD_BYTES), packet_id=1), Cutter()

    pieces = [piece for at in range(0, len(long), 1_000) for piece in cutter.feed(long[at : at + 1_000])]
    after = cutter.feed(publish())

    assert b"".join(piece.octets for piece in pieces) == long
    assert {piece.kind for piece in pieces} == {Kind.OTHER}
    assert [piece.kind for piece in after] == [Kind.PUBLISH]


@pytest.mark.parametrize(
    "noise",
    [b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n\r\n", b"\x00\x00", b"\x30\xff\xff\xff\xff\x01", b"\x36\x00"],
    ids=["TLS", "HTTP", "kind 0", "endless length", "quality 3"],
)
def test_what_is_no_mqtt_passes_unread_to_its_end(noise: bytes) -> None:
    cutter = Cutter()

    pieces = cutter.feed(noise + publish()) + cutter.feed(publish())

    assert pieces == [Piece(octets=noise + publish()), Piece(octets=publish())]


@pytest.mark.parametrize("broken", ["3000", "320100", "3204000575", "3203000175", "4000"])
def test_a_packet_that_contradicts_itself_passes_and_the_next_is_read(broken: str) -> None:
    packet = bytes.fromhex(broken)

    pieces = Cutter().feed(packet[: 2 + packet[1]] + bytes(2 + packet[1] - len(packet)) + PING)

    assert [piece.kind for piece in pieces] == [Kind.OTHER, Kind.OTHER]


def test_a_second_time_is_marked_where_the_standard_lets_it_be() -> None:
    first, unsure = Cutter().feed(publish(packet_id=1) + publish())

    assert first.again()[0] == 0x3A
    assert first.again()[1:] == first.octets[1:]
    assert unsure.again() == unsure.octets
