"""A meter read through dlms-cosem, over our own link and into our own values. The only importer of dlms_cosem.

dlms-cosem makes the association, encodes requests and watches their order. It gets no line (`LinkDriver` is its
transport), no value to read (answers go to `get_response` and `axdr`) and no log to write. Each session is one short
association: what was opened is released and closed on every path, since a held association locks the utility's own
reader out. Attributes go in one GET-WITH-LIST where the meter serves it and they fit its PDU; what a meter tells once
(scalers, the columns of its load profile) is asked for once of each serial number. Foreign exceptions end here.

dlms-cosem is under the Business Source License 1.1: see docs/adr/0002-dlms-cosem-behind-one-port.md.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import structlog
from dlms_cosem import cosem, enumerations, exceptions, state
from dlms_cosem.client import DlmsClient
from dlms_cosem.cosem.capture_object import CaptureObject
from dlms_cosem.cosem.selective_access import RangeDescriptor
from dlms_cosem.protocol import xdlms
from dlms_cosem.protocol.xdlms.conformance import Conformance
from dlms_cosem.security import NoSecurityAuthentication

from gateway.adapters.link_driver import LinkDriver
from gateway.adapters.serial_port import SerialPort
from gateway.adapters.tcp_port import TcpPort
from gateway.core.dlms import get_response, profile_generic
from gateway.core.dlms.data import Data
from gateway.core.dlms.get_response import Block, Denied, GetResponse, ServiceRefused, Values
from gateway.core.dlms.hdlc_link import HdlcLink
from gateway.core.dlms.obis import Attribute
from gateway.core.dlms.wrapper import WrapperLink
from gateway.core.errors import MeterGarbled, MeterRefused, MeterUnread, Undecodable
from gateway.core.interval_rows import Captured, interval_rows
from gateway.core.line_address import LineAddress, SerialAddress, TcpAddress, parse_line_address
from gateway.core.meter_profile import REGISTER_CLASSES, SCALER_UNIT, MeterProfile
from gateway.core.ports import SerialLine
from gateway.core.reading import IntervalRow, Snapshot
from runtime.clock import Clock

MAX_LIST = 24  # attributes in one GET-WITH-LIST; some meters choke on more
MAX_ANSWER_BYTES = 1_000_000
MAX_PDU_BYTES = 0xFFFF
_REQUEST_HEADER_BYTES, _REQUEST_ITEM_BYTES = 4, 10
_CLIENT_TITLE = b"LMP\x00\x00\x00\x00\x01"  # goes unsent without ciphering, and must not be random
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


def open_line(address: LineAddress, baud: int) -> SerialLine:
    """The line at this address; raises PortUnavailable."""
    if isinstance(address, SerialAddress):
        return SerialPort(address.path, baud)
    return TcpPort(address.host, address.port)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """What one meter tells once: scalers and units, and how its load profile is captured.

    `missing` are scalers of values it gives that it did not give yet: they are asked for again.
    """

    serial: str
    scalers: dict[Attribute, Data]
    missing: tuple[Attribute, ...] = ()
    captured: Captured | None = None


class DlmsMeter:
    """A `MeterSession` for the meter at `port`, read as `profile` says."""

    def __init__(
        self,
        port: str,
        profile: MeterProfile,
        *,
        clock: Clock,
        deadline_s: float = 60.0,
        report: Callable[[str], None] = lambda _words: None,
        open_line: Callable[[LineAddress, int], SerialLine] = open_line,
    ) -> None:
        """Nothing is opened yet; raises InputRefused for a port that cannot be one.

        Args:
            deadline_s: machine seconds a whole session may take, sign-on included.
            report: is told in words what takes long, for a person who waits.
            open_line: opens the port at a speed; raises PortUnavailable.
        """
        self._address = parse_line_address(port)
        self._profile, self._clock, self._deadline_s = profile, clock, deadline_s
        self._report, self._open_line = report, open_line
        self._layout: _Layout | None = None

    @property
    def _where(self) -> str:
        """The port, and the meter's address where there is one."""
        link = self._profile.link
        return f"{self._address} address {link.server_physical}" if link.server_physical else str(self._address)

    def read_now(self) -> Snapshot:
        with self._associated() as association:
            return self._snapshot(association)

    def read_all(self, since: datetime, until: datetime) -> tuple[Snapshot, tuple[IntervalRow, ...]]:
        with self._associated() as association:
            snapshot = self._snapshot(association)
            try:
                return snapshot, self._intervals(association, snapshot, since, until)
            except (MeterRefused, Undecodable) as error:
                # The meter is well and its load profile is not to be had: what it measures now still counts.
                buffer = {self._profile.load_profile.buffer: error.what} if self._profile.load_profile else {}
                return replace(snapshot, denied={**snapshot.denied, **buffer}), ()

    @contextmanager
    def _associated(self) -> "Iterator[_Association]":
        line = self._open_line(self._address, self._profile.line.baud)
        try:
            driver = LinkDriver(
                line,
                self._new_link(),
                self._profile,
                signs_on=self._profile.signs_on(self._address),
                where=self._where,
                clock=self._clock,
                deadline_s=self._deadline_s,
                report=self._report,
            )
            association = _Association(driver, self._where)
            try:
                association.open()
                yield association
                association.release()
            except Undecodable as error:
                raise MeterGarbled(f"an answer makes no sense: {error.what}", where=self._where) from error
            finally:
                driver.disconnect()
        finally:
            line.close()

    def _new_link(self) -> HdlcLink | WrapperLink:
        if isinstance(self._address, TcpAddress) and not self._address.carries_hdlc:
            return WrapperLink(self._profile.link)
        return HdlcLink(self._profile.link)

    def _snapshot(self, association: "_Association") -> Snapshot:
        read_at, layout = self._clock.now(), self._layout
        once = self._profile.scalers if layout is None else layout.missing
        answers, denied = association.get((*self._profile.values, *once))
        serial = self._serial(Snapshot(read_at=read_at, answers=answers, denied=denied))
        if layout is None or layout.serial != serial:
            if layout is not None:  # another meter hangs here now: nothing that is known of the old one holds
                answers |= association.get(self._profile.scalers)[0]
            layout = _Layout(serial=serial, scalers={})
        scalers = layout.scalers | _only(answers, self._profile.scalers)
        missing = tuple(scaler for scaler in self._profile.scalers_of(answers) if scaler not in scalers)
        self._layout = replace(layout, scalers=scalers, missing=missing)
        return Snapshot(read_at=read_at, answers=answers | scalers, denied=denied)

    def _serial(self, snapshot: Snapshot) -> str:
        try:
            return self._profile.serial_of(snapshot)
        except Undecodable as error:
            do = "check `serial` in the meter profile"
            raise MeterRefused(error.what, where=self._where, do=do) from error

    def _intervals(
        self, association: "_Association", snapshot: Snapshot, since: datetime, until: datetime
    ) -> tuple[IntervalRow, ...]:
        meaning, layout = self._profile.load_profile, self._layout
        if meaning is None or layout is None:
            return ()
        captured = layout.captured or self._captured(association, meaning.buffer, layout.scalers)
        self._layout = replace(layout, captured=captured)
        deviation_min = self._deviation_min(snapshot)
        # Running totals need the row before the first one.
        zone = timezone(timedelta(minutes=-deviation_min))
        begin = since - timedelta(seconds=captured.period_s)
        buffer = association.get_range(meaning.buffer, begin.astimezone(zone), until.astimezone(zone))
        rows = profile_generic.rows(buffer, captured.columns, captured.period_s)
        found = interval_rows(
            rows, captured, meaning, unspecified_deviation_min=self._profile.unspecified_deviation_min
        )
        return tuple(row for row in found if since < row.ends_at <= until)

    def _captured(self, association: "_Association", buffer: Attribute, known: dict[Attribute, Data]) -> Captured:
        columns_at, period_at = buffer.sibling(3), buffer.sibling(4)
        answers, denied = association.get((columns_at, period_at))
        if denied:
            reasons = ", ".join(f"{attribute} {reason}" for attribute, reason in denied.items())
            raise association.refused(f"the meter does not tell how its load profile is laid out: {reasons}")
        columns = profile_generic.capture_objects(answers[columns_at])
        registers = (column.sibling(SCALER_UNIT) for column in columns if column.class_id in REGISTER_CLASSES)
        missing = tuple(scaler for scaler in registers if scaler not in known)
        scalers = known | (association.get(missing)[0] if missing else {})
        period_s = answers[period_at].integer()
        if period_s <= 0:
            raise association.refused("the load profile has no capture period")
        return Captured(columns=columns, period_s=period_s, scalers=scalers)

    def _deviation_min(self, snapshot: Snapshot) -> int:
        """How far the meter's local time lies from UTC: a range is asked for in it, which every meter understands."""
        clock = snapshot.answers.get(self._profile.clock)
        told = clock.date_time().deviation_min if clock is not None else None
        return told if told is not None else self._profile.unspecified_deviation_min or 0


