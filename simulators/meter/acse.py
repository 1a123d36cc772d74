"""Opening and closing an association (IEC 62056-53, ACSE in BER): AARQ and RLRQ in, AARE and RLRE out.

Only what a meter must know is read: the application context, how the reader wants to be known and with which title and
password or challenge, and the user information, which holds the xDLMS InitiateRequest, plain or ciphered. Fields that
do not matter are skipped by their length.
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from simulators.meter.axdr import Cursor, NotAxdr, length

AARQ, AARE, RLRQ, RLRE = 0x60, 0x61, 0x62, 0x63
LOGICAL_NAMES_UNCIPHERED = bytes.fromhex("60857405080101")
LOGICAL_NAMES_CIPHERED = bytes.fromhex("60857405080103")
CIPHERED_INITIATE_REQUEST, CIPHERED_INITIATE_RESPONSE = 0x21, 0x28
DLMS_VERSION = 6
# The smallest PDU a reader may ask for that still carries an answer (IEC 62056-53).
MIN_PDU_BYTES = 12

_CONTEXT_NAME, _RESULT, _DIAGNOSTIC, _USER_INFORMATION = 0xA1, 0xA2, 0xA3, 0xBE
_CALLING_TITLE, _RESPONDING_TITLE = 0xA6, 0xA4
_MECHANISM_NAME, _CALLING_VALUE = 0x8B, 0xAC
_RESPONDER_REQUIREMENTS, _RESPONDING_MECHANISM, _RESPONDING_VALUE = 0x88, 0x89, 0xAA
_MECHANISM_STEM = bytes.fromhex("608574050802")
_CHARSTRING = 0x80
_OCTET_STRING = 0x04
_INITIATE_REQUEST, _INITIATE_RESPONSE = 0x01, 0x08
_CONFORMANCE_HEADS = (bytes.fromhex("5f1f0400"), bytes.fromhex("5f0400"))
_VAA_NAME_LOGICAL_NAMES = bytes.fromhex("0007")
_CONFIRMED_SERVICE_ERROR, _INITIATE_ERROR, _INITIATE = 0x0E, 0x01, 0x06


class Conformance(IntFlag):
    """The services of the conformance block this meter knows; bit 0 of the standard is the highest of 24."""

    GENERAL_PROTECTION = 1 << 22
    GENERAL_BLOCK_TRANSFER = 1 << 21
    PRIORITY_MANAGEMENT = 1 << 14
    BLOCK_TRANSFER_WITH_GET = 1 << 12
    MULTIPLE_REFERENCES = 1 << 9
    GET = 1 << 4
    SET = 1 << 3
    SELECTIVE_ACCESS = 1 << 2
    ACTION = 1 << 0


class Diagnostic(IntEnum):
    """Why an association is or is not accepted (acse-service-user)."""

    NULL = 0
    NO_REASON_GIVEN = 1
    APPLICATION_CONTEXT_NOT_SUPPORTED = 2
    CALLING_TITLE_NOT_RECOGNISED = 3
    AUTHENTICATION_MECHANISM_NOT_RECOGNISED = 11
    AUTHENTICATION_FAILURE = 13
    AUTHENTICATION_REQUIRED = 14


class Mechanism(IntEnum):
    """How a reader proves who it is: the last number of the mechanism's name."""

    NONE = 0
    PASSWORD = 1
    GMAC = 5


