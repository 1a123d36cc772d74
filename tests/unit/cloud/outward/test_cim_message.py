"""The CIM message: well-formed, in the elements and the order of the schema, and with codes that are what they say.

What the schema `http://iec.ch/TC57/2011/EndDeviceEvents#` allows is restated here from the classes and files of public
head-ends that were made from it (Connexo's and AiMiR's EndDeviceEvent, Asset, Name, Status). The standard's own text
was not at hand.
"""

import base64
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from cloud.outward.cim_message import NAMESPACE, message
from cloud.outward.cim_types import cim_type
from tests.unit.cloud.outward.originals import originals
from wire.bodies import event_name
from wire.events import CATALOGUE, InterruptionAssessed, JournalBegunAnew, MeterAlarmLogged, VoltageOutOfBand
from wire.meter_log import ClockQuality, MeterEventKind
from wire.terms import Cause, Grade, JournalLoss, Stage, UseStage, VoltageLimit

ORDER = {
    "EndDeviceEvents": ["EndDeviceEvent", "EndDeviceEventType"],
    "EndDeviceEvent": [
        "mRID", "createdDateTime", "issuerID", "issuerTrackingID", "reason", "severity", "userID", "Assets",
        "EndDeviceEventDetails", "EndDeviceEventType", "Names", "status", "UsagePoint",
    ],
    "Assets": ["mRID", "Names"],
    "UsagePoint": ["mRID", "Names"],
    "Names": ["name", "NameType"],
    "NameType": ["description", "name", "NameTypeAuthority"],
    "status": ["dateTime", "reason", "remark", "value"],
    "EndDeviceEventDetails": ["name", "value"],
}  # fmt: skip
MANY = {"EndDeviceEvent", "EndDeviceEventDetails", "Names"}
NEEDED = {"EndDeviceEvent": {"createdDateTime", "EndDeviceEventType"}, "Names": {"name"}, "NameType": {"name"}}

# Annex E as public head-ends number it: what each part of a code says.
DEVICES = {0: "NA", 3: "ElectricMeter", 26: "ComDevice"}
DOMAINS = {0: "NA", 1: "Communication", 6: "Installation", 12: "Security", 17: "Logs", 23: "Network", 26: "Power",
           31: "RCDSwitch"}  # fmt: skip
SUBDOMAINS = {0: "NA", 25: "Phase", 26: "ControlPoint", 32: "SecurityKey", 44: "EventLog", 79: "PhaseVoltage",
              131: "PhaseAVoltage", 132: "PhaseBVoltage", 133: "PhaseCVoltage"}  # fmt: skip
EVENTS = {
    0: "NA", 24: "Changed", 37: "Normal", 43: "Corrupted", 47: "LossDetected", 53: "Restarted", 68: "Disconnected",
    85: "Failed", 105: "Installed", 212: "Removed", 216: "Restored", 223: "SagStarted", 224: "SagStopped",
    248: "SwellStarted", 249: "SwellStopped", 285: "Missing",
}  # fmt: skip


def document(events=None):
    """The message as a reader sees it; ElementTree refuses what is not well-formed."""
    return ET.fromstring(b"".join(message(originals() if events is None else events)))


def local(element):
    """An element's name, which must be of the message's namespace."""
    namespace, _, name = element.tag.partition("}")
    assert namespace == "{" + NAMESPACE
    return name


def text(element, path):
    return element.findtext("/".join(f"{{{NAMESPACE}}}{name}" for name in path.split("/")))


def assert_ordered(element):
    """Each child is one the schema allows there, in its order, as often as it may be."""
    names = [local(child) for child in element]
    allowed = ORDER.get(local(element), [])
    assert names == sorted(names, key=allowed.index)
    assert all(names.count(name) == 1 for name in set(names) - MANY)
    assert NEEDED.get(local(element), set()) <= set(names)
    for child in element:
        assert_ordered(child)


def test_the_message_has_the_schemas_elements_in_their_order():
    root = document()

    assert local(root) == "EndDeviceEvents"
    assert len(root) > 15
    assert_ordered(root)


def test_a_message_without_events_is_one():
    assert len(document([])) == 0


def test_an_event_says_when_it_happened_of_which_meter_and_where():
    (event,) = document(originals()[:1])

    assert text(event, "createdDateTime") == "2026-11-21T18:00:00.000Z"
    assert text(event, "issuerID") == "B9X7HK54"
    assert text(event, "issuerTrackingID") == "B9X7HK54/1/0/1"
    assert text(event, "severity") == "alarm"
    assert text(event, "Assets/Names/name") == "LAM00012345678"
    assert text(event, "UsagePoint/Names/name") == "UP-1"
    assert UUID(text(event, "mRID")).version == 5


