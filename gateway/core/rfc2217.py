"""RFC 2217: a serial port at the other end of a Telnet connection, whose speed can be set from here. No I/O.

Octets of the connection go in; what the port received comes out, and what has to be answered. A 255 in the data is
doubled, since it begins a command. Of Telnet's options we want three (binary, no go-ahead, port control) and turn down
every other; nothing is answered twice, so that two polite ends do not talk for ever. What a command of the port was
answered with stands in `granted`: a converter may take another speed than it was asked for.

Unknown commands are passed over, and one that does not end within `MAX_COMMAND_BYTES` is dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from typing import ClassVar

MAX_COMMAND_BYTES = 64
_IAC, _DONT, _DO, _WONT, _WILL, _SB, _SE = 255, 254, 253, 252, 251, 250, 240
_BINARY, _NO_GO_AHEAD, _PORT_CONTROL = 0, 3, 44
_WANTED = (_PORT_CONTROL, _BINARY, _NO_GO_AHEAD)
_ANSWERED = 100  # what the converter adds to a command when it answers it


class PortCommand(IntEnum):
    """What can be set at the far port."""

    BAUD = 1
    DATA_BITS = 2
    PARITY = 3
    STOP_BITS = 4
    CONTROL = 5
    LINE_STATE_MASK = 10
    MODEM_STATE_MASK = 11
    PURGE = 12


_KNOWN = frozenset(what.value for what in PortCommand)
_VALUE_BYTES: Mapping[PortCommand, int] = {PortCommand.BAUD: 4}
NO_PARITY, EVEN_PARITY, ONE_STOP_BIT, NO_FLOW_CONTROL, DTR_ON, RTS_ON, PURGE_BOTH = 1, 3, 1, 1, 8, 11, 3


def command(what: PortCommand, value: int) -> bytes:
    """The octets that set it.

    >>> command(PortCommand.BAUD, 300).hex(" ")
    'ff fa 2c 01 00 00 01 2c ff f0'
    """
    octets = value.to_bytes(_VALUE_BYTES.get(what, 1), "big")
    return bytes([_IAC, _SB, _PORT_CONTROL, what]) + escaped(octets) + bytes([_IAC, _SE])


def escaped(data: bytes) -> bytes:
    """Data as it travels.

    >>> escaped(b"\\x7e\\xff").hex(" ")
    '7e ff ff'
    """
    return data.replace(b"\xff", b"\xff\xff")


@dataclass(frozen=True, slots=True)
class Received:
    """What the far port received, and what has to be sent back."""

    data: bytes
    answer: bytes


class _Within(Enum):
    DATA = auto()
    COMMAND = auto()  # behind a 255
    OPTION = auto()  # behind WILL, WONT, DO or DONT
    SUBCOMMAND = auto()  # between SB and SE
    SUBCOMMAND_END = auto()  # behind a 255 in there


class PortControl:
    """Our end of the connection."""

    def __init__(self) -> None:
        self.is_served: bool | None = None  # whether the other end controls a port; None while it has not said
        self.granted: dict[PortCommand, int] = {}
        self._within = _Within.DATA
        self._verb = 0
        self._subcommand = bytearray()
        self._said: set[tuple[int, int]] = set()

    def begin(self) -> bytes:
        """What to say first."""
        return b"".join(self._say(verb, option) for option in _WANTED for verb in (_WILL, _DO))

    def receive(self, octets: bytes) -> Received:
        """Take what has come over the connection, cut anywhere."""
        data, answer = bytearray(), bytearray()
        for octet in octets:
            if self._within is _Within.DATA and octet != _IAC:
                data.append(octet)
            elif self._within is _Within.COMMAND and octet == _IAC:
                data.append(octet)
                self._within = _Within.DATA
            else:
                answer += self._step(octet)
        return Received(bytes(data), bytes(answer))

    def _step(self, octet: int) -> bytes:
        match self._within:
            case _Within.DATA:
                self._within = _Within.COMMAND
            case _Within.COMMAND:
                self._verb = octet
                self._subcommand.clear()
                self._within = self._BEHIND.get(octet, _Within.DATA)
            case _Within.OPTION:
                self._within = _Within.DATA
                return self._negotiate(self._verb, octet)
            case _Within.SUBCOMMAND if octet == _IAC:
                self._within = _Within.SUBCOMMAND_END
            case _Within.SUBCOMMAND_END if octet != _IAC:
                self._within = _Within.DATA
                self._take_subcommand()
            case _:
                self._within = _Within.SUBCOMMAND
                self._subcommand.append(octet)
                del self._subcommand[MAX_COMMAND_BYTES:]
        return b""

    def _negotiate(self, verb: int, option: int) -> bytes:
        is_wanted = option in _WANTED
        if option == _PORT_CONTROL:
            self.is_served = verb in (_DO, _WILL) or bool(self.is_served)
        if verb in (_DO, _DONT):
            return self._say(_WILL if verb == _DO and is_wanted else _WONT, option)
        return self._say(_DO if verb == _WILL and is_wanted else _DONT, option)

    def _say(self, verb: int, option: int) -> bytes:
        if (verb, option) in self._said:
            return b""
        self._said.add((verb, option))
        return bytes([_IAC, verb, option])

    def _take_subcommand(self) -> None:
        option, number, value = self._subcommand[:1], self._subcommand[1:2], self._subcommand[2:]
        known = number[0] - _ANSWERED if number else 0
        if option == bytes([_PORT_CONTROL]) and known in _KNOWN and value:
            self.granted[PortCommand(known)] = int.from_bytes(value, "big")

    _BEHIND: ClassVar[Mapping[int, _Within]] = dict.fromkeys((_WILL, _WONT, _DO, _DONT), _Within.OPTION) | {
        _SB: _Within.SUBCOMMAND
    }
