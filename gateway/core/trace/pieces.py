"""Octets of one direction, cut into what was said: text lines, HDLC frames, wrapped APDUs, and what is none of these.

Octets come as they pass, cut anywhere; a piece goes out once it is whole. `flush` gives the rest, when the other side
takes its turn: what is not whole then is damaged, cut off or noise, and says which. No more than `MAX_HELD_BYTES` wait.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from gateway.core.dlms.hdlc import FLAG, Deframer, Frame, checksum
from gateway.core.dlms.opto import from_7e1
from gateway.core.dlms.wrapper import HEADER_BYTES

MAX_HELD_BYTES = 8_192
_FRAME_START = re.compile(rb"\x7e[\xa0-\xaf]")
_HCS_SEARCHED_BYTES = 12  # format, two addresses of up to 4 octets, control


class Language(Enum):
    """What is spoken on a line."""

    TEXT = "text"  # IEC 62056-21, 7E1
    HDLC = "hdlc"
    WRAPPER = "wrapper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What was said in one go. Sound text and APDUs stand in `text` and `apdu`, a sound frame in `frame`."""

    octets: bytes
    language: Language
    text: bytes | None = None
    frame: Frame | None = None
    apdu: bytes | None = None
    source: int = 0
    destination: int = 0
    parity_errors: int = 0
    damage: str = ""  # why it is not sound; empty where it is


class Pieces(Protocol):
    """Cuts one direction in one language."""

    def feed(self, octets: bytes) -> Iterator[Piece]: ...

    def flush(self) -> Iterator[Piece]: ...


def cutter(language: Language, *, has_parity: bool = True) -> Pieces:
    """What cuts this language; text is of seven bits where it `has_parity`."""
    if language is Language.TEXT:
        return TextPieces(has_parity=has_parity)
    return HdlcPieces() if language is Language.HDLC else WrapperPieces()


class TextPieces:
    """Lines of text, 7E1 or of eight bits."""

    def __init__(self, *, has_parity: bool = True) -> None:
        self._has_parity = has_parity
        self._held = bytearray()

    def feed(self, octets: bytes) -> Iterator[Piece]:
        """The lines that are whole now."""
        for octet in octets:
            self._held.append(octet)
            if octet & 0x7F == 0x0A or len(self._held) >= MAX_HELD_BYTES:
                yield self._piece()

    def flush(self) -> Iterator[Piece]:
        """What was not ended."""
        if self._held:
            yield self._piece()

    def _piece(self) -> Piece:
        octets = bytes(self._held)
        self._held.clear()
        errors = sum(octet.bit_count() % 2 for octet in octets) if self._has_parity else 0
        text = from_7e1(octets) if self._has_parity else octets
        damage = f"{errors} of {len(octets)} characters with wrong parity" if errors else ""
        if not damage and not text.endswith(b"\n"):
            damage = "a line that breaks off"
        return Piece(octets=octets, language=Language.TEXT, text=text, parity_errors=errors, damage=damage)


class HdlcPieces:
    """HDLC frames."""

    def __init__(self) -> None:
        self._deframer = Deframer()
        self._held = bytearray()

    def feed(self, octets: bytes) -> Iterator[Piece]:
        """The frames that are whole now, each behind the noise before it."""
        self._held += octets
        yield from self._around(self._deframer.feed(octets))
        if len(self._held) > MAX_HELD_BYTES:
            yield from self.flush()

    def flush(self) -> Iterator[Piece]:
        """What is no frame."""
        yield from self._around(self._deframer.flush())
        yield from self._noise(len(self._held))

    def _around(self, frames: tuple[Frame, ...]) -> Iterator[Piece]:
        for frame in frames:
            octets = frame.encode()
            at = self._held.find(octets[:-1])  # the last flag may be the next frame's first
            yield from self._noise(at)
            yield Piece(octets=octets, language=Language.HDLC, frame=frame)
            del self._held[: len(octets) - 1]

    def _noise(self, count: int) -> Iterator[Piece]:
        octets = bytes(self._held[:count])
        del self._held[:count]
        if octets[:1] == bytes([FLAG]) and not _FRAME_START.match(octets):
            octets = octets[1:]  # it closed the frame before
        if octets.strip(bytes([FLAG])):
            yield Piece(octets=octets, language=Language.HDLC, damage=_damage(octets))


class WrapperPieces:
    """APDUs behind their eight octets."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, octets: bytes) -> Iterator[Piece]:
        """The APDUs that are whole now."""
        self._held += octets
        while len(self._held) >= HEADER_BYTES:
            version, source, destination, length = (
                int.from_bytes(self._held[at : at + 2], "big") for at in range(0, HEADER_BYTES, 2)
            )
            if version != 1:
                yield from self.flush()
                return
            whole = bytes(self._held[: HEADER_BYTES + length])
            if len(whole) < HEADER_BYTES + length:
                return
            del self._held[: len(whole)]
            yield Piece(
                octets=whole,
                language=Language.WRAPPER,
                apdu=whole[HEADER_BYTES:],
                source=source,
                destination=destination,
            )

    def flush(self) -> Iterator[Piece]:
        """What is no wrapped APDU, or not all there."""
        octets = bytes(self._held)
        self._held.clear()
        if octets:
            is_begun = b"\x00\x01".startswith(octets[:2])
            damage = "a wrapped APDU that breaks off" if is_begun else "no wrapper of DLMS over TCP"
            yield Piece(octets=octets, language=Language.WRAPPER, damage=damage)


def _damage(octets: bytes) -> str:
    """Why these octets are no frame, as far as the first thing that looks like one tells."""
    begin = _FRAME_START.search(octets)
    if begin is None:
        return "noise: no frame begins here"
    body = octets[begin.start() + 1 :]
    length = int.from_bytes(body[:2], "big") & 0x7FF
    has_header = any(
        checksum(body[:end]) == body[end : end + 2] for end in range(5, min(_HCS_SEARCHED_BYTES, len(body) - 2))
    )
    if not has_header:
        return "a frame whose header checksum (HCS) does not hold"
    if len(body) < length:
        return f"a frame that breaks off: {length} octets are promised, {len(body)} came"
    return "a frame whose checksum (FCS) does not hold"
