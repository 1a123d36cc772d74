"""A broker that answers whatever a test tells it to: octets, on a real port, with a real connection behind it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answers = Callable[[bytes], bytes | None]
"""The octets for a packet that came; None ends the connection."""


class LastWords(bytes):
    """Octets after which the broker hangs up."""


CONNACK, CONNACK_5 = bytes.fromhex("20020000"), bytes.fromhex("2003000000")
CONNECT_KIND, PUBLISH_KIND, SUBSCRIBE_KIND, PING_KIND = 1, 3, 8, 12
_LEVEL_AT = 8


def kind_of(packet: bytes) -> int:
    return packet[0] >> 4


def level_of(connect: bytes) -> int:
    """4 for MQTT 3.1.1, 5 for MQTT 5; the packet's length takes one byte here."""
    return connect[_LEVEL_AT + (connect[1] >> 7)]


def connack_5(*, most_bytes: int | None = None, under_way: int | None = None, keep_alive_s: int | None = None) -> bytes:
    """MQTT 5's yes, with the broker's terms."""
    terms = b"" if most_bytes is None else b"\x27" + most_bytes.to_bytes(4, "big")
    terms += b"" if under_way is None else b"\x21" + under_way.to_bytes(2, "big")
    terms += b"" if keep_alive_s is None else b"\x13" + keep_alive_s.to_bytes(2, "big")
    return bytes((0x20, 3 + len(terms), 0, 0, len(terms))) + terms


def answering(connack: bytes = CONNACK_5, *, suback: bytes | None = None, then: bytes = b"") -> Answers:
    """A broker that lets in, grants and acknowledges all; `then` follows the first publication."""
    said: list[bytes] = []

    def answer(packet: bytes) -> bytes:
        match kind_of(packet):
            case 1:
                said.append(packet)
                return connack
            case 8:
                return suback or _granted(packet, is_5=level_of(said[0]) == 5)
            case 3:
                said.append(packet)
                return type(then)(_acknowledged(packet) + then) if len(said) == 2 else _acknowledged(packet)
            case 12:
                return b"\xd0\x00"
            case _:
                return b""

    return answer


def _granted(subscribe: bytes, *, is_5: bool) -> bytes:
    return b"\x90" + (b"\x05" + subscribe[2:4] + b"\x00" if is_5 else b"\x04" + subscribe[2:4]) + b"\x00\x00"


def _acknowledged(publish: bytes) -> bytes:
    head = 2 + (publish[1] >> 7)
    topic = int.from_bytes(publish[head : head + 2], "big")
    return b"\x40\x02" + publish[head + 2 + topic : head + 4 + topic]


@contextmanager
def broker_answering(*connections: Answers) -> Iterator[int]:
    """The port of a broker that treats each connection by its own rule, and each further one by the last."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server, connections), daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _serve(server: socket.socket, rules: tuple[Answers, ...]) -> None:
    number = 0
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            answers = rules[min(number, len(rules) - 1)]
            number += 1
            threading.Thread(target=_converse, args=(connection, answers), daemon=True).start()


def _converse(connection: socket.socket, answers: Answers) -> None:
    with connection, suppress(OSError, EOFError):
        while (answer := answers(_packet(connection))) is not None:
            connection.sendall(answer)
            if isinstance(answer, LastWords):
                return


def _packet(connection: socket.socket) -> bytes:
    head = _exactly(connection, 2)
    while head[-1] & 0x80:
        head += _exactly(connection, 1)
    return head + _exactly(connection, sum((byte & 0x7F) << 7 * place for place, byte in enumerate(head[1:])))


def _exactly(connection: socket.socket, count: int) -> bytes:
    octets = b""
    while len(octets) < count:
        octets += (more := connection.recv(count - len(octets)))
        if not more:
            raise EOFError
    return octets
