"""A capture of a meter that speaks text, whichever of the four forms it has; see `p1`, `tic` and `readout`.

Which one it is, its first telling octets say: an STX before groups with a label is TIC, an STX before data sets is a
readout, a `/` or a sealed frame is P1. What is none of these is not refused here: somebody else may know it.
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from gateway.core.dlms import p1, readout, sealed_telegram, tic
from gateway.core.dlms.opto import from_7e1
from gateway.core.dlms.push_keys import PushKeys
from gateway.core.dlms.pushed import Push

Reader: TypeAlias = Callable[[bytes, PushKeys | None], Sequence[Push]]

_SEARCHED_BYTES = 16_384
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
