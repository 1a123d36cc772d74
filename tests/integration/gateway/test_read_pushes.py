"""A meter that nobody asks, read by the command: lists in HDLC in clear, and in M-Bus frames under one key."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway import cli
from tests.fakes_access import KEY
from tests.integration.simulators.players import command


@contextmanager
def pushing(folder: Path, *words: str) -> Iterator[Path]:
    """A simulated meter that pushes every half second; its customer port."""
    port = folder / "push"
    argv = command("meter", "--control", str(folder / "meter.sock"), "--push", str(port), "--push-every", "0.5", *words)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("ready ")
            yield port
        finally:
            process.kill()


def test_a_norwegian_port_is_read_without_a_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pushing(tmp_path) as port:
        status = cli.run(["read", str(port), "--profile", "han-norway", "--json"])

    facts = json.loads(capsys.readouterr().out)
    assert status == 0
    assert facts["meter_serial"] == "LMP10000001"
    assert facts["values"]["voltage_l1_mv"] > 200_000
    assert "every 60 min" in facts["unread"]["voltage_l2_mv"]
    assert facts["doubts"] == []


def test_an_austrian_port_is_read_with_one_key_and_says_that_it_proves_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EK", KEY.hex())
    with pushing(tmp_path, "--push-framing", "m-bus", "--push-key", "env:EK") as port:
        status = cli.run(["read", str(port), "--profile", "push-austria", "--key", "env:EK", "--json"])

    facts = json.loads(capsys.readouterr().out)
    assert status == 0
    assert facts["values"]["energy_import_wh"] > 0
    assert [doubt["doubt"] for doubt in facts["doubts"]] == ["unauthenticated"]
