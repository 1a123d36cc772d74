"""A password that is on its way is shown to nobody: it is starred in the octets before anybody sees or keeps them.

In LLS the password stands in the association request as it is. Its octets become asterisks, and the checksum of a frame
is made to fit again, since sixteen bits of it would help whoever guesses. A request that came in several frames, or
that cannot be read, is starred whole; so is the password message of IEC 62056-21. What comes back damaged while a
password is out may be its echo, and is starred, too: `Annotator` sees to that.
"""

from dataclasses import replace

from gateway.core.dlms import axdr
from gateway.core.dlms.wrapper import HEADER_BYTES
from gateway.core.errors import Undecodable
from gateway.core.trace.pieces import Language, Piece

AARQ = 0x60
STAR = b"*"
_PASSWORD_MESSAGE = b"\x01P"
_LLC_BYTES = 3
_REQUEST_BEGINS = b"\xe6\xe6\x00" + bytes([AARQ])
_MECHANISM, _VALUE = 0x8B, 0xAC
# Mechanisms that send a challenge, which is no secret: HLS by MD5, SHA-1, GMAC, SHA-256 and ECDSA. The others may not.
_CHALLENGING = (3, 4, 5, 6, 7)


class Mask:
    """Masks one direction; a request may go on over several frames, which may be as short as an octet."""

    def __init__(self) -> None:
        self._begun = b""  # how the message began that goes on

    def masked(self, piece: Piece) -> tuple[Piece, bool]:
        """The piece as it may be shown, and whether a password was in it."""
        if piece.damage:
            return piece, False
        if piece.text is not None and piece.text.startswith(_PASSWORD_MESSAGE):
            return starred(piece), True
        if piece.frame is not None:
            return self._masked_frame(piece)
        if piece.language is Language.WRAPPER and piece.apdu is not None:
            apdu = masked_request(piece.apdu)
            shown = replace(piece, apdu=apdu, octets=piece.octets[:HEADER_BYTES] + apdu)
            return shown, apdu != piece.apdu
        return piece, False

    def _masked_frame(self, piece: Piece) -> tuple[Piece, bool]:
        frame = piece.frame
        assert frame is not None
        if not frame.info:
            return piece, False
        is_whole = not self._begun and not frame.is_segmented
        begun = (self._begun + frame.info)[: len(_REQUEST_BEGINS)]
        self._begun = begun if frame.is_segmented else b""
        if begun != _REQUEST_BEGINS[: len(begun)]:
            return piece, False
        if not is_whole:
            return starred_frame(piece), True
        shown = replace(frame, info=frame.info[:_LLC_BYTES] + masked_request(frame.info[_LLC_BYTES:]))
        return replace(piece, frame=shown, octets=shown.encode()), shown.info != frame.info


def starred_frame(piece: Piece) -> Piece:
    """A frame of which nothing is shown but its header."""
    assert piece.frame is not None
    shown = replace(piece.frame, info=STAR * len(piece.frame.info))
    return replace(piece, frame=shown, octets=shown.encode())


def starred(piece: Piece) -> Piece:
    """The piece with nothing of it shown but its length."""
    return replace(piece, octets=STAR * len(piece.octets), text=None)


def masked_request(apdu: bytes) -> bytes:
    """An association request without its password; any other APDU as it is.

    >>> masked_request(bytes.fromhex("600f8b0760857405080201ac048002") + b"me")[-4:]
    b'\\x80\\x02**'
    """
    if apdu[:1] != bytes([AARQ]):
        return apdu
    try:
        at, end = _span(apdu, 1)
        fields = {}
        while at < end:
            tag = apdu[at]
            begin, at = _span(apdu, at + 1)
            fields[tag] = (begin, at)
    except (Undecodable, IndexError):
        return apdu[:2] + STAR * (len(apdu) - 2)
    if _VALUE not in fields:
        return apdu
    begin, end = fields.get(_MECHANISM, (0, 0))
    if end > begin and apdu[end - 1] in _CHALLENGING:
        return apdu
    begin, end = fields[_VALUE]
    inner = min(begin + 2, end)  # the choice of its form, and its length
    return apdu[:inner] + STAR * (end - inner) + apdu[end:]


def _span(octets: bytes, at: int) -> tuple[int, int]:
    """Where the content begins whose length stands at `at`, and where it ends; raises Undecodable."""
    length, rest = axdr.decode_length(octets[at:])
    begin = len(octets) - len(rest)
    if begin + length > len(octets):
        raise Undecodable("a field is longer than what it stands in")
    return begin, begin + length
