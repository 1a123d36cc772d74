"""A meter as a `MeterSession`: a line opened, the meter signed on to, asked as its profile says, and given back.

Each session is one short association: what was opened is released and closed on every path, since a held association
locks the utility's own reader out. Attributes go in one GET-WITH-LIST where the meter serves it and they fit its PDU;
what a meter tells once (scalers, the columns of its load profile) is asked for once of each serial number.

A meter with keys is asked for their counter first, as the public client, after a start and whenever it refused us. One
that does not take our secret is offered it three times within the hour, since somebody else may have locked it for a
while, and then once a day: a meter locks itself after a few failures, for its utility too. Meanwhile the public client
looks whether it is there, so that a silent meter is still told from one that says no.

dlms-cosem is under the Business Source License 1.1: see docs/adr/0002-dlms-cosem-behind-one-port.md.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.adapters.dlms_association import Association
from gateway.adapters.dlms_load_profile import LoadProfileReader, Wanted
from gateway.adapters.dlms_security import Identity
from gateway.adapters.key_renewal import KEY_TRANSFER, Renewal, transfer_of
from gateway.adapters.link_driver import LinkDriver
from gateway.adapters.log_reader import LogReader
from gateway.adapters.rfc2217_port import Rfc2217Port
from gateway.adapters.serial_port import SerialPort
from gateway.adapters.tcp_port import TcpPort
from gateway.core.dlms.data import Data
from gateway.core.dlms.hdlc_link import HdlcLink
from gateway.core.dlms.link import PUBLIC_CLIENT
from gateway.core.dlms.obis import Attribute
from gateway.core.dlms.opto import USUAL_SPEEDS
from gateway.core.dlms.wrapper import WrapperLink
from gateway.core.errors import ChangeRefused, MeterGarbled, MeterRefused, PortUnavailable, SecretRefused, Undecodable
from gateway.core.invocation_counter import CounterWentBack, InvocationCounter, KeptCounter
from gateway.core.line_address import LineAddress, Rfc2217Address, SerialAddress, TcpAddress, parse_line_address
from gateway.core.meter_access import Authentication, MeterSecrets, ProfileAccess
from gateway.core.meter_logs.event_log import LogSpan
from gateway.core.meter_profile import MeterProfile
from gateway.core.ports import SerialLine, Span, Take
from gateway.core.reading import IntervalRow, Snapshot
from runtime import logs
from runtime.clock import Clock
from runtime.errors import EnvironmentRefused

log = logs.get(__name__)

_NO_ONE = Identity(
    title=b"LMP\x00\x00\x00\x00\x01",  # goes unsent without keys, and must not be random
    secrets=MeterSecrets(),
    counter=InvocationCounter(KeptCounter(), lambda _kept: None),
)
_OFFERED_AGAIN_AFTER = (timedelta(minutes=15), timedelta(minutes=30), timedelta(days=1))


def open_line(address: LineAddress, baud: int, /, *, has_parity: bool = False) -> SerialLine:
    """The line at this address, with even parity where it has one; raises PortUnavailable."""
    if isinstance(address, SerialAddress):
        return SerialPort(address.path, baud, has_parity=has_parity)
    if isinstance(address, Rfc2217Address):
        return Rfc2217Port(address.host, address.port, baud, has_parity=has_parity)
    return TcpPort(address.host, address.port)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """What one meter tells once: scalers and units, and how its load profile is laid out.

    `missing` are scalers of values it gives that it did not give yet: they are asked for again.
    """

    serial: str
    scalers: dict[Attribute, Data]
    missing: tuple[Attribute, ...] = ()
    load_profile: LoadProfileReader | None


class DlmsMeter:
    """A `MeterSession` for the meter at `port`, read as `profile` says."""

    def __init__(
        self,
        port: str,
        profile: MeterProfile,
        *,
        clock: Clock,
        deadline_s: float = 60.0,
        identity: Identity = _NO_ONE,
        renewal: Renewal | None = None,
        report: Callable[[str], None] = lambda _words: None,
        open_line: Callable[[LineAddress, int], SerialLine] = open_line,
    ) -> None:
        """Nothing is opened yet; raises InputRefused for a port that cannot be one, or secrets that do not fit.

        Args:
            deadline_s: machine seconds a whole session may take, sign-on included.
            renewal: new keys, which the meter is given before it is read next.
            report: is told in words what takes long, for a person who waits.
            open_line: opens the port at a speed; raises PortUnavailable.
        """
        identity.secrets.check(profile.access.authentication, profile.name)
        self._address = parse_line_address(port)
        self._identity, self._renewal = identity, renewal
        self._refusals = 0
        self._try_again_at: datetime | None = None
        self._profile, self._clock, self._deadline_s = profile, clock, deadline_s
        self._report, self._open_line = report, open_line
        # Whoever was cut off before us may have left the meter at any speed; the first read looks.
        self._speeds = tuple(dict.fromkeys((profile.line.baud, *USUAL_SPEEDS)))
        self._layout: _Layout | None = None
        self._log_reader = LogReader(profile, clock)

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
            return self._piece(association, (since, until))

    def read_on(self, span: Span | None, take: Take, logs: Sequence[LogSpan] = ()) -> None:
        # A piece is begun only while another of its length would be done in time.
        last_begin_s = self._clock.monotonic() + self._deadline_s / 2
        with self._associated() as association:
            following = take(*self._piece(association, span, logs, until_s=last_begin_s))
            while following is not None and self._clock.monotonic() < last_begin_s:
                following = take(*self._piece(association, following))

    def _piece(
        self, association: Association, span: Span | None, logs: Sequence[LogSpan] = (), *, until_s: float = 0.0
    ) -> tuple[Snapshot, tuple[IntervalRow, ...]]:
        snapshot = self._snapshot(association)
        if logs:
            snapshot = self._log_reader.with_logs(association, snapshot, logs, until_s=until_s)
        if span is None:
            return snapshot, ()
        try:
            return snapshot, self._intervals(association, snapshot, *span)
        except (MeterRefused, Undecodable) as error:
            # The meter is well and its load profile is not to be had: what it measures now still counts.
            buffer = {self._profile.load_profile.buffer: error.what} if self._profile.load_profile else {}
            return replace(snapshot, denied={**snapshot.denied, **buffer}), ()

    def visit(self, *, may_change: bool = False) -> AbstractContextManager[Association]:
        """One association to ask in, or to change something in; given back whatever happens. Raises MeterUnread."""
        return self._associated(may_change=may_change)

    @contextmanager
    def _associated(self, *, may_change: bool = False) -> Iterator[Association]:
        line = self._open_line(self._address, self._profile.line.baud)
        ends_at_s = self._clock.monotonic() + self._deadline_s
        try:
            self._prepare(line, ends_at_s)
            try:
                self._renew(line, ends_at_s)
                access, identity = self._profile.access, self._identity
                with self._association(line, ends_at_s, access, identity, may_change=may_change) as association:
                    self._refusals, self._try_again_at = 0, None
                    yield association
            except SecretRefused:
                self._try_again_at = self._clock.now() + _OFFERED_AGAIN_AFTER[self._refusals]
                self._refusals = min(self._refusals + 1, len(_OFFERED_AGAIN_AFTER) - 1)
                self._identity.counter.doubt()
                raise
        finally:
            line.close()

    @contextmanager
    def _association(
        self,
        line: SerialLine,
        ends_at_s: float,
        access: ProfileAccess,
        identity: Identity,
        *,
        may_change: bool = False,
    ) -> Iterator[Association]:
        driver = LinkDriver(
            line,
            self._new_link(access.client_sap),
            self._profile,
            client_sap=access.client_sap,
            may_hold=self._others(access.client_sap),
            signs_on=self._profile.signs_on(self._address),
            speeds=self._speeds,
            where=self._where,
            clock=self._clock,
            deadline_s=ends_at_s - self._clock.monotonic(),
            report=self._report,
        )
        association = Association(driver, access, identity, self._where, may_change=may_change)
        try:
            association.open()
            yield association
            association.release()
        except Undecodable as error:
            do = (
                error.do
                or "try again; if it lasts, keep a trace (`lamplight-gateway trace --out`) and report the model"
            )
            raise MeterGarbled(f"an answer makes no sense: {error.what}", where=self._where, do=do) from error
        finally:
            driver.disconnect()
            self._speeds = driver.speeds

    def _prepare(self, line: SerialLine, ends_at_s: float) -> None:
        """What the public client does first, where there is a secret: learn the counter, or only see who is there."""
        access = self._profile.access
        is_waiting = self._try_again_at is not None and self._clock.now() < self._try_again_at
        has_keys = access.authentication is Authentication.HLS_GMAC
        if is_waiting:
            with self._as_public_client(line, ends_at_s):
                what = (
                    f"the meter did not take our secret; it is offered again after {self._try_again_at:%Y-%m-%d %H:%M}"
                )
            do = "check the secret with the utility, then hand it in anew"
            raise MeterRefused(f"{what} UTC", where=self._where, do=do)
        if has_keys and self._identity.counter.is_doubtful:
            self._learn_counter_as(line, ends_at_s, self._identity)

    def _learn_counter_as(self, line: SerialLine, ends_at_s: float, identity: Identity) -> None:
        with self._as_public_client(line, ends_at_s) as association:
            self._learn_counter(association, identity)

    def _as_public_client(self, line: SerialLine, ends_at_s: float) -> AbstractContextManager[Association]:
        public = replace(
            self._profile.access, client_sap=PUBLIC_CLIENT, authentication=Authentication.NONE, is_ciphered=False
        )
        return self._association(line, ends_at_s, public, _NO_ONE)

    def _renew(self, line: SerialLine, ends_at_s: float) -> None:
        """Exchange the meter's keys where that is due; one that does not take the new ones keeps the old."""
        renewal, access = self._renewal, self._profile.access
        if renewal is None:
            return
        try:
            with self._association(line, ends_at_s, access, self._identity) as association:
                association.act(KEY_TRANSFER, transfer_of(renewal.exchange))
        except ChangeRefused as refused:
            log.warning("meter_keys_not_exchanged", where=self._where, reason=refused.what)
            self._renewal = None  # until the next start
            return
        except SecretRefused:
            # An answer was lost, and the meter has them already; or it has neither, which shows in the same way.
            log.info("meter_keys_old_ones_refused", where=self._where)
        self._learn_counter_as(line, ends_at_s, renewal.identity)
        with self._association(line, ends_at_s, access, renewal.identity):
            try:
                renewal.taken()
            except EnvironmentRefused as error:
                raise PortUnavailable(error.what, where=error.where, do=error.do) from error
        self._identity, self._renewal = renewal.identity, None
        log.info("meter_keys_exchanged", where=self._where)

    def _learn_counter(self, association: Association, identity: Identity) -> None:
        at = self._profile.access.counter
        answers, denied = association.get((at,))
        if at in denied:
            raise association.refused(f"the meter does not tell its invocation counter ({at}): {denied[at]}")
        try:
            identity.counter.learn(answers[at].integer())
        except CounterWentBack as error:
            do = "if it is another meter, or was reset, see `A meter with keys` in the gateway's guide"
            raise MeterRefused(error.what, where=self._where, do=do) from error

    def _others(self, client_sap: int) -> set[int]:
        """As whom else we read this meter, where a link may outlive its reader."""
        is_wrapped = isinstance(self._address, TcpAddress) and not self._address.carries_hdlc
        return set() if is_wrapped else {PUBLIC_CLIENT, self._profile.access.client_sap} - {client_sap}

    def _new_link(self, client_sap: int) -> HdlcLink | WrapperLink:
        if isinstance(self._address, TcpAddress) and not self._address.carries_hdlc:
            return WrapperLink(self._profile.link, client_sap)
        return HdlcLink(self._profile.link, client_sap)

    def _snapshot(self, association: Association) -> Snapshot:
        read_at, layout = self._clock.now(), self._layout
        once = self._profile.scalers if layout is None else layout.missing
        answers, denied = association.get((*self._profile.values, *once))
        serial = self._serial(Snapshot(read_at=read_at, answers=answers, denied=denied))
        if layout is None or layout.serial != serial:
            if layout is not None:  # another meter hangs here now: nothing that is known of the old one holds
                answers |= association.get(self._profile.scalers)[0]
            layout = _Layout(serial=serial, scalers={}, load_profile=self._new_load_profile())
        scalers = layout.scalers | _only(answers, self._profile.scalers)
        missing = tuple(scaler for scaler in self._profile.scalers_of(answers) if scaler not in scalers)
        self._layout = replace(layout, scalers=scalers, missing=missing)
        return Snapshot(read_at=read_at, answers=answers | scalers, denied=denied)

    def _new_load_profile(self) -> LoadProfileReader | None:
        meaning = self._profile.load_profile
        if meaning is None:
            return None
        return LoadProfileReader(meaning, self._profile.unspecified_deviation_min, self._report)

    def _serial(self, snapshot: Snapshot) -> str:
        try:
            return self._profile.serial_of(snapshot)
        except Undecodable as error:
            do = (
                "check `serial` and the client in the meter profile: another client may be told more; "
                "`lamplight-gateway discover` tells which there are"
            )
            raise MeterRefused(error.what, where=self._where, do=do) from error

    def _intervals(
        self, association: Association, snapshot: Snapshot, since: datetime, until: datetime
    ) -> tuple[IntervalRow, ...]:
        layout = self._layout
        if layout is None or layout.load_profile is None:
            return ()
        wanted = Wanted(
            since=since, until=until, now=snapshot.read_at, deviation_min=self._profile.deviation_min(snapshot)
        )
        return layout.load_profile.read(association, wanted, layout.scalers)


def _only(answers: dict[Attribute, Data], attributes: Sequence[Attribute]) -> dict[Attribute, Data]:
    return {attribute: answers[attribute] for attribute in attributes if attribute in answers}
