"""A P1 telegram that is sealed: text in general-glo-ciphering, as Luxembourg and parts of Austria send it.

    DB 08 <system title, 8> [82 <length, 2>] 30 <invocation counter, 4> <ciphertext> <tag, 12>

What comes in is one frame, what goes out is the text, and whether its tag was checked. The authentication key of
Luxembourg is public and the same for every meter; it is tried where none is handed in. Where the tag does not fit then,
the text alone can tell: one that begins and ends as a telegram does was decrypted with the right key, and goes out
UNCHECKED; one that does not was not. With an authentication key handed in, a tag that does not fit is refused.
"""

import hmac
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gateway.core.dlms.push_keys import PushKeys
from gateway.core.dlms.pushed import Protection
from gateway.core.errors import CaptureRefused

HEAD = b"\xdb\x08"
MAX_HEAD_BYTES = 32
TAG_BYTES = 12
_TITLE_BYTES, _COUNTER_BYTES = 8, 4
_TITLE_END = len(HEAD) + _TITLE_BYTES
_SECURED = {0x20: False, 0x30: True}  # suite 0: whether a tag follows what is ciphered
_SHORTEST_BYTES = 40  # no telegram is as short, so that a security control is not taken for a length
_PUBLIC_AUTH_KEY = bytes.fromhex("00112233445566778899aabbccddeeff")
_DO_KEY = "hand in the key the utility gives for this meter's customer port (--key)"


class SealedKind(StrEnum):
    """Why a sealed telegram is refused."""

    CIPHERED = "ciphered"
    WRONG_KEY = "wrong-key"
    WRONG_AUTH_KEY = "wrong-authentication-key"
    DAMAGED = "p1-damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The text, what vouches for it, and the system title of who sealed it."""

    text: bytes
    protection: Protection
    sender: str
    counter: int


def size(head: bytes) -> int | None:
    """How long the frame is that begins so; None while that cannot be told, or where it does not say."""
    length = _length(head)
    return None if length is None else sum(length)


def opened(frame: bytes, keys: PushKeys | None) -> Opened:
    """The telegram in a frame; raises CaptureRefused."""
    if keys is None:
        raise CaptureRefused(SealedKind.CIPHERED, "this telegram is sealed, and no key was handed in", do=_DO_KEY)
    begin, length = _length(frame) or (_TITLE_END, len(frame) - _TITLE_END)
    sealed = frame[begin : begin + length]
    if len(sealed) < length or length < _SHORTEST_BYTES or sealed[0] not in _SECURED:
        do = "capture it again, whole"
        raise CaptureRefused(SealedKind.DAMAGED, "this sealed telegram is cut off, or sealed in another way", do=do)
    title = frame[len(HEAD) : _TITLE_END]
    number = sealed[1 : 1 + _COUNTER_BYTES]
    counter, nonce = int.from_bytes(number, "big"), title + number
    has_tag = _SECURED[sealed[0]]
    end = len(sealed) - TAG_BYTES if has_tag else len(sealed)
    ciphertext, tag = sealed[1 + _COUNTER_BYTES : end], sealed[end:]
    text, own_tag = _decrypted(sealed[:1], nonce, ciphertext, keys)
    if has_tag and hmac.compare_digest(tag, own_tag):
        return Opened(text=text, protection=Protection.CHECKED, sender=title.hex(), counter=counter)
    if not _is_telegram(text):
        raise CaptureRefused(SealedKind.WRONG_KEY, "this telegram is sealed with another key", do=_DO_KEY)
    if has_tag and keys.auth_key is not None:
        what = "the key opens this telegram, its tag does not fit: it is damaged, or the authentication key is another"
        raise CaptureRefused(SealedKind.WRONG_AUTH_KEY, what, do="check --auth-key; without it the text goes unchecked")
    return Opened(text=text, protection=Protection.UNCHECKED, sender=title.hex(), counter=counter)


def _length(frame: bytes) -> tuple[int, int] | None:
    """Where the security control stands and how many octets there are from it on, where the frame says."""
    head = frame[_TITLE_END : _TITLE_END + 4]
    if not head or head[0] in _SECURED:
        return None
    size_of_length = head[0] - 0x80 if head[0] in (0x81, 0x82, 0x83) else 0
    if len(head) <= size_of_length:
        return None
    length = int.from_bytes(head[1 : 1 + size_of_length], "big") if size_of_length else head[0]
    return _TITLE_END + 1 + size_of_length, length


def _decrypted(control: bytes, nonce: bytes, ciphertext: bytes, keys: PushKeys) -> tuple[bytes, bytes]:
    """The text under these keys, and the tag that it would have."""
    auth_key = _PUBLIC_AUTH_KEY if keys.auth_key is None else keys.auth_key.reveal()
    # The tag is made of the ciphertext, so what is deciphered is ciphered again: no tag is needed to look inside.
    counter = modes.CTR(nonce + b"\x00\x00\x00\x02")
    text = Cipher(algorithms.AES(keys.key.reveal()), counter).decryptor().update(ciphertext)
    sealer = Cipher(algorithms.AES(keys.key.reveal()), modes.GCM(nonce)).encryptor()
    sealer.authenticate_additional_data(control + auth_key)
    sealer.update(text)
    sealer.finalize()
    return text, sealer.tag[:TAG_BYTES]


def _is_telegram(text: bytes) -> bool:
    return text[:1] == b"/" and text[1:4].isalnum() and all(octet < 0x80 for octet in text[:16])
