"""A customer's own link: a page about her home that needs no account and opens nothing else.

A message that needs her consent carries a lesser link: it says no to one purpose, and opens nothing at all.

The link holds the customer's name in the utility's files and a keyed hash (HMAC-SHA-256) of it; only who holds the key
can make one, and one cannot be turned into another's. The key lies in the state folder like the other secrets. Who
replaces it ends every link that was ever handed out.

In goes a token as it stands in an address; out comes whose it is, or None, which says nothing of why.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cloud.customers.consent import Purpose
from cloud.kernel.errors import IdentifierRefused
from cloud.kernel.ids import CustomerId
from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused
from runtime.reading import read_secret

_KEY_BYTES: Final = 32
_PROOF_BYTES: Final = 24
_CONTEXT: Final = b"lamplight customer link 1\0"
_STOP_CONTEXT: Final = b"lamplight stop link 1\0"
_MARK: Final = "~"  # stands in no identifier


def write_new_key(path: Path) -> None:
    """Make a random key and put it into `path`, readable by its owner only."""
    write_atomically(path, secrets.token_bytes(_KEY_BYTES).hex().encode() + b"\n", mode=0o600)


def read_key(path: Path) -> bytes:
    """The key of `path`; raises EnvironmentRefused when it is missing, none, or others can read it."""
    again = "run `lamplight-cloud new-token --customers` on the state folder for a new one; old links end with it"
    try:
        key = bytes.fromhex(read_secret(path).decode("ascii").strip())
    except (OSError, ValueError) as error:
        raise EnvironmentRefused("the key of customers' links cannot be read", where=str(path), do=again) from error
    if len(key) != _KEY_BYTES:
        raise EnvironmentRefused("the key of customers' links is not one", where=str(path), do=again)
    return key


class CustomerLinks:
    """Makes and checks customers' tokens. Holds the key and shows it to nobody."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token_for(self, customer: CustomerId) -> str:
        """What stands behind /you/ in this customer's link."""
        return f"{customer}{_MARK}{self._proof(customer)}"

    def customer_of(self, token: str) -> CustomerId | None:
        """Whose token this is; None when it is nobody's."""
        name, _, proof = token.partition(_MARK)
        is_right = hmac.compare_digest(proof.encode(), self._proof(name).encode())
        try:
            return CustomerId.parse(name) if is_right else None
        except IdentifierRefused:
            return None

    def stop_token_for(self, customer: CustomerId, purpose: Purpose) -> str:
        """What stands behind /stop/ in the link by which she says no to this purpose."""
        name = f"{customer}{_MARK}{purpose}"
        return f"{name}{_MARK}{self._proof(name, _STOP_CONTEXT)}"

    def stopped_by(self, token: str) -> tuple[CustomerId, Purpose] | None:
        """Who says no by this token, and to what; None when it is nobody's."""
        name, _, proof = token.rpartition(_MARK)
        customer, _, purpose = name.partition(_MARK)
        is_right = hmac.compare_digest(proof.encode(), self._proof(name, _STOP_CONTEXT).encode())
        try:
            return (CustomerId.parse(customer), Purpose(purpose)) if is_right else None
        except (IdentifierRefused, ValueError):
            return None

    def way_out(self, public_url: str) -> Callable[[CustomerId, Purpose], str]:
        """What makes the address of such a link; it makes none where customers cannot reach the page."""

        def address(customer: CustomerId, purpose: Purpose) -> str:
            return f"{public_url.rstrip('/')}/stop/{self.stop_token_for(customer, purpose)}" if public_url else ""

        return address

    def _proof(self, name: str, context: bytes = _CONTEXT) -> str:
        digest = hmac.new(self._key, context + name.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:_PROOF_BYTES]).decode()
