"""What checks of one octet let through: the block check of a readout, the sums of M-Bus and of TIC.

The same kind of damage as for a CRC-16: three to eight characters in a row are others, chosen freely among those that
no other rule refuses. A sum over six bits tells less than one over eight.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from gateway.core.dlms.push.m_bus import MBusDeframer
from gateway.core.telegrams import readout, tic

_BLOCK_TEXT = b"0.0.0(12345678)\r\n1.8.0(000123.4*kWh)\r\n!\r\n\x03"
_GROUP = b"EAST\t012345678\t"
_TELEGRAM = bytes.fromhex("0f80010c09") + bytes(24)
_PRINTABLE = bytes(range(0x20, 0x7F))


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of the damaged were believed, and how many that check cannot tell."""

    what: str
    believed: float
    expected: float
    expected_name: str


def shares(count: int, chance: random.Random) -> tuple[Share, ...]:
    """Each check on so many damaged ones."""
    block = _BLOCK_TEXT + bytes([readout.block_check(_BLOCK_TEXT)])
    group = _GROUP + bytes([(sum(_GROUP) & 0x3F) + 0x20])
    return (
        _share("block check", 2**-7, "2^-7", count, lambda: readout.is_whole(_replaced(block, len(block) - 5, chance))),
        _share("sum of TIC", 2**-6, "2^-6", count, lambda: tic.is_sound(_replaced(group, 13, chance))),
        _share("sum of M-Bus", 2**-8, "2^-8", count, lambda: _takes_m_bus(chance)),
    )


def _share(what: str, expected: float, name: str, count: int, is_believed: Callable[[], bool]) -> Share:
    believed = sum(is_believed() for _ in range(count)) / count
    return Share(what=what, believed=believed, expected=expected, expected_name=name)


def _replaced(text: bytes, end: int, chance: random.Random) -> bytes:
    size = chance.randint(3, 8)
    at = chance.randrange(end - size)
    other = bytes(chance.choice(_PRINTABLE) for _ in range(size))
    return text[:at] + other + text[at + size :]


def _takes_m_bus(chance: random.Random) -> bool:
    body = bytes((0x53, 0xFF, 0x10, 0x01, 0x67)) + _TELEGRAM
    header = bytes((0x68, len(body), len(body), 0x68))
    trailer = bytes((sum(body) & 0xFF, 0x16))
    size = chance.randint(3, 8)
    at = chance.randrange(5, len(body) - size)
    spoilt = body[:at] + chance.randbytes(size) + body[at + size :]
    return bool(MBusDeframer().feed(header + spoilt + trailer))
