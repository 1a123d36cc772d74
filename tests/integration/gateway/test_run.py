"""The gateway as a process, in a field where things are missing, vanish and come back."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway import cli
from gateway.adapters.keys import load_key
from runtime import program
from simulators.control import tell
from tests.terminal import Terminal
from tests.waiting import eventually
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent
MOST_RSS_KB = 60_000
QUICK = "[meter]\npoll_interval_s = 1\nclose_interval_s = 1\nlongest_back_off_s = 2\nbackfill_days = 0\n"


@dataclass
class Running:
    """A started program and what it says on standard error."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self, words: str) -> int:
        """How often its log says this."""
        return self.log.read_text().count(words)

    def knows(self, what: str) -> str:
        """Whether it last said that `what` is here or gone; empty before it said either."""
        return next(iter(re.findall(rf"{what}_(here|gone)", self.log.read_text())[::-1]), "")

    def meters(self) -> dict[str, str]:
        """Which meters it last said to be here or gone, by number."""
        return {meter: word for word, meter in re.findall(r"meter_(here|gone) meter=(\d+)", self.log.read_text())}


@contextmanager
def started(folder: Path, name: str, *words: object) -> Iterator[Running]:
    """Run one of the programs until the end of the block."""
    log = folder / f"{name}.log"
    with log.open("ab") as file:
        command = [str(BIN / str(words[0])), *(str(word) for word in words[1:])]
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        yield Running(process, log)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A gateway whose meter, probe and broker are all missing."""
    folder = tmp_path / "gateway"
    cli.run(["init", str(folder), "--meter", str(tmp_path / "meter.tty"), "--profile", "lamplight-sim"])
    probe = f'[probe]\nport = "{tmp_path / "probe.tty"}"\n'
    (folder / "gateway.toml").write_text(QUICK + probe)
    gateway = gateway_id_of(load_key(folder / "key.pem").public.spki)
    receipt_key = SoftwareSigner.generate().public.to_pem().decode()
    (tmp_path / "enrolment.toml").write_text(
        f'gateway_id = "{gateway}"\n[mqtt]\nhost = "127.0.0.1"\nport = 1\nusername = "{gateway}"\n'
        f'password = "x"\n[cloud]\nreceipt_public_key = """{receipt_key}"""\n'
    )
    cli.run(["enrol", str(folder), str(tmp_path / "enrolment.toml")])
    return folder


@pytest.fixture
def status(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[], dict[str, Any]]:
    def ask() -> dict[str, Any]:
        capsys.readouterr()
        cli.run(["status", str(folder), "--json"])
        said: dict[str, Any] = json.loads(capsys.readouterr().out)
        return said

    return ask


def test_a_gateway_with_everything_missing_says_so_once_and_stays(
    folder: Path, tmp_path: Path, status: Callable[[], dict[str, Any]], terminal: Terminal
) -> None:
    with started(tmp_path, "gateway", "lamplight-gateway", "run", folder) as gateway:
        for what in ("meter_gone", "probe_gone", "broker_gone"):
            eventually(lambda what=what: gateway.said(what) == 1, what=what)
        running = status()
        second = terminal.run("lamplight-gateway", "run", folder)
        gateway.process.send_signal(signal.SIGTERM)
        exit_status = gateway.process.wait()

    assert running["process"] == gateway.process.pid
    assert "another gateway runs on this folder" in second.refusal
    assert exit_status == 0
    assert [gateway.said(what) for what in ("meter_gone", "probe_gone", "broker_gone", "loop_died")] == [1, 1, 1, 0]
    assert status()["process"] is None


HANGING = """
import sys, threading
from pathlib import Path
from gateway import main
from gateway.adapters.mqtt import MqttUplink
from gateway.service import forwarder, supervisor

