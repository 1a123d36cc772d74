"""One suite for whatever holds keys: an emulated TPM 2.0, a PKCS#11 token, and the fake that stands for them."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pkcs11
import pytest

from gateway.adapters.hardware_key import KeyKeeper
from gateway.adapters.pkcs11_keys import Pkcs11Keys
from gateway.adapters.tpm_keys import TpmKeys
from gateway.cli import run
from gateway.config import load_settings
from gateway.core.errors import KeyUnavailable
from gateway.core.outbox import Change, Entry
from gateway.own_folder import open_own_journal, own_keys
from runtime.clock import SystemClock
from runtime.errors import EnvironmentRefused, SettingsError
from runtime.secret import Secret
from tests.fakes_hardware import PIN, SOFTHSM, TOKEN, FakeKeeper, emulated_tpm, soft_token
from wire.envelope import Purpose, Signer, parse, seal, verify
from wire.events import SupplyLost
from wire.keys import SoftwareSigner
from wire.terms import Lane


@dataclass
class Hardware:
    """Hardware as it is reached by a program that starts: `again` is that of the next start."""

    again: Callable[[], KeyKeeper]
    settings: str


@pytest.fixture(scope="module")
def tpm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hardware]:
    with emulated_tpm(tmp_path_factory.mktemp("tpm")) as tcti:
        yield Hardware(lambda: TpmKeys(tcti), f'keeper = "tpm2"\ntpm = "{tcti}"\n')


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hardware]:
    folder = tmp_path_factory.mktemp("token")
    pin = folder / "pin"
    pin.write_text(f"{PIN}\n")
    pin.chmod(0o600)
    with pytest.MonkeyPatch.context() as monkeypatch:
        module = soft_token(folder, monkeypatch)
        settings = f'keeper = "pkcs11"\npkcs11_module = "{module}"\npkcs11_pin_file = "{pin}"\n'
        yield Hardware(lambda: Pkcs11Keys(module, TOKEN, Secret(PIN.encode())), settings)


@pytest.fixture(scope="module")
def fake() -> Hardware:
    keeper = FakeKeeper()
    return Hardware(lambda: keeper, "")


@pytest.fixture(params=["tpm", "token", "fake"])
def hardware(request: pytest.FixtureRequest) -> Hardware:
    found: Hardware = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["tpm", "token"])
def real(request: pytest.FixtureRequest) -> Hardware:
    found: Hardware = request.getfixturevalue(request.param)
    return found


def is_signed_by(signer: Signer, data: bytes) -> None:
    verify(parse(seal(data, signer, Purpose.EVENT)), signer.public, Purpose.EVENT)


def test_keys_are_told_apart_after_a_new_start_and_forgotten_one_by_one(hardware: Hardware) -> None:
    kept, gone = hardware.again().make(), hardware.again().make()
    is_signed_by(kept, b"at once")

    hardware.again().forget(gone.public)

    is_signed_by(hardware.again().signer(kept.public), b"after the next start")
    with pytest.raises(EnvironmentRefused, match="does not hold"):
        hardware.again().signer(gone.public)
    hardware.again().forget(kept.public)


def test_a_key_it_does_not_hold_is_refused_by_name(hardware: Hardware) -> None:
    stranger = SoftwareSigner.generate().public

    hardware.again().forget(stranger)

    with pytest.raises(EnvironmentRefused, match="does not hold"):
        hardware.again().signer(stranger)


def test_a_gateways_key_moves_into_hardware_and_from_there_to_another(
    real: Hardware, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "gateway"
    run(["init", str(folder)])
    (folder / "gateway.toml").write_text(f"[signing]\n{real.settings}")
    settings = load_settings(folder)

    run(["key", "rotate", str(folder)])
    first = own_keys(settings).signer.public
    capsys.readouterr()
    run(["key", "rotate", str(folder), "--json"])
    changed = json.loads(capsys.readouterr().out)
    run(["key", "show", str(folder), "--json"])
    shown = json.loads(capsys.readouterr().out)

    keys = own_keys(settings)
    with closing(open_own_journal(settings, keys, SystemClock())) as journal:
        journal.commit(Change(entries=(Entry(subject="", event=SupplyLost(began_at_ms=1, input_mv=0)),)))
        last = journal.oldest_waiting(Lane.ALARM, 10)[-1]
    verify(parse(last.envelope), keys.signer.public, Purpose.EVENT)
    assert shown["key_id"] == changed["key_id"] == keys.signer.public.key_id.hex()
    assert shown["kept_in"] in real.settings
    assert b"PRIVATE" not in (folder / "key.pem").read_bytes()
    with pytest.raises(EnvironmentRefused, match="does not hold"):
        real.again().signer(first)


def test_a_token_that_was_pulled_out_is_opened_again(token: Hardware) -> None:
    keeper = token.again()
    signer = keeper.make()
    keeper._session.close()  # type: ignore[attr-defined]

    with pytest.raises(KeyUnavailable, match="the token does not answer"):
        signer.sign(b"while it is away")

    is_signed_by(signer, b"when it is back")


@pytest.mark.parametrize(
    ("module", "label", "pin", "words"),
    [
        (SOFTHSM, "another", PIN, "NoSuchToken"),
        (SOFTHSM, TOKEN, "161803", "does not take the PIN"),
        (Path("/nowhere.so"), TOKEN, PIN, "the module cannot be used"),
    ],
)
def test_what_is_wrong_with_a_token_is_told_without_its_pin(
    token: Hardware, module: Path, label: str, pin: str, words: str
) -> None:
    pkcs11.lib(str(SOFTHSM)).reinitialize()  # as a process that has not logged in

    with pytest.raises(EnvironmentRefused, match=words) as refused:
        Pkcs11Keys(module, label, Secret(pin.encode())).make()

    assert pin not in str(refused.value)


def test_a_tpm_that_is_away_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable, match="tpm2_getcap"):
        TpmKeys("swtpm:host=127.0.0.1,port=1").signer(SoftwareSigner.generate().public)


def test_tools_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(EnvironmentRefused, match="apt install tpm2-tools"):
        TpmKeys("device:/dev/tpmrm0").make()


def test_settings_that_leave_the_token_open_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "gateway"
    run(["init", str(folder)])
    (folder / "gateway.toml").write_text('[signing]\nkeeper = "pkcs11"\n')

    with pytest.raises(SettingsError, match="needs its module and its PIN"):
        run(["key", "rotate", str(folder)])
