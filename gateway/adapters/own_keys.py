"""The gateway's own keys: the one it signs with now, the one that seals, and the one it is named by.

    gateway.pub.pem   the first public key; the gateway's name is made of it and never changes
    key.pem           signs what is said from here on
    sealing-key.pem   seals what is kept secret here, and opens what is sent sealed; without it, key.pem does
    key.next.pem      a key that is made and perhaps not announced yet: there only while keys are changed

The journal decides which of two keys signs, not the files: a change of keys is done once its announcement is in the
journal. Whoever finds a `key.next.pem` asks the journal, and either puts it in place or throws it away (`settle`), so
that a power cut at any moment leaves a gateway that goes on.

The first key goes on as the sealing key when another one signs: what it sealed stays readable, and it signs nothing.
So a gateway whose key moves into a TPM or a token, which only sign, keeps its secrets sealed as they were.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.adapters.hardware_key import KeyKeeper
from gateway.adapters.keys import PRIVATE_MODE, PUBLIC_MODE, HeldKey, load_key, read_key
from runtime.durable import sync_folder, write_atomically
from runtime.errors import EnvironmentRefused, InputRefused
from runtime.reading import read_at_most
from wire.envelope import Signer
from wire.ids import GatewayId, gateway_id_of
from wire.keys import PublicKey, SoftwareSigner

SIGNING_KEY = "signing-key"
"""The name under which the journal remembers the id of the key it was last changed to."""

_MAX_BYTES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFiles:
    """Where the keys are."""

    signing: Path
    sealing: Path
    public: Path

    @property
    def staged(self) -> Path:
        """Where a key waits that is not announced yet."""
        return self.signing.with_name(f"{self.signing.stem}.next{self.signing.suffix}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKeys:
    """The keys as they stand."""

    signer: Signer
    sealing: SoftwareSigner
    first: PublicKey

    @property
    def gateway(self) -> GatewayId:
        """Who this gateway is."""
        return gateway_id_of(self.first.spki)


def load_own_keys(files: KeyFiles, keeper_of: Callable[[str], KeyKeeper]) -> OwnKeys:
    """The keys; raises InputRefused or EnvironmentRefused, which never show any.

    Args:
        keeper_of: the hardware of this word, for a key that it holds.
    """
    found = read_key(files.signing)
    if isinstance(found, HeldKey):
        signer: Signer = keeper_of(found.keeper).signer(found.public)
        sealing = load_key(files.sealing)
    else:
        signer = found
        sealing = load_key(files.sealing) if files.sealing.exists() else found
    return OwnKeys(signer=signer, sealing=sealing, first=_first_key(files.public) or sealing.public)


def stage(files: KeyFiles, keys: OwnKeys, word: str, keeper: KeyKeeper | None) -> Signer:
    """Make the next key, in a file or in the hardware of this word, and let it wait; raises EnvironmentRefused.

    The first key is kept for sealing.
    """
    if not files.sealing.exists():
        write_atomically(files.sealing, keys.sealing.to_pem(), mode=PRIVATE_MODE)
    if not files.public.exists():
        write_atomically(files.public, keys.first.to_pem(), mode=PUBLIC_MODE)
    if keeper is None:
        made = SoftwareSigner.generate()
        write_atomically(files.staged, made.to_pem(), mode=PRIVATE_MODE)
        return made
    new = keeper.make()
    write_atomically(files.staged, HeldKey(keeper=word, public=new.public).to_file(), mode=PRIVATE_MODE)
    return new


def settle(files: KeyFiles, announced: str | None) -> HeldKey | None:
    """Put the waiting key in place if the journal names it, else throw it away; the folder's lock must be held.

    Args:
        announced: what the journal remembers as `SIGNING_KEY`.

    Returns: the key in hardware that nobody needs any more, if there is one.
    """
    if not files.staged.exists():
        return None
    waiting = read_key(files.staged)
    idle: SoftwareSigner | HeldKey | None = waiting
    try:
        if waiting.public.key_id.hex() == announced:
            idle = _old_key(files.signing)
            os.replace(files.staged, files.signing)  # noqa: PTH105 - beside its fsync, the system call is clearer
        else:
            files.staged.unlink()
        sync_folder(files.signing.parent)
    except OSError as error:
        what = f"cannot put the key in place: {error.strerror}"
        raise EnvironmentRefused(what, where=str(files.signing), do="check the folder's rights and its disk") from error
    return idle if isinstance(idle, HeldKey) else None


def check_signs(key: PublicKey, announced: str | None, where: Path) -> None:
    """Raise InputRefused when the journal `where` says that another key signs since."""
    if announced is not None and announced != key.key_id.hex():
        what = f"the journal is signed with key {announced} since, and this is {key.key_id.hex()}"
        do = "restore the key that was made last; an older one is not believed any more"
        raise InputRefused(what, where=str(where), do=do)


def _old_key(signing: Path) -> SoftwareSigner | HeldKey | None:
    try:
        return read_key(signing)
    except (InputRefused, EnvironmentRefused):  # whatever it is, another one takes its place
        return None


def _first_key(public: Path) -> PublicKey | None:
    try:
        return PublicKey.from_pem(read_at_most(public, _MAX_BYTES))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EnvironmentRefused(f"cannot read: {error.strerror}", where=str(public)) from error
    except ValueError as error:
        do = "restore it; without it the gateway takes its name from its sealing key"
        raise InputRefused("this is no P-256 or Ed25519 public key", where=str(public), do=do) from error
