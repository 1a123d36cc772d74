"""What befalls the simulated meter stands in its logs, and the gateway reads it there: every make by its own codes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.adapters.dlms_meter import DlmsMeter
from gateway.adapters.event_code_files import check_families, load_event_codes
from gateway.adapters.profile_files import load_profile, profile_names
from gateway.core.meter_access import Authentication
from gateway.core.meter_logs.log_progress import LogsTaken
from simulators.meter.device import Meter
from simulators.meter.history import History
from simulators.meter.life import Life
from simulators.meter.makes import MAKES
from simulators.moment import Moment
from tests.fakes_head import Head
from tests.fakes_meter import FakeClock
from tests.fakes_simulators import NOW, SteadyHousehold
from wire.meter_log import MeterEventKind as Kind

MADE_AT = NOW - timedelta(days=40)
CODES = load_event_codes()
PROFILE_OF = {"lamplight": "lamplight-sim", "idis": "idis", "dsmr5": "dsmr5"}


class Home:
    """A meter of one make, the gateway's session with it, and what of its logs was taken over."""

    def __init__(self, make="lamplight", reads="range"):
        self.clock = FakeClock(NOW)
        profile = load_profile(PROFILE_OF[make])
        nobody = replace(profile.access, client_sap=16, authentication=Authentication.NONE, is_ciphered=False)
        logs = tuple(replace(log, reads=reads) for log in profile.logs)
        self.profile = replace(profile, access=nobody, logs=logs)
        past = History.of_new_meter("LMP10000001", MADE_AT)
        life = Life(household=SteadyHousehold(steady_w=500.0), history=past, phases=3, make=MAKES[make])
        meter = Meter(life, keep=lambda _history: None)
        self.head = Head(meter, self.clock)
        self.session = DlmsMeter("/dev/head", self.profile, clock=self.clock, open_line=lambda _a, _b: self.head)
        self.taken = LogsTaken().of(self.profile.logs, NOW, days=3)

    def befall(self, *words):
        self.clock.seconds += 5
        self.head.meter.command(words, Moment(at=self.clock.now(), mono_s=self.clock.monotonic()))

    def read(self):
        """What is new in the logs: kinds, in the order of the logs."""
        now, pages = self.clock.now(), []
        spans = self.taken.spans(self.profile.logs, now)
        self.session.read_on(None, lambda snapshot, _rows: pages.extend(snapshot.logs), spans)
        self.taken, events = self.taken.taken(pages, CODES, now)
        self.pages = {page.span.log.name: page for page in pages}
        return events


@pytest.mark.parametrize("reads", ["range", "entries", "whole"])
@pytest.mark.parametrize("make", PROFILE_OF)
def test_what_befell_the_meter_is_told_once_in_our_words(make, reads):
    home = Home(make, reads)
    home.read()

    home.befall("event", "cover_opened")
    home.befall("event", "magnet_on")
    first = [event.kind for event in home.read()]
    home.befall("event", "cover_closed")
    second = [event.kind for event in home.read()]

    assert first == [Kind.METER_COVER_OPENED, Kind.MAGNETIC_FIELD]
    assert second == [Kind.METER_COVER_CLOSED]


def test_each_entry_carries_what_the_meter_wrote():
    home = Home("dsmr5")
    home.read()

    home.befall("event", "77", "quality")
    (event,) = home.read()

    assert (event.family, event.log, event.raw_code, event.phase) == ("dsmr", "power-quality", 77, 1)
    assert event.kind is Kind.VOLTAGE_LOW


def test_a_code_nobody_named_comes_through_with_its_number():
    home = Home()
    home.read()

    home.befall("event", "4711")
    (event,) = home.read()

    assert (event.kind, event.raw_code, event.cim) == (Kind.OTHER, 4711, None)


def test_entries_are_found_after_the_meters_clock_was_set_back():
    home = Home()
    home.befall("event", "cover_opened")
    home.read()

    home.befall("clock", "jump", "-7200")
    home.befall("event", "cover_closed")
    kinds = [event.kind for event in home.read()]

    assert Kind.METER_COVER_CLOSED in kinds
    assert home.read() == ()


@pytest.mark.parametrize("reads", ["entries", "whole"])
def test_entries_are_found_that_a_lost_clock_stamped_and_that_was_right_again_before_they_were_read(reads):
    home = Home(reads=reads)
    home.befall("event", "cover_opened")
    home.read()

    home.befall("clock", "jump", str(-300 * 86_400))
    home.befall("event", "magnet_on")
    home.befall("clock", "jump", str(300 * 86_400))
    kinds = [event.kind for event in home.read()]

    assert Kind.MAGNETIC_FIELD in kinds
    assert Kind.METER_COVER_OPENED not in kinds
    assert home.read() == ()


@pytest.mark.parametrize("name", [name for name in profile_names() if load_profile(name).logs])
def test_every_log_of_a_shipped_profile_has_a_table_of_codes(name):
    check_families(load_profile(name), CODES)

    assert {log.family for log in load_profile(name).logs} <= CODES.families


@pytest.mark.parametrize(
    ("make", "lasted_s", "is_logged"), [("lamplight", 20, True), ("idis", 200, True), ("idis", 20, False)]
)
def test_a_long_failure_is_dated_by_its_end_and_its_duration(make, lasted_s, is_logged):
    home = Home(make)
    home.read()

    home.befall("supply", "off")
    began_s = home.clock.seconds
    home.clock.seconds += lasted_s - 5
    home.befall("supply", "on")
    failures = [event for event in home.read() if event.log == "power-failure"]

    assert len(failures) == is_logged
    assert [event.duration_ms for event in failures] == [lasted_s * 1000] * is_logged
    ends_at = [event.occurred_at_ms / 1000 for event in failures]
    assert ends_at == pytest.approx([NOW.timestamp() + began_s + lasted_s] * is_logged, abs=1.5)
