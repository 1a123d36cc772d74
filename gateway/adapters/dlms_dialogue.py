"""Requests to a meter and its answers, one after another: protected where agreed, in blocks where they are long.

What comes in is a request that dlms-cosem encodes, or octets where it cannot write them; what goes out is the plain
answer, whole. Whatever its exceptions are, they end here: what leaves is a MeterUnread, or Undecodable for octets that
are no answer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gateway.adapters import dlms_library  # noqa: F401 - before dlms-cosem

# isort: split
from dlms_cosem import exceptions, state

from gateway.adapters.dlms_security import ProtectedConnection
from gateway.adapters.link_driver import LinkDriver
from gateway.core.dlms.block_exchange import GENERAL_BLOCK_TRANSFER, HEADER_BYTES, Await, BlockExchange, Send, Whole
from gateway.core.errors import MeterGarbled, MeterHeld, MeterRefused, MeterUnread, PortUnavailable, SecretRefused
from gateway.core.invocation_counter import CounterUsedUp
from runtime.errors import EnvironmentRefused

# What dlms-cosem raises over what it does not understand: it checks with assert, and looks up without asking.
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


class Dialogue:
    """One connection to one meter; the link below it is open."""

    def __init__(self, driver: LinkDriver, connection: ProtectedConnection, where: str) -> None:
        self.connection = connection
        self._driver, self._where = driver, where

    def ask(self, event: Any, octets: bytes = b"") -> bytes:
        """The plain answer to a service's request.

        Args:
            event: what dlms-cosem knows the request as; it writes it, and says whether it may be sent now.
            octets: the request, where it cannot write it.
        """
        with self.own_trouble():
            try:
                request = self.connection.request(event, octets)
            except exceptions.LocalDlmsProtocolError as error:
                raise self.refused(f"the request does not fit the association: {error}") from error
        plain = self.connection.open_answer(self._exchange(request))
        # Its state machine does not see the answer, so it is told that the next request may follow.
        self.connection.state.current_state = state.READY
        return plain

    def ask_on(self, event: Any) -> bytes:
        """The same, for the next block of an answer that is given in blocks."""
        self.connection.state.current_state = state.SHOULD_ACK_LAST_GET_BLOCK
        return self.ask(event)

    def ask_plainly(self, event: Any) -> bytes:
        """The answer to what makes an association, which dlms-cosem protects itself where it must be."""
        with self.own_trouble():
            request = bytes(self.connection.send(event))
        return self._driver.send_request(request)

    def release(self) -> None:
        """Give the association back; what fails here is mended by closing the link, which ends it as well."""
        try:
            self.ask_plainly(self.connection.get_rlrq())
        except (MeterUnread, *_NOT_UNDERSTOOD):
            return

    def _exchange(self, request: bytes) -> bytes:
        most = self.connection.max_pdu_size
        if len(request) > most:
            if not self.connection.conformance.general_block_transfer or most <= HEADER_BYTES:
                raise self.refused(f"the request does not fit the association: it has {len(request)} octets of {most}")
            exchange = BlockExchange(request, block_bytes=most - HEADER_BYTES)
            return self._in_blocks(exchange, self._driver.send_request(exchange.begin()))
        answer = self._driver.send_request(request)
        if answer[:1] != bytes([GENERAL_BLOCK_TRANSFER]):
            return answer
        return self._in_blocks(BlockExchange(), answer)

    def _in_blocks(self, exchange: BlockExchange, answer: bytes) -> bytes:
        while True:
            match exchange.receive(answer):
                case Whole(apdu):
                    return apdu
                case Send(octets):
                    answer = self._driver.send_request(octets)
                case Await():
                    answer = self._driver.await_more()

    @contextmanager
    def own_trouble(self) -> Iterator[None]:
        """A counter that cannot be had stops us before the meter hears anything: nothing is known of it."""
        try:
            yield
        except CounterUsedUp as error:
            raise SecretRefused(error.what, where=self._where, do=error.do) from error
        except EnvironmentRefused as error:
            raise PortUnavailable(error.what, where=error.where, do=error.do) from error

    def refused(self, what: str) -> MeterRefused:
        """The error for a meter that says no."""
        do = "check client and objects in the meter profile; `lamplight-gateway discover` tells who is let in"
        return MeterRefused(what, where=self._where, do=do)

    def held(self, what: str) -> MeterHeld:
        """The error for a meter that says not now."""
        return self._driver.held(what)

    def garbled(self, what: str) -> MeterGarbled:
        """The error for an answer that makes no sense."""
        return MeterGarbled(what, where=self._where, do="try again; if it lasts, keep a capture and report the model")
