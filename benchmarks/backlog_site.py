"""Where a backlog is drained: a cloud's folder with one gateway of 32 meters, and the processes that serve it.

The homes are of one customer, who agreed to fine readings before any was made. The gateway has the settings it comes
with, its real journal and its real forwarder. Whatever is begun here ends with the stack it was given.
"""

import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from benchmarks.report import Skipped
from cloud.broker import mosquitto
from cloud.customers import consent_store, table
from cloud.customers import store as customers
from cloud.customers.consent import Change, Channel, Purpose
from cloud.ingest import store
from cloud.kernel.i18n import Language
from cloud.kernel.ids import CustomerId, MeterSerial, UsagePointId
from cloud.registry.model import Place
from cloud.state import StateFolder
from gateway.adapters import journal_file
from gateway.adapters.enrolment import Enrolment, install_enrolment
from gateway.adapters.journal import Journal
from gateway.adapters.mqtt import MqttUplink
from gateway.config import UplinkSettings
from gateway.core import outbox
from gateway.core.outbox import Entry
from gateway.core.patience import Patience
from gateway.service.forwarder import Forwarder
from runtime.clock import SystemClock
from runtime.settings import from_table
from tests.ports import free_port
from wire.events import SupplyLost
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner
from wire.terms import Lane

METERS: Final = 32
READY_WITHIN_S: Final = 30.0
LOOK_S: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A journal and what brings it to the cloud, with the settings a gateway comes with."""

    journal: Journal
    enrolment: Enrolment
    settings: UplinkSettings

    @contextmanager
    def forwarding(self, version: str = "5") -> Iterator[None]:
        """The forwarder at work in a thread of its own."""
        clock, stop = SystemClock(), threading.Event()
        settings = self.settings
        loop = Forwarder(
            outbox=self.journal,
            uplink=MqttUplink(
                self.enrolment, self.journal.gateway, clock, keepalive_s=settings.keepalive_s, version=version
            ),
            receipt_key=self.enrolment.receipt_key,
            window_rows=settings.window_rows,
            resend=Patience(first_s=settings.resend_after_s, longest_s=settings.longest_resend_s),
            reconnect=Patience(first_s=settings.reconnect_after_s, longest_s=settings.longest_reconnect_s),
            clock=clock,
            chance=random.Random(6),
            tell=lambda _seen: None,
        )
        thread = threading.Thread(target=loop.run, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def say_alarm(self) -> float:
        """Say one; when."""
        self.journal.commit(
            outbox.Change(entries=(Entry(subject=meter(0), event=SupplyLost(began_at_ms=1, input_mv=0)),))
        )
        return time.monotonic()

    def alarms_wait(self) -> bool:
        return bool(self.journal.oldest_waiting(Lane.ALARM, 1))


class Site:
    """The cloud's folder with one gateway of 32 meters, and the processes that serve it."""

    def __init__(self, path: Path, processes: ExitStack) -> None:
        self._processes = processes
        self.path = path
        self.port = free_port()
        self.cloud: subprocess.Popen[bytes] | None = None
        settings = {"mqtt": {"port": self.port}, "web": {"port": free_port()}}
        self.state = StateFolder.create(path / "cloud", settings)
        signer = SoftwareSigner.generate()
        self.gateway = self._register(signer)

    def begin_broker(self, limit: str = "") -> None:
        """mosquitto with our configuration, and one more line."""
        program = mosquitto.find()
        if program is None:
            raise Skipped("mosquitto is not installed: sudo apt install mosquitto")
        folder = self.state.broker
        lines = mosquitto.configuration(folder, self.state.settings().broker, self.port)
        kept = [line for line in lines.splitlines() if not (limit and line.startswith("max_packet_size"))]
        file = self.path / "mosquitto.conf"
        file.write_text("\n".join([*kept, limit, ""]))
        self._start([str(program), "-c", str(file)])
        _wait_for(self.port)

    def begin_cloud(self) -> None:
        """The whole cloud; returns once its page answers."""
        program = str(Path(sys.executable).with_name("lamplight-cloud"))
        self.cloud = self._start([program, "serve", str(self.path / "cloud")])
        assert self.cloud.stdout is not None
        if not self.cloud.stdout.readline().startswith(b"ready"):
            raise RuntimeError("the cloud did not begin")

    def cloud_cpu_s(self) -> float:
        """How much time of a processor the cloud has used."""
        assert self.cloud is not None
        fields = Path(f"/proc/{self.cloud.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stored(self) -> int:
        """How many of the gateway's events stand in the cloud's database."""
        database, after, count = self.state.open_database(), 0, 0
        with database.read() as connection:
            while page := store.page(connection, after=after, limit=5_000):
                after, count = page[-1].arrival, count + len(page)
        database.close()
        return count

    def _register(self, signer: SoftwareSigner) -> Gateway:
        database, clock = self.state.open_database(), SystemClock()
        places = [Place(usage_point=UsagePointId(f"UP-{n}"), meter=MeterSerial(meter(n))) for n in range(METERS)]
        given = self.path / "given.toml"
        self.state.registrar(database, clock).add(public_key=signer.public, places=places, out=given)
        with database.transaction() as connection:
            _settle(connection, places)
        database.close()
        name = gateway_id_of(signer.public.spki)
        journal_file.create(self.path / "journal.sqlite", name, gen=1)
        journal = Journal.open(self.path / "journal.sqlite", name, signer, clock)
        self._processes.callback(journal.close)
        settings = from_table(UplinkSettings, {}, Path("gateway.toml"))
        enrolment = install_enrolment(given, self.path / "enrolment.toml", name, clock.now())
        return Gateway(journal=journal, enrolment=enrolment, settings=settings)

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.path / "log").open("ab") as log:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        self._processes.callback(partial(_end, process))
        return process


def _settle(connection: Connection, places: Sequence[Place]) -> None:
    """Somebody lives there, and agreed to readings every quarter of an hour before any was made."""
    now = SystemClock().now()
    owner = CustomerId("C-1")
    rows = [
        table.Row(
            number=number,
            usage_point=place.usage_point,
            meter=place.meter,
            customer=owner,
            name="Ana Souza",
            email="ana@example.com",
            language=Language.PT_BR,
            time_zone=ZoneInfo("America/Sao_Paulo"),
            address="Rua das Flores 12",
        )
        for number, place in enumerate(places, start=2)
    ]
    customers.keep(connection, rows, now)
    yes = Change(
        customer=owner,
        purpose=Purpose.READINGS_FINE,
        channel=Channel.NONE,
        is_given=True,
        at=now - timedelta(days=30),
        by="customer",
        evidence="form 12",
    )
    consent_store.record(connection, yes, now)


def meter(number: int) -> str:
    return f"LMP{number:08d}"


def folder_of(processes: ExitStack) -> Path:
    return Path(processes.enter_context(tempfile.TemporaryDirectory(prefix="backlog-")))


def _wait_for(port: int) -> None:
    def answers() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    until(answers)


def until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + READY_WITHIN_S
    while not holds():
        if time.monotonic() > end_s:
            raise TimeoutError(f"it did not come so far within {READY_WITHIN_S:g} s")
        time.sleep(LOOK_S)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
