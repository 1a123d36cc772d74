"""The data readout of IEC 62056-21: what a meter in mode A, B or C says once it was asked.

    STX  0.0.0(12345678) CR LF  1.8.0(000123.4*kWh) CR LF ...  ! CR LF  ETX  block check

What comes in is a whole exchange as it passed on the line (request, identification, choice and block; with parity bits
or without), or the block alone; what goes out is one `Push` for each block whose check holds. The check is one octet,
the XOR of all after STX: it misses one damaged block in 256, so counters wait for a second readout that agrees.

Refused by name: a block that is cut off, whose check does not hold and that was not repeated, or that holds no values.
"""

import functools
import operator
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

from gateway.core.dlms.cosem_time import CosemDateTime
from gateway.core.dlms.obis import Obis
from gateway.core.dlms.opto import from_7e1
from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.pushed import Proof, Push, PushedReading
from gateway.core.errors import CaptureRefused
from gateway.core.telegrams import data_sets
from gateway.core.telegrams.data_sets import DataSet
from gateway.core.telegrams.text_readings import reading_of, verbatim

MAX_BLOCK_BYTES = 65_536
_STX, _ETX = b"\x02", b"\x03"
_STX_OF_SEVEN_BITS = b"\x82"
_IDENTIFICATION = re.compile(rb"/([A-Za-z]{3}[!-~][ -~]{0,64})\r?\n")
_TIME, _DATE = Obis.parse("1-0:0.9.1"), Obis.parse("1-0:0.9.2")
_STAMP = re.compile(r"(\d\d)[-.]?(\d\d)[-.]?(\d\d)[ ,]?(\d\d):?(\d\d)(?::?(\d\d))?", re.ASCII)


class ReadoutKind(StrEnum):
    """What a readout is, or why it is refused."""

    READOUT = "data-readout"
    DAMAGED = "data-readout-damaged"


def block_check(octets: bytes) -> int:
    """The XOR over seven bits of everything after STX, ETX included.

    >>> chr(block_check(b"B0\\x03"))
    'q'
    """
    return functools.reduce(operator.xor, octets, 0) & 0x7F


def is_whole(block: bytes) -> bool:
    """Whether a block, from behind STX to its check, is what the meter sent; characters as `from_7e1` gives them."""
    return (
        len(block) > 2 and block[-2:-1] == _ETX and block_check(block[:-1]) == block[-1] and b"\x00" not in block[:-1]
    )


def read_block(block: bytes, identification: str) -> Push:
    """A block whose check holds, from behind STX on, as a push; raises CaptureRefused."""
    text = block[:-2].decode("ascii", "replace")
    sets = [found for line in text.replace("\r", "\n").split("\n") for found in data_sets.data_sets(line.strip()) or ()]
    if not sets:
        raise _damaged("it holds no values")
    named = [(obis, item.values) for item in sets if (obis := data_sets.obis_of(item.code)) is not None]
    readings = tuple(_reading(obis, values) for obis, values in named)
    return Push(
        kind=ReadoutKind.READOUT,
        sent_at=_clock(sets),
        readings=readings,
        unnamed=len(sets) - len(named),
        proof=Proof.BLOCK_CHECK,
        sender=identification,
    )


def read_telegrams(capture: bytes, _keys: PushKeys | None = None) -> tuple[Push, ...]:
    """Every sound block of a capture, in order; raises CaptureRefused where there is none, or the last is damaged."""
    if len(capture) > MAX_BLOCK_BYTES:
        raise CaptureRefused(ReadoutKind.DAMAGED, f"a readout of more than {MAX_BLOCK_BYTES} octets is not read")
    text = _seven_bits(capture)
    blocks = list(_blocks(text))
    if not blocks:
        raise _damaged("no block begins here, or it has no end")
    if not is_whole(blocks[-1]):
        raise _damaged("its block check does not hold")
    who = _IDENTIFICATION.search(text)
    identification = who[1].decode("ascii") if who else ""
    return tuple(read_block(block, identification) for block in blocks if is_whole(block))


def _seven_bits(capture: bytes) -> bytes:
    starts = [at for at in (capture.find(_STX), capture.find(_STX_OF_SEVEN_BITS)) if at >= 0]
    return from_7e1(capture) if starts and capture[min(starts)] == _STX_OF_SEVEN_BITS[0] else capture


def _blocks(text: bytes) -> Iterator[bytes]:
    at = text.find(_STX)
    while at >= 0:
        end = text.find(_ETX, at)
        if end < 0:
            return
        yield text[at + 1 : end + 2]
        at = text.find(_STX, end + 1)


def _reading(obis: Obis, values: tuple[str, ...]) -> PushedReading:
    at = stamp(values[1]) if len(values) == 2 else None
    if len(values) > 2 or (len(values) == 2 and at is None and values[1]):
        return verbatim(obis, values)
    return reading_of(obis, values[0], at)


def stamp(text: str) -> CosemDateTime | None:
    """When a value was, as `YYMMDDhhmm` with or without marks between; None for anything else.

    >>> stamp("08-03-19 09:15").text()
    '2008-03-19T09:15:00'
    """
    match = _STAMP.fullmatch(text.removeprefix("20") if len(text) > 15 else text)
    return data_sets.local_time("".join(field or "00" for field in match.groups())) if match else None


def _clock(sets: Sequence[DataSet]) -> CosemDateTime | None:
    """The meter's own time, from its date and its time of day; some put a digit for the season before them."""
    told = {data_sets.obis_of(item.code): "".join(filter(str.isdecimal, item.values[0])) for item in sets}
    date, time = told.get(_DATE, ""), told.get(_TIME, "")
    if len(time) == 4:
        time += "00"
    return data_sets.local_time(date[-6:] + time[-6:]) if len(date) >= 6 and len(time) >= 6 else None


def _damaged(why: str) -> CaptureRefused:
    do = "capture it again; if it lasts, seat the head anew and shade it from light"
    return CaptureRefused(ReadoutKind.DAMAGED, f"this is a data readout, damaged: {why}", do=do)
