"""The stage: folders, keys and enrolments as people make them, lines, and processes that can be killed by name.

Processes are forked from a server that has everything imported, so that a start costs next to nothing and a night with
many kills little more than one without. Each is a process of its own all the same: `kill` is SIGKILL.
"""

import multiprocessing
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from benchmarks.chaos import clouds, gateways
from benchmarks.chaos.gateways import ENROLMENT, JOURNAL, KEY, Post, Talk
from benchmarks.chaos.lines import Lines
from cloud.kernel.ids import MeterSerial, UsagePointId
from cloud.registry.model import Place
from cloud.state import StateFolder
from gateway.adapters import journal_file
from gateway.adapters.keys import make_key
from runtime.clock import SystemClock
from simulators.uplink.mischief import Odds
from tests.ports import free_port
from wire.ids import gateway_id_of

BROKER, CLOUD = "broker", "cloud"
_PRELOADED: Final = ["benchmarks.chaos.clouds", "benchmarks.chaos.gateways", "cloud.broker.embedded"]
_END_WITHIN_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who plays: so many gateways in so many processes, on lines of these odds, with this much to say."""

    gateways: int
    processes: int
    odds: Odds
    per_s: float
    seed: int
    is_embedded: bool = False
    max_queued: int | None = None  # messages the broker keeps for one that is away; None for what we tell it


@dataclass(slots=True)
class Stage:
    """Everything that runs; `kill` and `restart` by name."""

    folder: Path
    cast: Cast
    lines: Lines = field(init=False)
    posts: list[Post] = field(init=False)
    broker_port: int = field(init=False, default=0)
    _plays: dict[str, Callable[[], BaseProcess]] = field(default_factory=dict)
    _running: dict[str, BaseProcess] = field(default_factory=dict)

    @property
    def cloud_folder(self) -> Path:
        return self.folder / "cloud"

    @property
    def quiet(self) -> Path:
        """The file whose existence tells the gateways to say nothing new."""
        return self.folder / "quiet"

    @property
    def gateway_processes(self) -> list[str]:
        return [f"gateways-{number}" for number in range(self.cast.processes)]

    @property
    def mortals(self) -> list[str]:
        """Everybody who may be killed."""
        return [BROKER, CLOUD, *self.gateway_processes]

    def prepare(self) -> None:
        """Make the folders, register the gateways, and take the ports."""
        self.broker_port = free_port()
        names = [f"g{number:02}" for number in range(self.cast.gateways)]
        self.lines = Lines(
            [*names, CLOUD], broker_port=self.broker_port, odds=self.cast.odds, good=[CLOUD], seed=self.cast.seed
        )
        state = StateFolder.create(self.cloud_folder, {"mqtt": {"port": self.broker_port}})
        database = state.open_database()
        try:
            registrar = state.registrar(database, SystemClock())
            self.posts = [
                Post(folder=self.folder / name, meter=f"LMP{name}", port=self.lines.port(name)) for name in names
            ]
            for post in self.posts:
                post.folder.mkdir()
                signer = make_key(post.folder / KEY, post.folder / "gateway.pub.pem")
                place = Place(usage_point=UsagePointId(f"UP-{post.meter}"), meter=MeterSerial(post.meter))
                registrar.add(public_key=signer.public, places=[place], out=post.folder / ENROLMENT)
                journal_file.create(post.folder / JOURNAL, gateway_id_of(signer.public.spki), gen=1)
        finally:
            database.close()
        self._learn_parts()

    def begin(self, names: Sequence[str]) -> None:
        """Open the lines and start these."""
        self.lines.open()
        for name in names:
            self.restart(name)

    def kill(self, name: str) -> None:
        """SIGKILL; it is gone when this returns."""
        process = self._running.pop(name)
        process.kill()
        process.join(_END_WITHIN_S)

    def restart(self, name: str) -> None:
        """Start one that does not run."""
        self._running[name] = self._plays[name]()

    def close(self) -> None:
        """Kill all that run, and let the lines go."""
        for name in tuple(self._running):
            self.kill(name)
        with suppress(RuntimeError):  # they were never opened
            self.lines.close()

    def last_words(self) -> str:
        """The end of every log."""
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"{log.name}: {log.read_text(errors='replace')[-800:]}" for log in logs)

    def _learn_parts(self) -> None:
        """How each process is started."""
        spawn = multiprocessing.get_context("forkserver")
        spawn.set_forkserver_preload(_PRELOADED)

        def play(target: Callable[..., None], *arguments: object, name: str, **more: object) -> BaseProcess:
            log = self.folder / f"{name}.log"
            process = spawn.Process(target=target, args=arguments, kwargs={**more, "log": log}, name=name, daemon=True)
            process.start()
            return process

        broker = {"must_be_embedded": self.cast.is_embedded, "max_queued": self.cast.max_queued}
        self._plays[BROKER] = partial(
            play, clouds.run_broker, self.cloud_folder, self.broker_port, name=BROKER, **broker
        )
        self._plays[CLOUD] = partial(play, clouds.run_cloud, self.cloud_folder, self.lines.port(CLOUD), name=CLOUD)
        talk = Talk(seed=self.cast.seed, per_s=self.cast.per_s, quiet=self.quiet)
        for number, name in enumerate(self.gateway_processes):
            posts = self.posts[number :: self.cast.processes]
            self._plays[name] = partial(play, gateways.run, posts, talk, name=name)
