"""The secondary station of IEC 62056-46: one HDLC link, from SNRM to DISC, seen from the meter.

In come bytes and the time, out go the frames to send. What a message means is asked of an `Application`, one function
from a request to its answer. The station sees to the rest: parameters are agreed on within SNRM and UA, long messages
travel as segments both ways, at most a window of frames is under way, and a poll is answered with whatever the reader
has not acknowledged yet, so that a lost frame costs one poll and no state.

It refuses by the book: DM while not connected, FRMR for what breaks the protocol (then nothing but SNRM or DISC helps).
A reader that falls silent for the inactivity time-out loses its link; one that stops within a frame loses that frame.

A station alone on its line also answers whoever calls no device in particular. On a bus it must be called by its own
address: if several answered at once, nobody would be understood.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from simulators.meter import link_parameters
from simulators.meter.hdlc import FLAG, Address, Control, Deframer, Frame, Kind, information, receive_ready, unnumbered
from simulators.meter.link_parameters import LinkParameters
from simulators.meter.outbox import Outbox
from simulators.moment import Moment

LLC_REQUEST = bytes.fromhex("e6e600")
LLC_RESPONSE = bytes.fromhex("e6e700")
MANAGEMENT_LOGICAL_DEVICE = 1
# Where nobody gave it another.
SINGLE_ADDRESS = 17
# "Calling": whatever single physical device hears this answers to it, with its own address.
CALLING_PHYSICAL = {2: 0x7E, 4: 0x3FFE}
MAX_REQUEST_BYTES = 4_096
# The standard's default is 25 ms, which a busy laptop would break.
INTER_OCTET_TIMEOUT_S = 0.25
INACTIVITY_TIMEOUT_S = 120.0


class Application(Protocol):
    """What stands above the link: the COSEM server."""

    def answer(self, client_sap: int, request: bytes, now: Moment) -> bytes:
        """The APDU that answers `request`; empty when there is nothing to say."""
        ...

    def link_lost(self) -> None:
        """The link below is gone, and every association with it."""
        ...


class Rejection(Enum):
    """Why a frame was rejected: the third byte of FRMR (W, X, Y, Z from bit 0)."""

    NOT_IMPLEMENTED = 0x01
    INFORMATION_NOT_PERMITTED = 0x03
    INFORMATION_TOO_LONG = 0x04
    WRONG_RECEIVE_NUMBER = 0x08


class Mode(Enum):
    """Where the station stands."""

    DISCONNECTED = "NDM"
    CONNECTED = "NRM"
    REJECTING = "FRMR"


class Action(Enum):
    """What the station does about a frame."""

    CONNECT = "UA, and a link begins; DM if its parameters cannot be met"
    RELEASE = "UA, and the link is over"
    TAKE = "the frame does its work, and the station takes its turn"
    REFUSE = "DM: there is no link with you"
    REJECT = "FRMR, until the reader connects anew or leaves"


# Where no action stands: REFUSE while disconnected, or to anybody but the reader of the link; REJECT otherwise.
_ACTIONS = {
    (Mode.DISCONNECTED, Kind.SET_NORMAL_RESPONSE_MODE): Action.CONNECT,
    (Mode.CONNECTED, Kind.SET_NORMAL_RESPONSE_MODE): Action.CONNECT,
    (Mode.CONNECTED, Kind.DISCONNECT): Action.RELEASE,
    (Mode.CONNECTED, Kind.INFORMATION): Action.TAKE,
    (Mode.CONNECTED, Kind.RECEIVE_READY): Action.TAKE,
    (Mode.CONNECTED, Kind.RECEIVE_NOT_READY): Action.TAKE,
    (Mode.CONNECTED, Kind.UNNUMBERED_INFORMATION): Action.TAKE,
    (Mode.REJECTING, Kind.SET_NORMAL_RESPONSE_MODE): Action.CONNECT,
    (Mode.REJECTING, Kind.DISCONNECT): Action.RELEASE,
}


@dataclass(slots=True, kw_only=True)
class _Link:
    """One connection: who is at the other end, what was agreed, and what is under way."""

    reader: Address
    own: Address
    parameters: LinkParameters
    outbox: Outbox
    inbox: bytearray
    expected: int = 0
    rejection: bytes = b""


class Station:
    """A secondary station that serves one reader at a time."""

    def __init__(
        self,
        application: Application,
        *,
        physical_address: int = SINGLE_ADDRESS,
        limits: LinkParameters = link_parameters.LIMITS,
        inactivity_timeout_s: float = INACTIVITY_TIMEOUT_S,
        is_alone: bool = True,
        addressee: Callable[[int], int] = int,
        sender: Callable[[int], int] = int,
        wants_flag: Callable[[], bool] = bool,
    ) -> None:
        """`addressee`, `sender`: to whom and from whom an answer says it is; by the book, whoever called and was.

        `wants_flag`: whether an answer is to be cut where a checksum then ends in a flag; by the book, never.
        """
        self._wants_flag = wants_flag
        self._addressee, self._sender = addressee, sender
        self._application = application
        self._physical_address = physical_address
        self._is_alone = is_alone
        self._limits = limits
        self._inactivity_timeout_s = inactivity_timeout_s
        self._deframer = Deframer()
        self._last_octet_s = 0.0
        self.last_frame_s = 0.0
        self._mode = Mode.DISCONNECTED
        self._link: _Link | None = None

    @property
    def is_connected(self) -> bool:
        return self._mode is not Mode.DISCONNECTED

    @property
    def frames_refused(self) -> int:
        """How many frames did not check out and were dropped."""
        return self._deframer.refused

    def reset(self) -> None:
        """Forget the link and every byte: the power was cut."""
        self._deframer.forget()
        self._disconnect()

    def expire(self, mono_s: float) -> None:
        """Let time pass: a silent reader loses its half frame first, then its link."""
        if mono_s - self._last_octet_s > INTER_OCTET_TIMEOUT_S and self._deframer.is_within_a_frame:
            self._deframer.forget()
        if self.is_connected and mono_s - self.last_frame_s > self._inactivity_timeout_s:
            self._disconnect()

    def feed(self, data: bytes, now: Moment) -> list[bytes]:
        """Take what was heard; give the frames to send, in order."""
        self.expire(now.mono_s)
        self._last_octet_s = now.mono_s
        frames: list[Frame] = []
        for heard in self._deframer.feed(data):
            # Only a frame for us keeps the link: a reader that babbles at the wrong speed must not hold it for ever,
            # nor one that talks to another meter of the bus.
            if self._is_for_us(heard):
                self.last_frame_s = now.mono_s
                frames += self._react(heard, now)
        return [frame.to_bytes() for frame in frames]

    def _is_for_us(self, frame: Frame) -> bool:
        called = frame.destination.physical
        is_called = called == self._physical_address or (
            self._is_alone and called in (None, CALLING_PHYSICAL.get(frame.destination.size))
        )
        return is_called and frame.destination.logical == MANAGEMENT_LOGICAL_DEVICE

    def _react(self, heard: Frame, now: Moment) -> list[Frame]:
        link = self._link
        if link is None:
            action = _ACTIONS.get((Mode.DISCONNECTED, heard.control.kind), Action.REFUSE)
        elif heard.source != link.reader:
            action = Action.REFUSE
        else:
            action = _ACTIONS.get((self._mode, heard.control.kind), Action.REJECT)
        if action is Action.CONNECT:
            return self._connect(heard)
        if action is Action.RELEASE:
            self._disconnect()
            return self._unnumbered(heard, Kind.UNNUMBERED_ACKNOWLEDGE)
        if link is None or action is Action.REFUSE:
            return self._unnumbered(heard, Kind.DISCONNECTED_MODE) if heard.control.is_poll else []
        if action is Action.TAKE:
            self._take(link, heard, now)
        elif self._mode is Mode.CONNECTED:
            self._reject(link, heard, Rejection.NOT_IMPLEMENTED)
        return self._speak(link, heard)

    def _connect(self, heard: Frame) -> list[Frame]:
        self._disconnect()
        try:
            parameters = link_parameters.agree(heard.information, self._limits)
        except ValueError:
            return self._unnumbered(heard, Kind.DISCONNECTED_MODE)
        self._mode = Mode.CONNECTED
        self._link = _Link(
            reader=heard.source,
            own=self._own_address(heard),
            parameters=parameters,
            outbox=Outbox(segment_bytes=parameters.transmit_bytes, window=parameters.transmit_window),
            inbox=bytearray(),
        )
        return self._unnumbered(heard, Kind.UNNUMBERED_ACKNOWLEDGE, parameters.to_bytes())

    def _disconnect(self) -> None:
        if self._link is not None:
            self._application.link_lost()
        self._mode = Mode.DISCONNECTED
        self._link = None

    def _take(self, link: _Link, heard: Frame, now: Moment) -> None:
        """Let a frame of a connected reader change the link; what is said to it comes from `_speak`."""
        kind = heard.control.kind
        if kind is Kind.UNNUMBERED_INFORMATION:
            return
        if not link.outbox.acknowledge(heard.control.receive_number):
            self._reject(link, heard, Rejection.WRONG_RECEIVE_NUMBER)
        elif kind is Kind.INFORMATION:
            self._take_information(link, heard, now)
        elif heard.information:
            self._reject(link, heard, Rejection.INFORMATION_NOT_PERMITTED)
        else:
            link.outbox.is_held = kind is Kind.RECEIVE_NOT_READY

    def _take_information(self, link: _Link, heard: Frame, now: Moment) -> None:
        link.outbox.is_held = False
        if len(heard.information) > link.parameters.receive_bytes:
            self._reject(link, heard, Rejection.INFORMATION_TOO_LONG)
            return
        if heard.control.send_number != link.expected:
            # Said before, or one is missing: N(R) of the answer tells the reader which.
            return
        if len(link.inbox) + len(heard.information) > MAX_REQUEST_BYTES:
            self._reject(link, heard, Rejection.INFORMATION_TOO_LONG)
            return
        link.expected = (link.expected + 1) % 8
        link.inbox += heard.information
        if not heard.is_segment:
            request = bytes(link.inbox)
            link.inbox.clear()
            if request.startswith(LLC_REQUEST):
                answer = self._application.answer(link.reader.logical, request[len(LLC_REQUEST) :], now)
                said = LLC_RESPONSE + answer if answer else b""
                link.outbox.load(said, first_bytes=self._flag_cut(link, said) if said and self._wants_flag() else 0)

    def _flag_cut(self, link: _Link, said: bytes) -> int:
        """How long a first segment has to be for its frame's checksum to end in a flag; nought if none does."""
        control = information(link.outbox.next_number, link.expected, final=link.parameters.transmit_window == 1)
        for size in range(min(len(said) - 1, link.parameters.transmit_bytes), 0, -1):
            if self._frame(link, control, said[:size], is_segment=True).to_bytes()[-2] == FLAG:
                return size
        return 0

    def _reject(self, link: _Link, heard: Frame, why: Rejection) -> None:
        self._mode = Mode.REJECTING
        numbers = link.expected << 5 | link.outbox.next_number << 1
        link.rejection = bytes((heard.control.octet, numbers, why.value))

    def _speak(self, link: _Link, heard: Frame) -> list[Frame]:
        """The station's turn, if the reader gave it one."""
        if not heard.control.is_poll:
            return []
        if self._mode is Mode.REJECTING:
            return [self._frame(link, unnumbered(Kind.FRAME_REJECT), link.rejection)]
        if heard.control.kind is Kind.UNNUMBERED_INFORMATION:
            return []
        segments = link.outbox.next_window()
        if not segments:
            return [self._frame(link, receive_ready(link.expected))]
        return [
            self._frame(
                link,
                information(segment.number, link.expected, final=segment is segments[-1]),
                segment.data,
                is_segment=not segment.is_last,
            )
            for segment in segments
        ]

    def _own_address(self, heard: Frame) -> Address:
        if heard.destination.physical is None:
            return heard.destination
        return Address(logical=heard.destination.logical, physical=self._physical_address, size=heard.destination.size)

    def _frame(self, link: _Link, control: Control, data: bytes = b"", *, is_segment: bool = False) -> Frame:
        reader = replace(link.reader, logical=self._addressee(link.reader.logical))
        own = link.own
        if own.physical is None:
            own = replace(own, logical=self._sender(own.logical))
        else:
            own = replace(own, physical=self._sender(own.physical))
        return Frame(destination=reader, source=own, control=control, information=data, is_segment=is_segment)

    def _unnumbered(self, heard: Frame, kind: Kind, data: bytes = b"") -> list[Frame]:
        return [
            Frame(
                destination=heard.source,
                source=self._own_address(heard),
                control=unnumbered(kind),
                information=data,
            )
        ]
