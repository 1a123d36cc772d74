"""A process of several gateways: each with its real journal and its real forwarder, and something to say.

In comes the folder of each gateway and the port of its line to the broker. Out goes what its journal keeps, by its
forwarder; and a line in `witness` for every commit that returned: how far the lane had come, and the hash there. So a
kill leaves two books: what the journal holds, and what it had promised to hold.

Each start chooses whether a gateway speaks MQTT 5 or 3.1.1. It ends by being killed. Once the file `quiet` is there
nothing new is said, and only the forwarders go on.
"""

import os
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gateway.adapters.enrolment import load_enrolment
from gateway.adapters.journal import Caps, Journal
from gateway.adapters.keys import load_key
from gateway.adapters.mqtt import VERSIONS, MqttUplink
from gateway.core.outbox import Change, Entry
from gateway.core.patience import Patience
from gateway.service.forwarder import Forwarder
from gateway.service.ports import Loop
from gateway.service.supervisor import Supervisor
from runtime import logs
from runtime.clock import Clock, SystemClock
from wire.events import GatewayStarted, Heartbeat, IntervalReadings, KnownEvent, SupplyDipped, SupplyLost
from wire.ids import gateway_id_of
from wire.instants import unix_ms
from wire.units import Quantity

KEY, JOURNAL, ENROLMENT, WITNESS = "key.pem", "journal.sqlite", "enrolment.toml", "witness"
RESEND: Final = Patience(first_s=1.0, longest_s=2.0)
RECONNECT: Final = Patience(first_s=0.2, longest_s=2.0)
_WINDOW_ROWS: Final = 16  # as the product's default
_KEEP_ALL: Final = Caps(history_rows=10**9)  # receipted rows too: they are what was made
_KEEPALIVE_S: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One gateway: its folder, its meter, and the port of its line."""

    folder: Path
    meter: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """How much the gateways of a process have to say: each about so many times a second."""

    seed: int
    per_s: float
    quiet: Path


class _Speaker:
    """One gateway's pipeline, as far as the journal sees it: changes of one event or some, in every lane."""

    def __init__(self, post: Post, clock: Clock, seed: int) -> None:
        signer = load_key(post.folder / KEY)
        self.gateway = gateway_id_of(signer.public.spki)
        self.journal = Journal.open(post.folder / JOURNAL, self.gateway, signer, clock, _KEEP_ALL)
        self._post = post
        self._clock = clock
        self._dice = random.Random(f"{seed}/{post.meter}/{self.journal.boot}")
        self._witness = os.open(post.folder / WITNESS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._said = 0

    def forwarder(self) -> Forwarder:
        """The loop that sends what this one says."""
        enrolment = replace(load_enrolment(self._post.folder / ENROLMENT, self.gateway), port=self._post.port)
        return Forwarder(
            outbox=self.journal,
            uplink=MqttUplink(
                enrolment,
                self.gateway,
                self._clock,
                keepalive_s=_KEEPALIVE_S,
                version=self._dice.choice(sorted(VERSIONS)),
            ),
            receipt_key=enrolment.receipt_key,
            window_rows=_WINDOW_ROWS,
            resend=RESEND,
            reconnect=RECONNECT,
            clock=self._clock,
            chance=random.Random(),
            tell=lambda _: None,
        )

    def say_something(self) -> None:
        """Commit one change, then let the witness know."""
        events = tuple(self._event() for _ in range(self._dice.choice((1, 1, 1, 4))))
        entries = tuple(Entry(subject=self._post.meter, event=event) for event in events)
        self.journal.commit(Change(entries=entries))
        gen = self.journal.gen
        lines = [f"{gen} {int(head.lane)} {head.seq} {head.head.hex()}\n" for head in self.journal.heads() if head.seq]
        os.write(self._witness, "".join(lines).encode())

    def _event(self) -> KnownEvent:
        self._said += 1
        at_ms = unix_ms(self._clock.now())
        kind = self._dice.randrange(5)
        if kind == 0:
            return SupplyLost(began_at_ms=at_ms, input_mv=self._dice.randrange(5_000))
        if kind == 1:
            return SupplyDipped(began_at_ms=at_ms, duration_ms=self._dice.randrange(1, 1_000))
        if kind == 2:
            return Heartbeat(heads=self.journal.heads(), uptime_s=self._said, pending=self.journal.waiting())
        if kind == 3:
            return GatewayStarted(software="0.1.0", boot=self.journal.boot)
        values = tuple(self._dice.randrange(2_000) for _ in range(4))
        return IntervalReadings.of(at_ms - at_ms % 3_600_000, 3_600, Quantity.ENERGY_IMPORT_WH, values)


class _Talk:
    """The loop that makes the gateways of this process say something in turn."""

    name = "talk"

    def __init__(self, speakers: Sequence[_Speaker], talk: Talk) -> None:
        self._speakers = speakers
        self._talk = talk
        self._dice = random.Random(f"{talk.seed}/{speakers[0].gateway}/{speakers[0].journal.boot}")

    def run(self, stop: threading.Event) -> None:
        pause_s = 1 / (self._talk.per_s * len(self._speakers))
        while not stop.wait(self._dice.uniform(0, 2 * pause_s)):
            if not self._talk.quiet.exists():
                self._dice.choice(self._speakers).say_something()


def run(posts: Sequence[Post], talk: Talk, log: Path) -> None:
    """Be these gateways until killed."""
    speak_to(log)
    clock = SystemClock()
    speakers = [_Speaker(post, clock, talk.seed) for post in posts]
    loops: tuple[Loop, ...] = tuple(speaker.forwarder() for speaker in speakers)
    Supervisor((*loops, _Talk(speakers, talk)), clock).run(threading.Event())


def speak_to(log: Path) -> None:
    """Send what this process says on standard error to `log`."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    logs.configure("warning")
    os.write(2, f"-- {os.getpid()} begins at {time.time():.3f}\n".encode())
