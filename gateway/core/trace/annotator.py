"""Who said what on a line, in order, with what it means, whether it holds, and whether it is our own echo.

In come octets with their direction and the time, as they pass and cut anywhere; out go `Passage`s, one for each thing
that was said. Whichever language we speak last is the one an answer is read in: a line begins at an optical head in
text and goes on in HDLC. When we speak, what the other side left unfinished is given up, as the link itself does.
`tally` adds up what a verdict needs.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from gateway.core.dlms.hdlc import FLAG, Frame, FrameKind
from gateway.core.dlms.hdlc_negotiation import LinkSettings, negotiate
from gateway.core.dlms.makers import maker_named
from gateway.core.dlms.opto import BAUD_BY_ID, from_7e1
from gateway.core.trace.apdu_words import ApduWords, Opener, Seal, Told
from gateway.core.trace.masking import Mask, starred, starred_frame
from gateway.core.trace.pieces import Language, Piece, Pieces, cutter

_LLC_BYTES = 3
_ACK, _STX, _NAK = b"\x06", b"\x02", b"\x15"
MAX_AWAITED_ECHOES = 16
_ANYTHING = LinkSettings()


class Way(Enum):
    """Who speaks."""

    OUT = ">"
    IN = "<"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One thing that was said. `octets` are what may be shown: a password in them is starred."""

    way: Way
    at_s: float
    octets: bytes
    lines: tuple[str, ...]
    is_sound: bool
    is_echo: bool = False
    is_masked: bool = False
    told: Told | None = None


@dataclass(slots=True, kw_only=True)
class Tally:
    """What the passages add up to."""

    octets_out: int = 0
    octets_in: int = 0
    good_in: int = 0
    bad_in: int = 0
    parity_errors: int = 0
    echoes: int = 0
    repeats: int = 0  # what we had to say again
    slowest_s: float = 0.0  # from our last octet to the first of an answer
    speeds: list[int] = field(default_factory=list)
    has_identification: bool = False
    has_link: bool = False
    is_hung_up: bool = False
    is_associated: bool | None = None
    has_values: bool = False
    refusal: str = ""
    seals: set[Seal] = field(default_factory=set)


