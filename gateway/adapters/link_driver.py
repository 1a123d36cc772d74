"""Runs the sans-IO link over a line: carries out its effects, hands it what arrives, and never waits past a deadline.

An association takes it for what dlms-cosem calls a transport: `connect`, `send_request`, `disconnect`. Every failure
leaves here as a `MeterUnread` that says where it happened and what to check.

A meter that does not answer the sign-on may still be in HDLC, because whoever read it last was cut off: it is tried
once at the speed it was last met at, or at the usual ones, before it counts as silent. Without that, a restarted
gateway would take a live meter for dead until the meter's own inactivity time-out, commonly two minutes. A line without
sign-on needs none of that: there a meter is silent once it has not answered `retries` + 1 calls.

A meter that was being read as one client when its reader was cut off listens to no other client until then, and each
of our calls may begin its wait anew. So before it counts as gone, leave is taken of it in the name of whoever else of
us may hold it.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Protocol, TypeVar

from gateway.core.dlms.hdlc_link import HdlcLink
from gateway.core.dlms.link import PUBLIC_CLIENT, Delivered, Link, LinkDown, LinkFailed, LinkUp, Transmit
from gateway.core.dlms.opto import FIRST_BAUD, OptoSignOn, SignedOn, SwitchBaud
from gateway.core.errors import MeterGarbled, MeterHeld, MeterRefused, MeterSilent, MeterUnread
from gateway.core.meter_profile import MeterProfile
from gateway.core.ports import SerialLine
from runtime.clock import Clock
from wire.terms import LinkFault

RELEASE_GRACE_S = 2.0
LEFTOVER_TIMEOUT_S = 1.0
HELD_MARGIN_S = 2.0
_REACTIONS: dict[LinkFault, tuple[type[MeterUnread], str]] = {
    LinkFault.SILENT: (
        MeterSilent,
        "check wires and supply, the meter's address and its speed: `lamplight-gateway discover` tries the usual ones",
    ),
    LinkFault.GARBLED: (MeterGarbled, "seat the head anew, shade it from light, check the speed in the meter profile"),
    LinkFault.REFUSED: (
        MeterRefused,
        "wait two minutes in case another reader holds the meter, then check the meter profile",
    ),
}
_DO_AT_A_SILENT_HEAD = "check that the head sits on the meter's port, cable down, and the meter has supply"
EffectT = TypeVar("EffectT")


class Machine(Protocol):
    """What a link and a sign-on have in common."""

    @property
    def wake_at(self) -> float | None: ...

    def sent(self, now: float) -> None: ...

    def receive(self, octets: bytes, now: float) -> Iterable[object]: ...

    def tick(self, now: float) -> Iterable[object]: ...


class LinkDriver:
    """One session's line and link; made for one session and thrown away with it."""

    def __init__(
        self,
        line: SerialLine,
        link: Link,
        profile: MeterProfile,
        *,
        client_sap: int = PUBLIC_CLIENT,
        may_hold: Collection[int] = (),
        signs_on: bool,
        speeds: Collection[int] = (),
        where: str,
        clock: Clock,
        deadline_s: float,
        report: Callable[[str], None],
    ) -> None:
        """
        Args:
            client_sap: as whom a meter that was left in HDLC is called.
            may_hold: as whom else of us it may be held still.
            signs_on: whether the line begins at an optical head, in IEC 62056-21 mode E.
            speeds: at which a meter that was left in HDLC may wait, the likeliest first; the profile's, unless said.
            where: the port as the person gave it, for errors.
            deadline_s: machine seconds from now after which nothing waits any longer.
            report: is told in words what takes long.
        """
        self._line, self._link, self._profile = line, link, profile
        self._client_sap, self._may_hold = client_sap, may_hold
        self._signs_on, self._where, self._clock, self._report = signs_on, where, clock, report
        self._deadline_s = deadline_s
        self._deadline = clock.monotonic() + deadline_s
        self._speeds = tuple(speeds) or (profile.line.baud,)
        self._has_heard = False
        self._taken: MeterHeld | None = None  # what a meter in HDLC said that does not listen to us

    @property
    def speeds(self) -> tuple[int, ...]:
        """Where to look for this meter next time: at the speed that was agreed on, or the likeliest."""
        return self._speeds[:1]

    def connect(self) -> None:
        """Wake the meter where its line begins so, and open the link; raises MeterUnread."""
        try:
            self._arrive()
        except (MeterSilent, MeterRefused):
            if not self._is_freed():
                raise
            self._arrive()

    def _arrive(self) -> None:
        is_certain = not self._signs_on or self._sign_on()
        try:
            self._open_link()
        except MeterSilent:
            if is_certain:
                raise
            # Our confirmation may have been lost: then the meter still waits at the first speed.
            self._sign_on()
            self._open_link()

    def send_request(self, apdu: bytes) -> bytes:
        """One request and its whole answer; raises MeterUnread."""
        return self._run(self._link, self._link.request(apdu, self._clock.monotonic()), Delivered).apdu

    def await_more(self) -> bytes:
        """The answer the meter gives next without being asked again; raises MeterUnread."""
        return self._run(self._link, self._link.more(self._clock.monotonic()), Delivered).apdu

    def disconnect(self) -> None:
        """Give the link back, in whatever state it is, within a short grace; never raises."""
        now = self._clock.monotonic()
        self._deadline = now + RELEASE_GRACE_S
        try:
            self._run(self._link, self._link.close(now), LinkDown)
        except MeterUnread:
            return  # the meter's inactivity time-out frees what we could not

    def _open_link(self) -> None:
        self._run(self._link, self._link.open(self._clock.monotonic()), LinkUp)

    def _sign_on(self) -> bool:
        """Follow the meter behind an optical head to HDLC; whether it is certain to be there."""
        self._report(f"signing on at {FIRST_BAUD} baud")
        self._line.set_baud(FIRST_BAUD)
        sign_on = OptoSignOn(self._profile.sign_on)
        try:
            signed_on = self._run(sign_on, sign_on.begin(self._clock.monotonic()), SignedOn)
        except MeterSilent as silent:
            if not any(self._leftover(self._client_sap, baud) for baud in self._speeds):
                # Who answers that it is taken is not silent.
                raise self._taken or silent from None
            self._report("the meter was still in HDLC")
            return True
        self._speeds = (signed_on.baud,)
        self._report(f"{signed_on.meter} answers; going on at {signed_on.baud} baud")
        return signed_on.is_confirmed

    def _is_freed(self) -> bool:
        """Whether the meter was held by one of us who was cut off, and is not any more."""
        for client_sap in self._may_hold:
            leftover = self._leftover(client_sap, self._speeds[0])
            if leftover is not None:
                self._run(leftover, leftover.close(self._clock.monotonic()), LinkDown)
                self._report("the meter was still held by a session that was cut off")
                return True
        return False

    def _leftover(self, client_sap: int, baud: int) -> HdlcLink | None:
        """The link of a meter that is in HDLC at this speed and listens to this client."""
        self._line.set_baud(baud)
        impatient = replace(self._profile.link, retries=0, response_timeout_s=LEFTOVER_TIMEOUT_S)
        leftover = HdlcLink(impatient, client_sap)
        try:
            self._run(leftover, leftover.open(self._clock.monotonic()), LinkUp)
        except MeterHeld as held:
            self._taken = held
            return None
        except (MeterSilent, MeterGarbled, MeterRefused):
            return None
        return leftover

    def _run(self, machine: Machine, effects: Iterable[object], wanted: type[EffectT]) -> EffectT:
        while True:
            for effect in effects:
                match effect:
                    case Transmit(octets):
                        self._line.write(octets)
                        machine.sent(self._clock.monotonic())
                    case SwitchBaud(baud):
                        self._line.set_baud(baud)
                    case LinkFailed(detail=detail, is_held=True):
                        raise self.held(detail)
                    case LinkFailed(fault, detail, do):
                        raise self._unread(fault, detail, do)
                    case _ if isinstance(effect, wanted):
                        return effect
            effects = self._await(machine)

    def _await(self, machine: Machine) -> Iterable[object]:
        now = self._clock.monotonic()
        if now >= self._deadline:
            fault = LinkFault.GARBLED if self._has_heard else LinkFault.SILENT
            raise self._unread(fault, f"the session was not done within {self._deadline_s:g} s")
        wake_at = self._deadline if machine.wake_at is None else min(machine.wake_at, self._deadline)
        octets = self._line.read(wake_at - now)
        self._has_heard |= bool(octets)
        now = self._clock.monotonic()
        return machine.receive(octets, now) if octets else machine.tick(now)

    def held(self, detail: str) -> MeterHeld:
        """The error for a meter that somebody else may hold."""
        wait_s = self._profile.link.inactivity_timeout_s
        do = f"leave the meter alone for {wait_s:g} s, which frees it; then check who else reads it"
        return MeterHeld(detail, where=self._where, do=do, leave_alone_s=wait_s + HELD_MARGIN_S)

    def _unread(self, fault: LinkFault, detail: str, told_do: str = "") -> MeterUnread:
        error, do = _REACTIONS[fault]
        if told_do:
            do = told_do
        elif fault is LinkFault.SILENT and self._signs_on:
            do = _DO_AT_A_SILENT_HEAD
        return error(detail, where=self._where, do=do)
