"""Ciphered APDUs opened: AES-GCM as DLMS uses it (Green Book 9.2.3.3 and 9.2.7), for whoever only listens.

What comes in is one APDU and the keys somebody was given; what goes out is the APDU inside, who sealed it, and whether
that was checked. The security control octet is obeyed: authenticated only, ciphered only, or both; suites 0 and 1 take
keys of 16 octets, suite 2 of 32. Utilities often hand out the encryption key alone: then the tag cannot be checked, and
what is opened says so. A tag that does not hold is never passed over.
Refused by name: no key, a key that is not the one (told apart, as far as octets can tell), and what is sealed in ways a
push is not: general-ciphering, general-signing, compression, or a service-specific seal whose sender nobody named.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR, GCM

from gateway.core.dlms import axdr
from gateway.core.dlms.capture_kind import CaptureKind, refusal
from gateway.core.dlms.push_keys import PushKeys
from gateway.core.dlms.pushed import Protection
from gateway.core.errors import Undecodable

TITLE_BYTES, TAG_BYTES = 8, 12
KEY_BYTES = {0: 16, 1: 16, 2: 32}
_COUNTER_BYTES = 4
_AUTHENTICATED, _ENCRYPTED, _COMPRESSED = 0x10, 0x20, 0x80
_SUITE = 0x0F
_WITH_TITLE = (0xDB, 0xDC)  # general-glo-ciphering, general-ded-ciphering
_WITHOUT_TITLE = (0xCA, 0xD2)  # glo- and ded-event-notification-request
_NOT_OPENED = {0xDD: "by general-ciphering", 0xDF: "by general-signing"}
_FIRST_KEYSTREAM_BLOCK = struct.pack(">I", 2)  # block 1 is for the tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The APDU that was inside, by whom (a system title), and how it was protected."""

    apdu: bytes = field(repr=False)
    sender: bytes
    protection: Protection


def is_sealed(apdu: bytes) -> bool:
    """Whether the APDU is one that would have to be opened."""
    return bool(apdu) and apdu[0] in (*_WITH_TITLE, *_WITHOUT_TITLE, *_NOT_OPENED)


def behind(apdu: bytes) -> bytes:
    """The octets behind a sealed APDU, by its own lengths; raises Undecodable."""
    rest = apdu[1:]
    if apdu[0] in _WITH_TITLE:
        length, rest = axdr.decode_length(rest)
        rest = rest[length:]
    length, rest = axdr.decode_length(rest)
    if length > len(rest):
        raise Undecodable(f"a ciphered message promises {length} octets and {len(rest)} are there")
    return rest[length:]


def unseal(apdu: bytes, keys: PushKeys | None, looks_right: Callable[[bytes], bool]) -> Opened:
    """The APDU inside; raises CaptureRefused, and Undecodable for what is cut off.

    Args:
        apdu: one for which `is_sealed` holds.
        keys: what opens it, None where nobody has given any.
        looks_right: whether octets are an APDU a meter sends; it tells a wrong key where no tag does.
    """
    if apdu[0] in _NOT_OPENED:
        raise refusal(CaptureKind.CIPHERED, f"{_NOT_OPENED[apdu[0]]}, which is not opened here", do="ask its maker")
    title, body = _title_and_body(apdu, keys)
    if len(body) < 1 + _COUNTER_BYTES:
        raise Undecodable("a ciphered message is shorter than its header")
    control, counter, contents = body[0], body[1 : 1 + _COUNTER_BYTES], body[1 + _COUNTER_BYTES :]
    if control & _COMPRESSED:
        raise refusal(CaptureKind.CIPHERED, "and compressed, which is not opened here", do="ask its maker")
    if control & _AUTHENTICATED and len(contents) < TAG_BYTES:
        raise Undecodable("a ciphered message is shorter than its tag")
    if not control & (_AUTHENTICATED | _ENCRYPTED):
        return Opened(apdu=contents, sender=title, protection=Protection.NONE)
    if not control & _ENCRYPTED and (keys is None or keys.auth_key is None):
        return Opened(apdu=contents[:-TAG_BYTES], sender=title, protection=Protection.UNCHECKED)
    if keys is None:
        raise refusal(CaptureKind.CIPHERED)
    _check_lengths(control, keys)
    seal = _Seal(control=control, nonce=title + counter, contents=contents, keys=keys)
    if control & _AUTHENTICATED and keys.auth_key is not None:
        return Opened(apdu=seal.checked(looks_right), sender=title, protection=Protection.CHECKED)
    plain = seal.deciphered()
    if not looks_right(plain):
        raise refusal(CaptureKind.WRONG_KEY, "what comes out is no APDU, so the encryption key is another")
    return Opened(apdu=plain, sender=title, protection=Protection.UNCHECKED)


