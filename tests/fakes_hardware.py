"""Hardware that holds keys: one in memory that can be told to fail, an emulated TPM, and a token of SoftHSM's."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from gateway.adapters.hardware_key import HardwareSigner
from gateway.adapters.tpm_keys import TpmKeys
from gateway.core.errors import KeyUnavailable
from runtime.errors import EnvironmentRefused, LamplightError
from tests.ports import free_port
from tests.waiting import eventually
from wire.envelope import Signer
from wire.keys import PublicKey, SoftwareSigner

SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
TOKEN, PIN = "lamplight", "314159"
_SHA256 = ec.ECDSA(Prehashed(hashes.SHA256()))


@dataclass
class FakeKeeper:
    """Holds keys in memory; `is_away` takes the hardware away, `is_broken` makes it sign something else."""

    keys: dict[PublicKey, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    is_away: bool = False
    is_broken: bool = False

    def of(self, _word: str) -> "FakeKeeper":
        return self

    def make(self) -> Signer:
        made = SoftwareSigner.generate()
        self.keys[made.public] = made.for_agreement()
        return self.signer(made.public)

    def signer(self, public: PublicKey) -> Signer:
        if public not in self.keys:
            raise EnvironmentRefused("the fake does not hold this key")
        return HardwareSigner(public, lambda digest: self._signed(public, digest), "fake")

    def forget(self, public: PublicKey) -> None:
        self.keys.pop(public, None)

    def _signed(self, public: PublicKey, digest: bytes) -> tuple[int, int]:
        if self.is_away:
            raise KeyUnavailable("the fake is away")
        signed = hashlib.sha256(digest).digest() if self.is_broken else digest
        return decode_dss_signature(self.keys[public].sign(signed, _SHA256))


@contextmanager
def emulated_tpm(folder: Path) -> Iterator[str]:
    """A TPM 2.0 of swtpm's with its state in `folder`; how tpm2-tools name it."""
    if shutil.which("swtpm") is None or shutil.which("tpm2_sign") is None:
        pytest.fail("a TPM is emulated by swtpm, which is not here: sudo apt install swtpm tpm2-tools")
    port = free_port()  # swtpm's tools take the next one for its control channel
    sockets = ("--server", f"type=tcp,port={port}", "--ctrl", f"type=tcp,port={port + 1}")
    words = ("--tpm2", "--tpmstate", f"dir={folder}", *sockets, "--flags", "not-need-init,startup-clear")
    with subprocess.Popen(["swtpm", "socket", *words], stderr=subprocess.DEVNULL) as program:
        tcti = f"swtpm:host=127.0.0.1,port={port}"
        try:
            eventually(lambda: _answers(tcti))
            yield tcti
        finally:
            program.terminate()


def soft_token(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A token of SoftHSM's in `folder`, labelled TOKEN and opened by PIN; the module that speaks for it."""
    if not SOFTHSM.exists():
        pytest.fail("a token is played by SoftHSM, which is not here: sudo apt install softhsm2")
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder}\nobjectstore.backend = file\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    words = ("--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "271828")
    subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)
    return SOFTHSM


def _answers(tcti: str) -> bool:
    try:
        TpmKeys(tcti).forget(SoftwareSigner.generate().public)
    except LamplightError:
        return False
    return True
