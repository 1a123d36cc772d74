"""The client's end of an HDLC link (IEC 62056-46, two-way alternate): it opens, asks, repeats, and gives up in time.

The two ends take turns. We send up to a window of frames, the last with the poll bit; then the meter speaks until a
frame with the final bit. A turn ends in exactly one of: the answer is whole; more of the request is to be sent, or sent
again from where the meter says it stands; the meter is asked to go on; the meter needs a moment and is polled after a
pause. A turn that ends in silence is mended by asking the meter where it stands (RR with the poll bit), which serves a
lost request and a lost answer alike. `retries` bounds how often anything is repeated without progress.

A meter that answers from another address than was called is not believed, and named: on a shared wire it is somebody
else's. Only a call to whoever listens takes the address of whoever answers.

Passed over: frames between other stations, our own echo from an optical head, frames out of turn, repeated frames, and
noise up to `MAX_NOISE_BYTES`. The link fails as SILENT (nothing came to the last attempt), GARBLED (octets came, and
nothing that holds) or REFUSED (the meter disconnected us or rejected a frame). So a meter cut off in mid-frame is
silent, not garbled. A link that failed is still taken leave of, unless the call was met with silence.
"""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import ClassVar, TypeAlias

from gateway.core.dlms.hdlc import LAST_PHYSICAL, Deframer, Frame, FrameKind, client_address, described, server_address
from gateway.core.dlms.hdlc_negotiation import LinkSettings, Negotiated, negotiate, proposal
from gateway.core.dlms.hdlc_window import Inbox, Outbox
from gateway.core.dlms.link import PUBLIC_CLIENT, Delivered, Effects, LinkDown, LinkFailed, LinkUp, Transmit
from wire.terms import LinkFault

MAX_ANSWER_BYTES = 70_000  # an APDU is at most 65,535
MAX_NOISE_BYTES = 8_192
MAX_POLLS = 100
BUSY_PAUSE_S = 0.2
CLOSING_TIMEOUT_S = 0.6  # leave is taken more than once within the moment that is left for it
_REQUEST_LLC, _ANSWER_LLC = bytes.fromhex("e6e600"), bytes.fromhex("e6e700")


class LinkState(Enum):
    """Where the link stands. The meter's turn is in OPENING, AWAITING and CLOSING."""

    CLOSED = auto()
    OPENING = auto()
    READY = auto()
    AWAITING = auto()
    PAUSING = auto()
    CLOSING = auto()
    FAILED = auto()


