"""`meter add --push`: a meter that comes to us, beside the port it is asked at or without one."""

import json
from pathlib import Path

import pytest

from gateway.adapters.keys import load_key
from gateway.adapters.meter_keys import MeterKeys
from gateway.core.meter_access import MeterSecrets
from runtime.secret import Secret
from tests.fakes_access import AUTH_KEY, KEY
from tests.integration.gateway.commands.typed import command, refusal

LISTEN = ("--push", "tcp-listen://127.0.0.1:4060")
HAN = ("--push", "/dev/ttyUSB5")
ASKED = ("--port", "/dev/ttyUSB4")
PROFILE = ("--profile", "lamplight-sim")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("EK", KEY.hex()), ("AK", AUTH_KEY.hex()), ("PW", "sesame")):
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    "words",
    [
        (*HAN, *PROFILE),
        (*HAN, *PROFILE, *ASKED, "--key", "env:EK"),
        (*LISTEN, *PROFILE, "--serial", "LMP1", "--key", "env:EK"),
        (*LISTEN, *PROFILE, "--key", "env:EK", "--auth-key", "env:AK"),
        (*HAN, *ASKED, "--profile", "lamplight-sim-password", "--password", "env:PW", "--key", "env:EK"),
        ("--push", "udp-listen://0.0.0.0:4059", *PROFILE, "--serial", "LMP1"),
    ],
)
def test_a_meter_that_pushes_is_added_with_the_keys_it_has(folder: Path, words: tuple[str, ...]) -> None:
    assert command("meter", "add", folder, *words) == 0


def test_the_list_tells_where_it_pushes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("meter", "add", folder, *HAN, *PROFILE)
    capsys.readouterr()

    command("meter", "list", folder, "--json")
    (_, added) = json.loads(capsys.readouterr().out)
    command("meter", "list", folder)

    assert (added["port"], added["push"]) == ("", "/dev/ttyUSB5")
    assert "pushes at /dev/ttyUSB5" in capsys.readouterr().out


def test_the_key_of_a_push_is_handed_in_anew(folder: Path) -> None:
    command("meter", "add", folder, *HAN, *PROFILE)

    assert command("meter", "keys", folder, "2", "--key", "env:EK") == 0
    assert MeterKeys(folder / "meter-keys", load_key(folder / "key.pem")).of(2) == MeterSecrets(key=Secret(KEY))


@pytest.mark.parametrize(
    ("words", "because"),
    [
        (PROFILE, "give one of the two, or both"),
        ((*LISTEN, *PROFILE), "known by its serial number, or by its keys"),
        ((*LISTEN, *PROFILE, "--serial", "LMP1", "--address", "-5"), "for a meter that is asked"),
        ((*LISTEN, *PROFILE, "--key", "env:EK"), "known by its serial number, or by its keys"),
        ((*HAN, *PROFILE, "--auth-key", "env:AK"), "opens nothing by itself"),
        ((*HAN, *PROFILE, "--password", "env:PW"), "takes no secret"),
        ((*HAN, *PROFILE, "--port", "/dev/ttyUSB5"), "the port the meter is asked at"),
        ((*PROFILE, "--push", "tcp://10.0.0.7:1"), "is no push port"),
        ((*HAN, "--profile", "nonesuch"), "there is no meter profile"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_added(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], because: str
) -> None:
    before = (folder / "registry.json").read_bytes()

    status = command("meter", "add", folder, *words)

    assert status == 2
    assert because in refusal(capsys)
    assert (folder / "registry.json").read_bytes() == before
