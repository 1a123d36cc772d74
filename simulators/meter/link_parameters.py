"""How long a frame's text may be and how many frames may be under way: agreed on within SNRM and UA.

IEC 62056-46, 6.4.4.4.3.2. The reader proposes, the meter lowers; a side that says nothing means the defaults,
128 bytes and a window of one. "Transmit" and "receive" are meant from the side that writes them.
"""

from dataclasses import dataclass

_FORMAT_AND_GROUP = bytes.fromhex("8180")
_TRANSMIT_BYTES, _RECEIVE_BYTES, _TRANSMIT_WINDOW, _RECEIVE_WINDOW = 0x05, 0x06, 0x07, 0x08
DEFAULT_BYTES = 128
DEFAULT_WINDOW = 1
MIN_BYTES, MAX_BYTES = 32, 2_030
MAX_WINDOW = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkParameters:
    """The longest text of a frame and the widest window, each way, from this side's view."""

    transmit_bytes: int = DEFAULT_BYTES
    receive_bytes: int = DEFAULT_BYTES
    transmit_window: int = DEFAULT_WINDOW
    receive_window: int = DEFAULT_WINDOW

    def to_bytes(self) -> bytes:
        """The text of a UA frame.

        >>> LinkParameters().to_bytes().hex(" ")
        '81 80 12 05 01 80 06 01 80 07 04 00 00 00 01 08 04 00 00 00 01'
        """
        group = b"".join(
            bytes((identifier, size)) + value.to_bytes(size, "big")
            for identifier, value, size in (
                (_TRANSMIT_BYTES, self.transmit_bytes, 1 if self.transmit_bytes < 256 else 2),
                (_RECEIVE_BYTES, self.receive_bytes, 1 if self.receive_bytes < 256 else 2),
                (_TRANSMIT_WINDOW, self.transmit_window, 4),
                (_RECEIVE_WINDOW, self.receive_window, 4),
            )
        )
        return _FORMAT_AND_GROUP + bytes((len(group),)) + group


LIMITS = LinkParameters(
    transmit_bytes=MAX_BYTES, receive_bytes=MAX_BYTES, transmit_window=MAX_WINDOW, receive_window=MAX_WINDOW
)


def limits_of(text: str) -> LinkParameters:
    """The most a meter agrees to, both ways, from words such as 128/1; raises ValueError.

    >>> limits_of("512/3").transmit_bytes, limits_of("512/3").receive_window
    (512, 3)
    """
    info_bytes, window = (int(part) for part in text.split("/"))
    if not (MIN_BYTES <= info_bytes <= MAX_BYTES and 1 <= window <= MAX_WINDOW):
        raise ValueError(text)
    return LinkParameters(
        transmit_bytes=info_bytes, receive_bytes=info_bytes, transmit_window=window, receive_window=window
    )


def agree(proposal: bytes, limits: LinkParameters) -> LinkParameters:
    """What the meter makes of the text of an SNRM frame, from the meter's view.

    Raises ValueError when the text cannot be read, or offers frames or windows that hold nothing.
    """
    offered = _read(proposal)
    if any(value == 0 for value in offered.values()):
        raise ValueError("a frame or window that holds nothing")
    return LinkParameters(
        transmit_bytes=min(limits.transmit_bytes, offered.get(_RECEIVE_BYTES, DEFAULT_BYTES)),
        receive_bytes=min(limits.receive_bytes, offered.get(_TRANSMIT_BYTES, DEFAULT_BYTES)),
        transmit_window=min(limits.transmit_window, offered.get(_RECEIVE_WINDOW, DEFAULT_WINDOW)),
        receive_window=min(limits.receive_window, offered.get(_TRANSMIT_WINDOW, DEFAULT_WINDOW)),
    )


def _read(proposal: bytes) -> dict[int, int]:
    if not proposal:
        return {}
    group = proposal[3:]
    if not proposal.startswith(_FORMAT_AND_GROUP) or len(proposal) < 3 or proposal[2] > len(group):
        raise ValueError("not the negotiation format")
    group = group[: proposal[2]]
    values: dict[int, int] = {}
    while group:
        if len(group) < 2 or len(group) < 2 + group[1]:
            raise ValueError("a parameter is cut off")
        identifier, size = group[0], group[1]
        if identifier in (_TRANSMIT_BYTES, _RECEIVE_BYTES, _TRANSMIT_WINDOW, _RECEIVE_WINDOW):
            values[identifier] = int.from_bytes(group[2 : 2 + size], "big")
        group = group[2 + size :]
    return values