class InitiateError(IntEnum):
    """What is wrong with the proposed xDLMS context."""

    DLMS_VERSION_TOO_LOW = 1
    INCOMPATIBLE_CONFORMANCE = 2
    PDU_SIZE_TOO_SHORT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationRequest:
    """What a reader asks for in its AARQ; `value` is its password or challenge, `information` its proposal's octets."""

    context_name: bytes
    mechanism: int
    title: bytes
    value: bytes
    information: bytes

    def __repr__(self) -> str:
        return f"AssociationRequest(mechanism={self.mechanism})"  # a password is shown to nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The xDLMS context a reader proposes."""

    dlms_version: int
    conformance: Conformance
    max_pdu_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What a meter adds to its AARE before the reader has proved who it is."""

    title: bytes
    value: bytes


def parse_association_request(apdu: bytes) -> AssociationRequest:
    """Read an AARQ; raises NotAxdr when it is cut off or lacks its context or proposal."""
    fields = _fields(apdu)
    if _CONTEXT_NAME not in fields or _USER_INFORMATION not in fields:
        raise NotAxdr("an association request without context or proposal")
    return AssociationRequest(
        context_name=_within(fields[_CONTEXT_NAME]),
        # The last number of the name is the mechanism; 0 asks for none.
        mechanism=int.from_bytes(fields.get(_MECHANISM_NAME, b"")[-1:], "big"),
        title=_within(fields[_CALLING_TITLE]) if _CALLING_TITLE in fields else b"",
        value=_within(fields[_CALLING_VALUE]) if _CALLING_VALUE in fields else b"",
        information=_within(fields[_USER_INFORMATION]),
    )


def parse_proposal(octets: bytes) -> Proposal:
    """Read an InitiateRequest; raises NotAxdr."""
    dlms_version, conformance, max_pdu_bytes = _read_initiate(Cursor(octets))
    return Proposal(dlms_version=dlms_version, conformance=conformance, max_pdu_bytes=max_pdu_bytes)


def agreement(conformance: Conformance, max_pdu_bytes: int) -> bytes:
    """The InitiateResponse: what both sides can do."""
    return (
        bytes((_INITIATE_RESPONSE, 0x00, DLMS_VERSION))
        + _CONFORMANCE_HEADS[0]
        + conformance.to_bytes(3, "big")
        + max_pdu_bytes.to_bytes(2, "big")
        + _VAA_NAME_LOGICAL_NAMES
    )


def accepted(context_name: bytes, information: bytes, challenge: Challenge | None = None) -> bytes:
    """AARE: the association stands, or will once the reader has met the challenge."""
    if challenge is None:
        return _association_response(context_name, 0, Diagnostic.NULL, b"", information)
    more = (
        _tagged(_RESPONDING_TITLE, _tagged(_OCTET_STRING, challenge.title))
        + _tagged(_RESPONDER_REQUIREMENTS, bytes.fromhex("0780"))
        + _tagged(_RESPONDING_MECHANISM, _MECHANISM_STEM + bytes((Mechanism.GMAC,)))
        + _tagged(_RESPONDING_VALUE, _tagged(_CHARSTRING, challenge.value))
    )
    return _association_response(context_name, 0, Diagnostic.AUTHENTICATION_REQUIRED, more, information)


def rejected(diagnostic: Diagnostic, error: InitiateError | None = None, *, is_for_good: bool = True) -> bytes:
    """AARE: rejected, with the reason; a proposal that cannot be met is told as a confirmed service error."""
    refusal = b"" if error is None else bytes((_CONFIRMED_SERVICE_ERROR, _INITIATE_ERROR, _INITIATE, error))
    return _association_response(LOGICAL_NAMES_UNCIPHERED, 1 if is_for_good else 2, diagnostic, b"", refusal)


def released() -> bytes:
    """RLRE: the association is over, as was asked."""
    return _tagged(RLRE, bytes.fromhex("800100"))


def _association_response(
    context_name: bytes, result: int, diagnostic: Diagnostic, more: bytes, information: bytes
) -> bytes:
    body = _tagged(_CONTEXT_NAME, _tagged(0x06, context_name))
    body += _tagged(_RESULT, bytes((0x02, 0x01, result)))
    body += _tagged(_DIAGNOSTIC, _tagged(0xA1, bytes((0x02, 0x01, diagnostic))))
    body += more
    if information:
        body += _tagged(_USER_INFORMATION, _tagged(_OCTET_STRING, information))
    return _tagged(AARE, body)


def _tagged(tag: int, content: bytes) -> bytes:
    return bytes((tag,)) + length(len(content)) + content


def _within(field: bytes) -> bytes:
    """What stands in a field that wraps one other."""
    cursor = Cursor(field)
    cursor.take(1)
    return cursor.take(cursor.length())


def _fields(apdu: bytes) -> dict[int, bytes]:
    outer = Cursor(apdu)
    outer.take(1)
    cursor = Cursor(outer.take(outer.length()))
    fields: dict[int, bytes] = {}
    while not cursor.is_at_end:
        tag = cursor.unsigned()
        fields[tag] = cursor.take(cursor.length())
    return fields


def _read_initiate(cursor: Cursor) -> tuple[int, Conformance, int]:
    if cursor.unsigned() != _INITIATE_REQUEST:
        raise NotAxdr("not an InitiateRequest")
    if cursor.unsigned():  # a dedicated key, of no use without ciphering
        cursor.take(cursor.length())
    for _ in ("response-allowed", "proposed-quality-of-service"):
        if cursor.unsigned():
            cursor.take(1)
    version = cursor.unsigned()
    # [APPLICATION 31] of a BIT STRING; some readers write its tag in one byte.
    head = cursor.take(3)
    if head not in (_CONFORMANCE_HEADS[1], _CONFORMANCE_HEADS[0][:3]):
        raise NotAxdr("no conformance block")
    if head == _CONFORMANCE_HEADS[0][:3]:
        cursor.take(1)
    # Bits of services this meter does not know drop out here, and so out of what is agreed.
    conformance = Conformance(cursor.unsigned(3) & sum(Conformance))
    return version, conformance, cursor.unsigned(2)
