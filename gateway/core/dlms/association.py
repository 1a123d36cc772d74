"""What a meter answers while an association is made: AARE, and its own proof in HLS (Green Book 9.3, 9.4; ACSE in BER).

What comes in is one APDU; what goes out says whether the meter lets us in, whether it wants a proof first, with which
title and challenge, and holds the octets of what it agrees to, plain or ciphered. A refusal keeps the meter's reason in
its own words, because a wrong key, a client that is none and a proposal that is not met each call for another hand.
What is none of these is Undecodable. Ours because dlms-cosem reads no length over 127 and prints what it does not know.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from gateway.core.dlms import axdr, get_response
from gateway.core.dlms.get_response import ServiceRefused
from gateway.core.errors import Undecodable

CIPHERED_INITIATE_RESPONSE = 0x28
_AARE, _ACTION_RESPONSE = 0x61, 0xC7
_RESULT, _DIAGNOSTIC, _TITLE, _VALUE, _INFORMATION = 0xA2, 0xA3, 0xA4, 0xAA, 0xBE
_INITIATE_RESPONSE = 0x08
_CONFORMANCE_HEADS = (bytes.fromhex("5f1f0400"), bytes.fromhex("5f0400"))
_AUTHENTICATION_REQUIRED = 14
_DIAGNOSTICS = {
    1: "no-reason-given",
    2: "application-context-not-supported",
    3: "calling-title-not-recognised",
    11: "authentication-mechanism-not-recognised",
    12: "authentication-mechanism-required",
    13: "authentication-failure",
    14: "authentication-required",
}
_ABOUT_SECRETS = (3, 11, 12, 13, 14)
_TRANSIENT = 2
_RESULTS = {1: "for good", _TRANSIENT: "for now"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Associated:
    """The meter lets us in; where `wants_proof`, only once we have met its challenge."""

    wants_proof: bool
    title: bytes
    challenge: bytes = field(repr=False)
    information: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The meter does not; `is_about_secrets` where another password or key may change its mind, `is_for_now` where
    time may."""

    reason: str
    is_about_secrets: bool
    is_for_now: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What both sides can do: the conformance block's three octets, and the longest PDU the meter takes."""

    conformance: bytes
    max_pdu_bytes: int


AssociationResponse: TypeAlias = Associated | Rejected | ServiceRefused


def parse(apdu: bytes) -> AssociationResponse:
    """The answer to an association request; raises Undecodable.

    >>> parse(bytes.fromhex("611fa109060760857405080101a203020101a305a10302010dbe0604040e010600"))
    Rejected(reason='authentication-failure, for good', is_about_secrets=True, is_for_now=False)
    """
    refused = get_response.service_refused(apdu)
    if refused is not None:
        return refused
    fields = dict(_fields(_inner(_AARE, apdu)))
    result, diagnostic = _last_octet(fields, _RESULT), _last_octet(fields, _DIAGNOSTIC)
    if result:
        words = f"{_DIAGNOSTICS.get(diagnostic, f'diagnostic {diagnostic}')}, {_RESULTS.get(result, result)}"
        return Rejected(reason=words, is_about_secrets=diagnostic in _ABOUT_SECRETS, is_for_now=result == _TRANSIENT)
    return Associated(
        wants_proof=diagnostic == _AUTHENTICATION_REQUIRED,
        title=_wrapped(fields.get(_TITLE, b"")),
        challenge=_wrapped(fields.get(_VALUE, b"")),
        information=_wrapped(fields.get(_INFORMATION, b"")),
    )


def parse_agreement(information: bytes) -> Agreement:
    """What an InitiateResponse agrees to; raises Undecodable."""
    if information[:1] != bytes([_INITIATE_RESPONSE]) or len(information) < 2:
        raise Undecodable(f"what is agreed begins with {information[:3].hex() or 'nothing'}")
    rest = information[3 if information[1] else 2 :]  # a quality of service, where there is one
    for head in _CONFORMANCE_HEADS:
        if rest[1:].startswith(head) and len(rest) >= 1 + len(head) + 5:
            at = 1 + len(head)
            return Agreement(conformance=rest[at : at + 3], max_pdu_bytes=int.from_bytes(rest[at + 3 : at + 5], "big"))
    raise Undecodable("what is agreed names no services")


def parse_proof(apdu: bytes) -> bytes | ServiceRefused:
    """What the meter gives back for our proof: its own; raises Undecodable."""
    refused = get_response.service_refused(apdu)
    if refused is not None:
        return refused
    if apdu[:1] != bytes([_ACTION_RESPONSE]) or len(apdu) < 4:
        raise Undecodable(f"no answer to an ACTION begins with {apdu[:3].hex() or 'nothing'}")
    if apdu[3]:
        return ServiceRefused(get_response.access_result(apdu[3]))
    if apdu[4:6] != b"\x01\x00":
        raise Undecodable("the meter takes our proof and gives none")
    return axdr.decode(apdu[6:]).octets()


def opened_initiate(information: bytes) -> bytes | None:
    """The protected octets of a ciphered InitiateResponse, None for a plain one; raises Undecodable."""
    if information[:1] != bytes([CIPHERED_INITIATE_RESPONSE]):
        return None
    sealed, rest = axdr.counted(information[1:])
    if rest:
        raise Undecodable("octets are left over behind what is agreed")
    return sealed


def _fields(octets: bytes) -> Iterator[tuple[int, bytes]]:
    while octets:
        tag = octets[0]
        content, octets = axdr.counted(octets[1:])
        yield tag, content


def _inner(tag: int, octets: bytes) -> bytes:
    if octets[:1] != bytes([tag]):
        raise Undecodable(f"no answer to an association begins with {octets[:3].hex() or 'nothing'}")
    content, rest = axdr.counted(octets[1:])
    if rest:
        raise Undecodable(f"{len(rest)} octets are left over behind the association")
    return content


def _wrapped(field_octets: bytes) -> bytes:
    """What stands within a field that wraps one other; empty where there is no such field."""
    return axdr.counted(field_octets[1:])[0] if field_octets else b""


def _last_octet(fields: dict[int, bytes], tag: int) -> int:
    if not fields.get(tag):
        raise Undecodable("an association that does not say whether it stands")
    return fields[tag][-1]
