"""Signing keys in a TPM 2.0, through the commands of tpm2-tools.

A key is made below the owner's primary key, fixed to this TPM and its parent, for signing alone, and made persistent
there: no file of ours can be copied to another machine and sign. It is found again by its public half among the
persistent keys. It has no password of its own: who may open the TPM's device may sign, and nobody may read.

The commands are told what to do by arguments that hold no secret, get a digest on standard input and give the signature
on standard output. The kernel's resource manager (/dev/tpmrm0) keeps those who share the TPM apart; where there is
none, as before an emulator, what a command left behind is flushed. Why not a library: docs/adr/0015.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from gateway.adapters.hardware_key import HardwareSigner
from gateway.core.errors import KeyUnavailable
from runtime.errors import EnvironmentRefused
from wire.envelope import Signer
from wire.keys import PublicKey

WORD = "tpm2"
_TIMEOUT_S = 10.0  # a TPM that is busy with somebody else's RSA key takes seconds; the journal waits meanwhile
_HANDLE = re.compile(rb"0x81[0-9a-fA-F]{6}")
_ATTRIBUTES = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign"
_DO = "check that the TPM is on (ls /dev/tpmrm0) and that the gateway's user is in the group tss"


class TpmKeys:
    """The keys of one TPM, which `tcti` names as tpm2-tools do: device:/dev/tpmrm0."""

    def __init__(self, tcti: str) -> None:
        self._tcti = tcti

    def make(self) -> Signer:
        """A new key, persistent in the TPM."""
        with TemporaryDirectory(prefix="lamplight-tpm-") as folder:
            primary, public, wrapped, key = (f"{folder}/{name}" for name in ("primary", "public", "wrapped", "key"))
            self._run("tpm2_createprimary", "-Q", "-C", "o", "-G", "ecc", "-c", primary)
            self._flush()
            parts = ("-u", public, "-r", wrapped)
            self._run("tpm2_create", "-Q", "-C", primary, "-G", "ecc256:ecdsa-sha256", "-a", _ATTRIBUTES, *parts)
            self._flush()
            self._run("tpm2_load", "-Q", "-C", primary, *parts, "-c", key)
            self._flush()
            told = self._run("tpm2_evictcontrol", "-C", "o", "-c", key)
            self._flush()
        handle = _HANDLE.search(told)
        if handle is None:
            raise self._refused("tpm2_evictcontrol did not say where the key is", "update tpm2-tools")
        found = self._public_of(handle[0].decode())
        if found is None:
            raise self._refused("the key that was just made cannot be read", _DO)
        return self._signer(handle[0].decode(), found)

    def signer(self, public: PublicKey) -> Signer:
        """The key with this public half; raises EnvironmentRefused where the TPM has none such."""
        for handle in self._handles():
            if self._public_of(handle) == public:
                return self._signer(handle, public)
        do = "it was made in another TPM, or this one was cleared: the gateway needs a new folder and a new name"
        raise self._refused(f"the TPM does not hold key {public.key_id.hex()}", do)

    def forget(self, public: PublicKey) -> None:
        """Erase the key, if it is there."""
        for handle in self._handles():
            if self._public_of(handle) == public:
                self._run("tpm2_evictcontrol", "-Q", "-C", "o", "-c", handle)

    def _signer(self, handle: str, public: PublicKey) -> Signer:
        def sign_digest(digest: bytes) -> tuple[int, int]:
            how = ("-g", "sha256", "-s", "ecdsa", "-f", "plain", "-d", "-o", "/dev/stdout")
            signature = self._run("tpm2_sign", "-Q", "-c", handle, *how, given=digest)
            try:
                return decode_dss_signature(signature)
            except ValueError:
                raise KeyUnavailable("tpm2_sign gave no signature", where=self._tcti, do=_DO) from None

        return HardwareSigner(public, sign_digest, self._tcti)

    def _handles(self) -> Iterator[str]:
        told = self._run("tpm2_getcap", "handles-persistent")
        return (handle.decode() for handle in _HANDLE.findall(told))

    def _public_of(self, handle: str) -> PublicKey | None:
        """The key there; None for one that is none of ours: another algorithm, or gone meanwhile."""
        try:
            return PublicKey.from_spki(
                self._run("tpm2_readpublic", "-Q", "-c", handle, "-f", "der", "-o", "/dev/stdout")
            )
        except (KeyUnavailable, ValueError):
            return None

    def _flush(self) -> None:
        """Let transient objects go: there are three places, and only a resource manager clears up by itself."""
        self._run("tpm2_flushcontext", "-Q", "-t")

    def _run(self, program: str, *words: str, given: bytes = b"") -> bytes:
        """What the command says; raises EnvironmentRefused where it is not, KeyUnavailable where it fails."""
        found = shutil.which(program)
        if found is None:
            raise self._refused(f"{program} is not installed", "sudo apt install tpm2-tools")
        try:
            ended = subprocess.run(  # noqa: PLW1510 - its status is looked at
                [found, *words, "-T", self._tcti], input=given, capture_output=True, timeout=_TIMEOUT_S
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise KeyUnavailable(f"{program}: {type(error).__name__}", where=self._tcti, do=_DO) from error
        if ended.returncode:
            why = ended.stderr.decode("utf-8", "replace").strip().splitlines()
            raise KeyUnavailable(f"{program}: {why[0] if why else 'failed'}", where=self._tcti, do=_DO)
        return ended.stdout

    def _refused(self, what: str, do: str) -> EnvironmentRefused:
        return EnvironmentRefused(what, where=f"TPM {self._tcti}", do=do)
