"""A P1 telegram that is sealed: text in general-glo-ciphering, as Luxembourg and parts of Austria send it.

    DB 08 <system title, 8> [82 <length, 2>] 30 <invocation counter, 4> <ciphertext> <tag, 12>

What comes in is one frame, what goes out is the text, and whether its tag was checked. Some meters leave the length
out; then the frame is as long as what came before a pause. The authentication key of Luxembourg is public and the same
for every meter, and is tried where none is handed in. Where the tag does not fit it, the text alone can tell: one that
begins as a telegram does was decrypted with the right key, and goes out UNCHECKED.

Refused, as CaptureRefused: what `sealed` refuses, and a frame that is cut off.
"""

from dataclasses import replace

from gateway.core.dlms.push.capture_kind import CaptureKind, refusal
from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.sealed import TITLE_BYTES, Opened, unseal
from gateway.core.errors import CaptureRefused, Undecodable
from runtime.secret import Secret

HEAD = b"\xdb\x08"
MAX_HEAD_BYTES = 32
_TITLE_END = len(HEAD) + TITLE_BYTES
_CONTROLS = (0x10, 0x20, 0x30)  # security control octets of suite 0, where a length might stand as well
_SHORTEST_BYTES = 40  # no telegram is as short, so that a security control is not taken for a length
_PUBLIC_AUTH_KEY = Secret(bytes.fromhex("00112233445566778899aabbccddeeff"))


def size(head: bytes) -> int | None:
    """How long the frame is that begins so; None while that cannot be told, or where it does not say."""
    length = _length(head)
    return None if length is None else sum(length)


def opened(frame: bytes, keys: PushKeys | None) -> Opened:
    """What is in a frame, the text as its `apdu`; raises CaptureRefused."""
    begin, length = _length(frame) or (_TITLE_END, len(frame) - _TITLE_END)
    body = frame[begin : begin + length]
    if len(body) < length or length < _SHORTEST_BYTES:
        raise refusal(CaptureKind.DAMAGED, "a sealed telegram is cut off")
    whole = frame[:_TITLE_END] + b"\x82" + len(body).to_bytes(2, "big") + body
    try:
        return _unsealed(whole, keys)
    except Undecodable as error:
        if isinstance(error, CaptureRefused):
            raise
        raise refusal(CaptureKind.DAMAGED, error.what) from error


def _unsealed(apdu: bytes, keys: PushKeys | None) -> Opened:
    if keys is None or keys.auth_key is not None:
        return unseal(apdu, keys, _is_telegram)
    try:
        return unseal(apdu, replace(keys, auth_key=_PUBLIC_AUTH_KEY), _is_telegram)
    except CaptureRefused:
        return unseal(apdu, keys, _is_telegram)


def _length(frame: bytes) -> tuple[int, int] | None:
    """Where the security control stands and how many octets there are from it on, where the frame says."""
    head = frame[_TITLE_END : _TITLE_END + 4]
    if not head or head[0] in _CONTROLS:
        return None
    size_of_length = head[0] - 0x80 if head[0] in (0x81, 0x82, 0x83) else 0
    if len(head) <= size_of_length:
        return None
    length = int.from_bytes(head[1 : 1 + size_of_length], "big") if size_of_length else head[0]
    return _TITLE_END + 1 + size_of_length, length


def _is_telegram(text: bytes) -> bool:
    return text[:1] == b"/" and text[1:4].isalnum() and text[:16].isascii()
