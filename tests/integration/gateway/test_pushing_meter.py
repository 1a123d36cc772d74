"""A meter that pushes, its gateway and its probe as processes: readings nobody asked for, a last gasp, a wrong key."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway import cli
from simulators.control import tell
from tests.fakes_access import AUTH_KEY, KEY
from tests.waiting import eventually

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent
SETTINGS = "[meter]\npoll_interval_s = 1\nclose_interval_s = 1\nbackfill_days = 0\n[supply]\nhold_off_s = 0.5\n"
HAN = "[push]\ninterval_s = 1\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gateway with a probe and without a meter, enrolled with a broker that is not there."""
    for name, octets in (("EK", KEY), ("AK", AUTH_KEY), ("OTHER", bytes(16))):
        monkeypatch.setenv(name, octets.hex())
    folder = tmp_path / "gateway"
    cli.run(["init", str(folder)])
    (folder / "gateway.toml").write_text(f'{SETTINGS}[probe]\nport = "{tmp_path / "probe"}"\n')
    (tmp_path / "pushing.toml").write_text(f'title = "A meter that pushes"\nextends = "lamplight-sim"\n{HAN}')
    gateway, receipt_key = _identity(folder)
    (tmp_path / "enrolment.toml").write_text(
        f'gateway_id = "{gateway}"\n[mqtt]\nhost = "127.0.0.1"\nport = 1\nusername = "{gateway}"\n'
        f'password = "x"\n[cloud]\nreceipt_public_key = """{receipt_key}"""\n'
    )
    cli.run(["enrol", str(folder), str(tmp_path / "enrolment.toml")])
    return folder


def _identity(folder: Path) -> tuple[str, str]:
    from gateway.adapters.keys import load_key
    from wire.ids import gateway_id_of
    from wire.keys import SoftwareSigner

    return gateway_id_of(load_key(folder / "key.pem").public.spki), SoftwareSigner.generate().public.to_pem().decode()


@contextmanager
def started(log: Path, *words: object) -> Iterator[None]:
    """One of the programs, until the end of the block."""
    with log.open("ab") as file:
        process = subprocess.Popen(
            [str(BIN / str(words[0])), *map(str, words[1:])], stdout=file, stderr=file, env=dict(os.environ)
        )
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def home(tmp_path: Path, folder: Path, *meter: object) -> Iterator[None]:
    """The meter and the gateway, running."""
    control = ("--control", tmp_path / "meter.sock")
    with (
        started(tmp_path / "meter.log", "lamplight-sim", "meter", *control, *meter),
        started(tmp_path / "gateway.log", "lamplight-gateway", "run", folder),
    ):
        yield


@pytest.fixture
def ask(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[dict[str, Any]]]:
    """What a command of the gateway says with --json, line by line."""

    def ask(*words: str) -> list[dict[str, Any]]:
        capsys.readouterr()
        cli.run([words[0], str(folder), *words[1:], "--json"])
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return ask


def test_a_meter_that_only_pushes_is_read_and_its_last_gasp_names_the_outage(
    folder: Path, tmp_path: Path, ask: Callable[..., list[dict[str, Any]]]
) -> None:
    han = tmp_path / "han"
    cli.run(["meter", "add", str(folder), "--push", str(han), "--profile", str(tmp_path / "pushing.toml")])

    probe = ("--link", tmp_path / "probe", "--control", tmp_path / "probe.sock")
    with (
        started(tmp_path / "probe.log", "lamplight-sim", "probe", *probe),
        home(tmp_path, folder, "--push", han, "--push-every", "1", "--last-gasp"),
    ):
        eventually(lambda: len(ask("journal", "--lane", "readings")) > 1, what="pushed readings")
        eventually(lambda: "probe_here" in (tmp_path / "gateway.log").read_text(), what="the probe")
        (status,) = ask("status")
        for kind in ("meter", "probe"):
            tell(tmp_path / f"{kind}.sock", ["supply", "off"])
        eventually(
            lambda: ask("status")[0]["meters"][0]["verdict"] == "supply interrupted, confirmed, strong",
            what="the verdict",
        )
        alarms = ask("journal", "--lane", "alarm")

    (meter,) = status["meters"]
    assert (meter["origin"], meter["is_authenticated"]) == ("pushed", True)
    assert meter["values"]["voltage_l1_mv"] > 200_000
    assert "meter_last_gasp" in [item["kind"] for item in alarms[-1]["facts"]["evidence"]]


def test_with_a_wrong_key_the_log_says_so_once_and_the_meter_is_asked_instead(
    folder: Path, tmp_path: Path, ask: Callable[..., list[dict[str, Any]]]
) -> None:
    han, port, log = tmp_path / "han", tmp_path / "meter", tmp_path / "gateway.log"
    place = ["--port", str(port), "--push", str(han), "--profile", str(tmp_path / "pushing.toml")]
    cli.run(["meter", "add", str(folder), *place, "--key", "env:OTHER", "--auth-key", "env:AK"])
    keys = ("--push-key", "env:EK", "--push-auth-key", "env:AK")

    with home(tmp_path, folder, "--link", port, "--push", han, "--push-every", "0.5", *keys):
        eventually(lambda: ask("journal", "--lane", "readings"), what="a reading by asking")
        eventually(lambda: ask("status")[0]["push_ports"][0]["refused"].get("wrong-key", 0) > 0, what="refusals")
        (status,) = ask("status")
        eventually(lambda: log.read_text().count("reason=wrong-key") == 1, what="it is said")

    assert status["meters"][0]["origin"] == "asked"
    assert log.read_text().count("reason=wrong-key") == 1
