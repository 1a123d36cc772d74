"""The gateway's private key in a file: made once, for its owner's eyes only, and never shown.

A key that others could have read is refused: what it signed would prove nothing. Where a TPM or a PKCS#11 token holds
the private half, the file says which of them, and holds the public half, by which the other one is found there.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused, InputRefused
from runtime.reading import read_at_most
from wire.keys import PublicKey, SoftwareSigner

PRIVATE_MODE, PUBLIC_MODE = 0o600, 0o644
_OTHERS = 0o077
_MAX_BYTES = 100_000
_HELD_BY = re.compile(rb"held by ([a-z0-9]{1,16})\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """A key whose private half is in hardware; `keeper` is the word for what holds it."""

    keeper: str
    public: PublicKey

    def to_file(self) -> bytes:
        """What stands in the file instead of a private key."""
        return f"held by {self.keeper}\n".encode() + self.public.to_pem()


def make_key(private: Path, public: Path) -> SoftwareSigner:
    """Make a key pair, once; raises InputRefused when there is one, EnvironmentRefused when it cannot be written."""
    if private.exists():
        raise InputRefused(
            "there is a key already",
            where=str(private),
            do="choose another folder; to change a key: lamplight-gateway key rotate",
        )
    signer = SoftwareSigner.generate()
    write_atomically(private, signer.to_pem(), mode=PRIVATE_MODE)
    write_atomically(public, signer.public.to_pem(), mode=PUBLIC_MODE)
    return signer


def load_key(private: Path) -> SoftwareSigner:
    """The signer of the key in `private`; raises InputRefused or EnvironmentRefused, which never show its content."""
    found = read_key(private)
    if isinstance(found, HeldKey):
        raise InputRefused(f"the private half of this key is held by {found.keeper}", where=str(private))
    return found


def read_key(private: Path) -> SoftwareSigner | HeldKey:
    """The key in `private`, or which one it stands for; raises as `load_key` does."""
    pem = _read(private)
    held = _HELD_BY.match(pem)
    try:
        if held is None:
            return SoftwareSigner.from_pem(pem)
        return HeldKey(keeper=held[1].decode(), public=PublicKey.from_pem(pem[held.end() :]))
    except ValueError as error:
        do = "restore the file; the key cannot be made again"
        raise InputRefused("this is no P-256 or Ed25519 private key", where=str(private), do=do) from error


def _read(private: Path) -> bytes:
    try:
        mode = private.stat().st_mode
        pem = read_at_most(private, _MAX_BYTES)
    except FileNotFoundError as error:
        do = "make the folder with lamplight-gateway init"
        raise InputRefused("there is no key", where=str(private), do=do) from error
    except OSError as error:
        do = "run as the gateway's user"
        raise EnvironmentRefused(f"cannot read the key: {error.strerror}", where=str(private), do=do) from error
    if mode & _OTHERS:
        do = f"chmod 600 {private}; if others could have read it, make a new gateway"
        raise InputRefused(f"the key is open to others (mode {mode & 0o777:o})", where=str(private), do=do)
    return pem


def tls_file(enrolment: Path) -> Path:
    """Where the TLS key and its certificate lie, if any, when the enrolment lies there; kept by `tls_identity`."""
    return enrolment.with_name("tls.pem")
