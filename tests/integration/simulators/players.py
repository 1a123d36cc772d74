"""Simulators as processes: started as a story starts them, and ended with the test."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from simulators import control


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """A running simulator and the paths it was given."""

    process: subprocess.Popen[str]
    link: Path
    control: Path

    def tell(self, *words: str) -> dict[str, object]:
        return control.tell(self.control, words)

    def end(self) -> int:
        """Ask it to stop; its exit status."""
        self.process.terminate()
        return self.process.wait()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def command(*words: str) -> list[str]:
    return [str(Path(sys.executable).with_name("lamplight-sim")), *words]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """A command run to its end."""
    return subprocess.run(command(*words), capture_output=True, text=True)


@contextmanager
def playing(kind: str, folder: Path, *words: str) -> Iterator[Player]:
    """A simulator of that kind in `folder`, ready to serve."""
    link, control_path = folder / kind, folder / f"{kind}.sock"
    argv = command(kind, "--link", str(link), "--control", str(control_path), *words)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"ready link={link} control={control_path}\n"
            yield Player(process=process, link=link, control=control_path)
        finally:
            process.kill()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlayer:
    """A running relay with one line, `ana`."""

    control: Path
    port: int

    def tell(self, *words: str) -> dict[str, object]:
        return control.tell(self.control, words)

    def counts(self) -> dict[str, int]:
        """What the line carried, by name."""
        lines = self.tell("status")["lines"]
        assert isinstance(lines, dict)
        return dict(lines["ana"])


@contextmanager
def uplink_playing(folder: Path, to: int, *, seed: int) -> Iterator[LinePlayer]:
    """A relay to the broker's port, ready to carry."""
    path = folder / "uplink.sock"
    argv = command("uplink", "--control", str(path), "--to", str(to), "--line", "ana=0", "--seed", str(seed))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            assert ready.startswith(f"ready control={path} to={to} lines=ana:")
            yield LinePlayer(control=path, port=int(ready.rpartition(":")[2]))
        finally:
            process.kill()
