"""One association with a meter, through dlms-cosem: made, used, and given back.

dlms-cosem encodes requests and watches their order. It gets no line (`LinkDriver` is its transport), no value to read
(answers go to `get_response`, `change` and `axdr`) and no log to write. `Handshake` makes the association, `Dialogue`
sends and receives; here stand the services: GET of one, of many and of part of a profile, SET and ACTION.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from gateway.adapters import dlms_library  # noqa: F401 - before dlms-cosem

# isort: split
from dlms_cosem import cosem, enumerations
from dlms_cosem.cosem.capture_object import CaptureObject
from dlms_cosem.cosem.selective_access import RangeDescriptor
from dlms_cosem.protocol import xdlms

from gateway.adapters.dlms_dialogue import Dialogue
from gateway.adapters.dlms_handshake import MAX_PDU_BYTES, Handshake, proposal
from gateway.adapters.dlms_security import PROTECTION_BYTES, Identity, connection_for
from gateway.adapters.link_driver import LinkDriver
from gateway.core.dlms import change, get_response, profile_generic
from gateway.core.dlms.change import BlockTaken, ChangeResponse, Done
from gateway.core.dlms.data import Data
from gateway.core.dlms.get_response import Block, Denied, ServiceRefused, Values
from gateway.core.dlms.obis import Attribute
from gateway.core.dlms.object_names import name_of
from gateway.core.dlms.selection import Entries
from gateway.core.errors import ChangeRefused, MeterGarbled, MeterRefused
from gateway.core.meter_access import ProfileAccess

MAX_LIST = 24  # attributes in one GET-WITH-LIST; some meters choke on more
MAX_ANSWER_BYTES = 1_000_000
_REQUEST_HEADER_BYTES, _REQUEST_ITEM_BYTES = 4, 10
_NOTHING_SELECTED = b"\x00"
_CLOCK = cosem.CosemAttribute(
    interface=enumerations.CosemInterface.CLOCK,
    instance=cosem.Obis.from_bytes(profile_generic.CLOCK.obis.octets),
    attribute=profile_generic.CLOCK.index,
)


class Association:
    """One association: opened, asked, released."""

    def __init__(
        self, driver: LinkDriver, access: ProfileAccess, identity: Identity, where: str, *, may_change: bool = False
    ) -> None:
        """`may_change`: whether SET and ACTION are asked for too; who only reads is not given them."""
        self._driver, self._access, self._where = driver, access, where
        self._connection = connection_for(access, identity, max_pdu_bytes=MAX_PDU_BYTES)
        self._connection.conformance = proposal(access, may_change=may_change)
        self._dialogue = Dialogue(driver, self._connection, where)
        self._handshake = Handshake(self._dialogue, access, identity, where)

    def open(self) -> None:
        """Link and association; raises MeterUnread, Undecodable."""
        self._driver.connect()
        self._handshake.make()

    def release(self) -> None:
        """Give the association back; never raises."""
        self._dialogue.release()

    # ---- reading ------------------------------------------------------------------------------------------------

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

    def get_range(self, buffer: Attribute, begin: datetime, end: datetime) -> Data | Denied:
        """The rows of a profile between two instants, both included; raises MeterUnread, Undecodable."""
        selection = RangeDescriptor(restricting_object=CaptureObject(_CLOCK, 0), from_value=begin, to_value=end)
        return self._get_one(buffer, selection if self.selects else None)

    def get_entries(self, buffer: Attribute, entries: Entries) -> Data | Denied:
        """The rows of a profile by their numbers; raises MeterUnread, Undecodable."""
        request = xdlms.GetRequestNormal(cosem_attribute=_foreign(buffer))
        # dlms-cosem knows this selection and cannot write it; it is the request's last part.
        octets = bytes(request.to_bytes()).removesuffix(_NOTHING_SELECTED) + entries.encode()
        return self._one(self._ask(request, octets))

    @property
    def selects(self) -> bool:
        """Whether the meter gives part of a profile."""
        return bool(self._connection.conformance.selective_access)

    def _batches(self, attributes: Sequence[Attribute]) -> Iterator[Sequence[Attribute]]:
        fitting = (self._room - _REQUEST_HEADER_BYTES) // _REQUEST_ITEM_BYTES
        size = max(1, min(MAX_LIST, fitting)) if self._connection.conformance.multiple_references else 1
        for at in range(0, len(attributes), size):
            yield attributes[at : at + size]

    @property
    def _room(self) -> int:
        """How long a request may be before it is protected."""
        return int(self._connection.max_pdu_size) - (PROTECTION_BYTES if self._access.is_ciphered else 0)

    def _get_one(self, attribute: Attribute, selection: RangeDescriptor | None = None) -> Data | Denied:
        request = xdlms.GetRequestNormal(cosem_attribute=_foreign(attribute), access_selection=selection)
        return self._one(self._ask(request))

    def _one(self, response: Values | ServiceRefused) -> Data | Denied:
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

    def _ask(self, request: Any, octets: bytes = b"", *, is_list: bool = False) -> Values | ServiceRefused:
        response, parts, number = get_response.parse(self._dialogue.ask(request, octets)), bytearray(), None
        while isinstance(response, Block):
            parts += response.octets
            if number not in (None, response.number) or len(parts) > MAX_ANSWER_BYTES:
                raise self.garbled("the blocks of a long answer are out of order, or too many")
            if response.is_last:
                return get_response.values_of_blocks(bytes(parts), is_list=is_list)
            number = response.number + 1
            following = self._dialogue.ask_on(xdlms.GetRequestNext(block_number=response.number))
            response = get_response.parse(following)
        return response

    # ---- changing -----------------------------------------------------------------------------------------------

    def set(self, attribute: Attribute, data: bytes) -> None:
        """Give an attribute a value, in A-XDR; raises ChangeRefused, and MeterUnread, after which it may be set or not.

        Without SET in what was agreed on, nothing is sent.
        """
        if not self._connection.conformance.set:
            raise self._change_refused(name_of(attribute), "the meter does not let us set anything")
        request = xdlms.SetRequestNormal(cosem_attribute=_foreign(attribute), data=data)
        octets = bytes(request.to_bytes())
        can_block = self._connection.conformance.block_transfer_with_set_or_write
        if len(octets) <= self._room or not can_block:
            self._check(name_of(attribute), change.parse_set(self._dialogue.ask(request)))
            return
        for number, block in enumerate(change.set_blocks(octets, self._room - change.BLOCK_HEADER_BYTES), start=1):
            response = change.parse_set(self._dialogue.ask(request, block))
            if response != BlockTaken(number):
                self._check(name_of(attribute), response)

    def act(self, method: Attribute, data: bytes = b"") -> Data | None:
        """Let an object do something, with parameters in A-XDR; what it gives back. Raises as `set`."""
        if not self._connection.conformance.action:
            raise self._change_refused(str(method), "the meter does not let us act on anything")
        foreign = cosem.CosemMethod(method.class_id, cosem.Obis.from_bytes(method.obis.octets), method.index)
        request = xdlms.ActionRequestNormal(cosem_method=foreign, data=data or None)
        return self._check(str(method), change.parse_action(self._dialogue.ask(request))).returned

    def _check(self, target: str, response: ChangeResponse) -> Done:
        match response:
            case Done():
                return response
            case Denied(reason):
                raise self._change_refused(target, f"the meter denies it: {reason}")
            case ServiceRefused(reason):
                raise self._change_refused(target, f"the meter refuses the service: {reason}")
            case BlockTaken(number):
                raise self.garbled(f"the meter counts {number} where a change was at another block")

    def _change_refused(self, target: str, why: str) -> ChangeRefused:
        do = "check with the utility whether this client may change it"
        return ChangeRefused(f"{target} is not changed: {why}", where=self._where, do=do)

    def refused(self, what: str) -> MeterRefused:
        """The error for a meter that says no."""
        return self._dialogue.refused(what)

    def garbled(self, what: str) -> MeterGarbled:
        """The error for an answer that makes no sense."""
        return self._dialogue.garbled(what)


@lru_cache(maxsize=256)  # the same few at every poll
def _foreign(attribute: Attribute) -> Any:
    return cosem.CosemAttribute(
        interface=attribute.class_id,  # a plain number: a profile may name a class its enumeration does not know
        instance=cosem.Obis.from_bytes(attribute.obis.octets),
        attribute=attribute.index,
    )
