"""`meter add` and `meter keys` with secrets: named by where they are, sealed, and never repeated."""

from functools import partial
from pathlib import Path

import pytest

from gateway.adapters.keys import load_key
from gateway.adapters.meter_identities import MeterIdentity, identities
from gateway.adapters.meter_keys import CounterBook, MeterKeys
from gateway.adapters.registry import Registry
from gateway.config import load_settings
from gateway.core.meter_access import MeterSecrets
from gateway.parts import meters_of
from runtime.errors import InputRefused
from runtime.secret import Secret
from tests.fakes_access import AUTH_KEY, KEY
from tests.integration.gateway.commands.typed import command, refusal

PLACE = ("--port", "tcp://10.0.0.7", "--profile", "lamplight-sim-keys")
KEYS = ("--key", "env:EK", "--auth-key", "env:AK")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("EK", KEY.hex()), ("AK", AUTH_KEY.hex()), ("SHORT", "00"), ("PW", "sesame"), ("EMPTY", "")):
        monkeypatch.setenv(name, value)


def kept(folder: Path, number: int) -> MeterSecrets:
    return MeterKeys(folder / "meter-keys", load_key(folder / "key.pem")).of(number)


def test_keys_are_sealed_with_the_meter_and_stand_nowhere_else(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = command("meter", "add", folder, *PLACE, *KEYS)

    assert status == 0
    assert kept(folder, 2) == MeterSecrets(key=Secret(KEY), auth_key=Secret(AUTH_KEY))
    said = capsys.readouterr()
    for octets in (*(path.read_bytes() for path in folder.iterdir()), said.out.encode(), said.err.encode()):
        assert KEY not in octets
        assert KEY.hex().encode() not in octets


def test_keys_are_handed_in_anew_and_forgotten_with_the_meter(folder: Path) -> None:
    command("meter", "add", folder, *PLACE, *KEYS)

    assert command("meter", "keys", folder, "2", "--key", "env:AK", "--auth-key", "env:EK") == 0
    assert kept(folder, 2) == MeterSecrets(key=Secret(AUTH_KEY), auth_key=Secret(KEY))
    assert command("meter", "remove", folder, "2") == 0
    assert kept(folder, 2) == MeterSecrets()


@pytest.mark.parametrize(
    ("words", "because"),
    [
        ((), "give --key and --auth-key"),
        (("--password", "env:PW"), "takes --key and --auth-key"),
        (("--key", "env:EK"), "a password, or two keys"),
        (("--key", "env:SHORT", "--auth-key", "env:AK"), "1 octets, not 16"),
        (("--key", "env:PW", "--auth-key", "env:AK"), "not hex"),
        (("--key", "env:EMPTY", "--auth-key", "env:AK"), "empty"),
        (("--key", "env:NOPE", "--auth-key", "env:AK"), "not set"),
        (("--key", "file:/no/such", "--auth-key", "env:AK"), "No such file"),
        (("--key", KEY.hex(), "--auth-key", "env:AK"), "never given itself"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_added(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], because: str
) -> None:
    status = command("meter", "add", folder, *PLACE, *words)

    said = refusal(capsys)
    assert status == 2
    assert because in said
    assert KEY.hex() not in said
    capsys.readouterr()
    command("meter", "list", folder)
    assert "10.0.0.7" not in capsys.readouterr().out


def test_a_meter_nobody_knows_has_no_keys(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("meter", "keys", folder, "9", *KEYS) == 2
    said = refusal(capsys)
    assert "there is no meter 9" in said
    assert "`lamplight-gateway meter list` tells the numbers" in said


def test_a_check_of_keys_is_given_alone_and_for_a_meter_that_has_some(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command("meter", "add", folder, *PLACE, *KEYS)
    capsys.readouterr()

    assert command("meter", "keys", folder, "1", "--check") == 2
    assert "is asked without a secret" in refusal(capsys)
    assert command("meter", "keys", folder, "2", "--check", *KEYS) == 2
    assert "--check looks at the secrets that are kept" in refusal(capsys)


def test_a_gateway_whose_meter_lacks_its_keys_does_not_start(folder: Path) -> None:
    command("meter", "add", folder, *PLACE, *KEYS)
    who = partial(identities_of, folder)

    assert who()[2].now.secrets == kept(folder, 2)
    (folder / "meter-keys").unlink()
    with pytest.raises(InputRefused, match="takes --key and --auth-key") as refused:
        who()
    assert "meter 2, lamplight-sim-keys" in str(refused.value)


def identities_of(folder: Path) -> dict[int, MeterIdentity]:
    """Who the gateway is to each meter, after a start."""
    settings, signer = load_settings(folder), load_key(folder / "key.pem")
    meters = meters_of(Registry(settings.files.registry), settings.files.registry)
    files = settings.files
    return identities(
        MeterKeys(files.meter_keys, signer), CounterBook(files.meter_counters, signer), signer.public, meters
    )


def test_two_meters_that_were_given_one_key_never_hear_the_same_number_under_it(folder: Path) -> None:
    command("meter", "add", folder, *PLACE, *KEYS)
    command("meter", "add", folder, "--port", "tcp://10.0.0.8", "--profile", "lamplight-sim-keys", *KEYS)
    who = partial(identities_of, folder)

    nonces = []
    for _start in range(2):
        found = who()
        nonces += [(found[number].now.title, found[number].now.counter.take()) for number in (2, 3, 2, 3)]

    assert len(set(nonces)) == len(nonces) == 8
    assert len({title for title, _ in nonces}) == 2
