"""Which reader a text capture is for: P1 and its kin, Linky TIC, or the data readout of IEC 62056-21.

What comes in is a capture that may be text, with the parity bits of 7E1 or without; what goes out is what its reader
makes of it, or None for what is no text of a meter. Which one it is, its first telling octets say: an STX before groups
with a label is TIC, an STX before data sets is a readout, a `/` or a sealed frame is P1. A telegram that was copied
from a screen has lost its carriage returns, over which its CRC was made: where it does not hold without them, it is
tried with them.
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from gateway.core.dlms.opto import from_7e1
from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.pushed import Push
from gateway.core.errors import CaptureRefused
from gateway.core.telegrams import p1, readout, sealed_telegram, tic

Outcomes: TypeAlias = tuple[Push | CaptureRefused, ...]
Reader: TypeAlias = Callable[[bytes, PushKeys | None], Sequence[Push]]

_SEARCHED_BYTES = 16_384
_WITHOUT_PARITY = bytes(octet & 0x7F for octet in range(256))
_PLAIN = bytes((*b"\x00\x02\x03\x04\x06\t\n\r\x15\x7f", *range(0x20, 0x7F)))
_MAX_STRANGE = 0.1  # how much of a text may be no text, of a line that disturbs it
# TIC has its groups on lines of their own, each ending in a check; a readout has brackets.
_TIC = re.compile(rb"(?:\x02|^)\s*(?:ADCO|ADSC|[A-Z][A-Z0-9+-]{1,9})[ \t][^()\r\n]{1,100}[ \t][ -_][\r\n]")
_READOUT = re.compile(rb"\x02[^()\x02\x03]{0,40}\(")
_P1 = re.compile(rb"/[A-Za-z0-9]{3}[^\r\n]{1,96}[\r\n]")


def reader_of(capture: bytes) -> Reader | None:
    """What reads this capture, None where it is no text of a meter.

    >>> reader_of(b"/ISk5MT382-1000\\r\\n\\r\\n1-0:1.8.1(1*kWh)\\r\\n!\\r\\n") is p1.read_telegrams
    True
    """
    head = capture[:_SEARCHED_BYTES]
    if head.startswith(sealed_telegram.HEAD):
        return p1.read_telegrams
    for text in (head, from_7e1(head)):
        if _READOUT.search(text):
            return readout.read_telegrams
        if _TIC.search(text):
            return tic.read_telegrams
        if _P1.search(text):
            return p1.read_telegrams
    return None


def is_text(capture: bytes) -> bool:
    """Whether the octets are text for the most part, under parity bits perhaps, and a meter's text begins in them."""
    masked = capture.translate(_WITHOUT_PARITY)
    strange = len(masked.translate(None, _PLAIN))
    return strange <= _MAX_STRANGE * len(masked) and reader_of(masked) is not None


def open_text(capture: bytes, keys: PushKeys | None) -> Outcomes:
    """What the capture says, or the refusal that says why it says nothing."""
    reader = reader_of(capture) or reader_of(capture.translate(_WITHOUT_PARITY)) or p1.read_telegrams
    outcomes = _read(reader, capture, keys)
    if isinstance(outcomes[0], CaptureRefused) and b"\r" not in capture:
        with_returns = _read(reader, capture.replace(b"\n", b"\r\n"), keys)
        return outcomes if isinstance(with_returns[0], CaptureRefused) else with_returns
    return outcomes


def _read(reader: Reader, capture: bytes, keys: PushKeys | None) -> Outcomes:
    try:
        return tuple(reader(capture, keys))
    except CaptureRefused as refused:
        return (refused,)
