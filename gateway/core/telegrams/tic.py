"""Linky TIC: what a French meter says on its customer port without end, in its historic or its standard mode.

    STX  LF label SP value SP check CR ...  ETX            historic: 1200 Bd, 7E1
    STX  LF label HT [time HT] value HT check CR ...  ETX  standard: 9600 Bd, 7E1

What comes in are octets cut anywhere, with their parity bits or without; what goes out is one `Push` for each frame.
The check of a group is a sum of six bits (in the standard mode over the last separator too): a group whose check does
not hold is left out and counted in `set_aside`. That is little proof, so counters wait for a second frame that agrees.

Refused by name: a frame that EOT breaks off (somebody programs the meter), that has no end, or no sound group at all.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from gateway.core.dlms.cosem_time import ClockStatus, CosemDateTime
from gateway.core.dlms.opto import from_7e1
from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.pushed import Proof, Push, PushedReading
from gateway.core.errors import CaptureRefused
from gateway.core.telegrams import data_sets, tic_labels
from gateway.core.telegrams.telegram_capture import telegrams_of
from gateway.core.telegrams.tic_labels import LABELS

MAX_FRAME_BYTES = 8_192
_STX, _ETX = 0x02, 0x03
_STX_OF_SEVEN_BITS = 0x82
_STARTS = re.compile(rb"[\x02\x82]")
_ENDS, _ENDS_OF_SEVEN_BITS = re.compile(rb"[\x02\x03\x04]"), re.compile(rb"[\x82\x03\x84]")
_GROUPS = re.compile(rb"[^\r\n]+")
_LABEL = re.compile(r"[A-Z0-9+-]{2,10}", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,15}", re.ASCII)
_STATUS = re.compile(r"[0-9A-Fa-f]{8}", re.ASCII)
_SEASONS = {"E": "S", "H": "W", "e": "S", "h": "W"}  # été, hiver; in small letters the clock is degraded
_DOUBTFUL = 0x02


class TicKind(StrEnum):
    """What a frame is, or why it is refused."""

    HISTORIC = "tic-historic"
    STANDARD = "tic-standard"
    DAMAGED = "tic-damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One label with its value, and the time beside it where there is one."""

    label: str
    value: str
    at: CosemDateTime | None = None


class TelegramStream:
    """Frames out of octets as they arrive."""

    def __init__(self) -> None:
        self._frame: bytearray | None = None  # None between frames
        self._is_seven_bit = False  # of the frame that is begun: each shows it by its first octet

    def feed(self, octets: bytes) -> tuple[Push | CaptureRefused, ...]:
        """Octets have arrived; every frame that is whole now, or what became of it."""
        return tuple(self._found(octets))

    def _found(self, octets: bytes) -> Iterator[Push | CaptureRefused]:
        at = 0
        while at < len(octets):
            if self._frame is None:
                start = _STARTS.search(octets, at)
                if start is None:
                    return
                self._is_seven_bit, self._frame, at = start[0][0] == _STX_OF_SEVEN_BITS, bytearray(), start.end()
            end = (_ENDS_OF_SEVEN_BITS if self._is_seven_bit else _ENDS).search(octets, at)
            said = octets[at : end.start() if end else len(octets)]
            yield from self._grow(from_7e1(said) if self._is_seven_bit else said)
            if end is None:
                return
            yield from self._ended(end[0][0] & 0x7F)
            at = end.start() if end[0][0] & 0x7F == _STX else end.end()

    def flush(self) -> tuple[Push | CaptureRefused, ...]:
        """Nothing more comes: a frame without its end is none."""
        if self._frame is None:
            return ()
        self._frame = None
        return (_damaged("it is cut off"),)

    def _ended(self, octet: int) -> Iterator[Push | CaptureRefused]:
        frame, self._frame = self._frame, None
        if frame is None:
            return
        if octet == _ETX:
            yield _read(bytes(frame))
        else:
            yield _damaged("it is cut off" if octet == _STX else "the meter broke it off (EOT)")

    def _grow(self, octets: bytes) -> Iterator[CaptureRefused]:
        if self._frame is None:
            return
        self._frame += octets
        if len(self._frame) > MAX_FRAME_BYTES:
            self._frame = None
            yield _damaged(f"it does not end within {MAX_FRAME_BYTES} octets")


def read_telegrams(capture: bytes, _keys: PushKeys | None = None) -> tuple[Push, ...]:
    """Every frame of a capture, in order; raises CaptureRefused where none is whole, or one is broken off.

    Text that was copied without the control characters is taken for one frame.
    """
    if _STX not in capture and _STX_OF_SEVEN_BITS not in capture:
        capture = bytes([_STX]) + capture[:MAX_FRAME_BYTES] + bytes([_ETX])
    pushes = telegrams_of(capture, TelegramStream())
    if not pushes:
        raise _damaged("it has no end")
    return pushes


