"""Every event of the catalogue can be said, and no figure is sent through a float."""

from zoneinfo import ZoneInfo

import pytest

from cloud.outages.area_model import Mark
from cloud.outages.model import Remark
from cloud.web import gateway_words, log_words, words
from cloud.web.moments import Moments
from tests.fakes_cloud import NOON
from wire.events import (
    CATALOGUE,
    CommandAnswered,
    EventsDropped,
    EventSetAside,
    Evidence,
    GatewayHealth,
    GatewayStarted,
    Heartbeat,
    InterruptionAssessed,
    IntervalReadings,
    JournalBegunAnew,
    KeyAnnounced,
    MeterAlarmLogged,
    MeterEventLogged,
    MeterFitted,
    MeterReachable,
    MeterRemoved,
    MeterUnreachable,
    RegisterReadings,
    SupplyDipped,
    SupplyLost,
    SupplyRestored,
    UnknownEvent,
    UnusualUse,
    VoltageOutOfBand,
)
from wire.meter_log import ClockQuality, MeterEventKind
from wire.record import ClockSource
from wire.terms import (
    Cause,
    CommandOutcome,
    Disconnector,
    DropReason,
    EvidenceKind,
    Grade,
    JournalLoss,
    Lane,
    LinkFault,
    ReadingSource,
    SetAsideReason,
    Stage,
    UseKind,
    UseStage,
    VoltageLimit,
)
from wire.units import Quantity

MOMENTS = Moments(zone=ZoneInfo("UTC"), now=NOON)
EVENTS = [
    SupplyLost(began_at_ms=0, input_mv=180),
    SupplyRestored(
        began_at_ms=0,
        restored_at_ms=1,
        held_s=60,
        voltages_mv=(),
        disconnector=Disconnector.CLOSED,
        power_failures=None,
    ),
    InterruptionAssessed(
        began_at_ms=0,
        cause=Cause.OWN_BREAKER,
        stage=Stage.PROVISIONAL,
        grade=Grade.FAIR,
        evidence=tuple(Evidence(kind=kind, value=1, age_ms=5) for kind in EvidenceKind),
    ),
    SupplyDipped(began_at_ms=0, duration_ms=120),
    IntervalReadings.of(0, 3_600, Quantity.POWER_IMPORT_W, (1, 2)),
    RegisterReadings(at_ms=0, values=tuple((quantity, 1) for quantity in Quantity)),
    UnusualUse(
        kind=UseKind.SUSTAINED,
        stage=UseStage.ENDED,
        began_at_ms=0,
        noticed_at_ms=1,
        observed_wh=31_400,
        usual_wh=12_100,
        period_s=86_400,
        score_milli=1_250,
    ),
    GatewayStarted(software="0.1.0", boot=3),
    Heartbeat(heads=(), uptime_s=90, pending=2),
    MeterUnreachable(since_ms=0, reason=LinkFault.GARBLED),
    MeterReachable(silent_for_ms=90_000),
    MeterAlarmLogged(
        kind=MeterEventKind.PHASE_LOST,
        occurred_at_ms=90_000,
        clock=ClockQuality.DOUBTFUL,
        family="idis",
        log="power-quality",
        raw_code=83,
        cim=(3, 26, 25, 85),
        phase=2,
        duration_ms=60_000,
    ),
    MeterEventLogged(
        kind=MeterEventKind.OTHER,
        occurred_at_ms=None,
        clock=ClockQuality.INVALID,
        family="generic",
        log="standard",
        raw_code=77,
        cim=None,
        phase=None,
        duration_ms=None,
    ),
    EventsDropped(of_lane=Lane.READINGS, first_seq=2, last_seq=40, head=bytes(16), reason=DropReason.FULL),
    JournalBegunAnew(previous_gen=1, reason=JournalLoss.DAMAGED),
    KeyAnnounced(spki=b"no key", proof=bytes(64), heads=()),
    MeterFitted(number=3, profile="dsmr5", since_ms=0),
    MeterRemoved(number=3, noticed_at_ms=0),
    GatewayHealth(
        disk_free_kb=1, journal_kb=1, memory_kb=1, temperature_mc=48_300, reports_dropped=0, events_refused=0
    ),
    EventSetAside(of_code=100, size=61_440, reason=SetAsideReason.TOO_LARGE),
    CommandAnswered(command=bytes(16), outcome=CommandOutcome.DONE, detail="meter 1 answers", took_ms=1_840),
    VoltageOutOfBand(
        stage=UseStage.ENDED,
        phase=2,
        limit=VoltageLimit.LOW,
        limit_mv=207_000,
        began_at_ms=0,
        noticed_at_ms=600_000,
        extreme_mv=198_400,
    ),
]


