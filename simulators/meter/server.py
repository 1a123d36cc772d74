"""One association with one public reader, and what it may ask: the COSEM server's application layer.

In comes an APDU with the client's address and the time, out goes its answer. Only client 16, without authentication and
without ciphering, is let in; it may GET what the object model holds, and is denied every SET and ACTION. An answer
longer than the agreed PDU goes out in blocks, one at a time as the reader asks for them; one long answer is held.
"""

from dataclasses import dataclass
from enum import IntEnum

from simulators.meter import acse, apdu
from simulators.meter.acse import Conformance, Diagnostic, InitiateError
from simulators.meter.apdu import (
    AccessDenied,
    ApduRefused,
    Change,
    DataAccessResult,
    Get,
    GetNext,
    Result,
    ServiceError,
    StateError,
)
from simulators.meter.axdr import NotAxdr
from simulators.meter.objects import ObjectModel
from simulators.moment import Moment

MAX_PDU_BYTES = 1_024
OFFERED = (
    Conformance.PRIORITY_MANAGEMENT
    | Conformance.BLOCK_TRANSFER_WITH_GET
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.GET
    | Conformance.SET
    | Conformance.SELECTIVE_ACCESS
    | Conformance.ACTION
)
_SERVICE_BIT = {
    apdu.GET_REQUEST: Conformance.GET,
    apdu.SET_REQUEST: Conformance.SET,
    apdu.ACTION_REQUEST: Conformance.ACTION,
}


class ClientSap(IntEnum):
    """The clients this meter lets in."""

    PUBLIC = 16


@dataclass(slots=True, kw_only=True)
class _Association:
    """What was agreed, and the long answer under way."""

    conformance: Conformance
    max_pdu_bytes: int
    rest: bytes = b""
    block_number: int = 0


