"""Records, events and receipts: strict where it protects, open where a newer gateway may say more."""

import pytest

from tests.unit.wire.golden import EVENTS, SIGNERS, receipt, records
from wire.bodies import decode_body, encode_body, event_name, facts
from wire.codec import decode, encode
from wire.envelope import Purpose, seal
from wire.events import CATALOGUE, InterruptionAssessed, UnknownEvent
from wire.receipts import open_receipt, seal_receipt
from wire.record import decode_record, encode_record
from wire.refusals import EnvelopeRefused, Reason, RecordRefused
from wire.terms import EvidenceKind, Lane

RECORD = records("P-256")[0]
PAYLOAD = decode(encode_record(RECORD))


def changed(**keys):
    return encode({**PAYLOAD, **{int(key[1:]): value for key, value in keys.items()}})


@pytest.mark.parametrize("event", EVENTS, ids=event_name)
def test_every_event_reads_back_and_every_catalogue_entry_has_a_vector(event):
    assert decode_body(event.code, event.lane, encode_body(event)) == event
    assert {type(event) for event in EVENTS} == set(CATALOGUE.values())


def test_every_kind_of_evidence_stands_in_a_vector():
    told = [item.kind for event in EVENTS if isinstance(event, InterruptionAssessed) for item in event.evidence]

    assert set(told) == set(EvidenceKind)


def test_no_two_events_share_a_code():
    assert len({event.code for event in CATALOGUE.values()}) == len(CATALOGUE)
    assert set(CATALOGUE) == {event.code for event in EVENTS}


@pytest.mark.parametrize(
    ("why", "keys"),
    [
        ("another version", {"k1": 2}),
        ("a version that only equals one", {"k1": True}),
        ("an identifier with a forbidden letter", {"k2": "7Z0M4QDI"}),
        ("a negative gen", {"k3": -1}),
        ("a lane nobody knows", {"k4": 3}),
        ("seq zero", {"k5": 0}),
        ("a short hash", {"k6": b"123"}),
        ("a time before 1970", {"k7": -1}),
        ("three clock values", {"k8": [0, 0, 0]}),
        ("a code of zero", {"k9": 0}),
        ("a subject of 33 letters", {"k10": "x" * 33}),
        ("a body that is no map", {"k11": [1]}),
        ("extensions that are no map", {"k12": 1}),
    ],
)
def test_a_record_whose_place_or_time_cannot_be_read_is_refused(why, keys):
    with pytest.raises(RecordRefused):
        decode_record(changed(**keys))


@pytest.mark.parametrize("missing", [key for key in PAYLOAD if key != 12])
def test_each_key_but_the_extensions_is_needed(missing):
    payload = {key: value for key, value in PAYLOAD.items() if key != missing}

    with pytest.raises(RecordRefused):
        decode_record(encode(payload))


def test_an_unknown_positive_key_is_passed_over_and_a_negative_one_refuses():
    assert decode_record(changed(k99="later")) == RECORD
    with pytest.raises(RecordRefused) as caught:
        decode_record(encode({**PAYLOAD, -1: "must"}))
    assert caught.value.reason is Reason.MUST_UNDERSTAND


def test_an_extension_is_kept_unless_it_must_be_understood():
    assert decode_record(changed(k12={5: "x"})).extensions == {5: "x"}
    with pytest.raises(RecordRefused):
        decode_record(changed(k12={-5: "x"}))


@pytest.mark.parametrize(
    ("why", "keys"),
    [
        ("a code nobody knows", {"k9": 999}),
        ("a known code in a foreign lane", {"k4": 2}),
        ("a field missing", {"k11": {1: 5}}),
        ("a field out of bounds", {"k11": {1: 5, 2: -1}}),
        ("a field that must be understood", {"k11": {1: 5, 2: 5, -3: 0}}),
    ],
)
def test_an_event_that_cannot_be_read_keeps_its_place_and_says_why(why, keys):
    record = decode_record(changed(**keys))

    assert isinstance(record.event, UnknownEvent)
    assert record.event.why
    assert record.link.seq == RECORD.link.seq


def test_an_event_out_of_its_bounds_is_not_written():
    from wire.events import SupplyLost

    with pytest.raises(RecordRefused):
        encode_body(SupplyLost(began_at_ms=-1, input_mv=0))


def test_facts_are_plain_values_for_people_and_programs():
    said = facts(EVENTS[1])

    assert said["cause"] == "supply_interrupted"
    assert said["evidence"][0] == {"kind": "supply_sense", "value": 0, "age_ms": 2100}


def test_a_receipt_opens_only_with_the_clouds_key_and_purpose():
    signer = SIGNERS["P-256"]
    sealed = seal_receipt(receipt("P-256"), signer)

    assert open_receipt(sealed, signer.public).lane is Lane.ALARM
    with pytest.raises(EnvelopeRefused):
        open_receipt(sealed, SIGNERS["Ed25519"].public)
    with pytest.raises(EnvelopeRefused):
        open_receipt(seal(b"\xa0", signer, Purpose.EVENT), signer.public)
