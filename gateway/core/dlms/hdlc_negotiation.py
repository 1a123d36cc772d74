"""What the two ends of an HDLC link agree on when it opens: how long a frame may be, and how many go in one turn.

We propose in SNRM, the meter answers in UA with what it takes (IEC 62056-46, 6.4.4.4.3.2); what nobody says is 128
octets and one frame. The difference is real: a day of load profile takes 24 turns as the default and one as 2030/7.
An answer that cannot be read is taken for the default, which every meter serves.
"""

from dataclasses import dataclass

from gateway.core.dlms.hdlc import MAX_INFO_BYTES
from runtime.settings import setting

DEFAULT_INFO_BYTES, DEFAULT_WINDOW = 128, 1
_FORMAT, _GROUP = 0x81, 0x80
_INFO_TRANSMIT, _INFO_RECEIVE, _WINDOW_TRANSMIT, _WINDOW_RECEIVE = 5, 6, 7, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """How a meter is addressed, and how patiently it is asked; who asks is the association's business."""

    server_logical: int = setting(1, help="the meter's logical device; 1 is its management", minimum=0, maximum=16_383)
    server_physical: int = setting(0, help="the meter's physical device", minimum=0, maximum=16_383)
    address_bytes: int = setting(1, help="octets in the meter's address: 1, 2 or 4", minimum=1, maximum=4)
    max_info_bytes: int = setting(
        MAX_INFO_BYTES, help="the longest information field we offer", minimum=32, maximum=MAX_INFO_BYTES
    )
    window: int = setting(7, help="how many frames in a row we offer", minimum=1, maximum=7)
    response_timeout_s: float = setting(2.0, help="the silence after which we ask again", minimum=0.1, maximum=60)
    inactivity_timeout_s: float = setting(
        120.0,
        help="how long a meter keeps a link that nobody uses; one that is held is left alone for as long",
        minimum=1,
        maximum=3_600,
    )
    retries: int = setting(2, help="how often we ask again without progress", minimum=0, maximum=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiated:
    """What the meter takes from us in one frame and in one turn."""

    info_bytes: int = DEFAULT_INFO_BYTES
    window: int = DEFAULT_WINDOW


def proposal(settings: LinkSettings) -> bytes:
    """The information field of SNRM; empty where we want no more than the default.

    >>> proposal(LinkSettings(max_info_bytes=2030, window=7)).hex()
    '818014050207ee060207ee070400000007080400000007'
    """
    if (settings.max_info_bytes, settings.window) == (DEFAULT_INFO_BYTES, DEFAULT_WINDOW):
        return b""
    size = 1 if settings.max_info_bytes < 0x100 else 2
    info = bytes([size]) + settings.max_info_bytes.to_bytes(size, "big")
    window = b"\x04" + settings.window.to_bytes(4, "big")
    parameters = (
        bytes([_INFO_TRANSMIT]) + info + bytes([_INFO_RECEIVE]) + info
        + bytes([_WINDOW_TRANSMIT]) + window + bytes([_WINDOW_RECEIVE]) + window
    )  # fmt: skip
    return bytes([_FORMAT, _GROUP, len(parameters)]) + parameters


def negotiate(answer: bytes, settings: LinkSettings) -> Negotiated:
    """What we may send, from the information field of UA: the meter receives what we transmit."""
    parameters = _parameters(answer)
    info_bytes = parameters.get(_INFO_RECEIVE, DEFAULT_INFO_BYTES)
    window = parameters.get(_WINDOW_RECEIVE, DEFAULT_WINDOW)
    return Negotiated(
        info_bytes=min(max(info_bytes, 1), settings.max_info_bytes), window=min(max(window, 1), settings.window)
    )


def _parameters(answer: bytes) -> dict[int, int]:
    if answer[:2] != bytes([_FORMAT, _GROUP]):
        return {}
    rest, parameters = answer[3:], {}
    while len(rest) >= 2 and len(rest) >= 2 + rest[1]:
        parameters[rest[0]] = int.from_bytes(rest[2 : 2 + rest[1]], "big")
        rest = rest[2 + rest[1] :]
    return parameters
