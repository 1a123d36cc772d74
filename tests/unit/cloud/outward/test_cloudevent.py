"""Every event as a CloudEvent: judged by the specification's library, verified by an independent COSE library."""

import base64
import json
from dataclasses import replace

import cwt
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from cloud.outward.cloudevent import CONTENT_TYPE, as_json, cloudevent
from tests.unit.cloud.outward.originals import originals
from wire.bodies import event_name
from wire.events import CATALOGUE
from wire.record import encode_record

ALL = [*originals("P-256"), *originals("Ed25519")]
ALGORITHMS = {"P-256": "ESP256", "Ed25519": "Ed25519"}


@pytest.mark.parametrize("original", originals(), ids=lambda each: event_name(each.record.event))
def test_the_specifications_library_takes_it(original):
    message = HTTPMessage(headers={"content-type": CONTENT_TYPE}, body=as_json(original))

    event = from_http_event(message)

    assert event.get_specversion() == "1.0"
    assert event.get_id() == original.id
    assert event.get_source() == f"urn:lamplight:gateway:{original.record.link.gateway}"
    assert event.get_subject() == original.record.subject
    assert event.get_time() == original.sealed_at
    assert event.get_datacontenttype() == "application/json"
    assert event.get_extension("sequence")
    assert event.get_data()["seq"] == original.record.link.seq


@pytest.mark.parametrize("key", ["P-256", "Ed25519"])
def test_a_third_party_verifies_the_evidence_with_an_independent_library(key):
    for original in originals(key):
        evidence = json.loads(as_json(original))["data"]["evidence"]
        pem = load_der_public_key(base64.b64decode(evidence["public_key"]))
        theirs = cwt.COSEKey.from_pem(
            pem.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            alg=ALGORITHMS[key],
            kid=bytes.fromhex(evidence["key_id"]),
        )

        payload = cwt.COSE.new().decode(
            base64.b64decode(evidence["cose_sign1"]), theirs, external_aad=evidence["external_aad"].encode()
        )

        assert payload == encode_record(original.record)


def test_types_are_named_in_words_with_a_version():
    names = {cloudevent(original)["type"] for original in ALL}

    assert "org.lamplight.supply_lost.v1" in names
    assert "org.lamplight.interruption_assessed.v1" in names
    assert len(names) == len(CATALOGUE)


def test_the_sequence_sorts_as_text_where_the_chain_sorts_by_number():
    original = originals()[0]
    link = original.record.link
    links = [replace(link, gen=gen, seq=seq) for gen, seq in [(1, 9), (1, 10), (1, 2**32), (2, 1), (10, 1)]]

    sequences = [
        cloudevent(replace(original, record=replace(original.record, link=each)))["sequence"] for each in links
    ]

    assert sequences == sorted(sequences)


def test_an_event_about_the_gateway_itself_has_no_subject_and_no_home():
    original = originals()[0]
    of_gateway = replace(original, record=replace(original.record, subject=""), usage_point="", spki=None)

    event = cloudevent(of_gateway)

    assert "subject" not in event
    assert event["data"]["usage_point"] is None
    assert event["data"]["evidence"]["public_key"] is None


def test_it_is_one_line_of_json():
    assert all(b"\n" not in as_json(original) for original in ALL)
