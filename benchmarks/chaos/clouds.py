"""The broker and the cloud as processes of their own: the real ones, less the cloud's pages and features.

The cloud takes in over MQTT, watches over gaps and runs its loop of tasks as `lamplight-cloud serve` does. In the other
features' stead stands one subscriber, which writes a row for every event it is told of, in the transaction that it is
given: what took effect can then be counted. Once the broker brings the cloud what is said, the file `listens` is there.
Both end by being killed.
"""

import os
import re
import threading
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from benchmarks.chaos.gateways import speak_to
from cloud.broker import mosquitto
from cloud.broker import service as broker
from cloud.ingest.consumer import Consumer
from cloud.ingest.lane_watch import LaneWatch
from cloud.ingest.news import EVENT_TASK, tell
from cloud.ingest.service import Intake
from cloud.ingest.store import StoredEvent
from cloud.kernel.loop import Loop, Worker
from cloud.state import StateFolder
from runtime.clock import SystemClock

EFFECTS: Final = "effect_of_event"
LISTENS: Final = "listens"
_LOOK_S: Final = 0.1


def run_broker(folder: Path, port: int, *, must_be_embedded: bool, max_queued: int | None, log: Path) -> None:
    """Be the broker of the cloud's folder, as `lamplight-cloud broker` is; or one whose queue is that short."""
    speak_to(log)
    state = StateFolder.open(folder)
    settings = state.settings().broker
    if max_queued is None:
        broker.run(state.broker, settings, port, must_be_embedded=must_be_embedded)
        return
    program = mosquitto.find()
    assert program is not None, "whoever asks for a short queue has looked for mosquitto"
    text = re.sub(
        r"(?m)^max_queued_messages .*$",
        f"max_queued_messages {max_queued}",
        mosquitto.configuration(state.broker, settings, port),
    )
    file = folder / "short-queue.conf"
    file.write_text(text)
    os.execv(program, [str(program), "-c", str(file)])


def run_cloud(folder: Path, port: int, log: Path) -> None:
    """Be the cloud of this folder, with its broker behind `port`."""
    speak_to(log)
    state, clock = StateFolder.open(folder), SystemClock()
    database = state.open_database()
    with database.transaction() as connection:
        connection.exec_driver_sql(f"CREATE TABLE IF NOT EXISTS {EFFECTS} (event TEXT NOT NULL)")
    settings = state.settings()
    watch = LaneWatch(settings.ingest)
    handlers = {EVENT_TASK: tell([watch.on_event, _take_effect]), **watch.handlers()}
    loop = Loop(database=database, clock=clock, handlers=handlers, on_commit=_nobody_waits)
    signer = state.receipt_signer()
    consumer = Consumer(
        settings=replace(settings.mqtt, port=port),
        password=state.broker.read_ingest_password(),
        intake=Intake(database=database, clock=clock, signer=signer, on_commit=loop.wake, settings=settings.ingest),
        clock=clock,
    )
    Worker("loop", loop.run, clock=clock, wake=loop.wake).start()
    Worker("ingest", consumer.run, clock=clock, wake=consumer.wake).start()
    while not consumer.is_connected:
        time.sleep(_LOOK_S)
    (folder / LISTENS).touch()
    threading.Event().wait()


def _take_effect(connection: Connection, event: StoredEvent, _now: datetime) -> None:
    connection.exec_driver_sql(f"INSERT INTO {EFFECTS} VALUES (?)", (str(event.id),))


def _nobody_waits() -> None:
    """No page is open here."""
