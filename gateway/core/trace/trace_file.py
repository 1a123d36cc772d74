"""What passed on a line, kept as text: one line for each thing that was said, in hex, with its direction and time.

    # lamplight trace 1
    # /dev/ttyUSB0 cosem-meter-optical 2026-11-21T12:00:00+00:00
    = 0.000 300
    > 0.004 af3f218d0a
    < 0.612 af4cd2...

`=` is a change of speed. A password never gets here: what is written is what `Annotator` shows. What comes in is the
text; refused, as CaptureRefused, is what is no such file, names no time or octets, or is too long.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.core.dlms.hdlc import FLAG
from gateway.core.errors import CaptureRefused
from gateway.core.trace.annotator import Passage, Way

HEAD = "# lamplight trace 1"
MAX_LINES = 200_000
_SPEED = "="
_SEVEN_BITS = bytes(octet & 0x7F for octet in range(256))
_WAYS = {way.value: way for way in Way}
_DO = "hand in a file that `trace --out` wrote"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """Octets of one direction at a time; or, where `baud` is set, a change of speed."""

    at_s: float
    way: Way | None = None
    octets: bytes = b""
    baud: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A file, read: what it is of, and what passed."""

    of: str
    passed: tuple[Passed, ...]

    @property
    def heard(self) -> bytes:
        """Everything that came in."""
        return b"".join(each.octets for each in self.passed if each.way is Way.IN)

    @property
    def is_text(self) -> bool:
        """Whether somebody was only listened to who speaks text: lines, and no frame's flag at the beginning."""
        is_unasked = all(each.way is not Way.OUT for each in self.passed)
        return is_unasked and b"\n" in self.heard.translate(_SEVEN_BITS) and self.heard[:1] != bytes([FLAG])


def is_trace(content: bytes) -> bool:
    """Whether a capture is such a file."""
    return content.startswith(HEAD.encode())


def head_lines(of: str) -> Iterator[str]:
    """What the file begins with; `of` says in a line what is traced."""
    yield HEAD
    yield f"# {of}"


def speed_line(at_s: float, baud: int) -> str:
    """The line of a change of speed."""
    return f"{_SPEED} {at_s:.3f} {baud}"


def line_of(passage: Passage) -> str:
    """The line of what was said."""
    return f"{passage.way.value} {passage.at_s:.3f} {passage.octets.hex()}"


def parse(content: bytes) -> Trace:
    """The file's contents; raises CaptureRefused."""
    lines = content.decode("ascii", "replace").splitlines()
    if not is_trace(content):
        raise CaptureRefused("no-trace", "this is no trace", do=_DO)
    if len(lines) > MAX_LINES:
        raise CaptureRefused("no-trace", f"a trace of more than {MAX_LINES} lines is not read", do=_DO)
    of = next((line[2:] for line in lines[1:2] if line.startswith("# ")), "")
    return Trace(of=of, passed=tuple(_passed(at, line) for at, line in enumerate(lines, 1) if line and line[0] != "#"))


def _passed(number: int, line: str) -> Passed:
    try:
        sign, at_s, rest = line.split(" ")
        if sign == _SPEED:
            return Passed(at_s=float(at_s), baud=int(rest))
        return Passed(at_s=float(at_s), way=_WAYS[sign], octets=bytes.fromhex(rest))
    except (ValueError, KeyError) as error:
        raise CaptureRefused("no-trace", f"line {number} of this trace makes no sense", do=_DO) from error
