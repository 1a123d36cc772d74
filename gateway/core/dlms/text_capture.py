"""Which reader a text capture is for: P1 and its kin, Linky TIC, or the data readout of IEC 62056-21.

What comes in is a capture that may be text, with the parity bits of 7E1 or without; what goes out is what its reader
makes of it, or None for what is no text of a meter. A telegram that was copied from a screen has lost its carriage
returns, over which its CRC was made: where it does not hold without them, it is tried with them.
"""

import re
from collections.abc import Callable
from types import ModuleType
from typing import TypeAlias

from gateway.core.dlms import p1, tic
from gateway.core.dlms.push_keys import PushKeys
from gateway.core.dlms.pushed import Push
from gateway.core.errors import CaptureRefused

Outcomes: TypeAlias = tuple[Push | CaptureRefused, ...]
_Reader: TypeAlias = Callable[[bytes, PushKeys | None], tuple[Push, ...]]

_WITHOUT_PARITY = bytes(octet & 0x7F for octet in range(256))
_TEXT = bytes((*b"\x00\x02\x03\x04\x06\t\n\r\x15\x7f", *range(0x20, 0x7F)))
_TIC = re.compile(rb"\x02\n[A-Z0-9+-]{2,10}[ \t]")
_HEAD = re.compile(rb"/[A-Za-z0-9]{3}[^\r\n/]{1,90}[\r\n]")
_MAX_STRANGE = 0.1  # how much of a text may be no text, of a line that disturbs it
_STX = b"\x02"


def is_text(capture: bytes) -> bool:
    """Whether the octets are text for the most part, under parity bits perhaps, and a meter's text begins in them."""
    masked = capture.translate(_WITHOUT_PARITY)
    strange = len(masked.translate(None, _TEXT))
    return strange <= _MAX_STRANGE * len(masked) and (_HEAD.search(masked) or _TIC.search(masked)) is not None


def open_text(capture: bytes, keys: PushKeys | None) -> Outcomes:
    """What the capture says, or the refusal that says why it says nothing."""
    reader = _reader(capture)
    outcomes = _read(reader, capture, keys)
    if isinstance(outcomes[0], CaptureRefused) and b"\r" not in capture:
        with_returns = _read(reader, capture.replace(b"\n", b"\r\n"), keys)
        return outcomes if isinstance(with_returns[0], CaptureRefused) else with_returns
    return outcomes


def _reader(capture: bytes) -> _Reader:
    masked = capture.translate(_WITHOUT_PARITY)
    module: ModuleType = p1
    if _TIC.search(masked):
        module = tic
    reader: _Reader = module.read_telegrams
    return reader


def _read(reader: _Reader, capture: bytes, keys: PushKeys | None) -> Outcomes:
    try:
        return reader(capture, keys)
    except CaptureRefused as refused:
        return (refused,)
