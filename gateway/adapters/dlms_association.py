"""One association with a meter, through dlms-cosem: made, used for reading, and given back.

dlms-cosem encodes requests and watches their order. It gets no line (`LinkDriver` is its transport), no value to read
(answers go to `association`, `get_response` and `axdr`) and no log to write. Foreign exceptions end here.

A proof the meter does not take is SecretRefused, and is not offered twice. Whether the meter has the keys as well is
found out before anything it says is believed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from gateway.adapters import foreign_log  # before what brings structlog along

# isort: split
from dlms_cosem import cosem, dlms_data, enumerations, exceptions, state
from dlms_cosem.cosem.capture_object import CaptureObject
from dlms_cosem.cosem.selective_access import RangeDescriptor
from dlms_cosem.protocol import xdlms
from dlms_cosem.protocol.xdlms.conformance import Conformance

from gateway.adapters.dlms_security import PROTECTION_BYTES, TITLE_BYTES, Identity, connection_for
from gateway.adapters.link_driver import LinkDriver
from gateway.core.dlms import association, get_response, profile_generic
from gateway.core.dlms.association import Associated, Rejected
from gateway.core.dlms.data import Data
from gateway.core.dlms.get_response import Block, Denied, GetResponse, ServiceRefused, Values
from gateway.core.dlms.obis import Attribute
from gateway.core.errors import (
    MeterGarbled,
    MeterRefused,
    MeterUnread,
    PortUnavailable,
    SecretRefused,
    Undecodable,
)
from gateway.core.invocation_counter import CounterUsedUp
from gateway.core.meter_access import Authentication, ProfileAccess
from runtime.errors import EnvironmentRefused

MAX_LIST = 24  # attributes in one GET-WITH-LIST; some meters choke on more
MAX_ANSWER_BYTES = 1_000_000
MAX_PDU_BYTES = 0xFFFF
_REQUEST_HEADER_BYTES, _REQUEST_ITEM_BYTES = 4, 10
_ASSOCIATION, _REPLY_TO_HLS = cosem.Obis(0, 0, 40, 0, 0), 1
_DO_SECRETS = "check the secret with the utility, then hand it in anew; another attempt may lock the meter"
# What dlms-cosem raises over an answer it does not understand: it checks with assert, and looks up without asking.
_NOT_UNDERSTOOD = (
    exceptions.LocalDlmsProtocolError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
)


class Association:
    """One association, with nothing but reading asked for."""

    def __init__(self, driver: LinkDriver, access: ProfileAccess, identity: Identity, where: str) -> None:
        foreign_log.silence()
        self._driver, self._access, self._where = driver, access, where
        self._counter = identity.counter
        self._connection = connection_for(access, identity, max_pdu_bytes=MAX_PDU_BYTES)
        self._connection.conformance = Conformance(
            general_protection=access.is_ciphered,
            action=access.authentication is Authentication.HLS_GMAC,
            get=True,
            selective_access=True,
            multiple_references=True,
            block_transfer_with_get_or_read=True,
            delta_value_encoding=True,
        )

    def open(self) -> None:
        """Link and association; raises MeterUnread, Undecodable."""
        self._driver.connect()
        request = self._connection.get_aarq()
        if self._access.authentication is not Authentication.HLS_GMAC:
            request.system_title = None  # only keys need one, and some meters refuse what they do not need
        response = association.parse(self._driver.send_request(self._encoded(request)))
        if isinstance(response, ServiceRefused):
            raise self._service_refused(response.reason)
        if isinstance(response, Rejected):
            refused = self._secret_refused if self._is_locked_out(response) else self._rejected
            raise refused(response.reason)
        self._take_agreement(response)
        if self._access.authentication is Authentication.HLS_GMAC:
            self._exchange_proofs(response)
        self._connection.state.current_state = state.READY

    def _is_locked_out(self, rejected: Rejected) -> bool:
        return rejected.is_about_secrets and self._access.authentication is not Authentication.NONE

    def _take_agreement(self, response: Associated) -> None:
        connection = self._connection
        connection.meter_system_title = response.title
        sealed = association.opened_initiate(response.information)
        if (sealed is not None) is not self._access.is_ciphered:
            raise self.refused("the meter answers in another protection than was asked for")
        if self._access.is_ciphered and len(response.title) != TITLE_BYTES:
            raise self.garbled("the meter ciphers and does not tell its system title")
        try:
            information = response.information if sealed is None else connection.open(sealed)
        except Undecodable as error:
            raise self._secret_refused(error.what) from None
        agreement = association.parse_agreement(information)
        connection.conformance = Conformance.from_bytes(b"\x00" + agreement.conformance)
        connection.max_pdu_size = agreement.max_pdu_bytes or MAX_PDU_BYTES

    def _exchange_proofs(self, response: Associated) -> None:
        """Prove that we have the keys, and see that the meter has them, too."""
        connection = self._connection
        if not response.wants_proof or len(response.title) != TITLE_BYTES or not response.challenge:
            raise self.refused("the meter does not ask for our proof, and gives none of its own")
        connection.meter_to_client_challenge = response.challenge
        with self._own_trouble():
            proof = connection.authentication.hls_generate_reply_data(connection)
        method = cosem.CosemMethod(enumerations.CosemInterface.ASSOCIATION_LN, _ASSOCIATION, _REPLY_TO_HLS)
        data = dlms_data.OctetStringData(proof).to_bytes()
        connection.state.current_state = state.SHOULD_SEND_HLS_SEVER_CHALLENGE_RESULT
        request = xdlms.ActionRequestNormal(cosem_method=method, data=data)
        answer = connection.open_answer(self._driver.send_request(self._encoded(request)))
        returned = association.parse_proof(answer)
        if isinstance(returned, ServiceRefused):
            raise self._service_refused(returned.reason)
        if not connection.authentication.hls_meter_data_is_valid(returned, connection):
            raise self.refused("the meter does not prove that it has the keys: it may not be the meter it says it is")

    def release(self) -> None:
        """Give the association back; what fails here is mended by closing the link, which ends it as well."""
        try:
            self._driver.send_request(self._encoded(self._connection.get_rlrq()))
        except (MeterUnread, *_NOT_UNDERSTOOD):
            return

    def _encoded(self, request: Any) -> bytes:
        with self._own_trouble():
            try:
                return bytes(self._connection.send(request))
            except exceptions.LocalDlmsProtocolError as error:
                raise self.refused(f"the request does not fit the association: {error}") from error

    @contextmanager
    def _own_trouble(self) -> Iterator[None]:
        """A counter that cannot be had stops us before the meter hears anything: nothing is known of it."""
        try:
            yield
        except CounterUsedUp as error:
            raise SecretRefused(error.what, where=self._where, do=error.do) from error
        except EnvironmentRefused as error:
            raise PortUnavailable(error.what, where=error.where, do=error.do) from error

    def get(self, attributes: Sequence[Attribute]) -> tuple[dict[Attribute, Data], dict[Attribute, str]]:
        """What the meter tells of these, and its reason for each it does not; raises MeterUnread, Undecodable."""
        items: list[Data | Denied] = []
        for batch in self._batches(attributes):
            items += self._get_list(batch) if len(batch) > 1 else [self._get_one(batch[0])]
        answered = zip(attributes, items, strict=True)
        answers, denied = {}, {}
        for attribute, item in answered:
            if isinstance(item, Denied):
                denied[attribute] = item.reason
            else:
                answers[attribute] = item
        return answers, denied

    def get_range(self, buffer: Attribute, begin: datetime, end: datetime) -> Data:
        """The rows of a profile between two instants, both included; raises MeterUnread, Undecodable."""
        clock = _foreign(profile_generic.CLOCK)
        clock.interface = enumerations.CosemInterface.CLOCK
        selection = RangeDescriptor(restricting_object=CaptureObject(clock, 0), from_value=begin, to_value=end)
        item = self._get_one(buffer, selection if self._connection.conformance.selective_access else None)
        if isinstance(item, Denied):
            raise self.refused(f"the meter does not give its load profile: {item.reason}")
        return item

    def _batches(self, attributes: Sequence[Attribute]) -> Iterator[Sequence[Attribute]]:
        protection = PROTECTION_BYTES if self._access.is_ciphered else 0
        fitting = (self._connection.max_pdu_size - protection - _REQUEST_HEADER_BYTES) // _REQUEST_ITEM_BYTES
        size = max(1, min(MAX_LIST, fitting)) if self._connection.conformance.multiple_references else 1
        for at in range(0, len(attributes), size):
            yield attributes[at : at + size]

    def _get_one(self, attribute: Attribute, selection: RangeDescriptor | None = None) -> Data | Denied:
        request = xdlms.GetRequestNormal(cosem_attribute=_foreign(attribute), access_selection=selection)
        response = self._ask(request, is_list=False)
        if isinstance(response, ServiceRefused):
            raise self.refused(f"the meter refuses to be read: {response.reason}")
        if len(response.items) != 1:
            raise self.garbled(f"one value was asked for, {len(response.items)} came")
        return response.items[0]

    def _get_list(self, attributes: Sequence[Attribute]) -> Sequence[Data | Denied]:
        wanted = [cosem.CosemAttributeWithSelection(_foreign(attribute), None) for attribute in attributes]
        response = self._ask(xdlms.GetRequestWithList(cosem_attributes_with_selection=wanted), is_list=True)
        if isinstance(response, ServiceRefused):  # promised, and not served: one by one, then
            self._connection.conformance.multiple_references = False
            return [self._get_one(attribute) for attribute in attributes]
        if len(response.items) != len(attributes):
            raise self.garbled(f"{len(attributes)} values were asked for, {len(response.items)} came")
        return response.items

    def _ask(self, request: Any, *, is_list: bool) -> Values | ServiceRefused:
        response, octets, number = self._send(request), bytearray(), None
        while isinstance(response, Block):
            octets += response.octets
            if number not in (None, response.number) or len(octets) > MAX_ANSWER_BYTES:
                raise self.garbled("the blocks of a long answer are out of order, or too many")
            if response.is_last:
                return get_response.values_of_blocks(bytes(octets), is_list=is_list)
            number = response.number + 1
            response = self._send(xdlms.GetRequestNext(block_number=response.number))
        return response

    def _send(self, request: Any) -> GetResponse:
        answer = self._driver.send_request(self._encoded(request))
        response = get_response.parse(self._connection.open_answer(answer))
        # Its state machine does not see the answer, so it is told what may follow.
        has_more = isinstance(response, Block) and not response.is_last
        self._connection.state.current_state = state.SHOULD_ACK_LAST_GET_BLOCK if has_more else state.READY
        return response

    def refused(self, what: str) -> MeterRefused:
        """The error for a meter that says no."""
        return MeterRefused(what, where=self._where, do="check client address and objects in the meter profile")

    def _rejected(self, reason: str) -> MeterRefused:
        return self.refused(f"the meter refuses the association: {reason}")

    def _service_refused(self, reason: str) -> MeterRefused:
        if self._access.authentication is not Authentication.HLS_GMAC:
            return self._rejected(reason)
        if "invocation-counter-error" in reason:  # the key is right, and another reader has used it meanwhile
            self._counter.doubt()
            return self.refused("our invocation counter is behind the meter's; it is learnt anew")
        return self._secret_refused(reason)

    def _secret_refused(self, reason: str) -> SecretRefused:
        what = "password" if self._access.authentication is Authentication.LLS else "keys"
        return SecretRefused(f"the meter does not take our {what}: {reason}", where=self._where, do=_DO_SECRETS)

    def garbled(self, what: str) -> MeterGarbled:
        """The error for an answer that makes no sense."""
        return MeterGarbled(what, where=self._where, do="try again; if it lasts, keep a capture and report the model")


def _foreign(attribute: Attribute) -> Any:
    return cosem.CosemAttribute(
        interface=attribute.class_id,  # a plain number: a profile may name a class its enumeration does not know
        instance=cosem.Obis.from_bytes(attribute.obis.octets),
        attribute=attribute.index,
    )
