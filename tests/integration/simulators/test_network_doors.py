"""A meter with locks and no head, reached over TCP as `lamplight-gateway read` reaches it."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators import control
from tests.integration.simulators.players import command
from tests.terminal import Ended, Terminal

SECRETS = {"EK": "000102030405060708090a0b0c0d0e0f", "AK": "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf", "BAD": "ff" * 16}
KEYS = ("--key", "env:EK", "--auth-key", "env:AK")

pytestmark = pytest.mark.slow


@pytest.fixture
def doors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    words = ("--control", str(tmp_path / "meter.sock"), "--tcp", "0", "--hdlc-tcp", "0", "--auth", "hls-gmac", *KEYS)
    with subprocess.Popen(command("meter", *words), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield dict(word.split("=", 1) for word in process.stdout.readline().split()[1:])
        finally:
            process.kill()


def test_it_is_read_through_both_and_a_wrong_key_is_offered_once(doors: dict[str, str], terminal: Terminal) -> None:
    def read(port: str, *keys: str) -> Ended:
        words = ("read", port, "--profile", "lamplight-sim-keys", "--hours", "2", "--json", *keys)
        return terminal.run("lamplight-gateway", *words)

    network, converter = f"tcp://127.0.0.1:{doors['tcp']}", f"hdlc+tcp://127.0.0.1:{doors['hdlc_tcp']}"
    found = [read(network, *KEYS), read(converter, *KEYS)]
    wrong = read(network, "--key", "env:BAD", "--auth-key", "env:AK")

    assert [len(json.loads(done.out)["intervals"]) for done in found] == [2, 2]
    assert "does not take our keys: authentication-failure" in wrong.refusal
    assert control.tell(Path(doors["control"]), ("status",))["authentications_failed"] == 1
