"""A signing key whose private half never leaves a piece of hardware: what all such hardware does alike.

The hardware gets a digest and gives two numbers; everything else is done here. What it gives is verified before it
goes out: a row of the journal that does not verify would never be taken by the cloud and would stop its lane for good.
Its signatures are not deterministic, and need not be: a row is signed once, and the chain covers what is signed.
"""

import hashlib
from collections.abc import Callable
from typing import Protocol

from gateway.core.errors import KeyUnavailable
from runtime.errors import EnvironmentRefused
from wire.envelope import Signer
from wire.keys import Algorithm, PublicKey, low_s


class KeyKeeper(Protocol):
    """Hardware that makes keys and signs with them; it may raise KeyUnavailable, InputRefused, EnvironmentRefused."""

    def make(self) -> Signer:
        """A new P-256 key, its private half never to be had."""
        ...

    def signer(self, public: PublicKey) -> Signer:
        """The key whose public half this is; EnvironmentRefused where it is not there."""
        ...

    def forget(self, public: PublicKey) -> None:
        """Erase the key, if it is there."""
        ...


class HardwareSigner:
    """Signs through `sign_digest`, which takes a SHA-256 digest and gives r and s, or raises KeyUnavailable."""

    __slots__ = ("_sign_digest", "_where", "public")

    def __init__(self, public: PublicKey, sign_digest: Callable[[bytes], tuple[int, int]], where: str) -> None:
        """`where` names the hardware to a person. Raises ValueError for a key that is not P-256."""
        if public.algorithm is not Algorithm.ESP256:
            raise ValueError("hardware keys are P-256")
        self.public = public
        self._sign_digest = sign_digest
        self._where = where

    def sign(self, data: bytes) -> bytes:
        """64 bytes with low s, verified; raises KeyUnavailable."""
        try:
            signature = low_s(*self._sign_digest(hashlib.sha256(data).digest()))
        except KeyUnavailable:
            raise
        except EnvironmentRefused as refused:  # what ends a start is no reason to end a gateway that runs
            raise KeyUnavailable(refused.what, where=refused.where, do=refused.do) from refused
        except ValueError:
            signature = b""
        if not self.public.verify(data, signature):
            what = "what holds the key gave a signature that does not verify"
            raise KeyUnavailable(what, where=self._where, do="if it stays so, replace the hardware and its gateway")
        return signature
