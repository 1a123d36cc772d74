"""One association with one reader, and what it may ask: the COSEM server's application layer.

In comes an APDU with the client's address and the time, out goes its answer. Whom to let in, and as whom, the
gatekeeper says. Whoever is in may GET what the object model holds (the public client of a meter with locks, next to
nothing); whoever has proved who he is may SET and call what the model lets be changed, and before his proof nothing
else is heard. An answer longer than the agreed PDU goes out in blocks, one at a time as the reader asks for them: of
the GET service, or general ones where both sides know them; one long answer is held. In a ciphered association every
request and answer is protected, in general-glo-ciphering or in the service's own form, as the reader begins it.
"""

from dataclasses import dataclass

from simulators.meter import acse, apdu, axdr, gatekeeper, general_blocks
from simulators.meter.acse import Conformance
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
from simulators.meter.cosem_object import ASSOCIATION_LN, CURRENT_ASSOCIATION, ObjectModel
from simulators.meter.gatekeeper import Access, Gatekeeper, Hls, NotLetIn, StaleCounter
from simulators.meter.general_blocks import GENERAL_BLOCK_TRANSFER, GeneralBlocks
from simulators.meter.security import NotOpened
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
_REPLY_TO_CHALLENGE = 1
# general-glo-ciphering: its tag, the title, the length, control, counter and tag of the protection.
_PROTECTION_BYTES = 1 + 1 + 8 + 3 + 1 + 4 + 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """Which general forms of messages a meter knows, besides the services' own, and how long they may be."""

    has_general_protection: bool = True
    has_general_blocks: bool = False
    max_pdu_bytes: int = MAX_PDU_BYTES

    @property
    def offered(self) -> Conformance:
        """Every service this meter would agree to."""
        protection = Conformance.GENERAL_PROTECTION if self.has_general_protection else Conformance(0)
        blocks = Conformance.GENERAL_BLOCK_TRANSFER if self.has_general_blocks else Conformance(0)
        return OFFERED | protection | blocks


@dataclass(slots=True, kw_only=True)
class _Association:
    """With whom, what was agreed, and the long answer under way."""

    client_sap: int
    conformance: Conformance
    max_pdu_bytes: int
    sees_all: bool
    may_change: bool
    hls: Hls | None
    is_proved: bool
    rest: bytes = b""
    block_number: int = 0