def _title_and_body(apdu: bytes, keys: PushKeys | None) -> tuple[bytes, bytes]:
    title = keys.system_title if keys else b""
    rest = apdu[1:]
    if apdu[0] in _WITH_TITLE:
        length, rest = axdr.decode_length(rest)
        title, rest = rest[:length] or title, rest[length:]
        if length not in (0, TITLE_BYTES):
            raise Undecodable(f"a system title has {TITLE_BYTES} octets, not {length}")
    length, rest = axdr.decode_length(rest)
    if keys is None and length < len(rest):
        raise refusal(CaptureKind.CIPHERED)
    if length != len(rest):
        raise Undecodable(f"a ciphered message promises {length} octets and {len(rest)} are there")
    if len(title) != TITLE_BYTES and keys is not None:
        raise refusal(
            CaptureKind.CIPHERED, "and does not say by whom", do="give the meter's system title with --system-title"
        )
    return title, rest


def _check_lengths(control: int, keys: PushKeys) -> None:
    wanted = KEY_BYTES.get(control & _SUITE)
    if wanted is None:
        raise refusal(
            CaptureKind.CIPHERED, f"by security suite {control & _SUITE}, which is not known", do="ask its maker"
        )
    given = {"encryption": keys.key, "authentication": keys.auth_key}
    for name, key in given.items():
        if key is not None and len(key.reveal()) != wanted:
            raise refusal(
                CaptureKind.WRONG_KEY,
                f"suite {control & _SUITE} has keys of {wanted} octets, this {name} key has {len(key.reveal())}",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seal:
    """What one message was sealed with, but for the keys' own secrets, which are looked at where they are used."""

    control: int
    nonce: bytes
    contents: bytes = field(repr=False)
    keys: PushKeys

    def checked(self, looks_right: Callable[[bytes], bool]) -> bytes:
        """The APDU, its tag verified; raises CaptureRefused."""
        assert self.keys.auth_key is not None
        inside, tag = self.contents[:-TAG_BYTES], self.contents[-TAG_BYTES:]
        associated = bytes([self.control]) + self.keys.auth_key.reveal()
        is_encrypted = bool(self.control & _ENCRYPTED)
        mode = GCM(self.nonce, tag, min_tag_length=TAG_BYTES)
        decryptor = Cipher(AES(self.keys.key.reveal()), mode).decryptor()
        decryptor.authenticate_additional_data(associated if is_encrypted else associated + inside)
        try:
            plain = decryptor.update(inside) if is_encrypted else inside
            decryptor.finalize()
        except InvalidTag:
            raise self._wrong_key(looks_right) from None
        return plain

    def deciphered(self) -> bytes:
        """The APDU, its tag, where it has one, taken off unseen."""
        inside = self.contents[:-TAG_BYTES] if self.control & _AUTHENTICATED else self.contents
        mode = CTR(self.nonce + _FIRST_KEYSTREAM_BLOCK)
        return Cipher(AES(self.keys.key.reveal()), mode).decryptor().update(inside)

    def _wrong_key(self, looks_right: Callable[[bytes], bool]) -> Exception:
        """A tag that does not hold says that one of the keys is another; what comes out may say which."""
        if not self.control & _ENCRYPTED:
            return refusal(CaptureKind.WRONG_KEY, "its tag does not hold: one of the two keys is another")
        if looks_right(self.deciphered()):
            return refusal(
                CaptureKind.WRONG_KEY,
                "its tag does not hold, and the encryption key opens it: the authentication key is another, "
                "or somebody changed the message",
            )
        return refusal(
            CaptureKind.WRONG_KEY, "its tag does not hold and no APDU comes out: the encryption key is another"
        )
