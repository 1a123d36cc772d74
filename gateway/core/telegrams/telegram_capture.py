"""The telegrams of a capture, by the stream that finds them in octets as they arrive.

A capture is cut from a line: what it holds of the telegrams before its first and after its last is passed over, as long
as there is a whole one. A telegram that is refused in the middle is not, and nothing behind it is read.
"""

from collections.abc import Iterator

from gateway.core.dlms.push.pushed import Push
from gateway.core.errors import CaptureRefused
from gateway.core.ports import PushStream

PIECE_BYTES = 4_096


def telegrams_of(capture: bytes, finder: PushStream) -> tuple[Push, ...]:
    """Every telegram, in order; raises the refusal of one in the middle, or of the only one there is."""
    pushes: list[Push] = []
    refused: CaptureRefused | None = None
    for item in _found(capture, finder):
        if refused is not None:
            raise refused
        if isinstance(item, Push):
            pushes.append(item)
        else:
            refused = item
    if refused is not None and not pushes:
        raise refused
    return tuple(pushes)


def _found(capture: bytes, finder: PushStream) -> Iterator[Push | CaptureRefused]:
    for at in range(0, len(capture), PIECE_BYTES):
        yield from finder.feed(capture[at : at + PIECE_BYTES])
    yield from finder.flush()
