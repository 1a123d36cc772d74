"""Opening and closing an association (IEC 62056-53, ACSE in BER): AARQ and RLRQ in, AARE and RLRE out.

Only what a meter without authentication must know is read: the application context, the authentication mechanism asked
for, and the xDLMS InitiateRequest within the user information. Fields that do not matter are skipped by their length.
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from simulators.meter.axdr import Cursor, NotAxdr

AARQ, AARE, RLRQ, RLRE = 0x60, 0x61, 0x62, 0x63
LOGICAL_NAMES_UNCIPHERED = bytes.fromhex("60857405080101")
DLMS_VERSION = 6
# The smallest PDU a reader may ask for that still carries an answer (IEC 62056-53).
MIN_PDU_BYTES = 12

_CONTEXT_NAME, _RESULT, _DIAGNOSTIC, _USER_INFORMATION = 0xA1, 0xA2, 0xA3, 0xBE
_MECHANISM_NAME = 0x8B
_OCTET_STRING = 0x04
_INITIATE_REQUEST, _INITIATE_RESPONSE = 0x01, 0x08
_CONFORMANCE_HEADS = (bytes.fromhex("5f1f0400"), bytes.fromhex("5f0400"))
_VAA_NAME_LOGICAL_NAMES = bytes.fromhex("0007")
_CONFIRMED_SERVICE_ERROR, _INITIATE_ERROR, _INITIATE = 0x0E, 0x01, 0x06


class Conformance(IntFlag):
    """The services of the conformance block this meter knows; bit 0 of the standard is the highest of 24."""

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
    AUTHENTICATION_MECHANISM_NOT_RECOGNISED = 11


class InitiateError(IntEnum):
    """What is wrong with the proposed xDLMS context."""

    DLMS_VERSION_TOO_LOW = 1
    INCOMPATIBLE_CONFORMANCE = 2
    PDU_SIZE_TOO_SHORT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationRequest:
    """What a reader proposes in its AARQ."""

    context_name: bytes
    has_mechanism: bool
    dlms_version: int
    conformance: Conformance
    max_pdu_bytes: int


def parse_association_request(apdu: bytes) -> AssociationRequest:
    """Read an AARQ; raises NotAxdr when it is cut off or lacks its context or proposal."""
    fields = _fields(apdu)
    try:
        context_name = Cursor(fields[_CONTEXT_NAME])
        information = Cursor(fields[_USER_INFORMATION])
    except KeyError as error:
        raise NotAxdr("an association request without context or proposal") from error
    context_name.take(1)
    information.take(1)
    dlms_version, conformance, max_pdu_bytes = _read_initiate(Cursor(information.take(information.length())))
    return AssociationRequest(
        context_name=context_name.take(context_name.length()),
        # The last number of the name is the mechanism; 0 asks for none.
        has_mechanism=fields.get(_MECHANISM_NAME, b"\x00")[-1:] != b"\x00",
        dlms_version=dlms_version,
        conformance=conformance,
        max_pdu_bytes=max_pdu_bytes,
    )


def accepted(conformance: Conformance, max_pdu_bytes: int) -> bytes:
    """AARE: the association stands, with what both sides can do."""
    proposal = (
        bytes((_INITIATE_RESPONSE, 0x00, DLMS_VERSION))
        + _CONFORMANCE_HEADS[0]
        + conformance.to_bytes(3, "big")
        + max_pdu_bytes.to_bytes(2, "big")
        + _VAA_NAME_LOGICAL_NAMES
    )
    return _association_response(0, Diagnostic.NULL, proposal)


def rejected(diagnostic: Diagnostic, error: InitiateError | None = None) -> bytes:
    """AARE: rejected for good, with the reason; a proposal that cannot be met is told as a confirmed service error."""
    refusal = b"" if error is None else bytes((_CONFIRMED_SERVICE_ERROR, _INITIATE_ERROR, _INITIATE, error))
    return _association_response(1, diagnostic, refusal)


def released() -> bytes:
    """RLRE: the association is over, as was asked."""
    return _tagged(RLRE, bytes.fromhex("800100"))


def _association_response(result: int, diagnostic: Diagnostic, information: bytes) -> bytes:
    body = _tagged(_CONTEXT_NAME, _tagged(0x06, LOGICAL_NAMES_UNCIPHERED))
    body += _tagged(_RESULT, bytes((0x02, 0x01, result)))
    body += _tagged(_DIAGNOSTIC, _tagged(0xA1, bytes((0x02, 0x01, diagnostic))))
    if information:
        body += _tagged(_USER_INFORMATION, _tagged(_OCTET_STRING, information))
    return _tagged(AARE, body)


def _tagged(tag: int, content: bytes) -> bytes:
    return bytes((tag, len(content))) + content


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
