"""A serial-to-network converter: pyserial's own RFC 2217 server before a port in memory that hears what it says."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import serial
from serial.rfc2217 import PortManager

from tests.waiting import SURELY_S


class LoopPort:
    """What the server takes for a serial port: whatever is written is received again, or `answer` of it."""

    cts = dsr = ri = cd = True

    def __init__(self, answer: Callable[[bytes], bytes] = lambda heard: heard) -> None:
        self._answer = answer
        self.baudrate = 9_600
        self.bytesize, self.parity, self.stopbits = 7, serial.PARITY_EVEN, 2
        self.xonxoff = self.rtscts = self.dtr = self.rts = False
        self.received = b""

    def write(self, octets: bytes) -> None:
        self.received = self._answer(octets)

    def reset_input_buffer(self) -> None:
        self.received = b""

    def reset_output_buffer(self) -> None:
        pass


class _Wire:
    """What the server writes to."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, octets: bytes) -> None:
        self._connection.sendall(octets)


@contextmanager
def converter(port: LoopPort) -> Iterator[tuple[str, int]]:
    """A converter that serves one client at a time, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=_serve, args=(listening, port), daemon=True)
        serving.start()
        yield listening.getsockname()
        listening.shutdown(socket.SHUT_RDWR)
        serving.join(SURELY_S)
        assert not serving.is_alive()


def _serve(listening: socket.socket, port: LoopPort) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            _serve_one(connection, port)


def _serve_one(connection: socket.socket, port: LoopPort) -> None:
    manager = PortManager(port, _Wire(connection))
    try:
        while octets := connection.recv(1_024):
            data = b"".join(manager.filter(octets))
            if data:
                port.write(data)
                connection.sendall(b"".join(manager.escape(port.received)))
    except OSError:
        return  # the client has gone