class _Association:
    """One association through dlms-cosem, with nothing but reading asked for."""

    def __init__(self, driver: LinkDriver, where: str) -> None:
        _silence_foreign_log()
        self._driver, self._where = driver, where
        self._client = DlmsClient(
            transport=driver,
            authentication=NoSecurityAuthentication(),
            client_system_title=_CLIENT_TITLE,
            max_pdu_size=MAX_PDU_BYTES,
        )
        self._connection: Any = self._client.dlms_connection
        self._connection.conformance = Conformance(
            get=True,
            selective_access=True,
            multiple_references=True,
            block_transfer_with_get_or_read=True,
            delta_value_encoding=True,
        )

    def open(self) -> None:
        """Link and association; raises MeterUnread."""
        self._client.connect()
        request = self._connection.get_aarq()
        request.system_title = None  # only ciphering needs one, and some meters refuse what they do not need
        try:
            self._client.associate(request)
        except exceptions.DlmsClientException as error:
            raise self.refused(f"the meter refuses the association: {error}") from error
        except _NOT_UNDERSTOOD as error:
            raise self.garbled(f"the answer to the association makes no sense: {error}") from error

    def release(self) -> None:
        """Give the association back; what fails here is mended by closing the link, which ends it as well."""
        try:
            self._client.release_association()
        except (MeterUnread, exceptions.DlmsClientException, *_NOT_UNDERSTOOD):
            return

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
        fitting = (self._connection.max_pdu_size - _REQUEST_HEADER_BYTES) // _REQUEST_ITEM_BYTES
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
        try:
            apdu = self._connection.send(request)
        except exceptions.LocalDlmsProtocolError as error:
            raise self.refused(f"the request does not fit the association: {error}") from error
        response = get_response.parse(self._driver.send_request(apdu))
        # Its state machine does not see the answer, so it is told what may follow.
        has_more = isinstance(response, Block) and not response.is_last
        self._connection.state.current_state = state.SHOULD_ACK_LAST_GET_BLOCK if has_more else state.READY
        return response

    def refused(self, what: str) -> MeterRefused:
        """The error for a meter that says no."""
        return MeterRefused(what, where=self._where, do="check client address and objects in the meter profile")

    def garbled(self, what: str) -> MeterGarbled:
        """The error for an answer that makes no sense."""
        return MeterGarbled(what, where=self._where, do="try again; if it lasts, keep a capture and report the model")


def _foreign(attribute: Attribute) -> Any:
    return cosem.CosemAttribute(
        interface=attribute.class_id,  # a plain number: a profile may name a class its enumeration does not know
        instance=cosem.Obis.from_bytes(attribute.obis.octets),
        attribute=attribute.index,
    )


def _only(answers: dict[Attribute, Data], attributes: Sequence[Attribute]) -> dict[Attribute, Data]:
    return {attribute: answers[attribute] for attribute in attributes if attribute in answers}


def _silence_foreign_log() -> None:
    """dlms-cosem logs every object it touches, keys included, to standard output unless told otherwise."""
    if not structlog.is_configured():
        structlog.configure(
            wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
            logger_factory=structlog.ReturnLoggerFactory(),
        )