def test_its_uuid_is_the_same_each_time_and_no_other_events():
    ids = [text(event, "mRID") for event in document()]

    assert ids == [text(event, "mRID") for event in document()]
    assert len(set(ids)) == len(ids)


def test_the_signed_original_stands_in_a_detail():
    original = originals()[0]
    (event,) = document([original])
    details = {
        text(each, "name"): text(each, "value") for each in event.findall(f"{{{NAMESPACE}}}EndDeviceEventDetails")
    }

    assert base64.b64decode(details["lamplight.evidence.cose_sign1"]) == original.sealed
    assert details["lamplight.evidence.external_aad"] == "lw1:event"
    assert details["lamplight.evidence.key_id"] == original.key_id
    assert details["lamplight.facts.input_mv"] == "412"


def test_a_verdicts_stage_is_its_status():
    stages = {text(event, "status/value") for event in document()}

    assert stages & {"provisional", "confirmed", "withdrawn"}


def test_text_that_no_xml_can_hold_is_replaced_and_markup_is_escaped():
    original = originals()[0]
    odd = replace(original, record=replace(original.record, subject="a<&\"'\x00\x1b\ud800\uffffz"))

    (event,) = document([odd])

    assert text(event, "Assets/Names/name") == "a<&\"'\ufffd\ufffd\ufffd\ufffdz"


def test_what_is_no_event_of_a_device_is_left_out():
    told = {text(event, "reason") for event in document()}

    assert {event_name(each.record.event) for each in originals()} - told == {
        "IntervalReadings", "RegisterReadings", "UnusualUse", "Heartbeat", "GatewayHealth", "EventSetAside",
        "CommandAnswered",
    }  # fmt: skip
    assert len(CATALOGUE) - 7 == len(told)


def verdict(cause, stage):
    return InterruptionAssessed(began_at_ms=0, cause=cause, stage=stage, grade=Grade.FAIR, evidence=())


def voltage(limit, stage, phase):
    return VoltageOutOfBand(
        stage=stage, phase=phase, limit=limit, limit_mv=0, began_at_ms=0, noticed_at_ms=0, extreme_mv=0
    )


OURS = [
    *(verdict(cause, stage) for cause in Cause for stage in Stage),
    *(voltage(limit, stage, phase) for limit in VoltageLimit for stage in UseStage for phase in (1, 2, 3)),
    *(JournalBegunAnew(previous_gen=1, reason=reason) for reason in JournalLoss),
    *(each.record.event for each in originals() if not hasattr(each.record.event, "cim")),
]


@pytest.mark.parametrize("event", OURS, ids=event_name)
def test_every_part_of_a_code_is_one_of_annex_e(event):
    code = cim_type(event) or "0.0.0.0"

    device, domain, subdomain, what = map(int, code.split("."))

    assert device in DEVICES
    assert domain in DOMAINS
    assert subdomain in SUBDOMAINS
    assert what in EVENTS


def test_a_verdict_that_is_withdrawn_is_never_a_failure():
    codes = {cim_type(verdict(cause, Stage.WITHDRAWN)) for cause in Cause}

    assert not any(code.endswith((".85", ".68")) for code in codes)


def test_only_a_meter_that_is_a_witness_is_said_to_have_lost_its_supply():
    said = {cause for cause in Cause if cim_type(verdict(cause, Stage.CONFIRMED)) == "3.26.0.85"}

    assert said == {Cause.SUPPLY_INTERRUPTED}


ENTRY = MeterAlarmLogged(
    kind=MeterEventKind.METER_COVER_OPENED,
    occurred_at_ms=None,
    clock=ClockQuality.GOOD,
    family="idis",
    log="any",
    raw_code=44,
    cim=(3, 12, 141, 212),
    phase=None,
    duration_ms=None,
)


def test_an_entry_of_a_meters_log_keeps_the_type_its_table_gave_it():
    assert cim_type(ENTRY) == "3.12.141.212"
    assert cim_type(replace(ENTRY, cim=None)) == "0.0.0.0"


def test_an_entry_without_an_instant_happened_when_it_was_signed():
    original = originals()[0]

    (event,) = document([replace(original, record=replace(original.record, event=ENTRY))])

    assert text(event, "createdDateTime") == "2026-11-21T18:00:02.100Z"
    assert original.sealed_at == datetime(2026, 11, 21, 18, 0, 2, 100_000, UTC)