class Annotator:
    """One conversation; see the module."""

    def __init__(
        self, *, language: Language = Language.HDLC, has_parity: bool = True, opener: Opener | None = None
    ) -> None:
        """
        Args:
            language: what is spoken until we speak otherwise.
            has_parity: whether text is of seven bits with even parity.
            opener: opens what is ciphered; None for whoever has no keys.
        """
        self.tally = Tally()
        self._language, self._has_parity = language, has_parity
        self._cutters: dict[Way, Pieces] = {way: cutter(language, has_parity=has_parity) for way in Way}
        self._masks = {way: Mask() for way in Way}
        self._messages: dict[Way, bytearray] = {way: bytearray() for way in Way}
        self._awaited: deque[bytes] = deque(maxlen=MAX_AWAITED_ECHOES)
        self._is_reflecting = False
        self._is_password_out = False
        self._last_out = b""
        self._last_out_at_s: float | None = None
        self._apdus = ApduWords(opener)
        self._baud = 0

    def speed(self, baud: int) -> None:
        """The line's speed is this from now on."""
        self._baud = baud

    def feed(self, way: Way, at_s: float, octets: bytes) -> Iterator[Passage]:
        """What is whole with these octets."""
        if way is Way.OUT:
            yield from self.flush(at_s)
            self._speak(octets)
            self.tally.octets_out += len(octets)
            if self._baud and self.tally.speeds[-1:] != [self._baud]:
                self.tally.speeds.append(self._baud)
            self.tally.repeats += octets == self._last_out
            self._last_out, self._last_out_at_s = octets, at_s
        else:
            self.tally.octets_in += len(octets)
        for piece in self._cutters[way].feed(octets):
            yield self._passage(way, at_s, piece)

    def flush(self, at_s: float) -> Iterator[Passage]:
        """What was left unfinished."""
        for way, pieces in self._cutters.items():
            for piece in pieces.flush():
                yield self._passage(way, at_s, piece)

    def _speak(self, octets: bytes) -> None:
        """Take up the language in which we begin to speak."""
        if self._language is Language.WRAPPER or not octets:
            return
        language = Language.HDLC if octets[0] == FLAG else Language.TEXT
        if language is not self._language:
            self._language = language
            self._cutters = {way: cutter(language, has_parity=self._has_parity) for way in Way}

    # ---- one passage ------------------------------------------------------------------------------------------------

    def _passage(self, way: Way, at_s: float, piece: Piece) -> Passage:
        is_echo = way is Way.IN and self._is_echo(piece)
        if way is Way.OUT:
            self._awaited.append(piece.octets)
        shown, is_masked = self._shown(way, piece, is_echo=is_echo)
        self._count(way, at_s, piece, is_echo=is_echo)
        lines, told = self._meaning(way, shown, is_echo=is_echo)
        if told is not None and way is Way.IN:
            self._note(told)
        return Passage(
            way=way,
            at_s=at_s,
            octets=shown.octets,
            lines=lines,
            is_sound=not piece.damage,
            is_echo=is_echo,
            is_masked=is_masked,
            told=told,
        )

    def _shown(self, way: Way, piece: Piece, *, is_echo: bool) -> tuple[Piece, bool]:
        """The piece without a password. Until a meter has answered one, what we repeat or hear damaged may hold it."""
        shown, is_masked = self._masks[way].masked(piece)
        if self._is_password_out and not is_masked:
            is_part = piece.frame is not None and piece.frame.kind is FrameKind.INFORMATION
            if piece.damage:
                return starred(piece), True
            if is_part and (way is Way.OUT or is_echo):
                return starred_frame(piece), True
            has_answered = is_part or piece.apdu is not None or piece.text is not None
            self._is_password_out = not (way is Way.IN and has_answered)
        self._is_password_out |= way is Way.OUT and is_masked
        return shown, is_masked

    def _is_echo(self, piece: Piece) -> bool:
        if piece.octets not in self._awaited:
            return False
        # The meter repeats a confirmation as we said it: it is an echo only where the head is known to reflect.
        if piece.text is not None and piece.text.startswith(_ACK) and not self._is_reflecting:
            return False
        while self._awaited.popleft() != piece.octets:
            pass
        self._is_reflecting = True
        return True

    def _count(self, way: Way, at_s: float, piece: Piece, *, is_echo: bool) -> None:
        tally = self.tally
        if way is Way.OUT:
            return
        tally.parity_errors += piece.parity_errors
        if is_echo:
            tally.echoes += 1
        elif piece.damage:
            tally.bad_in += 1
        else:
            tally.good_in += 1
            if self._last_out_at_s is not None:
                tally.slowest_s = max(tally.slowest_s, at_s - self._last_out_at_s)

    def _note(self, told: Told) -> None:
        tally = self.tally
        if told.is_accepted is not None:
            tally.is_associated = told.is_accepted
        if told.refusal:
            tally.refusal = told.refusal
        if told.seal is not None:
            tally.seals.add(told.seal)
        tally.has_values |= told.is_value

    def _meaning(self, way: Way, piece: Piece, *, is_echo: bool) -> tuple[tuple[str, ...], Told | None]:
        if is_echo:
            return ("our own echo",), None
        if piece.damage:
            return (piece.damage,), None
        if piece.frame is not None:
            return self._frame(way, piece.frame)
        if piece.apdu is not None:
            told = self._apdus.told(piece.apdu, is_answer=way is Way.IN)
            head = f"wrapper: from {piece.source} to {piece.destination}, {len(piece.apdu)} octets"
            return (head, *told.lines), told
        if piece.text is None:
            return ("a password message, masked",), None
        return self._text(way, piece.text.rstrip(b"\r\n")), None

    def _text(self, way: Way, text: bytes) -> tuple[str, ...]:
        words = "".join(chr(octet) if 0x20 <= octet < 0x7F else f"<{octet:02X}>" for octet in text)
        if text.startswith(b"/?"):
            return (f"sign-on: {words}",)
        if text.startswith(b"/") and len(text) > 5 and way is Way.IN:
            self.tally.has_identification = True
            return f"identification: {words}", _identified(text)
        if text.startswith(_ACK) and len(text) >= 4:
            baud = BAUD_BY_ID.get(text[2:3], 0)
            how = "HDLC" if text[1:2] == b"2" else "text"
            who = "confirms" if way is Way.IN else "chooses"
            return (f"{who}: {how} at {baud} Bd" if baud else f"{who}: {words}",)
        self.tally.has_values |= b"(" in text and way is Way.IN
        return (f"wake-up, {len(text)} octets" if not text.strip(b"\x00") else f"text: {words}",)

    def _frame(self, way: Way, frame: Frame) -> tuple[tuple[str, ...], Told | None]:
        words = _frame_words(frame)
        if way is Way.IN:
            self.tally.has_link |= frame.kind is FrameKind.UNNUMBERED_ACKNOWLEDGE
            refused = frame.kind in (FrameKind.DISCONNECTED_MODE, FrameKind.FRAME_REJECT)
            self.tally.is_hung_up |= refused and not self.tally.has_values
        if frame.kind not in (FrameKind.INFORMATION, FrameKind.UNNUMBERED_INFORMATION):
            return (words,), None
        message = self._messages[way]
        message += frame.info
        if frame.is_segmented:
            return (f"{words}: {len(frame.info)} octets of a longer message",), None
        apdu = bytes(message[_LLC_BYTES:])
        message.clear()
        told = self._apdus.told(apdu, is_answer=way is Way.IN)
        return (words, *told.lines), told


