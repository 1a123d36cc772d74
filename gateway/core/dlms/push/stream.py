"""Pushes out of octets as a listener gets them: cut anywhere, behind noise, without end.

What comes in are pieces of one line or one connection, and `flush` when it has fallen silent or closed; what goes out
is a `Push` for each message that is whole, and a refusal in the place of each that is not. Framed messages are found as
soon as they are there. A bare APDU has nothing around it: the quiet behind it ends it, and so does a meter's pause.

"auto" waits for the first message that some framing proves whole, and then keeps to that framing; what no framing has
claimed by the time the line is quiet is opened like a capture. Nothing grows without bound: what is neither claimed nor
quiet within `MAX_HELD_BYTES` is given up, with a refusal that says so.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from gateway.core.dlms.push.capture import open_capture
from gateway.core.dlms.push.capture_kind import CaptureKind, Framing, refusal
from gateway.core.dlms.push.framings import AUTO, P1, RAW, TIC_HISTORIC, TIC_STANDARD
from gateway.core.dlms.push.hdlc_messages import HdlcMessages
from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.list_layout import ListLayout
from gateway.core.dlms.push.m_bus import MBusMessages
from gateway.core.dlms.push.pushed import Push
from gateway.core.dlms.push.reader import Opening, PushReader
from gateway.core.dlms.push.wrapper_messages import WrapperMessages
from gateway.core.errors import CaptureRefused
from gateway.core.telegrams import p1, tic

MAX_HELD_BYTES = 65_536

Outcomes: TypeAlias = tuple[Push | CaptureRefused, ...]


class _Line(Protocol):
    """What finds the messages of one framing on a line."""

    def feed(self, octets: bytes) -> Outcomes: ...

    def flush(self) -> Outcomes: ...


class _Messages(Protocol):
    """What finds the messages of one framing, whatever is in them."""

    def feed(self, octets: bytes) -> tuple[bytes | CaptureRefused, ...]: ...

    def flush(self) -> tuple[bytes | CaptureRefused, ...]: ...


_MESSAGES: dict[Framing, Callable[[], _Messages]] = {
    Framing.HDLC: HdlcMessages,
    Framing.M_BUS: MBusMessages,
    Framing.WRAPPER: WrapperMessages,
}


class PushStream:
    """The pushes of one line. `framing` is auto, hdlc, m-bus, wrapper, raw, p1, tic-historic or tic-standard."""

    def __init__(self, framing: str = AUTO, keys: PushKeys | None = None, layouts: Sequence[ListLayout] = ()) -> None:
        self._line = _line(framing, Opening(keys=keys, layouts=layouts))

    def feed(self, octets: bytes) -> Outcomes:
        """Octets have arrived; every message that is whole now, or what became of it."""
        return self._line.feed(octets)

    def flush(self) -> Outcomes:
        """The line is quiet: what is left is whole now, or never."""
        return self._line.flush()


def _line(framing: str, opening: Opening) -> _Line:
    if framing == AUTO:
        return _AnyLine(opening)
    if framing == RAW:
        return _QuietLine(opening)
    if framing == P1:
        return p1.TelegramStream(opening.keys)
    if framing in (TIC_HISTORIC, TIC_STANDARD):
        return tic.TelegramStream()
    return _FramedLine(Framing(framing), opening)


class _FramedLine:
    """A line whose messages stand in frames."""

    def __init__(self, framing: Framing, opening: Opening) -> None:
        self._messages = _MESSAGES[framing]()
        self._reader = PushReader(framing, opening)

    def feed(self, octets: bytes) -> Outcomes:
        return self._reader.take(self._messages.feed(octets))

    def flush(self) -> Outcomes:
        return (*self._reader.take(self._messages.flush()), *self._reader.flush())


class _QuietLine:
    """A line whose messages are told apart by its quiet alone."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._held = bytearray()

    def feed(self, octets: bytes) -> Outcomes:
        self._held += octets
        if len(self._held) <= MAX_HELD_BYTES:
            return ()
        self._held.clear()
        return (refusal(CaptureKind.UNKNOWN, f"the line was not quiet within {MAX_HELD_BYTES} octets"),)

    def flush(self) -> Outcomes:
        held = bytes(self._held)
        self._held.clear()
        return open_capture(held, self._opening.keys, self._opening.layouts) if held else ()


class _AnyLine:
    """A line that shows by its first whole message which framing it has."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._unclaimed = _QuietLine(opening)
        self._candidates = self._fresh()
        self._line: _Line | None = None

    def feed(self, octets: bytes) -> Outcomes:
        if self._line is not None:
            return self._line.feed(octets)
        for candidate in self._candidates:
            outcomes = candidate.feed(octets)
            if any(isinstance(outcome, Push) or _is_claim(candidate, outcome) for outcome in outcomes):
                self._line, self._candidates = candidate, []
                return outcomes
        return self._unclaimed.feed(octets)

    def flush(self) -> Outcomes:
        if self._line is not None:
            return self._line.flush()
        self._candidates = self._fresh()
        return self._unclaimed.flush()

    def _fresh(self) -> list[_Line]:
        telegrams: list[_Line] = [p1.TelegramStream(self._opening.keys), tic.TelegramStream()]
        return [*(_FramedLine(framing, self._opening) for framing in _MESSAGES), *telegrams]


def _is_claim(line: _Line, refused: CaptureRefused) -> bool:
    """Whether a refusal shows that a sound frame stood around what was refused."""
    return isinstance(line, _FramedLine) and refused.kind in _CLAIMS


_CLAIMS = frozenset((CaptureKind.CIPHERED, CaptureKind.WRONG_KEY, CaptureKind.WITHOUT_OBIS, CaptureKind.HDLC_DIALOGUE))
