"""Answers to an association, by hand from the standard's examples, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dlms import association
from gateway.core.dlms.association import Agreement, Associated, Rejected
from gateway.core.dlms.get_response import ServiceRefused
from gateway.core.errors import Undecodable

PUBLIC = bytes.fromhex("6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f040000501f01f40007")
# Green Book 11: a server of high level security, with its title and its challenge "P6wRJ21F".
HIGH = bytes.fromhex(
    "6142a109060760857405080101a203020100a305a10302010e88020780890760857405080205aa0a8008503677524a323146"
    "be10040e0800065f1f040000501f01f40007"
)


def test_a_public_association_and_what_is_agreed() -> None:
    found = association.parse(PUBLIC)

    assert isinstance(found, Associated)
    assert not found.wants_proof
    assert association.parse_agreement(found.information) == Agreement(
        conformance=bytes.fromhex("00501f"), max_pdu_bytes=500
    )


def test_a_meter_that_wants_a_proof_tells_its_challenge() -> None:
    found = association.parse(HIGH)

    assert isinstance(found, Associated)
    assert (found.wants_proof, found.challenge) == (True, b"P6wRJ21F")
    assert "P6wRJ21F" not in repr(found)


def test_a_long_challenge_takes_a_length_of_two_octets() -> None:
    """dlms-cosem reads one octet of length, whatever the length."""
    fields = bytes.fromhex("a203020100a305a10302010e") + bytes((0xAA, 0x81, 130, 0x80, 0x81, 127)) + bytes(127)
    found = association.parse(bytes((0x61, 0x81, len(fields))) + fields)

    assert isinstance(found, Associated)
    assert found.challenge == bytes(127)


@pytest.mark.parametrize(
    ("diagnostic", "reason", "is_about_secrets"),
    [(1, "no-reason-given", False), (2, "context-not-supported", False), (13, "failure, for good", True)],
)
def test_a_rejection_says_why(diagnostic: int, reason: str, is_about_secrets: bool) -> None:
    found = association.parse(bytes.fromhex(f"610ca203020101a305a1030201{diagnostic:02x}"))

    assert isinstance(found, Rejected)
    assert reason in found.reason
    assert found.is_about_secrets is is_about_secrets


def test_a_refusal_of_the_service_is_told_apart() -> None:
    assert association.parse(bytes.fromhex("d80106000001f4")) == ServiceRefused(
        "service-not-allowed, invocation-counter-error"
    )
    assert association.parse_proof(bytes.fromhex("c701c10300")) == ServiceRefused("read-write-denied")


def test_a_proof_is_given_back() -> None:
    assert association.parse_proof(bytes.fromhex("c701c100010009021000")) == b"\x10\x00"


@pytest.mark.parametrize("octets", ["", "c701c1", "c701c100", "c701c10000", "c701c100010011", "c401c10000"])
def test_a_proof_that_is_none_is_refused(octets: str) -> None:
    with pytest.raises(Undecodable):
        association.parse_proof(bytes.fromhex(octets))


@given(head=st.sampled_from([PUBLIC[:20], HIGH[:40], b"\x61", b"\xd8", b"\x28", b"\x08"]), rest=st.binary())
def test_whatever_comes_it_is_understood_or_undecodable(head: bytes, rest: bytes) -> None:
    for read in (association.parse, association.parse_agreement, association.parse_proof):
        try:
            read(head + rest)
        except Undecodable:
            continue
