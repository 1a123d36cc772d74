"""Files that left the house, read back strictly: what they claim, and whether it is true."""

import json
from dataclasses import replace
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.outward import cim_message, cloudevent
from cloud.outward.cim_message import EVIDENCE, NAMESPACE
from cloud.outward.evidence_file import claims, is_one
from cloud.outward.explain import explain
from runtime.errors import InputRefused
from tests.unit.cloud.outward.originals import originals
from tests.unit.wire.golden import SIGNERS

KEYS = [signer.public for signer in SIGNERS.values()]
ALL = [*originals("P-256"), *originals("Ed25519")]
BATCH = b"".join(cloudevent.batch(ALL))
MESSAGE = b"".join(cim_message.message(ALL))
LOST = originals()[0]


def forms():
    """One event in each form it leaves in."""
    return [
        pytest.param(cloudevent.as_json(LOST), id="cloudevent"),
        pytest.param(b"".join(cloudevent.batch([LOST])), id="batch"),
        pytest.param(b"".join(cim_message.message([LOST])), id="cim"),
    ]


@pytest.mark.parametrize("data", forms())
def test_an_event_is_read_back_from_each_form_and_is_true(data):
    (claim,) = claims(data)

    found = explain(claim, KEYS)

    assert is_one(data)
    assert claim.sealed == LOST.sealed
    assert found.is_true
    assert found.line == "verified  B9X7HK54/1/0/1  SupplyLost"


@pytest.mark.parametrize("data", [BATCH, MESSAGE], ids=["batch", "cim"])
def test_a_whole_file_of_every_event_is_true(data):
    found = [explain(claim, KEYS) for claim in claims(data)]

    assert len(found) > 30
    assert all(each.is_true for each in found)


@pytest.mark.parametrize("data", forms())
def test_without_keys_no_signature_is_said_to_be_checked(data):
    (claim,) = claims(data)

    assert explain(claim, []).line.startswith("unchecked")


@pytest.mark.parametrize("data", forms())
def test_a_key_that_is_another_gateways_verifies_nothing(data):
    (claim,) = claims(data)

    found = explain(claim, [SIGNERS["Ed25519"].public])

    assert not found.is_true
    assert found.facts()["reason"] == "unknown key"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "B9X7HK54/1/0/2"),
        ("source", "urn:lamplight:gateway:ANOTHER1"),
        ("type", "org.lamplight.supply_restored.v1"),
        ("subject", "ANOTHER METER"),
        ("time", "2026-11-21T19:00:02.100Z"),
    ],
)
def test_a_cloudevent_that_says_other_than_its_evidence_is_found_out(name, value):
    (claim,) = claims(json.dumps({**cloudevent.cloudevent(LOST), name: value}).encode())

    found = explain(claim, KEYS)

    assert found.differences == (name,)
    assert not found.is_true


def test_a_cloudevent_is_compared_as_one_though_it_uses_the_names_of_another_form():
    event = cloudevent.cloudevent(LOST)
    event["data"]["facts"]["input_mv"] = 5_000
    right_of_cim = {
        "issuerTrackingID": event["id"],
        "createdDateTime": "2026-11-21T18:00:00.000Z",
        "EndDeviceEventType": "26.26.0.85",
    }

    (claim,) = claims(json.dumps(event | right_of_cim | {"envelope": "", "set_aside": "too_large"}).encode())

    assert explain(claim, KEYS).differences == ("data.facts",)


def test_facts_that_are_not_those_of_the_evidence_are_found_out():
    event = cloudevent.cloudevent(LOST)
    event["data"]["facts"]["input_mv"] = 5_000

    (claim,) = claims(json.dumps(event).encode())

    assert explain(claim, KEYS).line.endswith("the file says otherwise of: data.facts")


