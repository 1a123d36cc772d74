"""What is ciphered in suite 0, opened with both keys: AES-GCM over control octet and authentication key.

For whoever looks on: what does not open gives None, and why is not asked.
"""

from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM

from runtime.secret import Secret

_HEAD_BYTES, _TAG_BYTES = 5, 12
_AUTHENTICATED_AND_ENCRYPTED = 0x30


def opener(key: Secret, auth_key: Secret) -> Callable[[bytes, bytes], bytes | None]:
    """What opens protected octets of a system title; None for what does not open."""

    def opened(title: bytes, sealed: bytes) -> bytes | None:
        control, counter, contents = sealed[:1], sealed[1:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        if control != bytes([_AUTHENTICATED_AND_ENCRYPTED]) or len(contents) < _TAG_BYTES:
            return None
        mode = GCM(title + counter, contents[-_TAG_BYTES:], min_tag_length=_TAG_BYTES)
        try:
            decryptor = Cipher(AES(key.reveal()), mode).decryptor()
            decryptor.authenticate_additional_data(control + auth_key.reveal())
            return decryptor.update(contents[:-_TAG_BYTES]) + decryptor.finalize()
        except (InvalidTag, ValueError):
            return None

    return opened
