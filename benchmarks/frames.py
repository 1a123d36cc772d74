"""Whether the receiver ever hangs on a good frame or believes a bad one, beside two others on the same frames.

Good frames of all kinds and lengths come in pieces cut anywhere, 7E in every position: each must be out, unchanged,
with the last of its octets. Then damaged ones. Up to three wrong bits, or one burst of up to sixteen, a CRC-16 tells
always in the octets it covers; damage to length or address moves what it covers, and is told because header and frame
are checked each by itself and a flag must stand where the length says. Beyond that it lets one in 65,536 through, a
check of one octet one in 64 to 256: why a value read in such a way is believed only when it came twice.

No piece of input may cost more than 50 ms, made for it or not.
"""

import random
import sys
import time
from collections.abc import Iterable, Sequence

from benchmarks import line_damage, weak_checks
from benchmarks.frame_peers import Taken, answer, taken_by_dlms_cosem, taken_by_gurux
from benchmarks.report import Row, main
from gateway.core.dlms.hdlc import Deframer, Frame, FrameKind, client_address, server_address, with_checksum

LIMIT_MS = 50.0
READ_BYTES = 4_096  # what the ports give at once
_BATCH = 8


class Watched:
    """A deframer whose time is taken."""

    def __init__(self) -> None:
        self.worst_ms = 0.0

    def feed(self, deframer: Deframer, pieces: Iterable[bytes], *, and_flush: bool = False) -> list[Frame]:
        """What comes out of these pieces."""
        found: list[Frame] = []
        for piece in pieces:
            began = time.thread_time_ns()
            found += deframer.feed(piece)
            self.worst_ms = max(self.worst_ms, (time.thread_time_ns() - began) / 1e6)
        return found + list(deframer.flush()) if and_flush else found