def test_what_a_newer_version_says_besides_is_passed_over():
    event = {**cloudevent.cloudevent(LOST), "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    event["data"]["later"] = 1

    (claim,) = claims(json.dumps(event).encode())

    assert explain(claim, KEYS).is_true


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        (b"3.26.0.216", b"3.26.0.85", "EndDeviceEventType"),
        (b'"26.26.0.85"', b'"3.26.0.85"', "EndDeviceEventType"),
        (b"B9X7HK54/1/0/1<", b"B9X7HK54/1/0/7<", "issuerTrackingID"),
        (b"Time>2026-11-21T18:00:00.000Z", b"Time>2026-11-21T17:00:00.000Z", "createdDateTime"),
    ],
)
def test_a_cim_event_that_says_other_than_its_evidence_is_found_out(old, new, name):
    data = b"".join(cim_message.message(originals()[:3])).replace(old, new, 1)

    wrong = [found for claim in claims(data) if not (found := explain(claim, KEYS)).is_true]

    assert [each.differences for each in wrong] == [(name,)]


def test_a_signature_that_was_bent_is_refused():
    event = cloudevent.cloudevent(LOST)
    sealed = bytearray(LOST.sealed)
    sealed[-1] ^= 1
    (claim,) = claims(cloudevent.as_json(LOST))

    found = explain(replace(claim, said=event, sealed=bytes(sealed)), KEYS)

    assert found.line.startswith("refused   bad signature")


DETAIL = f"<EndDeviceEventDetails><name>{EVIDENCE}</name><value>AAAA</value></EndDeviceEventDetails>"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"[1]",
        b"null",
        b'{"data":{}}',
        b'{"data":{"evidence":{"cose_sign1":7}}}',
        b'{"data":{"evidence":{"cose_sign1":"no base64!"}}}',
        b'{"data":1,"data":2}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"9" * 10_000,
        b"\xff\xfe{",
        b"<",
        b"<a/>",
        b"<a>" * 100,
        f'<EndDeviceEvents xmlns="{NAMESPACE}"><EndDeviceEvent/></EndDeviceEvents>'.encode(),
        f"<EndDeviceEvents><EndDeviceEvent>{DETAIL}</EndDeviceEvent>".encode(),
        b'<?xml version="1.0" encoding="UTF-7"?><a/>',
        b"<a>" + b"x" * 300_000 + b"</a>",
    ],
)
def test_what_is_no_file_of_evidence_is_refused(data):
    with pytest.raises(InputRefused):
        claims(data)


def test_entities_that_grow_without_bounds_are_not_even_read():
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(20))
    bomb = f'<?xml version="1.0"?><!DOCTYPE b [{laughs}]><b>&l19;</b>'.encode()
    began_s = process_time()

    with pytest.raises(InputRefused, match="document type"):
        claims(bomb)

    assert process_time() - began_s < 1


def test_no_file_of_this_machine_is_read_for_an_entity():
    thief = b'<!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]><b>&x;</b>'

    with pytest.raises(InputRefused, match="document type"):
        claims(thief)


@given(
    st.binary(max_size=300)
    | st.binary(max_size=100).map(lambda octets: b"<a>" + octets)
    | st.binary(max_size=100).map(lambda octets: b'{"data":' + octets)
)
def test_any_octets_are_evidence_or_are_refused(data):
    try:
        assert claims(data)
    except InputRefused:
        return


@given(at=st.integers(0, 3_000), octet=st.integers(0, 255), is_xml=st.booleans())
def test_a_bent_file_is_refused_or_its_differences_are_found_or_do_not_matter(at, octet, is_xml):
    whole = bytearray(b"".join(cim_message.message([LOST])) if is_xml else cloudevent.as_json(LOST))
    whole[at % len(whole)] = octet

    try:
        found = [explain(claim, KEYS) for claim in claims(bytes(whole))]
    except InputRefused:
        return
    assert all(each.facts()["ok"] in (True, False) for each in found)
    assert all(each.found.record == LOST.record for each in found if each.is_true)