def is_sound(group: bytes) -> bool:
    """Whether the check of a group holds; `group` stands between LF and CR.

    >>> is_sound(b"PAPP 00450 *"), is_sound(b"PAPP 00451 *")
    (True, False)
    """
    if len(group) < 5 or group[-2] not in b" \t":
        return False
    summed = group[:-1] if group[-2:-1] == b"\t" else group[:-2]
    return (sum(summed) & 0x3F) + 0x20 == group[-1]


def _read(frame: bytes) -> Push | CaptureRefused:
    lines = _GROUPS.findall(frame)
    sound = [line for line in lines if is_sound(line) and line.isascii() and b"\x00" not in line]
    groups = [group for group in map(_group, sound) if group is not None]
    if not groups:
        return _damaged("no group of it is sound")
    readings, unnamed = _readings(groups)
    is_standard = any(b"\t" in line for line in sound)
    clock = next((group.at for group in groups if group.label == tic_labels.CLOCK_LABEL), None)
    return Push(
        kind=TicKind.STANDARD if is_standard else TicKind.HISTORIC,
        sent_at=clock,
        readings=readings,
        unnamed=unnamed,
        set_aside=len(lines) - len(groups),
        proof=Proof.LINE_CHECKS,
        sender=next((group.value for group in groups if group.label in tic_labels.SERIAL_LABELS), ""),
    )


def _group(line: bytes) -> Group | None:
    text = line.decode("ascii")
    separator = text[-2]
    label, *fields = text[:-2].split(separator)
    if not _LABEL.fullmatch(label) or not fields:
        return None
    if separator == "\t" and len(fields) > 1:
        return Group(label=label, value="\t".join(fields[1:]), at=_local_time(fields[0]))
    return Group(label=label, value=separator.join(fields))


def _local_time(text: str) -> CosemDateTime | None:
    """`E260704154230`: the season, then the local time."""
    moment = data_sets.local_time(text[1:] + _SEASONS.get(text[:1], "-"))
    if moment is None or not text[0].islower():
        return moment
    return replace(moment, status=ClockStatus(octet=(moment.status.octet or 0) | _DOUBTFUL))


def _readings(groups: Sequence[Group]) -> tuple[tuple[PushedReading, ...], int]:
    readings: list[PushedReading] = []
    unnamed = 0
    for group in groups:
        meaning = LABELS.get(group.label)
        if group.label == tic_labels.STATUS_LABEL:
            readings += _status(group.value)
        elif meaning is not None and meaning.is_number and _NUMBER.fullmatch(group.value):
            value = data_sets.scaled(Decimal(group.value), meaning.exponent)
            readings.append(PushedReading(obis=meaning.obis, value=value, unit=meaning.unit, at=group.at))
        elif meaning is not None and not meaning.is_number:
            readings.append(PushedReading(obis=meaning.obis, value=group.value.strip(), unit=""))
        elif group.label == tic_labels.CLOCK_LABEL and group.at is not None:
            readings.append(PushedReading(obis=data_sets.CLOCK, value=group.at.text(), unit=""))
        else:
            unnamed += 1
    return (*readings, *_total(readings, {group.label for group in groups})), unnamed


def _status(value: str) -> Iterator[PushedReading]:
    yield PushedReading(obis=LABELS[tic_labels.STATUS_LABEL].obis, value=value, unit="")
    if not _STATUS.fullmatch(value):
        return
    status = tic_labels.Status(int(value, 16))
    yield PushedReading(obis=tic_labels.STATUS_WORDS, value=status.words(), unit="")
    if status.switch.control_state is not None:
        yield PushedReading(obis=tic_labels.SWITCH, value=Decimal(status.switch.control_state), unit="")


def _total(readings: Sequence[PushedReading], labels: set[str]) -> Iterator[PushedReading]:
    """The energy of all tariffs, where the meter tells them one by one and each of them came through."""
    by_code = {reading.obis: reading.value for reading in readings}
    if tic_labels.TOTAL in by_code:
        return
    for tariff in tic_labels.TARIFFS:
        if labels.issuperset(tariff):
            values = [by_code.get(LABELS[label].obis) for label in tariff]
            numbers = [value for value in values if isinstance(value, Decimal)]
            if len(numbers) == len(tariff):
                yield PushedReading(obis=tic_labels.TOTAL, value=sum(numbers, Decimal(0)), unit="Wh")


def _damaged(why: str) -> CaptureRefused:
    do = "capture it again; if it lasts, check the cable and the mode of the TIC (1200 Bd historic, 9600 Bd standard)"
    return CaptureRefused(TicKind.DAMAGED, f"this is a TIC frame, damaged: {why}", do=do)
