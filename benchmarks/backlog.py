"""A week without a way to the cloud, and then one: how fast does what waited arrive, and how long do alarms wait?

A gateway reads 32 meters every quarter of an hour for seven days and says an alarm at the end; its journal, real and
signed, holds all of it. Then the broker is there: mosquitto as `lamplight-cloud broker` starts it, and the whole cloud
as `lamplight-cloud serve` does, in processes of their own. The homes agreed to readings so fine. Delivered is what the
cloud's signed receipt covers; afterwards it is counted in the cloud's database. Alarms are said throughout, and the one
that waited longest counts. Beside the rate stands the same broker handed the same envelopes by paho, which waits for
its acknowledgements and for no cloud; and, since a machine may be busy, what processors spent on one event.

Then brokers that take no message of more than 2 kB, each with another way to show it: an event too large for them is
said, and an alarm after it. The short profile drains a day, since the rate is the same.
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

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import Connection

from benchmarks.report import Row, Skipped, main
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
from wire import topics
from wire.events import IntervalReadings, RegisterReadings, SupplyLost
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner
from wire.terms import Lane
from wire.units import Quantity

METERS: Final = 32
QUARTERS_A_DAY: Final = 96
LEAST_EVENTS_PER_S: Final = 200.0
ALARM_WITHIN_S: Final = 5.0
SMALL_BYTES: Final = 2_048
ALARM_EVERY_S: Final = 2.0
DEADLINE_S: Final = 900.0
_READY_WITHIN_S: Final = 30.0
_LOOK_S: Final = 0.02
_PEER_MESSAGES: Final = 2_000
_PEER_WINDOW: Final = 64  # as our own of a lane

SHAPES: Final = {
    "names its limit (MQTT 5)": ("5", f"max_packet_size {SMALL_BYTES}"),
    "cuts the connection (3.1.1)": ("3.1.1", f"max_packet_size {SMALL_BYTES}"),
    "throws away what it acknowledged (3.1.1)": ("3.1.1", f"message_size_limit {SMALL_BYTES}"),
}


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
            outbox.Change(entries=(Entry(subject=_meter(0), event=SupplyLost(began_at_ms=1, input_mv=0)),))
        )
        return time.monotonic()

    def alarms_wait(self) -> bool:
        return bool(self.journal.oldest_waiting(Lane.ALARM, 1))


class Site:
    """The cloud's folder with one gateway of 32 meters, and the processes that serve it."""

    def __init__(self, path: Path, processes: ExitStack) -> None:
        self._processes = processes
        self.path = path
        self.port = _free_port()
        self.cloud: subprocess.Popen[bytes] | None = None
        settings = {"mqtt": {"port": self.port}, "web": {"port": _free_port()}}
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
        places = [Place(usage_point=UsagePointId(f"UP-{n}"), meter=MeterSerial(_meter(n))) for n in range(METERS)]
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


def fill(gateway: Gateway, days: int) -> int:
    """Let the gateway read its meters for so many days, quarter by quarter; how many events that made."""
    now_ms = time.time_ns() // 1_000_000
    quarters = days * QUARTERS_A_DAY
    for quarter in range(quarters):
        at_ms = now_ms - (quarters - quarter) * 900_000
        entries = tuple(_reading(number, at_ms, quarter) for number in range(METERS))
        gateway.journal.commit(outbox.Change(entries=entries))
    return quarters * METERS


def _reading(number: int, at_ms: int, quarter: int) -> Entry:
    values = (
        (Quantity.ENERGY_IMPORT_WH, 1_000_000 + 80 * quarter + number),
        (Quantity.ENERGY_EXPORT_WH, 10 * quarter),
        (Quantity.POWER_IMPORT_W, 300 + number),
        (Quantity.VOLTAGE_L1_MV, 230_000 + number),
    )
    return Entry(subject=_meter(number), event=RegisterReadings(at_ms=at_ms, values=values))


def drain(gateway: Gateway) -> tuple[float, float, float]:
    """Seconds until nothing waits, until the alarm that waited through the outage arrived, and the worst of the others.

    While it drains an alarm is said every other second.
    """
    began_s = said_s = gateway.say_alarm()
    waited: list[float] = []
    is_waiting = True
    with gateway.forwarding():
        while gateway.journal.waiting():
            now_s = time.monotonic()
            if now_s - began_s > DEADLINE_S:
                raise TimeoutError(f"{gateway.journal.waiting()} events still wait after {DEADLINE_S:g} s")
            if is_waiting and not gateway.alarms_wait():
                waited.append(now_s - said_s)
                is_waiting = False
            elif not is_waiting and now_s - said_s > ALARM_EVERY_S:
                said_s, is_waiting = gateway.say_alarm(), True
            time.sleep(_LOOK_S)
        ended_s = time.monotonic()
    return ended_s - began_s, waited[0], max(waited[1:], default=0.0)


