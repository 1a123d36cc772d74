"""A gateway whose line loses and doubles packets: everything arrives in the intake, once and in order."""

import random
import threading
import time

import pytest

from cloud.ingest import store
from cloud.kernel.ids import MeterSerial, UsagePointId
from cloud.registry.model import Place
from gateway.adapters import journal_file
from gateway.adapters.enrolment import install_enrolment
from gateway.adapters.journal import Journal
from gateway.adapters.mqtt import MqttUplink
from gateway.core.outbox import Change, Entry
from gateway.core.patience import Patience
from gateway.service.forwarder import Forwarder
from runtime.clock import SystemClock
from tests.cloud_process import BROKERS
from tests.integration.cloud.test_ingest import Site
from tests.integration.simulators import players
from tests.waiting import SURELY_S, eventually
from wire.events import RegisterReadings, SupplyLost
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner
from wire.terms import Lane
from wire.units import Quantity

EVENTS = 40
KEEPALIVE_S = 3
WINDOW_ROWS = 16
LONGEST_RESEND_S = 2
one_broker = pytest.mark.parametrize(
    "site", BROKERS[:1], indirect=True
)  # it is the line and the gateway that are tried


@pytest.fixture(scope="module", params=BROKERS)
def site(request, tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"), request.param)
    with site.ingest():
        yield site
    site.kill_broker()
    site.database.close()


@pytest.fixture
def line(site, tmp_path):
    with players.uplink_playing(tmp_path, site.port, seed=3) as player:
        yield player


class House:
    """A gateway's journal and its forwarder, on a line."""

    def __init__(self, site, line, folder, *, keepalive_s=KEEPALIVE_S):
        self.site = site
        self.line = line
        self.clock = SystemClock()
        self.signer = SoftwareSigner.generate()
        self.gateway = gateway_id_of(self.signer.public.spki)
        self.seen = []
        self._add(folder)
        journal_file.create(folder / "journal.sqlite", self.gateway, gen=1)
        self.journal = Journal.open(folder / "journal.sqlite", self.gateway, self.signer, self.clock)
        self.uplink = MqttUplink(self.enrolment, self.gateway, self.clock, keepalive_s=keepalive_s)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._forwarder().run, args=(self._stop,))

    def _add(self, folder):
        place = Place(usage_point=UsagePointId(f"UP-{self.gateway}"), meter=MeterSerial(self.gateway))
        self.site.registrar.add(public_key=self.signer.public, places=[place], out=folder / "given.toml")
        given = (folder / "given.toml").read_text()
        (folder / "given.toml").write_text(given.replace(f"port = {self.site.port}", f"port = {self.line.port}"))
        self.enrolment = install_enrolment(
            folder / "given.toml", folder / "enrolment.toml", self.gateway, SystemClock().now()
        )
        assert self.enrolment.port == self.line.port

    def _forwarder(self):
        return Forwarder(
            outbox=self.journal,
            uplink=self.uplink,
            receipt_key=self.enrolment.receipt_key,
            window_rows=WINDOW_ROWS,
            resend=Patience(first_s=0.2, longest_s=LONGEST_RESEND_S),
            reconnect=Patience(first_s=0.1, longest_s=0.3),
            clock=self.clock,
            chance=random.Random(1),
            tell=self.seen.append,
        )

    def say(self, count):
        """So many alarms and as many readings."""
        alarms = [SupplyLost(began_at_ms=number, input_mv=0) for number in range(count)]
        readings = [RegisterReadings(at_ms=n, values=((Quantity.ENERGY_IMPORT_WH, n),)) for n in range(count)]
        self.journal.commit(Change(entries=tuple(Entry(subject="LMP1", event=each) for each in (*alarms, *readings))))

    def nothing_waits(self):
        return self.journal.waiting() == 0

    def is_reached(self):
        return bool(self.seen) and self.seen[-1].up

    def awaits_no_answer(self):
        """Whether the broker is reached and owes nothing, not even for the word that the gateway is there."""
        return self.is_reached() and self.uplink.is_quiet()

    def in_the_intake(self, lane):
        """The numbers of this gateway's events of a lane, in the order they were taken in."""
        with self.site.database.read() as connection:
            events = store.page(connection, gateways=[self.gateway], after=0, limit=10_000)
        return [event.id.seq for event in events if event.id.lane == lane]

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(SURELY_S)
        self.journal.close()
        assert not self._thread.is_alive()


def test_everything_arrives_once_and_in_order_though_the_line_loses_and_doubles(site, line, tmp_path):
    line.tell("lose", "10")
    line.tell("double", "10")

    began_s = time.monotonic()
    with House(site, line, tmp_path) as house:
        house.say(EVENTS)
        eventually(house.nothing_waits, what="a receipt for everything")

    carried = line.counts()
    assert house.in_the_intake(Lane.ALARM) == list(range(1, EVENTS + 1))
    assert house.in_the_intake(Lane.READINGS) == list(range(1, EVENTS + 1))
    assert min(carried[what] for what in ("lost", "lost_acknowledged", "doubled")) > 0
    windows = 2 * (time.monotonic() - began_s) / LONGEST_RESEND_S  # of both lanes, said again for want of a receipt
    assert carried["published"] < max(4 * EVENTS, 2 * EVENTS + windows * WINDOW_ROWS)


@one_broker
def test_a_line_that_is_cut_is_noticed_at_once_and_used_again_when_it_is_there(site, line, tmp_path):
    with House(site, line, tmp_path, keepalive_s=600) as house:
        eventually(house.is_reached)
        line.tell("line", "ana", "off")
        eventually(lambda: not house.is_reached(), what="noticed, though no keep-alive is due")
        house.say(1)

        line.tell("line", "ana", "on")

        eventually(house.nothing_waits)
    assert house.in_the_intake(Lane.ALARM) == [1]


@one_broker
def test_an_alarm_said_into_a_dead_line_finds_out_in_half_a_keep_alive(site, line, tmp_path):
    keepalive_s = 10  # long, so that half of it and the whole are told apart on a slow machine, too
    with House(site, line, tmp_path, keepalive_s=keepalive_s) as house:
        eventually(house.awaits_no_answer)
        line.tell("line", "ana", "mute")
        line.tell("line", "ana", "on")
        began_s = time.monotonic()

        house.say(1)
        eventually(house.nothing_waits, deadline_s=0.9 * keepalive_s, what="a receipt on a new connection")

    assert time.monotonic() - began_s > 0.8 * keepalive_s / 2
    assert house.in_the_intake(Lane.ALARM) == [1]


@one_broker
def test_every_answer_lost_for_a_while_is_healed_by_the_next(site, line, tmp_path):
    with House(site, line, tmp_path) as house:
        eventually(house.is_reached)
        line.tell("lose", "100")
        house.say(20)
        eventually(lambda: line.counts()["lost"] >= 34)

        line.tell("lose", "0")

        eventually(house.nothing_waits)
    assert house.in_the_intake(Lane.ALARM) == list(range(1, 21))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--line", "ana"], "'ana' is no line"),
        (["--line", "ana=0", "--line", "ana=0"], "two lines called 'ana'"),
        (["--line", "ana=0", "--lose", "60", "--double", "60"], "100 at most together"),
        (["--line", "ana=0", "--lose", "much"], "'much' is no percentage"),
    ],
)
def test_wrong_words_are_refused_in_one_line(tmp_path, terminal, words, why):
    ended = terminal.run("lamplight-sim", "uplink", "--control", tmp_path / "sock", "--to", 1883, *words)

    assert why in ended.refusal