def _frame_words(frame: Frame) -> str:
    """Kind, addresses, sequence numbers, and what was agreed on."""
    ends = f"{_address(frame.source)} to {_address(frame.destination)}"
    words = f"HDLC {frame.kind.value} {ends}"
    match frame.kind:
        case FrameKind.INFORMATION:
            words += f", N(S) {frame.send_seq}, N(R) {frame.receive_seq}"
        case FrameKind.RECEIVE_READY | FrameKind.RECEIVE_NOT_READY | FrameKind.REJECT:
            words += f", N(R) {frame.receive_seq}"
        case FrameKind.SET_NORMAL_RESPONSE_MODE | FrameKind.UNNUMBERED_ACKNOWLEDGE if frame.info:
            agreed = negotiate(frame.info, _ANYTHING)
            words += f", frames of {agreed.info_bytes} octets, {agreed.window} at once"
        case FrameKind.FRAME_REJECT if frame.info:
            words += f", reason {frame.info.hex()}"
    words += ", to be continued" if frame.is_segmented else ""
    return words if frame.is_final else f"{words}, more follows"


def _address(octets: bytes) -> str:
    parts = [octet >> 1 for octet in octets]
    if len(parts) == 4:
        parts = [parts[0] << 7 | parts[1], parts[2] << 7 | parts[3]]
    return "/".join(map(str, parts))


def _identified(text: bytes) -> str:
    maker = text[1:4].decode("ascii", "replace")
    named = maker_named(maker)
    baud = BAUD_BY_ID.get(text[4:5])
    mode = "mode E (HDLC)" if b"\\2" in text else "mode C (text)" if baud else "mode A or B"
    facts = [*([named] if named else []), mode, *([f"offers {baud} Bd"] if baud else [])]
    return ", ".join(facts)


def readable(octets: bytes) -> str:
    """ASCII beside hex: seven bits where every character has even parity, as it was meant."""
    text = from_7e1(octets) if not any(octet.bit_count() % 2 for octet in octets) else octets
    return "".join(chr(octet) if 0x20 <= octet < 0x7F else "." for octet in text)
