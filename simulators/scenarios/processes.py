"""The cast of a story: its processes are started, watched, killed as a crash kills, and ended together.

Each process has its own log in the story's folder. One that ends by itself fails the story with its last words.
Every child is asked to die with this process, so that nothing stays behind even when the story itself is killed.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

STOP_WITHIN_S = 10.0


class StoryFailed(Exception):
    """The story did not go as it must; the text says what, and what the process concerned said last."""


@dataclass(slots=True, kw_only=True)
class _Player:
    argv: tuple[str, ...]
    is_ready: Callable[[], bool]
    process: subprocess.Popen[bytes]


@dataclass(slots=True)
class Cast:
    """The running processes of one story, in `folder`, all with the same environment."""

    folder: Path
    environment: dict[str, str]
    _players: dict[str, _Player] = field(default_factory=dict)

    def run(self, *argv: str) -> str:
        """Run a command to its end and return what it printed; StoryFailed when it refuses."""
        done = subprocess.run(_command(argv), env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StoryFailed(f"{' '.join(argv[:2])} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
        return done.stdout

    def launch(self, name: str, *argv: str, is_ready: Callable[[], bool]) -> None:
        """Start a process and go on; `wait_ready` waits for it."""
        self._players[name] = _Player(argv=_command(argv), is_ready=is_ready, process=self._spawn(name, _command(argv)))

    def wait_ready(self, name: str, within_s: float = 120.0) -> None:
        """Wait until `name` serves; StoryFailed when it ends or takes longer."""
        end = time.monotonic() + within_s
        while not self._players[name].is_ready():
            self.check_alive()
            if time.monotonic() > end:
                raise StoryFailed(f"{name} does not serve after {within_s:g} s\n{self.last_words(name)}")
            time.sleep(0.05)

    def kill(self, name: str) -> None:
        """End `name` as a crash or the power would: at once, with nothing said."""
        player = self._players[name]
        os.killpg(player.process.pid, signal.SIGKILL)
        player.process.wait()

    def restart(self, name: str) -> None:
        """Start a killed process again, with the same words."""
        player = self._players[name]
        player.process = self._spawn(name, player.argv)

    def go_on_at(self, environment: dict[str, str]) -> None:
        """End everybody in order, and start them again in another environment: of a story, at another time."""
        self.close()
        self.environment = environment
        (self.folder / "logs").rename(self.folder / f"logs.{time.time_ns()}")  # what they said is not said any more
        for name in self._players:
            self.restart(name)
        for name in self._players:
            self.wait_ready(name)

    def check_alive(self) -> None:
        """StoryFailed when a process ended by itself."""
        for name, player in self._players.items():
            status = player.process.poll()
            if status is not None and status != -signal.SIGKILL:
                raise StoryFailed(f"{name} ended by itself with status {status}\n{self.last_words(name)}")

    def plays(self, name: str) -> bool:
        """Whether there is a process of this name."""
        return name in self._players

    def peak_memory_mb(self, name: str) -> float:
        """The most memory `name` has held since it was last started, in 10^6 bytes (VmHWM of proc(5))."""
        status = Path(f"/proc/{self._players[name].process.pid}/status").read_text()
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
        return int(kilobytes) * 1024 / 1e6

    def has_said(self, name: str, words: str) -> bool:
        """Whether a process's log holds these words; a port that answers may be another story's."""
        log = self.folder / "logs" / f"{name}.log"
        return log.exists() and words in log.read_text(errors="replace")

    def last_words(self, name: str, lines: int = 8) -> str:
        """The end of a process's log."""
        log = self.folder / "logs" / f"{name}.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""

    def close(self) -> None:
        """End every process, the last started first: politely, then at once."""
        players = list(reversed(self._players.values()))
        for player in players:
            if player.process.poll() is None:
                os.killpg(player.process.pid, signal.SIGTERM)
        end = time.monotonic() + STOP_WITHIN_S
        for player in players:
            try:
                player.process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(player.process.pid, signal.SIGKILL)
                player.process.wait()

    def _spawn(self, name: str, argv: tuple[str, ...]) -> subprocess.Popen[bytes]:
        logs = self.folder / "logs"
        logs.mkdir(exist_ok=True)
        with (logs / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                argv,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the story, which ends its cast in order
            )


@contextmanager
def playing(folder: Path, environment: dict[str, str]) -> Iterator[Cast]:
    """A cast that is gone when the story ends, however it ends."""
    cast = Cast(folder, environment)
    try:
        yield cast
    finally:
        cast.close()


def _command(argv: tuple[str, ...]) -> tuple[str, ...]:
    """One of Lamplight's commands, from the environment this program runs in."""
    program = str(Path(sys.executable).with_name(argv[0]))
    leash = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()
    return (*leash, program, *argv[1:])
