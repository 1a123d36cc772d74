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
from gateway.core.dlms.push.capture_kind import CaptureKind, refusal
from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.pushed import Protection
from gateway.core.errors import Undecodable
from runtime.secret import Secret

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
    """The APDU that was inside, by whom (a system title), under which invocation counter, and how it was protected."""

    apdu: bytes = field(repr=False)
    sender: bytes
    counter: int
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
    control, counter, contents = body[:1], body[1 : 1 + _COUNTER_BYTES], body[1 + _COUNTER_BYTES :]
    if len(counter) < _COUNTER_BYTES or (control[0] & _AUTHENTICATED and len(contents) < TAG_BYTES):
        raise Undecodable("a ciphered message is shorter than its header and tag")
    seal = _Seal(control=control[0], nonce=title + counter, contents=contents)
    inside, protection = _opened(seal, keys, looks_right)
    return Opened(apdu=inside, sender=title, counter=int.from_bytes(counter, "big"), protection=protection)


def _opened(seal: "_Seal", keys: PushKeys | None, looks_right: Callable[[bytes], bool]) -> tuple[bytes, Protection]:
    """What is inside and how it was protected, as the security control octet says."""
    if seal.control & _COMPRESSED:
        raise refusal(CaptureKind.CIPHERED, "and compressed, which is not opened here", do="ask its maker")
    if not seal.is_encrypted and not seal.has_tag:
        return seal.contents, Protection.NONE
    if not seal.is_encrypted and (keys is None or keys.auth_key is None):
        return seal.inside, Protection.UNCHECKED
    if keys is None:
        raise refusal(CaptureKind.CIPHERED)
    _check_lengths(seal.control, keys)
    if seal.has_tag and keys.auth_key is not None:
        return seal.checked(keys.key, keys.auth_key, looks_right), Protection.CHECKED
    plain = seal.deciphered(keys.key)
    if not looks_right(plain):
        raise refusal(CaptureKind.WRONG_KEY, "what comes out is no APDU, so the encryption key is another")
    return plain, Protection.UNCHECKED


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
    """How one message was sealed: its security control octet, its nonce, and what follows them."""

    control: int
    nonce: bytes
    contents: bytes = field(repr=False)

    @property
    def is_encrypted(self) -> bool:
        return bool(self.control & _ENCRYPTED)

    @property
    def has_tag(self) -> bool:
        return bool(self.control & _AUTHENTICATED)

    @property
    def inside(self) -> bytes:
        """The contents without their tag."""
        return self.contents[:-TAG_BYTES] if self.has_tag else self.contents

    def checked(self, key: Secret, auth_key: Secret, looks_right: Callable[[bytes], bool]) -> bytes:
        """The APDU, its tag verified; raises CaptureRefused."""
        associated = bytes([self.control]) + auth_key.reveal()
        mode = GCM(self.nonce, self.contents[-TAG_BYTES:], min_tag_length=TAG_BYTES)
        decryptor = Cipher(AES(key.reveal()), mode).decryptor()
        decryptor.authenticate_additional_data(associated if self.is_encrypted else associated + self.inside)
        try:
            plain = decryptor.update(self.inside) if self.is_encrypted else self.inside
            decryptor.finalize()
        except InvalidTag:
            raise self._wrong_key(key, looks_right) from None
        return plain

    def deciphered(self, key: Secret) -> bytes:
        """The APDU, its tag, where it has one, taken off unseen."""
        return Cipher(AES(key.reveal()), CTR(self.nonce + _FIRST_KEYSTREAM_BLOCK)).decryptor().update(self.inside)

    def _wrong_key(self, key: Secret, looks_right: Callable[[bytes], bool]) -> Exception:
        """A tag that does not hold says that one of the keys is another; what comes out may say which."""
        why = "its tag does not hold: one of the two keys is another"
        if self.is_encrypted and looks_right(self.deciphered(key)):
            why = (
                "its tag does not hold, and the encryption key opens it: the authentication key is another, "
                "or somebody changed the message"
            )
        elif self.is_encrypted:
            why = "its tag does not hold and no APDU comes out: the encryption key is another"
        return refusal(CaptureKind.WRONG_KEY, why)