def week(days: int) -> list[Row]:
    """The backlog's figures."""
    with ExitStack() as processes:
        site = Site(_folder(processes), processes)
        made = fill(site.gateway, days)
        envelopes = [row.envelope for row in site.gateway.journal.oldest_waiting(Lane.READINGS, _PEER_MESSAGES)]
        site.begin_broker()
        alone = _acknowledged_per_s(site, envelopes)
        site.begin_cloud()
        began_cpu_s = time.process_time(), site.cloud_cpu_s()
        took_s, first_alarm_s, later_alarm_s = drain(site.gateway)
        ended_cpu_s = time.process_time(), site.cloud_cpu_s()
        edge_ms, cloud_ms = (1_000 * (end - begin) / made for end, begin in zip(ended_cpu_s, began_cpu_s, strict=True))
        made += sum(head.seq for head in site.gateway.journal.heads() if head.lane is Lane.ALARM)
        missing = made - site.stored()
    what = f"{days} days of {METERS} meters: {made} events"
    alarm = partial(Row, beside=ALARM_WITHIN_S, beside_name="", unit="s", is_limit=True)
    own = partial(Row, beside=1_000 / LEAST_EVENTS_PER_S, beside_name="", unit="cpu ms", is_limit=True)
    rate = partial(Row, ours=made / took_s, unit="per s", less_is_better=False)
    return [
        rate(what=what, beside=LEAST_EVENTS_PER_S, beside_name="", is_limit=True, key="events_per_s"),
        rate(what="beside the broker's acknowledgements alone", beside=alone, beside_name="paho to mosquitto"),
        alarm(what="the alarm said in the outage", ours=first_alarm_s, key="first_alarm_s"),
        alarm(what="alarms said while it drained, the slowest", ours=later_alarm_s, key="alarm_while_draining_s"),
        own(what="the gateway's own time for an event", ours=edge_ms, key="gateway_cpu_ms_per_event"),
        own(what="the cloud's", ours=cloud_ms, key="cloud_cpu_ms_per_event"),
        Row(what="not in the cloud", ours=missing, beside=0, beside_name="", unit="", is_limit=True, key="missing"),
    ]


def _acknowledged_per_s(site: Site, envelopes: Sequence[bytes]) -> float:
    """How many of the same envelopes a second the broker acknowledges to a plain client, which has nobody listening."""
    enrolment = site.gateway.enrolment
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=enrolment.username)
    assert enrolment.password is not None
    client.username_pw_set(enrolment.username, enrolment.password.reveal())
    client.max_inflight_messages_set(_PEER_WINDOW)
    client.connect(enrolment.host, enrolment.port)
    client.loop_start()
    topic = topics.up(site.gateway.journal.gateway, Lane.READINGS)
    began_s = time.monotonic()
    sent = [client.publish(topic, envelope, 1) for envelope in envelopes]
    for message in sent:
        message.wait_for_publish(_READY_WITHIN_S)
    took_s = time.monotonic() - began_s
    client.disconnect()
    client.loop_stop()
    return len(envelopes) / took_s


def oversized(version: str, limit: str) -> float:
    """Seconds from an event too large for the broker to the receipt for the alarm said after it."""
    with ExitStack() as processes:
        site = Site(_folder(processes), processes)
        site.begin_broker(limit)
        site.begin_cloud()
        gateway = site.gateway
        with gateway.forwarding(version):
            gateway.say_alarm()
            _until(lambda: not gateway.alarms_wait())
            gateway.journal.commit(outbox.Change(entries=(_large(),)))
            began_s = time.monotonic()
            time.sleep(0.3)  # it is on its way
            gateway.say_alarm()
            _until(lambda: not gateway.alarms_wait())
            return time.monotonic() - began_s


def _large() -> Entry:
    values = tuple(100_000 * (place % 2) for place in range(900))
    event = IntervalReadings.of(900_000, 900, Quantity.ENERGY_IMPORT_WH, values)
    return Entry(subject=_meter(0), event=event)


def measure(full: bool) -> Sequence[Row]:
    """The backlog, and each kind of broker that takes no large event."""
    rows = week(7 if full else 1)
    waits = {shape: oversized(*how) for shape, how in SHAPES.items()}
    limit = partial(Row, beside=ALARM_WITHIN_S, beside_name="", unit="s", is_limit=True)
    rows += [limit(what=f"alarm after an event too large; the broker {shape}", ours=s) for shape, s in waits.items()]
    worst_s = max(waits.values())
    return [*rows, limit(what="the slowest of these", ours=worst_s, key="alarm_after_oversized_s")]


def _meter(number: int) -> str:
    return f"LMP{number:08d}"


def _folder(processes: ExitStack) -> Path:
    return Path(processes.enter_context(tempfile.TemporaryDirectory(prefix="backlog-")))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    def answers() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    _until(answers)


def _until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + _READY_WITHIN_S
    while not holds():
        if time.monotonic() > end_s:
            raise TimeoutError(f"it did not come so far within {_READY_WITHIN_S:g} s")
        time.sleep(_LOOK_S)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main("backlog", measure))
