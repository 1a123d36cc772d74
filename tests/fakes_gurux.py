"""The Gurux client (GPL-2.0, from PyPI, for tests only) at one end of a wire, and the simulated meter at the other.

Both are joined in memory. The client is driven as its own examples drive it: a request is one PDU or several frames, an
answer is read until it is whole, and whatever is missing is asked for. Nothing of ours is in between.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.enums import Authentication, Conformance, InterfaceType, Security
from gurux_dlms.secure import GXDLMSSecureClient

from simulators.meter.device import Door
from tests.fakes_access import AUTH_KEY, KEY, PASSWORD, READER_TITLE
from tests.fakes_simulators import moment

MAX_TURNS = 2_000


class Refused(Exception):
    """The meter said no; `code` is its data-access-result, or the error of its exception."""

    def __init__(self, code: int) -> None:
        super().__init__(f"error {code}")
        self.code = code


def a_client(who: str, *, is_wrapped: bool, info_bytes: int = 128, window: int = 1) -> Any:
    """A client as `none`, `lls` or `gmac` comes to the meter."""
    sap, authentication, password = {
        "none": (16, Authentication.NONE, None),
        "lls": (17, Authentication.LOW, PASSWORD.reveal()),
        "gmac": (1, Authentication.HIGH_GMAC, None),
    }[who]
    interface = InterfaceType.WRAPPER if is_wrapped else InterfaceType.HDLC
    client = GXDLMSSecureClient(True, sap, 1, authentication, password, interface)
    client.settings.proposedConformance |= Conformance.GENERAL_BLOCK_TRANSFER
    client.hdlcSettings.maxInfoTX = client.hdlcSettings.maxInfoRX = info_bytes
    client.hdlcSettings.windowSizeTX = client.hdlcSettings.windowSizeRX = window
    if who == "gmac":
        client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
        client.ciphering.systemTitle = READER_TITLE
        client.ciphering.blockCipherKey, client.ciphering.authenticationKey = KEY, AUTH_KEY
        client.ciphering.invocationCounter = 1
    return client


@dataclass
class GuruxReader:
    """One association of a Gurux client with a meter."""

    client: Any
    door: Door
    heard: GXByteBuffer = field(default_factory=GXByteBuffer)

    def open(self) -> None:
        """Connect, associate, and prove who we are where that is asked."""
        reply = GXReplyData()
        if request := self.client.snrmRequest():
            self.client.parseUAResponse(self._exchanged(request, reply).data)
        self._all(self.client.aarqRequest(), reply)
        self.client.parseAareResponse(reply.data)
        if self.client.getIsAuthenticationRequired():
            reply.clear()
            self._all(self.client.getApplicationAssociationRequest(), reply)
            self.client.parseApplicationAssociationResponse(reply.data)

    def close(self) -> None:
        """Release and disconnect; raises where the meter does not take part."""
        self._all(self.client.releaseRequest(), GXReplyData())
        if request := self.client.disconnectRequest():
            self._exchanged(request, GXReplyData())

    def read(self, item: Any, index: int) -> Any:
        """One attribute of an object, as the client understands it."""
        reply = GXReplyData()
        self._all(self.client.read(item, index), reply)
        if item.getDataType(index) == 0:
            item.setDataType(index, reply.valueType)
        return self.client.updateValue(item, index, reply.value)

    def read_list(self, items: list[tuple[Any, int]]) -> list[Any]:
        """Several attributes with one request."""
        reply = GXReplyData()
        values: list[Any] = []
        for requests in self.client.readList(items):
            self._all(requests, reply)
            values += reply.value or []
        self.client.updateValues(items, values)
        return values

    def rows(self, profile: Any, requests: Iterable[Any]) -> list[list[Any]]:
        """The rows of a profile, from the client's request for some of them."""
        reply = GXReplyData()
        self._all(requests, reply)
        self.client.updateValue(profile, 2, reply.value)
        return list(profile.buffer)

    def ask(self, requests: Iterable[Any]) -> Any:
        """Whatever was asked: SET, ACTION or GET."""
        reply = GXReplyData()
        self._all(requests, reply)
        return reply.value

    def objects(self) -> list[Any]:
        """The meter's object list; from then on the client knows them by name."""
        reply = GXReplyData()
        self._all([self.client.getObjectsRequest()], reply)
        return list(self.client.parseObjects(reply.data, True, False))

    def _all(self, requests: Iterable[Any], reply: GXReplyData) -> None:
        for request in requests:
            reply.clear()
            self._exchanged(request, reply)
            turns = 0
            while reply.isMoreData():
                turns += 1
                assert turns < MAX_TURNS, "the client asks for ever"
                has_heard_more = reply.isStreaming() or self.heard.position < len(self.heard)
                self._exchanged(None if has_heard_more else self.client.receiverReady(reply), reply)

    def _exchanged(self, request: Any, reply: GXReplyData) -> GXReplyData:
        if request:
            self.heard.clear()
            reply.error = 0
            for transmission in self.door.feed(bytes(request), moment()):
                self.heard.set(transmission.octets)
        assert self.client.getData(self.heard, reply, None), "the client waits for more than the meter has said"
        if reply.error:
            raise Refused(int(reply.error))
        return reply