def measure(full: bool) -> list[Row]:
    """Good frames, damaged ones, and what input costs."""
    count = 100_000 if full else 6_000
    chance, watched = random.Random("frames"), Watched()
    hangs, differences = _good(line_damage.frames(chance, count), chance, watched)
    accepted = _accepted(line_damage.frames(chance, count), chance, watched)
    beyond = 20 * count if full else 40 * count
    rate = _accepted_beyond(beyond, chance) / beyond
    for octets in _made_for_it():
        watched.feed(Deframer(), [octets], and_flush=True)
    return [
        _limit(f"good frames that hang, of {count:,}", hangs, "hangs", "frames"),
        _limit("good frames that come out as others", differences, "differences", "frames"),
        _limit(f"3 bits, bursts of 16: believed, of {count:,}", accepted, "accepted_within_crc", "frames"),
        _limit("the dearest piece of input", watched.worst_ms, "worst_ms", "ms", LIMIT_MS),
        _share(f"worse than that: believed, of {beyond:,}", rate, 2**-16, "2^-16"),
        *[
            _share(f"{share.what}: believed, of {count:,}", share.believed, share.expected, share.expected_name)
            for share in weak_checks.shares(count, chance)
        ],
        Row(
            what="worse than that, as a share",
            ours=rate,
            beside=2**-16,
            beside_name="",
            unit="",
            key="accepted_beyond_crc",
        ),
        Row(what="frames sent", ours=2 * count, beside=0, beside_name="", unit="frames", key="frames"),
        *_beside_others(count // 10, chance),
    ]


def _share(what: str, ours: float, expected: float, expected_name: str) -> Row:
    return Row(what=what, ours=ours * 1e6, beside=expected * 1e6, beside_name=expected_name, unit="ppm")


def _limit(what: str, ours: float, key: str, unit: str, limit: float = 0) -> Row:
    return Row(what=what, ours=ours, beside=limit, beside_name="", unit=unit, is_limit=True, key=key)


def _good(sent: Iterable[Frame], chance: random.Random, watched: Watched) -> tuple[int, int]:
    """How many frames were not out when their last octet was in, and how many came out as others."""
    hangs = differences = 0
    deframer, batch = Deframer(), list[Frame]()
    for frame in sent:
        batch.append(frame)
        if len(batch) == _BATCH:
            found = watched.feed(deframer, _cut_anywhere(b"".join(map(Frame.encode, batch)), chance))
            hangs += max(len(batch) - len(found), 0)
            differences += sum(ours != theirs for ours, theirs in zip(found, batch, strict=False))
            differences += max(len(found) - len(batch), 0)
            batch.clear()
    return hangs, differences


def _cut_anywhere(stream: bytes, chance: random.Random) -> list[bytes]:
    cuts = sorted(chance.sample(range(1, len(stream)), chance.randint(0, 12)))
    return [stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


def _accepted(sent: Iterable[Frame], chance: random.Random, watched: Watched) -> int:
    """How many damaged frames were believed: anything came out of them that was not sent."""
    accepted = 0
    for frame in sent:
        octets = frame.encode()
        spoil = line_damage.with_few_flips if chance.random() < 0.5 else line_damage.with_burst
        found = watched.feed(Deframer(), [spoil(octets, chance)], and_flush=True)
        accepted += any(other != frame for other in found)
    return accepted


def _accepted_beyond(count: int, chance: random.Random) -> int:
    """The same with more damage than that, in the information alone, where nothing but the checksum tells it."""
    frame = answer(bytes(16))
    octets = frame.encode()
    info_at, end = len(octets) - 3 - len(frame.info), len(octets) - 1
    accepted = 0
    for _ in range(count):
        deframer = Deframer()
        spoilt = line_damage.with_replaced(octets, chance, begin=info_at, end=end)
        accepted += any(found != frame for found in deframer.feed(spoilt))
    return accepted


def _made_for_it() -> Sequence[bytes]:
    """Reads full of what looks most like a frame and is none: a header that checks at every turn, and its flag."""
    header = bytes([0xA7, 0xF0, *server_address(logical=1, physical=17, size=4), *client_address(16), 0x13])
    cheat = b"\x7e" + with_checksum(header)
    short = Frame(destination=client_address(1), source=client_address(1), kind=FrameKind.DISCONNECT, is_final=True)
    return [
        pattern * (READ_BYTES // len(pattern))
        for pattern in (
            b"\x7e",
            b"\x7e\xa0",
            b"\x7e\xaf\xff",
            b"\x7e\xa0\x09\x03\x03",
            cheat,
            short.encode(),
            cheat[:-1],
        )
    ]


def _beside_others(count: int, chance: random.Random) -> list[Row]:
    """Each reader alone with the same good answers."""
    sent = [answer(chance.randbytes(chance.randint(4, 120))) for _ in range(count)]
    ours = sum(Deframer().feed(frame.encode()) != (frame,) for frame in sent)
    dlms_cosem = [taken_by_dlms_cosem(frame) for frame in sent]
    gurux = [taken_by_gurux(frame) for frame in sent]
    their_hangs, asked = dlms_cosem.count(Taken.HANGS), f"hangs, of {count:,} answers"
    return [
        _beside(asked, ours, their_hangs, "dlms-cosem"),
        _beside(asked, ours, gurux.count(Taken.HANGS), "Gurux client"),
        _beside("refused, or other than sent", 0, _not_whole(dlms_cosem), "dlms-cosem"),
        _beside("refused, or other than sent", 0, _not_whole(gurux), "Gurux client"),
        Row(
            what="share that hangs dlms-cosem",
            ours=their_hangs / count * 100,
            beside=0,
            beside_name="",
            unit="%",
            key="dlms_cosem_hangs_percent",
        ),
    ]


def _beside(what: str, ours: float, theirs: float, name: str) -> Row:
    return Row(what=what, ours=ours, beside=theirs, beside_name=name, unit="frames")


def _not_whole(taken: Sequence[Taken]) -> int:
    return sum(outcome in (Taken.OTHER, Taken.REFUSED) for outcome in taken)


if __name__ == "__main__":
    sys.exit(main("frames", measure))
