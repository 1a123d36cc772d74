"""What a meter sends unasked, opened from octets: the one door to captures, whatever stands around the message.

What comes in is a whole capture, as a technician cut it from a line or a program logged it, and the keys, if there are
any; what goes out is one `Push` for each message, with what vouches for it. The octets say themselves what they are:
HDLC frames, M-Bus long frames, TCP wrappers, bare APDUs, or the text of a telegram; inside, blocks are joined and seals
are opened.
Refused by name, as CaptureRefused: what is damaged or breaks off, a dialogue with a meter (whose requests and answers
are named), what does not open with these keys, values in an order nobody has told, several kinds in one file.
"""

import re
from collections.abc import Sequence

from gateway.core.dlms.hdlc import FLAG
from gateway.core.dlms.push import hdlc_messages, raw_apdu, wrapper_messages
from gateway.core.dlms.push.capture_kind import MAX_CAPTURE_BYTES, CaptureKind, Framing, apdu_name, refusal
from gateway.core.dlms.push.hdlc_messages import HdlcMessages
from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.list_layout import ListLayout
from gateway.core.dlms.push.m_bus import MBusMessages
from gateway.core.dlms.push.pushed import Push
from gateway.core.dlms.push.reader import Opening, PushReader
from gateway.core.dlms.push.wrapper_messages import WrapperMessages
from gateway.core.errors import CaptureRefused
from gateway.core.telegrams import sealed_telegram, text_capture

__all__ = ["MAX_CAPTURE_BYTES", "CaptureKind", "PushKeys", "open_capture", "read_capture"]

Outcomes = tuple[Push | CaptureRefused, ...]
_TEXT_HEAD = re.compile(rb"/[A-Za-z0-9]{3}[0-9a-zA-Z\\]")
_M_BUS_START = b"\x68"
_MIN_REMAINDER_BYTES = 16


def read_capture(capture: bytes, keys: PushKeys | None = None, layouts: Sequence[ListLayout] = ()) -> tuple[Push, ...]:
    """Every push of the capture, in order; raises CaptureRefused where there is none, which says what is there."""
    outcomes = open_capture(capture, keys, layouts)
    pushes = tuple(outcome for outcome in outcomes if isinstance(outcome, Push))
    if not pushes:
        raise next(outcome for outcome in outcomes if isinstance(outcome, CaptureRefused))
    return pushes


def open_capture(capture: bytes, keys: PushKeys | None = None, layouts: Sequence[ListLayout] = ()) -> Outcomes:
    """Every push of the capture and every message that gave none, in order; at least one of them."""
    if len(capture) > MAX_CAPTURE_BYTES:
        return (refusal(CaptureKind.UNKNOWN, f"a capture of more than {MAX_CAPTURE_BYTES} octets is not read"),)
    opening = Opening(keys=keys, layouts=layouts)
    if text_capture.is_text(capture):
        return text_capture.open_text(capture, keys)
    for framed in (_of_hdlc, _of_m_bus):
        outcomes = framed(capture, opening)
        if outcomes:
            return outcomes
    if wrapper_messages.begins_here(capture):
        return _of_wrapper(capture, opening)
    if raw_apdu.begins_here(capture) or apdu_name(capture):
        return _of_raw(capture, opening)
    return (_what_else(capture),)


def _of_hdlc(capture: bytes, opening: Opening) -> Outcomes:
    messages = HdlcMessages()
    found = (*messages.feed(capture), *messages.flush())
    if not messages.frames:
        return ()
    if messages.noise_bytes and _is_mixed(capture):
        return (refusal(CaptureKind.MIXED),)
    outcomes = _read(PushReader(Framing.HDLC, opening), found) or (refusal(CaptureKind.HDLC_DIALOGUE),)
    return _with_remainder(outcomes, messages.noise_bytes)


def _of_m_bus(capture: bytes, opening: Opening) -> Outcomes:
    if _M_BUS_START not in capture:
        return ()
    messages = MBusMessages()
    found = (*messages.feed(capture), *messages.flush())
    if not capture.startswith(_M_BUS_START) and not any(isinstance(message, bytes) for message in found):
        return ()
    if found and messages.noise_bytes and _has_other_start(capture):
        return (refusal(CaptureKind.MIXED),)
    return _with_remainder(_read(PushReader(Framing.M_BUS, opening), found), messages.noise_bytes)


def _of_wrapper(capture: bytes, opening: Opening) -> Outcomes:
    messages = WrapperMessages()
    outcomes = _read(PushReader(Framing.WRAPPER, opening), (*messages.feed(capture), *messages.flush()))
    return _with_remainder(outcomes, messages.noise_bytes)


def _of_raw(capture: bytes, opening: Opening) -> Outcomes:
    outcomes = _read(PushReader(Framing.RAW, opening), tuple(raw_apdu.apdus(capture)))
    if not any(isinstance(outcome, Push) for outcome in outcomes) and capture.startswith(sealed_telegram.HEAD):
        telegrams = text_capture.open_text(capture, opening.keys)  # text may be sealed, too
        return telegrams if isinstance(telegrams[0], Push) else outcomes
    return outcomes


def _read(reader: PushReader, messages: Sequence[bytes | CaptureRefused]) -> Outcomes:
    outcomes = (*reader.take(messages), *reader.flush())
    kinds = {outcome.kind if isinstance(outcome, CaptureRefused) else None for outcome in outcomes}
    if len(outcomes) > 1 and reader.dialogue and len(kinds) == 1 and None not in kinds:
        return (refusal(CaptureKind(kinds.pop() or ""), ", ".join(reader.dialogue)),)
    return outcomes


def _with_remainder(outcomes: Outcomes, left_over: int) -> Outcomes:
    """What is more than noise, and stands in no frame, is told where everything else is well."""
    is_well = bool(outcomes) and all(isinstance(outcome, Push) for outcome in outcomes)
    if not is_well or left_over < _MIN_REMAINDER_BYTES:
        return outcomes
    return (*outcomes, refusal(CaptureKind.UNKNOWN, f"{left_over} octets beside the messages belong to none"))


def _is_mixed(capture: bytes) -> bool:
    """Whether HDLC frames share the capture with something else that a meter sends."""
    if _has_other_start(capture):
        return True
    m_bus = MBusMessages()
    return _M_BUS_START in capture and any(isinstance(message, bytes) for message in m_bus.feed(capture))


def _has_other_start(capture: bytes) -> bool:
    starts = raw_apdu.begins_here(capture) or wrapper_messages.begins_here(capture)
    return starts or _TEXT_HEAD.search(capture) is not None


def _what_else(capture: bytes) -> CaptureRefused:
    """Why nothing could be made of the octets, by what they seem to be."""
    wrong = hdlc_messages.what_is_wrong(capture) if FLAG in capture else None
    if wrong is not None:
        return wrong
    if capture[:1] == _M_BUS_START and capture[3:4] == _M_BUS_START and capture[1:2] == capture[2:3]:
        missing = capture[1] + 6 - len(capture)
        detail = f"{missing} octets are missing" if missing > 0 else "the checksum does not hold"
        return refusal(CaptureKind.M_BUS_DAMAGED, detail)
    return refusal(CaptureKind.UNKNOWN)
