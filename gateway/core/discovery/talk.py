"""What talks on a line without being asked, told from a few seconds of it: at which speed and characters, and what.

A customer port (P1, TIC, a HAN port) speaks by itself every one to ten seconds; an optical head and a bus are silent.
At the wrong speed octets come and mean nothing, so one sound telegram, frame or label is what counts.
"""

from dataclasses import dataclass

from gateway.core.dlms.hdlc import Deframer
from gateway.core.dlms.opto import from_7e1
from gateway.core.telegrams import sealed_telegram

SPEEDS = (9_600, 115_200, 2_400, 1_200)  # in the order they are listened at
LONGEST_PAUSE_S = 11.0  # between two telegrams of one meter: P1 before v5 and most HAN ports speak every 10 s
_MIN_TEXT_OCTETS = 12
_MIN_SEALED_OCTETS = 100
_M_BUS_START, _M_BUS_STOP, _M_BUS_OVERHEAD = 0x68, 0x16, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """What talks: `kind` for programs, `words` for people."""

    kind: str
    words: str
    baud: int
    character: str


def recognised(heard: bytes, baud: int) -> Talk | None:
    """What talks at this speed, None while that cannot be said.

    >>> recognised(b"\\r\\n/ISk5\\\\2MT382-1000\\r\\n\\r\\n1-3:0.2.8(50)\\r\\n", 115_200).kind
    'p1'
    """
    if Deframer().feed(heard):
        return Talk(kind="hdlc-push", words="pushes in HDLC frames", baud=baud, character="8N1")
    if _has_m_bus_frame(heard):
        return Talk(kind="m-bus-push", words="pushes in M-Bus frames", baud=baud, character="8N1")
    if _has_sealed_telegram(heard):
        return Talk(kind="p1", words="sealed P1 telegrams", baud=baud, character="8N1")
    for character, text in (("8N1", heard), ("7E1", from_7e1(heard))):
        kind_and_words = _text(text)
        if kind_and_words is not None:
            return Talk(kind=kind_and_words[0], words=kind_and_words[1], baud=baud, character=character)
    return None


def _text(text: bytes) -> tuple[str, str] | None:
    lines = text.replace(b"\r", b"\n").split(b"\n")
    labels = {line.split(b"\t" if b"\t" in line else b" ")[0].strip(b"\x02") for line in lines[:-1]}
    if labels & {b"ADSC", b"EASF01", b"VTIC"}:
        return "tic-standard", "Linky TIC, standard"
    if labels & {b"ADCO", b"BASE", b"PAPP", b"OPTARIF"}:
        return "tic-historic", "Linky TIC, historic"
    heads = [line for line in lines[:-1] if line[:1] == b"/" and line[1:4].isalpha() and len(line) > 5]
    codes = [line for line in lines if b":" in line and b"(" in line and _is_text(line)]
    if codes and len(text) >= _MIN_TEXT_OCTETS:
        return ("p1", f"P1 telegrams of {heads[0][1:4].decode()}") if heads else ("p1", "P1 telegrams")
    return None


def _is_text(line: bytes) -> bool:
    return all(0x20 <= octet < 0x7F for octet in line)


def _has_sealed_telegram(heard: bytes) -> bool:
    at = heard.find(sealed_telegram.HEAD)
    size = sealed_telegram.size(heard[at:]) if at >= 0 else None
    return size is not None and _MIN_SEALED_OCTETS <= size <= len(heard) - at


def _has_m_bus_frame(heard: bytes) -> bool:
    at = heard.find(_M_BUS_START)
    while 0 <= at < len(heard) - _M_BUS_OVERHEAD:
        length = heard[at + 1]
        end = at + length + _M_BUS_OVERHEAD
        if heard[at + 2 : at + 4] == bytes([length, _M_BUS_START]) and len(heard) >= end:
            body = heard[at + 4 : end - 2]
            if heard[end - 1] == _M_BUS_STOP and sum(body) & 0xFF == heard[end - 2]:
                return True
        at = heard.find(_M_BUS_START, at + 1)
    return False
