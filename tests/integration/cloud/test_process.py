"""The cloud as a process: how it begins, ends, is refused, and goes on after it was killed."""

import contextlib
import signal
import socket
import sqlite3
import threading
import urllib.request
from types import SimpleNamespace

import pytest

from cloud.kernel.access import read_token
from cloud.kernel.ids import MeterSerial
from cloud.readings import store as readings
from cloud.state import StateFolder
from runtime.clock import SystemClock
from tests import cloud_process
from tests.cloud_speaker import Speaker
from tests.fakes_cloud import METER
from tests.ports import free_port
from tests.waiting import SURELY_S, eventually
from wire.events import IntervalReadings
from wire.instants import from_unix_ms
from wire.units import Quantity

HOUR_MS = 3_600_000
DAYS, KILLS = 80, 2
BEGIN_MS = 1_795_262_400_000
NEVER, EVER = from_unix_ms(0), from_unix_ms(2**47)


@pytest.fixture
def site(tmp_path):
    """A state folder with a registrar, for a broker and a cloud that run as processes of their own."""
    port = free_port()
    folder = StateFolder.create(tmp_path / "state", {"mqtt": {"port": port}, "web": {"port": 0}})
    database = folder.open_database()
    registrar = folder.registrar(database, SystemClock())
    yield SimpleNamespace(
        port=port, folder=folder, database=database, registrar=registrar, log=tmp_path / "cloud.log", path=tmp_path
    )
    database.close()


@contextlib.contextmanager
def serving(site):
    """The cloud's process and its page's address."""
    with cloud_process.started("serve", site.folder.path, log=site.log) as process:
        yield SimpleNamespace(process=process, address=address_in(process))


def address_in(process):
    return process.stdout.readline().decode().strip().removeprefix("ready http=")


def ask(site, address, path):
    request = urllib.request.Request(address + path)
    request.add_header("Authorization", f"Bearer {read_token(site.folder.access_token)}")
    return urllib.request.urlopen(request, timeout=SURELY_S)


def test_it_says_when_it_is_ready_and_ends_cleanly_when_told_though_a_page_is_open(site):
    with serving(site) as cloud:
        assert ask(site, cloud.address, "/").status == 200
        stream = ask(site, cloud.address, "/live")
        assert stream.readline()
        reader = threading.Thread(target=stream.read)
        reader.start()

        cloud_process.end(cloud.process)
        reader.join(SURELY_S)

    assert cloud.process.returncode == 0
    assert not reader.is_alive()
    assert "cloud_stopped stuck=-" in site.log.read_text()
    assert "Traceback" not in site.log.read_text()
    stream.close()


def test_a_second_one_on_the_same_folder_is_refused(site, terminal):
    with serving(site):
        refusal = terminal.run("lamplight-cloud", "serve", site.folder.path).refusal

    assert "the cloud already runs on this folder" in refusal


def test_a_taken_port_is_refused_with_what_to_do(tmp_path, terminal):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        folder = StateFolder.create(tmp_path / "state", {"web": {"port": port}})
        before = folder.database.read_bytes()

        refusal = terminal.run("lamplight-cloud", "serve", tmp_path / "state").refusal

    assert "the page cannot listen: Address already in use" in refusal
    assert "choose another one" in refusal
    assert folder.database.read_bytes() == before


def test_it_waits_for_a_broker_that_is_not_there_yet(site):
    with serving(site):
        eventually(lambda: "broker_gone" in site.log.read_text())
        with cloud_process.started("broker", site.folder.path, log=site.log):
            eventually(lambda: "broker_connected" in site.log.read_text())
            assert site.log.read_text().count("broker_gone") == 1


@pytest.mark.slow
def test_a_cloud_killed_again_and_again_holds_everything_once(site):
    days = [
        IntervalReadings.of(BEGIN_MS + day * 24 * HOUR_MS, 3_600, Quantity.ENERGY_IMPORT_WH, range_of(day))
        for day in range(DAYS)
    ]
    with cloud_process.started("broker", site.folder.path, log=site.log) as broker:
        cloud_process.wait_for_port(site.port, broker)
        speaker = Speaker(site).connect()
        for part in range(0, DAYS, DAYS // KILLS):
            with cloud_process.started("serve", site.folder.path, log=site.log) as process:
                address_in(process)
                for day in days[part : part + DAYS // KILLS]:
                    speaker.fake.say(day)
                speaker.send()
                eventually(lambda seen=part: speaker.send_again() or rows(site, "intake") > seen)
                cloud_process.end(process, signal.SIGKILL)
        with serving(site):
            eventually(speaker.has_all_receipts)
            eventually(lambda: rows(site, "task WHERE done_at IS NULL") == 0)
        speaker.leave()

    assert rows(site, "intake") == rows(site, "task WHERE kind = 'event'") == DAYS
    with site.database.read() as connection:
        kept = readings.intervals(connection, MeterSerial(METER), NEVER, EVER)
    assert [reading.value for reading in kept] == [value for day in range(DAYS) for value in range_of(day)]
    assert "Traceback" not in site.log.read_text()


def range_of(day):
    return tuple(range(day, day + 24))


def rows(site, table):
    """How many rows stand in a table, as another process sees them."""
    with contextlib.closing(sqlite3.connect(site.folder.database)) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