def test_every_event_of_the_catalogue_is_tried_here():
    assert {type(event) for event in EVENTS} == set(CATALOGUE.values())


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_has_words_of_its_own(event):
    said = words.said(event, MOMENTS)

    assert said.title != type(event).__name__
    assert said.details
    assert all(detail.label and detail.value for detail in said.details)


def test_an_event_we_cannot_read_says_so():
    unknown = UnknownEvent(code=999, lane=Lane.ALARM, body={}, why="unknown code")

    assert words.said(unknown, MOMENTS).title == "An event this program cannot read (code 999)"


@pytest.mark.parametrize(
    ("vocabulary", "kind"),
    [
        (words.REMARKS, Remark),
        (words.CAUSES, Cause),
        (words.QUANTITIES, Quantity),
        (words.SWITCHES, Disconnector),
        (gateway_words.FAULTS, LinkFault),
        (gateway_words.DROPPED, DropReason),
        (gateway_words.LOSSES, JournalLoss),
        (gateway_words.ASIDE, SetAsideReason),
        (gateway_words.OUTCOMES, CommandOutcome),
        (gateway_words.LIMITS, VoltageLimit),
        (words.CLOCKS, ClockSource),
        (words.READ_HOW, ReadingSource),
        (words.STAGES, Stage),
        (words.LANES, Lane),
        (log_words.CLOCKS, ClockQuality),
        (log_words.KINDS | {MeterEventKind.OTHER: "by its code"}, MeterEventKind),
    ],
)
def test_every_enumeration_is_covered(vocabulary, kind):
    assert set(vocabulary) == set(kind)


@pytest.mark.parametrize("kind", list(EvidenceKind))
@pytest.mark.parametrize("value", [0, 1, 99])
def test_every_piece_of_evidence_can_be_said(kind, value):
    assert words.evidence(Evidence(kind=kind, value=value, age_ms=0))


@pytest.mark.parametrize(
    ("quantity", "value", "told"),
    [
        (Quantity.ENERGY_IMPORT_WH, 2**53 + 1, "9 007 199 254 740.993 kWh"),
        (Quantity.ENERGY_IMPORT_WH, 0, "0.000 kWh"),
        (Quantity.VOLTAGE_L1_MV, 229_150, "229.2 V"),
        (Quantity.VOLTAGE_L1_MV, 229_149, "229.1 V"),
        (Quantity.POWER_IMPORT_W, -1_240, "−1 240 W"),
        (Quantity.DISCONNECTOR, 2, "open"),
        (Quantity.DISCONNECTOR, 77, "77"),
        (Quantity.POWER_FAILURES, 12, "12"),
    ],
)
def test_a_reading_is_told_in_the_unit_people_use(quantity, value, told):
    assert words.amount(quantity, value).replace("\xa0", " ").replace("\u202f", " ") == told


def test_of_homes_around_no_more_is_said_than_what_is_known():
    assert words.FACTS["neighbours_back_at"] == "since when, at the latest, homes around it have had power"
    assert words.MARKS[Mark.FOUND_WITHIN] == "Found within: it stays dark, and homes around it have power"
