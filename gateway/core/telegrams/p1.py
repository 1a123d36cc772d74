"""P1 telegrams and their kin (IEC 62056-21 mode D): text that a meter sends unasked, from `/` to `!` and its CRC.

What comes in are octets cut anywhere, as 8N1 or as 7E1 on a line of 8N1, plain or sealed (see `sealed_telegram`); what
goes out is one `Push` for each telegram, or a `CaptureRefused` in its place. From version 4 a CRC-16 stands behind the
`!` and must hold; a telegram of an older meter carries none, and its proof is NONE. What follows the last line, as some
meters add, is passed over, and so is noise between telegrams.

Refused by name: a telegram that is cut off, whose CRC does not hold or is missing where its version has one, whose
characters have the wrong parity, that holds what no telegram holds, or that is sealed and does not open.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum

from gateway.core.dlms.opto import from_7e1, to_7e1
from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.pushed import Proof, Protection, Push
from gateway.core.errors import CaptureRefused
from gateway.core.telegrams import p1_lines, sealed_telegram
from gateway.core.telegrams.data_sets import DataSet, data_sets
from gateway.core.telegrams.telegram_capture import telegrams_of

MAX_TELEGRAM_BYTES = 16_384
FIRST_VERSION_WITH_CRC = 40
_LETTER = rb"[A-Za-z0-9]"
_SEVEN_BIT_LETTERS = re.escape(to_7e1(bytes(octet for octet in range(128) if chr(octet).isalnum())))
_HEAD = re.compile(rb"/" + _LETTER + rb"{3}|" + re.escape(sealed_telegram.HEAD))
_SEVEN_BIT_HEAD = re.compile(re.escape(to_7e1(b"/")) + rb"[" + _SEVEN_BIT_LETTERS + rb"]{3}")
_HEAD_BYTES = 4
# The last line: four hex digits end it at once, anything else by the end of the line.
_END = re.compile(rb"[\r\n]!(?:(?P<crc>[0-9A-Fa-f]{4})(?![0-9A-Za-z])|[^\r\n]{0,64}[\r\n])")
_END_AT_LAST = re.compile(rb"[\r\n]!(?:(?P<crc>[0-9A-Fa-f]{4})(?![0-9A-Za-z])|[^\r\n]{0,64})")
_NEXT_HEAD = re.compile(rb"[\r\n]/" + _LETTER + rb"{3}")
_LOOK_BACK_BYTES = 80
_IDENTIFICATION = re.compile(r"/([ -~]{4,96})", re.ASCII)


class TelegramKind(StrEnum):
    """What a telegram is, or why it is refused."""

    P1 = "p1-telegram"
    P1_DAMAGED = "p1-damaged"


class TelegramStream:
    """Telegrams out of octets as they arrive."""

    def __init__(self, keys: PushKeys | None = None) -> None:
        self._keys = keys
        self._buffer = bytearray()
        self._is_seven_bit: bool | None = None  # None until the first telegram begins
        self._searched_to = 0

    def feed(self, octets: bytes) -> tuple[Push | CaptureRefused, ...]:
        """Octets have arrived; every telegram that is whole now, or what became of it."""
        self._buffer += from_7e1(octets) if self._is_seven_bit else octets
        return tuple(self._whole(is_last=False))

    def flush(self) -> tuple[Push | CaptureRefused, ...]:
        """Nothing more comes, or a pause is over: what is left is whole now, or never."""
        found = tuple(self._whole(is_last=True))
        self._drop(len(self._buffer))
        return found

    def _whole(self, *, is_last: bool) -> Iterator[Push | CaptureRefused]:
        while self._seek():
            taken = self._sealed(is_last) if self._buffer.startswith(sealed_telegram.HEAD) else self._plain(is_last)
            if taken is None and len(self._buffer) > MAX_TELEGRAM_BYTES:
                self._drop(MAX_TELEGRAM_BYTES)
                yield _damaged(f"it does not end within {MAX_TELEGRAM_BYTES} octets")
            elif taken is None:
                return
            else:
                yield taken

    def _seek(self) -> bool:
        """Drop what stands before the next telegram; whether there is one."""
        if self._is_seven_bit is None:
            plain, seven_bit = _HEAD.search(self._buffer), _SEVEN_BIT_HEAD.search(self._buffer)
            if seven_bit and (plain is None or seven_bit.start() < plain.start()):
                self._is_seven_bit = True
                self._buffer[:] = from_7e1(bytes(self._buffer))
            elif plain:
                self._is_seven_bit = False
        head = _HEAD.search(self._buffer)
        if head is None:
            self._drop(max(0, len(self._buffer) - _HEAD_BYTES + 1))
            return False
        if head.start():
            self._drop(head.start())
        return True

    def _plain(self, is_last: bool) -> Push | CaptureRefused | None:
        begin = max(0, self._searched_to - _LOOK_BACK_BYTES)
        next_head = _NEXT_HEAD.search(self._buffer, begin)
        # An end is looked for as far as the next head: heads without an end would else be searched to the last octet.
        behind = next_head.start() + 1 if next_head else len(self._buffer)
        end = _END.search(self._buffer, begin, behind)
        if end is None and (is_last or next_head):
            end = _END_AT_LAST.search(self._buffer, begin, behind)
        self._searched_to = len(self._buffer)
        if end is None and next_head is not None:
            self._drop(next_head.start())
            return _damaged("it is cut off: another one begins within it")
        if end is None:
            if not is_last:
                return None
            self._drop(len(self._buffer))
            return _damaged("it is cut off: its last line is missing")
        body, crc = bytes(self._buffer[: end.start() + 2]), end["crc"]
        self._drop(end.end())
        return _read(body, crc)

    def _sealed(self, is_last: bool) -> Push | CaptureRefused | None:
        size = sealed_telegram.size(bytes(self._buffer[: sealed_telegram.MAX_HEAD_BYTES]))
        if size is None or size > len(self._buffer):
            if not is_last:
                return None
            size = len(self._buffer)  # a meter that does not tell the length: its pause does
        sealed = bytes(self._buffer[:size])
        self._drop(size)
        return self._opened(sealed)

    def _opened(self, sealed: bytes) -> Push | CaptureRefused:
        try:
            opened = sealed_telegram.opened(sealed, self._keys)
        except CaptureRefused as refused:
            return refused
        end, title = _END_AT_LAST.search(opened.apdu), opened.sender.hex()
        if end is None:
            return _damaged("it was sealed, and its last line is missing")
        outcome = _read(opened.apdu[: end.start() + 2], end["crc"], opened.protection, title)
        if isinstance(outcome, CaptureRefused):
            return outcome
        return replace(outcome, sealed_by=title, counter=opened.counter)

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._searched_to = 0


def read_telegrams(capture: bytes, keys: PushKeys | None = None) -> tuple[Push, ...]:
    """Every telegram of a capture, in order; raises CaptureRefused for one that is damaged, sealed, or not there."""
    pushes = telegrams_of(capture, TelegramStream(keys))
    if not pushes:
        raise CaptureRefused(TelegramKind.P1_DAMAGED, "no telegram begins here", do="cut it from its `/` to its `!`")
    return pushes


def crc16_arc(octets: bytes) -> int:
    """The checksum behind the `!`: polynomial 8005, reflected, from nought.

    >>> f"{crc16_arc(b'123456789'):04X}"
    'BB3D'
    """
    crc = 0
    for octet in octets:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ octet) & 0xFF]
    return crc


def _crc_table() -> tuple[int, ...]:
    table = []
    for octet in range(256):
        crc = octet
        for _bit in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


_CRC_TABLE = _crc_table()


def _read(
    body: bytes, crc: bytes | None, protection: Protection = Protection.NONE, title: str = ""
) -> Push | CaptureRefused:
    """The telegram from its `/` to its `!`."""
    if crc is not None and not _holds(body, int(crc, 16)):
        return _damaged("its CRC does not hold")
    try:
        text = body.decode("latin-1" if crc is not None else "ascii")
    except UnicodeDecodeError:
        return _damaged("it holds octets that are no text")
    if "\x00" in text:
        return _damaged("characters of it have the wrong parity")
    lines = text.replace("\r", "\n").split("\n")
    identification = _IDENTIFICATION.fullmatch(lines[0])
    sets = _sets(lines[1:-1], is_proved=crc is not None)
    if identification is None or sets is None:
        return _damaged("it holds a line that no telegram has")
    if not sets:
        return _damaged("it holds no values")
    if crc is None and p1_lines.version(sets) >= FIRST_VERSION_WITH_CRC:
        return _damaged("a telegram of its version ends with a CRC, and this one has none")
    found = p1_lines.read_lines(sets)
    proof = Proof.TAG if protection is Protection.CHECKED else Proof.CRC16 if crc is not None else Proof.NONE
    return Push(
        kind=TelegramKind.P1,
        sent_at=p1_lines.sent_at(sets),
        readings=found.readings,
        unnamed=found.unnamed,
        set_aside=found.births,
        protection=protection,
        proof=proof,
        sender=title or identification[1],
    )


def _holds(body: bytes, crc: int) -> bool:
    """Whether the CRC holds; an editor may have taken the carriage returns of pasted text away."""
    return crc16_arc(body) == crc or (b"\r" not in body and crc16_arc(body.replace(b"\n", b"\r\n")) == crc)


def _sets(lines: list[str], *, is_proved: bool) -> list[DataSet] | None:
    """The data sets of all lines; None where a line is none and no CRC says that the meter meant it so."""
    joined: list[str] = []
    for line in filter(None, (line.strip() for line in lines)):
        if line.startswith("(") and joined:
            joined[-1] += line
        else:
            joined.append(line)
    sets: list[DataSet] = []
    for line in joined:
        found = data_sets(line)
        if found is None and not is_proved:
            return None
        sets += found or (DataSet(code="", values=(line,)),)
    return sets


def _damaged(why: str) -> CaptureRefused:
    do = "capture it again; if it lasts, check the cable and the speed (9600 Bd 7E1 to version 3, 115200 Bd 8N1 after)"
    return CaptureRefused(TelegramKind.P1_DAMAGED, f"this is a P1 or mode D telegram, damaged: {why}", do=do)
