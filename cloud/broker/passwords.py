"""Passwords of the broker's users, in mosquitto's own file format, so that both brokers read one file.

    7Z0M4QDA:$7$101$<salt, base64>$<PBKDF2-SHA512, base64>

Every password is 32 random bytes that no person chose or types, so it cannot be guessed and a high count of rounds
would only slow the broker down.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Final

_ROUNDS: Final = 101  # mosquitto's own default
_MAX_ROUNDS: Final = 1_000_000
_SALT_BYTES: Final = 12
_HASH_BYTES: Final = 64


def new_password() -> str:
    """A password nobody will ever type."""
    return secrets.token_urlsafe(32)


def hashed(password: str) -> str:
    """The password as it may be written down."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return f"$7${_ROUNDS}${_base64(salt)}${_base64(_derived(password, salt, _ROUNDS))}"


def matches(password: str, password_hash: str) -> bool:
    """Whether this is the password that was hashed; false for a hash of another form."""
    try:
        empty, kind, rounds, salt, expected = password_hash.split("$")
        if (empty, kind) != ("", "7") or not 0 < int(rounds) <= _MAX_ROUNDS:
            return False
        derived = _derived(password, base64.b64decode(salt, validate=True), int(rounds))
        return hmac.compare_digest(derived, base64.b64decode(expected, validate=True))
    except (ValueError, binascii.Error):
        return False


def password_file(password_hashes: Mapping[str, str]) -> str:
    """The file of all users."""
    return "".join(f"{user}:{password_hash}\n" for user, password_hash in sorted(password_hashes.items()))


def parse_password_file(text: str) -> dict[str, str]:
    """The users of such a file; what is no line of it is passed over."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {user: password_hash for user, colon, password_hash in pairs if user and colon}


def _derived(password: str, salt: bytes, rounds: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds, _HASH_BYTES)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
