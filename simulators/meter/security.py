"""Security suite 0 as a meter needs it: AES-128-GCM with tags of 12 octets (IEC 62056-53, Green Book 9.2).

A nonce is the speaker's system title and its invocation counter, and must never serve twice under one key. Protected
octets travel as the security control, the counter, the ciphered text and its tag. The same keys prove who somebody is:
GMAC is the tag over his challenge, with nothing ciphered. What does not check out is NotOpened, and says no more.
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from runtime.secret import Secret

KEY_BYTES = 16
TITLE_BYTES = 8
TAG_BYTES = 12
COUNTER_BYTES = 4
AUTHENTICATED, AUTHENTICATED_AND_ENCRYPTED = 0x10, 0x30
_HEAD_BYTES = 1 + COUNTER_BYTES


class NotOpened(ValueError):
    """Another key, another speaker, or not what was sent: the three cannot be told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The global unicast encryption key and the authentication key."""

    encryption: Secret
    authentication: Secret


def seal(keys: Keys, title: bytes, counter: int, plain: bytes) -> bytes:
    """Authenticated and encrypted octets of the speaker `title`."""
    control = bytes((AUTHENTICATED_AND_ENCRYPTED,))
    encryptor = Cipher(_aes(keys), modes.GCM(_nonce(title, counter))).encryptor()
    encryptor.authenticate_additional_data(control + keys.authentication.reveal())
    ciphered = encryptor.update(plain) + encryptor.finalize()
    return control + _counter_octets(counter) + ciphered + encryptor.tag[:TAG_BYTES]


def unseal(keys: Keys, title: bytes, sealed: bytes) -> tuple[int, bytes]:
    """The counter and the plain octets of the speaker `title`; raises NotOpened."""
    control, counter, ciphered, tag = _parts(sealed, AUTHENTICATED_AND_ENCRYPTED)
    mode = modes.GCM(_nonce(title, counter), tag, min_tag_length=TAG_BYTES)
    decryptor = Cipher(_aes(keys), mode).decryptor()
    decryptor.authenticate_additional_data(control + keys.authentication.reveal())
    try:
        return counter, decryptor.update(ciphered) + decryptor.finalize()
    except InvalidTag:
        raise NotOpened("the tag does not fit") from None


def prove(keys: Keys, title: bytes, counter: int, challenge: bytes) -> bytes:
    """What the speaker `title` answers to a challenge: f(challenge) of HLS-GMAC."""
    control = bytes((AUTHENTICATED,))
    tag = _gmac(keys, title, counter, control + keys.authentication.reveal() + challenge)
    return control + _counter_octets(counter) + tag


def check_proof(keys: Keys, title: bytes, proof: bytes, challenge: bytes) -> int:
    """The counter of a proof by the speaker `title`; raises NotOpened where it proves nothing."""
    control, counter, nothing, tag = _parts(proof, AUTHENTICATED)
    right = _gmac(keys, title, counter, control + keys.authentication.reveal() + challenge)
    if nothing or not constant_time.bytes_eq(tag, right):
        raise NotOpened("the proof does not fit")
    return counter


def unwrap_key(master: Secret, wrapped: bytes) -> Secret:
    """A new key of 128 bits, sealed under the master key by AES key wrap (RFC 3394); raises NotOpened."""
    try:
        key = aes_key_unwrap(master.reveal(), wrapped)
    except InvalidUnwrap:
        raise NotOpened("wrapped under another key, or no key") from None
    if len(key) != KEY_BYTES:
        raise NotOpened("not a key of this suite")
    return Secret(key)


def counter_of(sealed: bytes) -> int:
    """The invocation counter that stands before ciphered text; raises NotOpened."""
    return _parts(sealed, AUTHENTICATED_AND_ENCRYPTED)[1]


def _parts(octets: bytes, control: int) -> tuple[bytes, int, bytes, bytes]:
    if len(octets) < _HEAD_BYTES + TAG_BYTES or octets[0] != control:
        raise NotOpened("cut off, or of another suite or protection")
    head, text, tag = octets[:_HEAD_BYTES], octets[_HEAD_BYTES:-TAG_BYTES], octets[-TAG_BYTES:]
    return head[:1], int.from_bytes(head[1:], "big"), text, tag


def _gmac(keys: Keys, title: bytes, counter: int, associated: bytes) -> bytes:
    encryptor = Cipher(_aes(keys), modes.GCM(_nonce(title, counter))).encryptor()
    encryptor.authenticate_additional_data(associated)
    encryptor.finalize()
    return encryptor.tag[:TAG_BYTES]


def _aes(keys: Keys) -> algorithms.AES:
    return algorithms.AES(keys.encryption.reveal())


def _nonce(title: bytes, counter: int) -> bytes:
    return title + _counter_octets(counter)


def _counter_octets(counter: int) -> bytes:
    return counter.to_bytes(COUNTER_BYTES, "big")