class HdlcLink:
    """A `Link` over HDLC; the module tells its rules."""

    def __init__(self, settings: LinkSettings, client_sap: int = PUBLIC_CLIENT) -> None:
        self._settings = settings
        self._client = client_address(client_sap)
        self._called = self._server = server_address(
            logical=settings.server_logical, physical=settings.server_physical, size=settings.address_bytes
        )
        self._calls_anybody = settings.server_physical == LAST_PHYSICAL.get(settings.address_bytes, 0) + 1
        self._proposes = True  # whether our call says what we would like
        self._stranger = b""  # who else answered us since we spoke
        self._state = LinkState.CLOSED
        self._deframer = Deframer()
        self._outbox = Outbox()
        self._inbox = Inbox()
        self._wake_at: float | None = None
        self._has_progressed = False
        self._retries_left = 0
        self._polls_left = 0
        self._noise_before = 0
        self._noise_at_repeat = 0
        self.negotiated = Negotiated()
        self.echoes = 0  # own frames that came back: an optical head that reflects, or a two-wire line

    @property
    def wake_at(self) -> float | None:
        return self._wake_at

    @property
    def meter(self) -> bytes:
        """The meter's address: the one that was called, or that of whoever answered a call to anybody."""
        return self._server

    def open(self, now: float) -> Effects:
        self._outbox, self._inbox, self.negotiated = Outbox(), Inbox(), Negotiated()
        self._server, self._proposes = self._called, bool(proposal(self._settings))
        self._begin(LinkState.OPENING)
        return self._transmit(now, self._snrm())

    def request(self, apdu: bytes, now: float) -> Effects:
        if self._state is not LinkState.READY:
            raise RuntimeError(f"a request on a link that is {self._state.name}")
        self._outbox.load(_REQUEST_LLC + apdu, self.negotiated.info_bytes)
        self._inbox.clear()
        self._begin(LinkState.AWAITING)
        return self._send_burst(now)

    def more(self, now: float) -> Effects:
        self._begin(LinkState.AWAITING)
        message = self._inbox.message()
        return self._transmit(now, self._where_are_you()) if message is None else self._deliver(message)

    def close(self, now: float) -> Effects:
        if self._state is LinkState.CLOSED:
            return (LinkDown(),)
        self._begin(LinkState.CLOSING)
        return self._transmit(now, self._frame(FrameKind.DISCONNECT))

    def sent(self, now: float) -> None:
        self._wake_at = now + self._patience_s

    def receive(self, octets: bytes, now: float) -> Effects:
        if self._wake_at is not None and self._state is not LinkState.PAUSING:
            self._wake_at = now + self._patience_s
        effects = self._take(self._deframer.feed(octets), now)
        if self._wake_at is not None and self._noise() > MAX_NOISE_BYTES:
            return (*effects, *self._fail(LinkFault.GARBLED, f"{self._noise()} octets came and no frame among them"))
        return effects

    def tick(self, now: float) -> Effects:
        if self._wake_at is None or now < self._wake_at:
            return ()
        if self._state is LinkState.PAUSING:
            self._state = LinkState.AWAITING
            return self._transmit(now, self._where_are_you())
        late = self._take(self._deframer.flush(), now)
        is_mended = self._wake_at is None or now < self._wake_at
        return late if late or is_mended else self._after_silence(now)

    def _after_silence(self, now: float) -> Effects:
        if self._retries_left > 0:
            self._retries_left -= 1
            self._noise_at_repeat = self._deframer.noise_bytes
            effects = self._transmit(now, self._repeat())
            # The answer to "where are you" may be "still here": this silence has paid for repeating the request.
            self._has_progressed = True
            return effects
        if self._state is LinkState.CLOSING:
            return self._closed()
        if self._deframer.noise_bytes > max(self._noise_before, self._noise_at_repeat):
            return self._fail(LinkFault.GARBLED, f"{self._noise()} octets came that are no frame")
        was_opening = self._state is LinkState.OPENING
        failed = self._not_answered()
        if was_opening:
            self._state = LinkState.CLOSED  # nobody is there to take leave of, and others may wait for the line
        return failed

    def _not_answered(self) -> Effects:
        if self._stranger:
            seen = f"{described(self._called)} was called, and {described(self._stranger)} answers"
            return self._fail(LinkFault.REFUSED, seen, do="give the meter the address that it has")
        echo = "; our own echo came back" if self.echoes else ""
        return self._fail(LinkFault.SILENT, f"no answer to {self._settings.retries + 1} attempts{echo}")

    def _repeat(self) -> Frame:
        if self._state is LinkState.OPENING:
            return self._snrm()
        return self._frame(FrameKind.DISCONNECT) if self._state is LinkState.CLOSING else self._where_are_you()

    # ---- frames come in -----------------------------------------------------------------------------------------

    def _take(self, frames: tuple[Frame, ...], now: float) -> Effects:
        effects: Effects = ()
        for frame in frames:
            if self._is_echo(frame):
                self.echoes += 1
            elif frame.destination != self._client:
                continue
            elif frame.source != self._server and not (self._calls_anybody and self._state is LinkState.OPENING):
                self._stranger = frame.source
            else:
                self._noise_before = self._deframer.noise_bytes
                react = self._REACTIONS.get((self._state, frame.kind))
                effects += react(self, frame, now) if react else ()
        return effects

    def _is_echo(self, frame: Frame) -> bool:
        """Whether we said this; where both ends have one address, only a request tells that."""
        is_ours = (frame.source, frame.destination) == (self._client, self._server)
        return is_ours and (self._client != self._server or frame.info.startswith(_REQUEST_LLC))

    def _opened(self, frame: Frame, _now: float) -> Effects:
        self._server, self.negotiated = frame.source, negotiate(frame.info, self._settings)
        self._state, self._wake_at = LinkState.READY, None
        return (LinkUp(),)

    def _information(self, frame: Frame, now: float) -> Effects:
        has_moved, was_next = self._outbox.acknowledge(frame.receive_seq), self._inbox.take(frame)
        self._note_progress(has_moved or was_next)
        if len(self._inbox) > MAX_ANSWER_BYTES:
            return self._fail(LinkFault.GARBLED, f"an answer of more than {MAX_ANSWER_BYTES} octets")
        return self._end_turn(now) if frame.is_final else ()

    def _acknowledged(self, frame: Frame, now: float) -> Effects:
        self._note_progress(self._outbox.acknowledge(frame.receive_seq))
        return self._end_turn(now) if frame.is_final else ()

    def _busy(self, frame: Frame, now: float) -> Effects:
        self._note_progress(self._outbox.acknowledge(frame.receive_seq))
        return self._pause(now) if frame.is_final else ()

    def _not_opened(self, frame: Frame, now: float) -> Effects:
        """Some meters turn down a call that proposes anything: they are called once more without."""
        if not self._proposes:
            return (
                self._rejected(frame, now) if frame.kind is FrameKind.FRAME_REJECT else self._disconnected(frame, now)
            )
        self._proposes = False
        return self._transmit(now, self._snrm())

    def _disconnected(self, _frame: Frame, _now: float) -> Effects:
        is_held = self._state is LinkState.OPENING
        why = "busy, or another reader holds it" if is_held else "it has hung up"
        return self._fail(LinkFault.REFUSED, f"the meter is in disconnected mode (DM): {why}", is_held=is_held)

    def _rejected(self, frame: Frame, _now: float) -> Effects:
        return self._fail(LinkFault.REFUSED, f"the meter rejects our frame (FRMR {frame.info.hex()})")

    def _closed(self, _frame: Frame | None = None, _now: float = 0) -> Effects:
        self._state, self._wake_at = LinkState.CLOSED, None
        return (LinkDown(),)

    # ---- turns end ----------------------------------------------------------------------------------------------

    def _end_turn(self, now: float) -> Effects:
        message = self._inbox.message()
        if message is not None:
            return self._deliver(message)
        if self._outbox.is_done and not len(self._inbox):
            return self._pause(now)
        if not self._has_progressed:
            if self._retries_left == 0:
                return self._fail(LinkFault.GARBLED, "the meter repeats itself and does not go on")
            self._retries_left -= 1
        return self._transmit(now, self._where_are_you()) if self._outbox.is_done else self._send_burst(now)

    def _deliver(self, message: bytes) -> Effects:
        if not message.startswith(_ANSWER_LLC):
            return self._fail(LinkFault.GARBLED, f"an answer begins with {message[:3].hex()}, not with the LLC header")
        self._state, self._wake_at = LinkState.READY, None
        return (Delivered(message[len(_ANSWER_LLC) :]),)

    def _pause(self, now: float) -> Effects:
        if self._polls_left == 0:
            return self._fail(LinkFault.SILENT, f"the meter says {MAX_POLLS} times that it needs a moment")
        self._polls_left -= 1
        self._state, self._wake_at = LinkState.PAUSING, now + BUSY_PAUSE_S
        return ()

    # ---- what we send -------------------------------------------------------------------------------------------

    def _send_burst(self, now: float) -> Effects:
        segments = self._outbox.burst(self.negotiated.window)
        frames = [
            self._frame(
                FrameKind.INFORMATION,
                is_final=segment is segments[-1],
                send_seq=segment.send_seq,
                is_segmented=segment.is_followed,
                info=segment.octets,
            )
            for segment in segments
        ]
        return self._transmit(now, *frames)

    @property
    def _patience_s(self) -> float:
        answer_s = self._settings.response_timeout_s
        return min(answer_s, CLOSING_TIMEOUT_S) if self._state is LinkState.CLOSING else answer_s

    def _where_are_you(self) -> Frame:
        return self._frame(FrameKind.RECEIVE_READY)

    def _snrm(self) -> Frame:
        info = proposal(self._settings) if self._proposes else b""
        return self._frame(FrameKind.SET_NORMAL_RESPONSE_MODE, info=info)

    def _frame(
        self,
        kind: FrameKind,
        *,
        is_final: bool = True,
        send_seq: int = 0,
        is_segmented: bool = False,
        info: bytes = b"",
    ) -> Frame:
        return Frame(
            destination=self._server,
            source=self._client,
            kind=kind,
            is_final=is_final,
            send_seq=send_seq,
            receive_seq=self._inbox.expected_seq,
            is_segmented=is_segmented,
            info=info,
        )

    def _transmit(self, now: float, *frames: Frame) -> Effects:
        self._has_progressed = False
        self._stranger = b""
        self._wake_at = now + self._patience_s
        return (Transmit(b"".join(frame.encode() for frame in frames)),)

    # ---- counting -----------------------------------------------------------------------------------------------

    def _begin(self, state: LinkState) -> None:
        self._state = state
        self._retries_left, self._polls_left = self._settings.retries, MAX_POLLS
        self._noise_before = self._deframer.noise_bytes

    def _note_progress(self, has_progressed: bool) -> None:
        if has_progressed:
            self._has_progressed = True
            self._retries_left, self._polls_left = self._settings.retries, MAX_POLLS

    def _noise(self) -> int:
        return self._deframer.noise_bytes - self._noise_before

    def _fail(self, fault: LinkFault, detail: str, *, do: str = "", is_held: bool = False) -> Effects:
        self._state, self._wake_at = LinkState.FAILED, None
        return (LinkFailed(fault, detail, do, is_held),)

    # What a frame means where the link stands; a pair that is not here is out of turn and passed over.
    _REACTIONS: ClassVar[Mapping[tuple[LinkState, FrameKind], "_Reaction"]] = {
        (LinkState.OPENING, FrameKind.UNNUMBERED_ACKNOWLEDGE): _opened,
        (LinkState.OPENING, FrameKind.DISCONNECTED_MODE): _not_opened,
        (LinkState.OPENING, FrameKind.FRAME_REJECT): _not_opened,
        (LinkState.AWAITING, FrameKind.INFORMATION): _information,
        (LinkState.AWAITING, FrameKind.RECEIVE_READY): _acknowledged,
        (LinkState.AWAITING, FrameKind.REJECT): _acknowledged,
        (LinkState.AWAITING, FrameKind.RECEIVE_NOT_READY): _busy,
        (LinkState.AWAITING, FrameKind.DISCONNECTED_MODE): _disconnected,
        (LinkState.AWAITING, FrameKind.FRAME_REJECT): _rejected,
        (LinkState.CLOSING, FrameKind.UNNUMBERED_ACKNOWLEDGE): _closed,
        (LinkState.CLOSING, FrameKind.DISCONNECTED_MODE): _closed,
    }


_Reaction: TypeAlias = Callable[[HdlcLink, Frame, float], Effects]
