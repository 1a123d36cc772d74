"""Frames as a meter could send them, and what a bad line makes of them: bits turned over, bursts, octets replaced.

The flag 7E is put where it hurts: into every octet that can hold one, alone and in runs, and by choice of the content
into both octets of either checksum. All of it comes from one seed.
"""

import random
from collections.abc import Iterator
from dataclasses import replace

from gateway.core.dlms.hdlc import FLAG, MAX_INFO_BYTES, Frame, FrameKind, client_address, server_address, with_checksum

MAX_SHORT_INFO_BYTES = 120
_RUNS = (b"\x7e", b"\x7e\x7e", b"\x7e\x7e\x7e\x7e", b"\x7e\xa0", b"\x7e\xa0\x07", b"\x7e\xaf\xff")
_WITHOUT_INFO = (FrameKind.RECEIVE_READY, FrameKind.RECEIVE_NOT_READY, FrameKind.REJECT, FrameKind.DISCONNECT)
_WITH_INFO = (FrameKind.INFORMATION, FrameKind.UNNUMBERED_INFORMATION, FrameKind.UNNUMBERED_ACKNOWLEDGE)


def frames(chance: random.Random, count: int) -> Iterator[Frame]:
    """So many frames of all kinds, addresses and lengths; every fourth has a flag where it was put on purpose."""
    for number in range(count):
        frame = _any_frame(chance)
        yield _with_a_flag(frame, number // 4) if number % 4 == 0 else frame


def _any_frame(chance: random.Random) -> Frame:
    meter = server_address(
        logical=chance.randint(1, 127), physical=chance.randint(0, 127), size=chance.choice((1, 2, 4))
    )
    kind = chance.choice(_WITHOUT_INFO) if chance.random() < 0.1 else chance.choice(_WITH_INFO)
    longest = MAX_INFO_BYTES if chance.random() < 0.05 else MAX_SHORT_INFO_BYTES
    has_sequence = kind is FrameKind.INFORMATION
    return Frame(
        destination=client_address(chance.randint(1, 127)),
        source=meter,
        kind=kind,
        is_final=chance.random() < 0.5,
        send_seq=chance.randrange(8) if has_sequence else 0,
        receive_seq=chance.randrange(8) if has_sequence else 0,
        is_segmented=has_sequence and chance.random() < 0.3,
        info=b"" if kind in _WITHOUT_INFO else _info(chance, longest),
    )


def _info(chance: random.Random, longest: int) -> bytes:
    info = bytearray(chance.randbytes(chance.randint(2, longest)))
    for _ in range(chance.randrange(3)):
        at, run = chance.randrange(len(info)), chance.choice(_RUNS)
        info[at : at + len(run)] = run[: len(info) - at]
    return bytes(info)


def _with_a_flag(frame: Frame, number: int) -> Frame:
    """The frame with 7E at one of its octets, each in its turn: length, address, information or a checksum."""
    octets = len(frame.encode()) - 2
    at, info_at = 1 + number % octets, octets - 1 - len(frame.info)
    if at == _LENGTH_AT:
        return _of_length(frame, FLAG)
    if not frame.info or info_at - 2 <= at < info_at:
        return _with_flag_in_header_check(frame, is_last=at % 2 == 1)
    if at < info_at:
        return replace(frame, source=server_address(logical=_FLAGS, physical=_FLAGS, size=4))
    if at < octets - 1:
        return replace(frame, info=frame.info[: at - info_at] + bytes([FLAG]) + frame.info[at - info_at + 1 :])
    return _with_flag_in_frame_check(frame, is_last=at % 2 == 1)


_LENGTH_AT = 2
_FLAGS = FLAG >> 1 | FLAG >> 1 << 7  # a part of an address whose octets are flags, but for the last


def _of_length(frame: Frame, length: int) -> Frame:
    overhead = len(replace(frame, info=b"1").encode()) - 3
    return replace(
        frame,
        kind=FrameKind.UNNUMBERED_INFORMATION,
        send_seq=0,
        receive_seq=0,
        is_segmented=False,
        info=bytes(length - overhead),
    )


def _with_flag_in_header_check(frame: Frame, *, is_last: bool) -> Frame:
    """From another address, such that the checksum of the header holds a flag: one in 256 does."""
    for physical in range(2**14):
        turned = replace(frame, source=server_address(logical=1, physical=physical, size=4), info=b"")
        if turned.encode()[-2 if is_last else -3] == FLAG and not frame.info:
            return turned
        turned = replace(turned, info=frame.info[:1])
        if frame.info and turned.encode()[-5 if is_last else -6] == FLAG:
            return replace(turned, info=frame.info)
    return frame


def _with_flag_in_frame_check(frame: Frame, *, is_last: bool) -> Frame:
    """With another beginning, such that the checksum of the frame holds a flag: one in 256 does."""
    octets = frame.encode()[1:-3]
    header, rest = octets[: -len(frame.info)], frame.info[2:]
    for turn in range(2**16 if len(frame.info) >= 2 else 0):
        info = turn.to_bytes(2, "big") + rest
        if with_checksum(header + info)[-1 if is_last else -2] == FLAG:
            return replace(frame, info=info)
    return frame


def flipped(octets: bytes, bits: list[int]) -> bytes:
    """The octets with these bits turned over."""
    spoilt = bytearray(octets)
    for bit in bits:
        spoilt[bit // 8] ^= 1 << bit % 8
    return bytes(spoilt)


def with_few_flips(octets: bytes, chance: random.Random) -> bytes:
    """Up to three bits wrong, anywhere, the flags too; half of the time where they hurt most: in the first octets."""
    reach = len(octets) if chance.random() < 0.5 else min(14, len(octets))
    return flipped(octets, chance.sample(range(8 * reach), chance.randint(1, 3)))


def with_burst(octets: bytes, chance: random.Random, longest_bits: int = 16) -> bytes:
    """One burst: its first and last bit are wrong, between them anything."""
    length = chance.randint(1, longest_bits)
    reach = 8 * len(octets) if chance.random() < 0.5 else 8 * min(14, len(octets))
    begin = chance.randrange(reach - length + 1)
    bits = {begin, begin + length - 1} | {begin + bit for bit in range(length) if chance.random() < 0.5}
    return flipped(octets, sorted(bits))


def with_replaced(octets: bytes, chance: random.Random, *, begin: int, end: int) -> bytes:
    """Three to eight octets in a row are others, chosen freely: more than a CRC-16 promises to tell."""
    size = chance.randint(3, 8)
    at = chance.randrange(begin, end - size)
    return octets[:at] + chance.randbytes(size) + octets[at + size :]
