"""Carries out a discovery at a port: says, listens, signs on, opens links, and gives everything back on every path.

The plan decides (`gateway.core.discovery`); this owns the line. A port stays open throughout; a network port is opened
anew where the meter hung up, as some do on whom they do not let in. Nothing waits longer than its step says, and the
whole no longer than `limit_s`.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from gateway.adapters.dlms_meter import open_line
from gateway.adapters.link_driver import Machine
from gateway.core.discovery.attempts import (
    Attempt,
    CloseLink,
    Exchange,
    Listen,
    OpenLink,
    Outcome,
    Place,
    Request,
    Seen,
    SignOn,
    Step,
)
from gateway.core.discovery.plan import Discovery
from gateway.core.dlms.hdlc_link import HdlcLink
from gateway.core.dlms.hdlc_negotiation import LinkSettings
from gateway.core.dlms.link import Delivered, Link, LinkDown, LinkFailed, LinkUp, Transmit
from gateway.core.dlms.opto import FIRST_BAUD, OptoSignOn, SignedOn, SignOnSettings, SwitchBaud
from gateway.core.dlms.wrapper import WrapperLink
from gateway.core.errors import PortGone
from gateway.core.line_address import LineAddress, SpeedAddress
from gateway.core.ports import SerialLine
from runtime.clock import Clock
from wire.terms import LinkFault

MAX_HEARD_BYTES = 16_384
MACHINE_LIMIT_S = 20.0
_RESPONSE_TIMEOUT_S, _RETRIES = 1.0, 1
EffectT = TypeVar("EffectT")


class DiscoveryLine:
    """One port while it is explored."""

    def __init__(
        self,
        address: LineAddress,
        *,
        clock: Clock,
        tell: Callable[[Step | Outcome], None],
        open_line: Callable[[LineAddress, int], SerialLine] = open_line,
    ) -> None:
        """Nothing is opened yet. `tell` is told each step, and what came of it."""
        self._address, self._clock, self._tell, self._open_line = address, clock, tell, open_line
        self._line: SerialLine | None = None
        self._link: Link | None = None
        self._baud = 0

    def run(self, discovery: Discovery, *, limit_s: float) -> None:
        """Carry the plan out; what was found stands in its findings. Raises PortUnavailable, PortGone."""
        ends_at_s = self._clock.monotonic() + limit_s
        steps = discovery.steps()
        try:
            self._at(FIRST_BAUD)  # a port that cannot be opened ends it before anything is tried
            attempt: Attempt | None = next(steps, None)
            while attempt is not None:
                if self._clock.monotonic() >= ends_at_s:
                    discovery.findings.is_cut_short = True
                    return
                seen = self._carried_out(attempt)
                try:
                    attempt = steps.send(seen)
                except StopIteration:
                    return
        finally:
            self._close_link()
            self._hang_up()

    def _carried_out(self, attempt: Attempt) -> Seen:
        match attempt:
            case Step() | Outcome():
                self._tell(attempt)
            case Listen():
                return Seen(octets=self._heard(self._at(attempt.baud), attempt.seconds, until_silent=False))
            case Exchange():
                line = self._at(attempt.baud)
                line.write(attempt.octets)
                return Seen(octets=self._heard(line, attempt.wait_s, until_silent=True))
            case SignOn():
                return self._sign_on(attempt.wake_up_s)
            case OpenLink():
                return self._open_link(attempt)
            case Request():
                return self._request(attempt.apdu)
            case CloseLink():
                self._close_link()
        return Seen()

    def _at(self, baud: int) -> SerialLine:
        """The line at this speed, opened where it is not."""
        if self._line is None:
            self._line, self._baud = self._open_line(self._address, baud or FIRST_BAUD), baud
        if baud not in (0, self._baud):
            self._line.set_baud(baud)
            self._baud = baud
        return self._line

    def _heard(self, line: SerialLine, seconds: float, *, until_silent: bool) -> bytes:
        """What comes within so many seconds, or until nothing came for so long; twice that at most."""
        heard = bytearray()
        now = self._clock.monotonic()
        ends_at_s = now + seconds * (3 if until_silent else 1)
        while now < ends_at_s and len(heard) < MAX_HEARD_BYTES:
            came = line.read(min(seconds, ends_at_s - now))
            heard += came
            if until_silent and not came:
                break
            now = self._clock.monotonic()
        return bytes(heard)

    def _sign_on(self, wake_up_s: float) -> Seen:
        self._at(FIRST_BAUD)
        machine = OptoSignOn(SignOnSettings(wake_up_s=wake_up_s))
        came = self._run(machine, machine.begin(self._clock.monotonic()), SignedOn)
        if isinstance(came, LinkFailed):
            return Seen(failure=came, reflects=machine.reflects)
        return Seen(signed_on=came, reflects=machine.reflects)

    def _open_link(self, wanted: OpenLink) -> Seen:
        self._close_link()
        try:
            return self._came_to(wanted.place, wanted.client_sap)
        except PortGone as error:
            return self._gone(error)

    def _came_to(self, place: Place, client_sap: int) -> Seen:
        if place.signs_on:
            signed_on = self._sign_on(place.wake_up_s)
            if signed_on.failure is not None:
                return signed_on
        self._at(place.baud)
        if place.address is None:
            self._link = WrapperLink(LinkSettings(), client_sap)
        else:
            settings = LinkSettings(
                server_logical=place.address.logical,
                server_physical=place.address.physical,
                address_bytes=place.address.size,
                response_timeout_s=_RESPONSE_TIMEOUT_S,
                retries=_RETRIES,
            )
            self._link = HdlcLink(settings, client_sap)
        return self._asked(self._link, self._link.open(self._clock.monotonic()), LinkUp)

    def _request(self, apdu: bytes) -> Seen:
        if self._link is None:
            return Seen(failure=LinkFailed(LinkFault.PORT_GONE, "the link is gone"))
        try:
            return self._asked(self._link, self._link.request(apdu, self._clock.monotonic()), Delivered)
        except PortGone as error:
            return self._gone(error)

    def _asked(self, link: Link, effects: Iterable[object], wanted: type[LinkUp] | type[Delivered]) -> Seen:
        came = self._run(link, effects, wanted)
        if isinstance(came, LinkFailed):
            return Seen(failure=came)
        return Seen(octets=came.apdu if isinstance(came, Delivered) else b"", at=self._clock.now())

    def _gone(self, error: PortGone) -> Seen:
        """A network meter that hangs up has answered in its way; a serial port that breaks away ends it all."""
        if isinstance(self._address, SpeedAddress):
            raise error
        self._link = None
        self._hang_up()
        return Seen(failure=LinkFailed(LinkFault.PORT_GONE, error.what))

    def _close_link(self) -> None:
        link, self._link = self._link, None
        if link is None or self._line is None:
            return
        try:
            self._run(link, link.close(self._clock.monotonic()), LinkDown)
        except PortGone:
            return  # it went first; the meter's own time-out frees it

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _run(self, machine: Machine, effects: Iterable[object], wanted: type[EffectT]) -> EffectT | LinkFailed:
        ends_at_s = self._clock.monotonic() + MACHINE_LIMIT_S
        line = self._at(0)
        while True:
            for effect in effects:
                match effect:
                    case Transmit(octets):
                        line.write(octets)
                        machine.sent(self._clock.monotonic())
                    case SwitchBaud(baud):
                        self._at(baud)
                    case LinkFailed():
                        return effect
                    case _ if isinstance(effect, wanted):
                        return effect
            now = self._clock.monotonic()
            if now >= ends_at_s:
                return LinkFailed(LinkFault.GARBLED, f"it was not done within {MACHINE_LIMIT_S:g} s")
            octets = line.read((ends_at_s if machine.wake_at is None else min(machine.wake_at, ends_at_s)) - now)
            now = self._clock.monotonic()
            effects = machine.receive(octets, now) if octets else machine.tick(now)
