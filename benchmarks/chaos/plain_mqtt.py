"""MQTT alone, as it is commonly trusted: a publisher that counts acknowledgements, a listener with a session kept."""

import os
import pwd
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

TOPIC = "readings"
_WITHIN_S = 30.0
_QUIET_S = 1.5  # nothing came for so long: all has come


class Mosquitto:
    """mosquitto as it comes, with its persistence switched on; killed and started again on the same folder."""

    def __init__(self, program: Path, folder: Path, port: int) -> None:
        self._program = program
        self._file = folder / "mosquitto.conf"
        self.port = port
        user = pwd.getpwuid(os.geteuid()).pw_name  # started by root it would become a user who may not write here
        persistence = f"persistence true\npersistence_location {folder}/\nuser {user}\nlog_type none\n"
        self._file.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n{persistence}")

    def start(self) -> None:
        """Serve."""
        self._process = subprocess.Popen(
            [self._program, "-c", self._file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()


def published(port: int, payloads: list[bytes]) -> int:
    """Publish these with quality 1; how many the broker acknowledged."""
    acknowledged = threading.Semaphore(0)

    def on_publish(*_details: Any) -> None:
        acknowledged.release()

    with _connected(port, "publisher") as client:
        client.on_publish = on_publish
        for payload in payloads:
            client.publish(TOPIC, payload, qos=1)
        return sum(acknowledged.acquire(timeout=_WITHIN_S) for _ in payloads)


def heard(port: int) -> set[bytes]:
    """What a listener is given that the broker keeps a session for, until nothing comes any more."""
    came: set[bytes] = set()
    last_s = 0.0
    granted = threading.Event()

    def on_message(_client: Client, _data: Any, message: MQTTMessage) -> None:
        nonlocal last_s
        came.add(bytes(message.payload))
        last_s = time.monotonic()

    with _connected(port, "listener", on_message) as client:
        client.on_subscribe = lambda *_: granted.set()
        client.subscribe(TOPIC, qos=1)
        if not granted.wait(_WITHIN_S):
            raise TimeoutError(f"mosquitto did not let its listener listen within {_WITHIN_S:g} s")
        last_s = time.monotonic()
        while time.monotonic() - last_s < _QUIET_S:
            time.sleep(0.05)
    return came


@contextmanager
def _connected(port: int, name: str, on_message: Any = None) -> Iterator[Client]:
    """A connection in whose name the broker keeps what comes meanwhile."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
    client.on_message = on_message
    end_s = time.monotonic() + _WITHIN_S
    while time.monotonic() < end_s:
        with suppress(OSError):
            client.connect("127.0.0.1", port)
            break
        time.sleep(0.05)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()