forwarder._OPENS_WITHIN_S, supervisor._MISSED_FOR_S, supervisor.STOP_WITHIN_S = 0.1, 0.3, 1.0
MqttUplink.open = lambda _self: threading.Event().wait()
main.run_gateway(Path(sys.argv[1]))
"""


def test_a_gateway_whose_forwarder_hangs_ends_by_itself_and_leaves_a_journal_that_is_whole(
    folder: Path, status: Callable[[], dict[str, Any]]
) -> None:
    hung = subprocess.run([sys.executable, "-c", HANGING, folder], capture_output=True, text=True)

    assert hung.returncode == program.HUNG
    assert "loop_hung loop=forwarder at=" in hung.stderr
    assert hung.stderr.endswith("otherwise start it again, nothing is lost\n")
    assert status()["process"] is None


def test_ports_that_vanish_and_come_back_are_read_again(
    folder: Path, tmp_path: Path, status: Callable[[], dict[str, Any]]
) -> None:
    def readings() -> int:
        return sum(lane["seq"] for lane in status()["lanes"] if lane["lane"] == "readings")

    def simulators() -> ExitStack:
        stack = ExitStack()
        for kind in ("meter", "probe"):
            link = ("--link", tmp_path / f"{kind}.tty", "--control", tmp_path / f"{kind}.sock")
            stack.enter_context(started(tmp_path, kind, "lamplight-sim", kind, *link))
        return stack

    with started(tmp_path, "gateway", "lamplight-gateway", "run", folder) as gateway:
        with simulators():
            eventually(lambda: gateway.knows("probe") == "here", what="the probe")
            eventually(lambda: readings() > 0, what="a first reading")
            rss_kb = int(Path(f"/proc/{gateway.process.pid}/status").read_text().split("VmRSS:")[1].split()[0])
        eventually(lambda: gateway.knows("probe") == "gone", what="the probe gone")
        eventually(lambda: status()["meters"][0]["is_reachable"] is False, what="a meter out of reach")
        before = readings()
        with simulators():
            eventually(lambda: gateway.knows("probe") == "here", what="the probe back")
            eventually(lambda: status()["meters"][0]["is_reachable"], what="the meter back")
            eventually(lambda: readings() > before, what="a reading of the meter that is back")
        os.kill(gateway.process.pid, signal.SIGTERM)
        exit_status = gateway.process.wait()

    assert exit_status == 0
    assert gateway.said("loop_died") == 0
    assert rss_kb < MOST_RSS_KB


def test_meters_on_one_bus_are_read_in_turns_and_a_silent_one_alone_is_gone(
    folder: Path, tmp_path: Path, status: Callable[[], dict[str, Any]]
) -> None:
    port, doors, addresses = tmp_path / "bus.tty", tmp_path / "meters", (17, 18, 19)
    cli.run(["meter", "remove", str(folder), "1"])
    for address in addresses:
        words = ["--port", str(port), "--profile", "lamplight-sim-bus", "--address", str(address)]
        cli.run(["meter", "add", str(folder), *words])
    meters = [word for address in addresses for word in ("--meter", f"LMP{address}={address}")]

    with started(tmp_path, "bus", "lamplight-sim", "bus", "--link", port, "--dir", doors, *meters):
        eventually(lambda: (doors / "LMP18.sock").exists() and port.exists(), what="the bus")
        tell(doors / "LMP18.sock", ["head", "off"])
        with started(tmp_path, "gateway", "lamplight-gateway", "run", folder) as gateway:
            eventually(lambda: gateway.said("meter_named_itself") == 2, what="two meters")
            one, silent, other = (str(meter["number"]) for meter in status()["meters"])
            standing = {one: "here", silent: "gone", other: "here"}
            eventually(lambda: gateway.meters() == standing, what="two here and the silent one gone")
            known = [meter["serial"] for meter in status()["meters"]]
            gateway.process.send_signal(signal.SIGTERM)
            exit_status = gateway.process.wait()

    assert exit_status == 0
    assert known == ["LMP17", "", "LMP19"]
    assert [gateway.said(words) for words in ("meter_gone", "fault=silent", "another program")] == [1, 1, 0]
