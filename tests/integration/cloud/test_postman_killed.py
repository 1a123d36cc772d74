"""kill -9 of a process that sends mail, at seeded moments: every message arrives, and arrives once."""

import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cloud.kernel.db import Database
from cloud.kernel.facts import FactSheet
from cloud.messaging import store
from cloud.messaging.catalogue import Catalogue
from cloud.messaging.model import State
from cloud.messaging.service import Composer
from runtime.clock import SystemClock
from simulators.mailbox import Mailbox, MailboxServer
from tests.fakes_cloud import fresh_database
from tests.fakes_messaging import outage_news
from tests.ports import free_port
from tests.waiting import eventually

pytestmark = pytest.mark.slow

MESSAGES = 12
KILLS = 5
SENDING_PROCESS = """
import sys, threading
from pathlib import Path
from cloud.kernel.db import Database
from cloud.messaging.lookup import HttpLookup
from cloud.messaging.postman import Postman
from cloud.messaging.settings import MailSettings
from cloud.messaging.smtp import SmtpSender
from runtime.clock import SystemClock

path, smtp_port, http_port = sys.argv[1:]
mail = MailSettings(port=int(smtp_port), reconcile_after_s=5, retry_first_s=1)
postman = Postman(
    database=Database.open(Path(path)), clock=SystemClock(), sender=SmtpSender(mail),
    lookup=HttpLookup(f"http://127.0.0.1:{http_port}", 5), settings=mail, on_commit=lambda: None,
)
print("ready", flush=True)
postman.run(threading.Event())
"""


def queue(database: Database) -> list[str]:
    """Messages about as many cases, whose facts hold today; their Message-IDs."""
    now = datetime.now(UTC)
    composer = Composer(Catalogue.load(), "utility.example")
    with database.transaction() as connection:
        for number in range(MESSAGES):
            news = outage_news(case=f"UP-1-{number}")
            of_today = FactSheet(replace(found, as_of=now) for found in news.facts.values())
            composer.compose(connection, replace(news, facts=of_today), now)
        return [message.message_id for message in store.newest(connection, limit=100)]


def started(path: Path, ports: tuple[int, int]) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", SENDING_PROCESS, str(path), *map(str, ports)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def undelivered(database: Database) -> list[State]:
    with database.read() as connection:
        states = [message.state for message in store.newest(connection, limit=100)]
    return [state for state in states if state is not State.DELIVERED]


def test_every_message_arrives_once_however_often_the_sender_is_killed(tmp_path: Path) -> None:
    chance = random.Random(1)
    mailbox = Mailbox(folder=tmp_path / "mail", clock=SystemClock())
    mailbox.open()
    ports = free_port(), free_port()
    server = MailboxServer(mailbox, smtp_port=ports[0], http_port=ports[1])
    server.start()
    try:
        with fresh_database(tmp_path) as database:
            expected = queue(database)

            for _ in range(KILLS):
                process = started(database.path, ports)
                moment = time.monotonic() + chance.uniform(0, 0.06)
                eventually(lambda moment=moment: time.monotonic() >= moment, what="the moment of the kill")
                end(process)
            process = started(database.path, ports)
            eventually(lambda: not undelivered(database), what="all messages delivered")
            end(process)
    finally:
        server.stop()

    assert Counter(kept.message_id for kept in mailbox.messages()) == Counter(expected)