class Server:
    """The meter's application layer; `Station` is below it, the object model above."""

    def __init__(self, objects: ObjectModel) -> None:
        self._objects = objects
        self._association: _Association | None = None

    @property
    def is_associated(self) -> bool:
        return self._association is not None

    def link_lost(self) -> None:
        """The link below is gone, and the association with it."""
        self._association = None

    def answer(self, client_sap: int, request: bytes, now: Moment) -> bytes:
        """The APDU that answers `request`; empty when there is nothing to say."""
        tag = request[0] if request else None
        try:
            if tag == acse.AARQ:
                return self._associate(client_sap, request)
            if tag == acse.RLRQ:
                return self._release()
            if tag in (apdu.READ_REQUEST, apdu.WRITE_REQUEST):
                return apdu.short_name_error(request[0])
            if tag not in _SERVICE_BIT:
                raise ApduRefused(StateError.SERVICE_UNKNOWN, ServiceError.SERVICE_NOT_SUPPORTED)
            association = self._associated_for(_SERVICE_BIT[request[0]])
            return self._serve(association, apdu.parse(request), now)
        except ApduRefused as refused:
            return apdu.exception_response(refused)

    def _associate(self, client_sap: int, request: bytes) -> bytes:
        self._association = None
        try:
            asked = acse.parse_association_request(request)
        except NotAxdr as error:
            raise ApduRefused(StateError.SERVICE_NOT_ALLOWED, ServiceError.OTHER_REASON) from error
        if client_sap != ClientSap.PUBLIC:
            return acse.rejected(Diagnostic.NO_REASON_GIVEN)
        if asked.context_name != acse.LOGICAL_NAMES_UNCIPHERED:
            return acse.rejected(Diagnostic.APPLICATION_CONTEXT_NOT_SUPPORTED)
        if asked.has_mechanism:
            return acse.rejected(Diagnostic.AUTHENTICATION_MECHANISM_NOT_RECOGNISED)
        if asked.dlms_version < acse.DLMS_VERSION:
            return acse.rejected(Diagnostic.NO_REASON_GIVEN, InitiateError.DLMS_VERSION_TOO_LOW)
        if not asked.conformance & Conformance.GET:
            return acse.rejected(Diagnostic.NO_REASON_GIVEN, InitiateError.INCOMPATIBLE_CONFORMANCE)
        # Zero means "any size".
        if 0 < asked.max_pdu_bytes < acse.MIN_PDU_BYTES:
            return acse.rejected(Diagnostic.NO_REASON_GIVEN, InitiateError.PDU_SIZE_TOO_SHORT)
        self._association = _Association(
            conformance=asked.conformance & OFFERED,
            max_pdu_bytes=min(asked.max_pdu_bytes or MAX_PDU_BYTES, MAX_PDU_BYTES),
        )
        return acse.accepted(self._association.conformance, MAX_PDU_BYTES)

    def _release(self) -> bytes:
        if self._association is None:
            raise ApduRefused(StateError.SERVICE_NOT_ALLOWED, ServiceError.OPERATION_NOT_POSSIBLE)
        self._association = None
        return acse.released()

    def _associated_for(self, service: Conformance) -> _Association:
        if self._association is None:
            raise ApduRefused(StateError.SERVICE_NOT_ALLOWED, ServiceError.OPERATION_NOT_POSSIBLE)
        if not self._association.conformance & service:
            raise ApduRefused(StateError.SERVICE_NOT_ALLOWED, ServiceError.SERVICE_NOT_SUPPORTED)
        return self._association

    def _serve(self, association: _Association, request: apdu.Request, now: Moment) -> bytes:
        if isinstance(request, Change):
            return apdu.change_response(request, self._refusal_of(request))
        if isinstance(request, GetNext):
            return self._next_block(association, request)
        return self._get(association, request, now)

    def _refusal_of(self, request: Change) -> DataAccessResult:
        is_known = self._objects.has(request.target.class_id, request.target.obis)
        return DataAccessResult.READ_WRITE_DENIED if is_known else DataAccessResult.OBJECT_UNDEFINED

    def _get(self, association: _Association, request: Get, now: Moment) -> bytes:
        if request.is_list and not association.conformance & Conformance.MULTIPLE_REFERENCES:
            raise ApduRefused(StateError.SERVICE_NOT_ALLOWED, ServiceError.SERVICE_NOT_SUPPORTED)
        association.rest = b""
        results = tuple(self._read(association, target, now) for target in request.targets)
        if request.is_list:
            long_form = apdu.get_data_results(results)
            response = apdu.get_list_response(request.invoke_id, long_form)
        else:
            response = apdu.get_response(request.invoke_id, results[0])
            long_form = results[0] if isinstance(results[0], bytes) else b""
        if len(response) <= association.max_pdu_bytes:
            return response
        if not association.conformance & Conformance.BLOCK_TRANSFER_WITH_GET:
            return apdu.get_response(request.invoke_id, DataAccessResult.DATA_BLOCK_UNAVAILABLE)
        association.rest, association.block_number = long_form, 0
        return self._block(association, request.invoke_id)

    def _read(self, association: _Association, target: apdu.Target, now: Moment) -> Result:
        if target.selection is not None and not association.conformance & Conformance.SELECTIVE_ACCESS:
            return DataAccessResult.SCOPE_OF_ACCESS_VIOLATED
        try:
            return self._objects.read(target, now.at)
        except AccessDenied as denied:
            return denied.result

    def _next_block(self, association: _Association, request: GetNext) -> bytes:
        if not association.rest:
            return self._no_block(request, DataAccessResult.NO_LONG_GET_IN_PROGRESS)
        if request.block_number != association.block_number:
            association.rest = b""
            return self._no_block(request, DataAccessResult.DATA_BLOCK_NUMBER_INVALID)
        return self._block(association, request.invoke_id)

    def _no_block(self, request: GetNext, result: DataAccessResult) -> bytes:
        return apdu.get_block_response(request.invoke_id, request.block_number, result, is_last=True)

    def _block(self, association: _Association, invoke_id: int) -> bytes:
        size = apdu.block_bytes(association.max_pdu_bytes)
        block, association.rest = association.rest[:size], association.rest[size:]
        association.block_number += 1
        return apdu.get_block_response(invoke_id, association.block_number, block, is_last=not association.rest)
