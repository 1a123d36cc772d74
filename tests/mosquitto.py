"""A real mosquitto for one test: with passwords, a topic for each gateway, killed and started again."""

import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gateway.adapters.enrolment import Enrolment, Secret
from gateway.adapters.mqtt import MqttUplink
from runtime.clock import SystemClock
from tests.waiting import eventually
from wire.ids import GatewayId
from wire.keys import PublicKey, SoftwareSigner

GATEWAY = GatewayId("7Z0M4QDA")
PASSWORD = "correct horse"
MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin") or shutil.which(
    "mosquitto"
)
RULES = """
user ingest
topic readwrite lw/1/#
pattern write lw/1/%u/up/#
pattern read lw/1/%u/down/#
"""


@dataclass
class Broker:
    """A mosquitto that can be killed and started again."""

    folder: Path
    port: int
    settings: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        (self.folder / "mosquitto.conf").write_text(self.settings)
        with (self.folder / "mosquitto.log").open("ab") as log:
            command = [str(MOSQUITTO), "-c", str(self.folder / "mosquitto.conf")]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        eventually(self.is_listening, what="mosquitto listens")

    def is_listening(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=30).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


def mosquitto_settings(folder: Path, port: int, *more: str) -> str:
    passwords = folder / "passwords"
    for user in (GATEWAY, "ingest"):
        create = ["-c"] if not passwords.exists() else []
        subprocess.run(["mosquitto_passwd", *create, "-b", str(passwords), user, PASSWORD], check=True)
    (folder / "rules").write_text(RULES)
    lines = (
        f"listener {port} 127.0.0.1",
        *more,
        "allow_anonymous false",
        f"password_file {passwords}",
        f"acl_file {folder / 'rules'}",
        "user root",
    )
    return "\n".join(lines) + "\n"


def enrolment_at(
    port: int,
    *,
    host: str = "127.0.0.1",
    password: str = PASSWORD,
    ca: Path | None = None,
    receipt_key: PublicKey | None = None,
) -> Enrolment:
    """What lets the gateway in at a broker."""
    return Enrolment(
        host=host,
        port=port,
        username=GATEWAY,
        password=Secret(password),
        tls_ca_file=ca,
        receipt_key=receipt_key or SoftwareSigner.generate().public,
    )


def uplink_to(enrolment: Enrolment) -> MqttUplink:
    return MqttUplink(enrolment, GATEWAY, SystemClock(), keepalive_s=30)