class Server:
    """The meter's application layer; `Station` is below it, the object model above."""

    def __init__(self, objects: ObjectModel, keeper: Gatekeeper | None = None, *, forms: Forms | None = None) -> None:
        self._objects = objects
        self._forms = forms or Forms()
        self._offered = self._forms.offered
        self._blocks = GeneralBlocks()
        self._keeper = keeper or Gatekeeper(Access(), b"", heard=0, keep=lambda _: None)
        self._association: _Association | None = None

    @property
    def is_associated(self) -> bool:
        return self._association is not None and self._association.is_proved

    def link_lost(self) -> None:
        """The link below is gone, and the association with it."""
        self._association = None

    def answer(self, client_sap: int, request: bytes, now: Moment) -> bytes:
        """The APDU that answers `request`; empty when there is nothing to say."""
        try:
            if request[:1] == bytes((GENERAL_BLOCK_TRANSFER,)):
                return self._answer_block(client_sap, request, now)
            return self._in_blocks(self._answer_whole(client_sap, request, now))
        except NotAxdr:
            refused = ApduRefused(StateError.SERVICE_NOT_ALLOWED, ServiceError.OTHER_REASON)
        except StaleCounter:
            service = ServiceError.INVOCATION_COUNTER_ERROR
            refused = ApduRefused(StateError.SERVICE_NOT_ALLOWED, service, self._keeper.heard)
        except NotOpened:
            refused = ApduRefused(StateError.SERVICE_NOT_ALLOWED, ServiceError.DECIPHERING_ERROR)
        except ApduRefused as error:
            refused = error
        return apdu.exception_response(refused)

    def _answer_whole(self, client_sap: int, request: bytes, now: Moment) -> bytes:
        if request[:1] == bytes((gatekeeper.GENERAL_GLO_CIPHERING,)):
            return self._answer_ciphered(request, now)
        if request and request[0] in gatekeeper.GLO_REQUESTS:
            return self._answer_ciphered_service(request, now)
        return self._answer_plain(client_sap, request, now, is_ciphered=False)

    @property
    def _has_general_blocks(self) -> bool:
        association = self._association
        return association is not None and bool(association.conformance & Conformance.GENERAL_BLOCK_TRANSFER)

    def _in_blocks(self, answer: bytes) -> bytes:
        """The answer, or the first of its general blocks."""
        association = self._association
        if association is None or not self._has_general_blocks or answer[:1] == bytes((acse.AARE,)):
            return answer
        return self._blocks.cut(answer, association.max_pdu_bytes)

    def _answer_block(self, client_sap: int, request: bytes, now: Moment) -> bytes:
        if not self._has_general_blocks:
            raise ApduRefused(StateError.SERVICE_UNKNOWN, ServiceError.SERVICE_NOT_SUPPORTED)
        block = general_blocks.parse(request)
        if not block.data:
            return self._blocks.following(block)
        whole = self._blocks.take(block)
        if whole is None:
            return self._blocks.acknowledgement()
        return self._in_blocks(self._answer_whole(client_sap, whole, now))

    def _answer_ciphered(self, request: bytes, now: Moment) -> bytes:
        if not self._forms.has_general_protection:
            raise ApduRefused(StateError.SERVICE_UNKNOWN, ServiceError.SERVICE_NOT_SUPPORTED)
        association, hls = self._ciphered_association()
        title, sealed = gatekeeper.unwrapped(request)
        if title not in (b"", hls.reader_title):
            raise NotOpened("another speaker")
        answer = self._answer_opened(association, self._keeper.unseal(hls, sealed), now)
        return gatekeeper.wrapped(self._keeper.title, self._keeper.seal(hls, answer)) if answer else b""

    def _answer_ciphered_service(self, request: bytes, now: Moment) -> bytes:
        association, hls = self._ciphered_association()
        opened = self._keeper.unseal(hls, gatekeeper.unwrapped_by_service(request))
        if opened[:1] != bytes((gatekeeper.GLO_REQUESTS[request[0]],)):
            raise ApduRefused(StateError.SERVICE_NOT_ALLOWED, ServiceError.OPERATION_NOT_POSSIBLE)
        answer = self._answer_opened(association, opened, now)
        if not gatekeeper.has_service_form(answer):
            return answer  # an exception is told in clear
        return gatekeeper.wrapped_by_service(self._keeper.seal(hls, answer), answer[0])

    def _ciphered_association(self) -> tuple[_Association, Hls]:
        association = self._association
        if association is None or association.hls is None or not association.hls.is_ciphered:
            raise ApduRefused(StateError.SERVICE_NOT_ALLOWED, ServiceError.OPERATION_NOT_POSSIBLE)
        return association, association.hls

    def _answer_opened(self, association: _Association, plain: bytes, now: Moment) -> bytes:
        try:
            return self._answer_plain(association.client_sap, plain, now, is_ciphered=True)
        except ApduRefused as refused:
            return apdu.exception_response(refused)

    def _answer_plain(self, client_sap: int, request: bytes, now: Moment, *, is_ciphered: bool) -> bytes:
        tag = request[0] if request else None
        if tag == acse.AARQ and not is_ciphered:
            return self._associate(client_sap, request, now)
        if tag == acse.RLRQ:
            return self._release()
        if tag in (apdu.READ_REQUEST, apdu.WRITE_REQUEST):
            return apdu.short_name_error(request[0])
        if tag not in _SERVICE_BIT:
            raise ApduRefused(StateError.SERVICE_UNKNOWN, ServiceError.SERVICE_NOT_SUPPORTED)
        association = self._associated_for(_SERVICE_BIT[request[0]])
        if association.hls is not None and association.hls.is_ciphered is not is_ciphered:
            raise ApduRefused(StateError.SERVICE_NOT_ALLOWED, ServiceError.OPERATION_NOT_POSSIBLE)
        parsed = apdu.parse(request)
        return self._serve(association, parsed, now) if association.is_proved else self._prove(association, parsed, now)

    def _associate(self, client_sap: int, request: bytes, now: Moment) -> bytes:
        self._association = None
        asked = acse.parse_association_request(request)
        try:
            entrance = self._keeper.judge(client_sap, asked, now)
        except NotLetIn as refused:
            return acse.rejected(refused.diagnostic, refused.error, is_for_good=refused.is_for_good)
        proposal, hls = entrance.proposal, entrance.hls
        is_ciphered = hls is not None and hls.is_ciphered
        self._association = _Association(
            client_sap=client_sap,
            conformance=proposal.conformance & self._offered,
            max_pdu_bytes=_room(proposal.max_pdu_bytes, self._forms.max_pdu_bytes, is_ciphered=is_ciphered),
            sees_all=entrance.sees_all,
            may_change=entrance.may_change,
            hls=hls,
            is_proved=hls is None,
        )
        agreement = acse.agreement(self._association.conformance, self._forms.max_pdu_bytes)
        if hls is not None and is_ciphered:
            sealed = self._keeper.seal(hls, agreement)
            agreement = bytes((acse.CIPHERED_INITIATE_RESPONSE,)) + axdr.length(len(sealed)) + sealed
        return acse.accepted(asked.context_name, agreement, None if hls is None else hls.own)

    def _prove(self, association: _Association, request: apdu.Request, now: Moment) -> bytes:
        """Take the reader's proof, and nothing else; whoever has none is out."""
        assert association.hls is not None
        self._association = None
        if not isinstance(request, Change) or not _is_reply(request):
            raise ApduRefused(StateError.SERVICE_NOT_ALLOWED, ServiceError.OPERATION_NOT_POSSIBLE)
        try:
            own_proof = self._keeper.prove(association.hls, request.parameters, now.mono_s)
        except NotLetIn:
            return apdu.change_response(request, DataAccessResult.READ_WRITE_DENIED)
        association.is_proved = True
        self._association = association
        return apdu.action_returned(request, axdr.octet_string(own_proof))

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
            return apdu.change_response(request, self._change(association, request, now))
        if isinstance(request, GetNext):
            return self._next_block(association, request)
        return self._get(association, request, now)

    def _change(self, association: _Association, request: Change, now: Moment) -> DataAccessResult:
        change = self._objects.write if request.service == apdu.SET_REQUEST else self._objects.call
        try:
            change(request.target, request.parameters, now.at, may_change=association.may_change)
        except AccessDenied as denied:
            return denied.result
        return DataAccessResult.SUCCESS

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
        if len(response) <= association.max_pdu_bytes or self._has_general_blocks:
            return response
        if not association.conformance & Conformance.BLOCK_TRANSFER_WITH_GET:
            return apdu.get_response(request.invoke_id, DataAccessResult.DATA_BLOCK_UNAVAILABLE)
        association.rest, association.block_number = long_form, 0
        return self._block(association, request.invoke_id)

    def _read(self, association: _Association, target: apdu.Target, now: Moment) -> Result:
        if target.selection is not None and not association.conformance & Conformance.SELECTIVE_ACCESS:
            return DataAccessResult.SCOPE_OF_ACCESS_VIOLATED
        try:
            return self._objects.read(target, now.at, sees_all=association.sees_all)
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


def _room(asked_bytes: int, own_bytes: int, *, is_ciphered: bool) -> int:
    """How long an answer may be before it is protected; zero asks for any size."""
    room = min(asked_bytes or own_bytes, own_bytes) - (_PROTECTION_BYTES if is_ciphered else 0)
    return max(room, acse.MIN_PDU_BYTES)


def _is_reply(request: Change) -> bool:
    target = request.target
    called = (request.service, target.class_id, target.obis, target.member)
    return called == (apdu.ACTION_REQUEST, ASSOCIATION_LN, CURRENT_ASSOCIATION, _REPLY_TO_CHALLENGE)
