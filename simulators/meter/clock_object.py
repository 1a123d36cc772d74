"""The meter's clock (class 8): what it shows, how it is set, and the bad manners in which some clocks tell the time.

SET of the time takes a date-time, with its deviation or in the meter's own zone; the methods move the clock to the next
quarter, capture period or minute, to a time that was preset, or by some seconds. What cannot be a time of this meter
is refused. Every setting shifts what the load profile captures from then on, see `meter_clock`.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import Enum

from simulators.meter import axdr, cosem_time
from simulators.meter.axdr import Value
from simulators.meter.cosem_object import CosemObject
from simulators.meter.history import History
from simulators.meter.life import Life
from simulators.meter.profile import CLOCK_CLASS, CLOCK_OBIS

MAX_SHIFT_S = 900
Change = Callable[[History, datetime], None]

_UNSPECIFIED = bytes.fromhex("ffffffffffffffffff8000ff")
_INTERNAL_CRYSTAL = 1
_DEVIATION = slice(9, 11)
_QUARTER, _MINUTE = timedelta(minutes=15), timedelta(minutes=1)


class Manner(Enum):
    """How a clock tells the time: by the book, or as some meters in the field do."""

    PLAIN = "plain"
    NO_DEVIATION = "no-deviation"
    WRONG_SIGN = "wrong-sign"
    NO_STATUS = "no-status"
    NO_HUNDREDTHS = "no-hundredths"
    NO_SECONDS = "no-seconds"
    NO_DATE = "no-date"
    INVALID = "invalid"


def told(octets: bytes, manner: Manner) -> bytes:
    """A date-time as a clock of that manner tells it.

    >>> noon = bytes.fromhex("07ea 07 01 03 0c 00 00 00 ff88 80")
    >>> told(noon, Manner.WRONG_SIGN)[9:11].hex(), told(noon, Manner.NO_DEVIATION)[9:].hex(" ")
    ('0078', '80 00 80')
    """
    date_time = bytearray(octets)
    match manner:
        case Manner.NO_DEVIATION:
            date_time[_DEVIATION] = b"\x80\x00"
        case Manner.WRONG_SIGN:
            minutes = -int.from_bytes(date_time[_DEVIATION], "big", signed=True)
            date_time[_DEVIATION] = minutes.to_bytes(2, "big", signed=True)
        case Manner.NO_STATUS:
            date_time[11] = 0xFF
        case Manner.NO_HUNDREDTHS:
            date_time[4], date_time[8] = 0xFF, 0xFF
        case Manner.NO_SECONDS:
            date_time[7:9] = b"\xff\xff"
        case Manner.NO_DATE:
            date_time[0:5] = b"\xff" * 5
        case Manner.INVALID:
            date_time[11] |= cosem_time.STATUS_INVALID
    return bytes(date_time)


class ClockObject:
    """The clock of one life; `manner` is what a command makes it."""

    def __init__(self, life: Life, change: Change) -> None:
        self.manner = Manner.PLAIN
        self._life = life
        self._change = change
        self._preset: datetime | None = None

    def date_time(self, shown: datetime) -> bytes:
        """What the clock shows, or showed, in A-XDR."""
        return axdr.octet_string(told(cosem_time.encode(shown, self._life.zone), self.manner))

    def as_object(self) -> CosemObject:
        life, unspecified = self._life, axdr.octet_string(_UNSPECIFIED)
        return CosemObject(
            class_id=CLOCK_CLASS,
            obis=CLOCK_OBIS,
            attributes={
                2: lambda at: self.date_time(life.shown(at)),
                3: lambda at: axdr.long(cosem_time.standard_deviation_minutes(life.shown(at), life.zone)),
                4: lambda at: axdr.unsigned(self._status(life.shown(at))),
                5: lambda _: unspecified,
                6: lambda _: unspecified,
                7: lambda _: axdr.integer(60),
                8: lambda at: axdr.boolean(self._zone_has_summer_time(life.shown(at))),
                9: lambda _: axdr.enumerated(_INTERNAL_CRYSTAL),
            },
            writers={2: self._set},
            methods={
                1: lambda value, at: self._round(value, at, _QUARTER),
                2: lambda value, at: self._round(value, at, life.make.capture_period),
                3: lambda value, at: self._round(value, at, _MINUTE),
                4: self._set_to_preset,
                5: self._take_preset,
                6: self._shift,
            },
        )

    def _zone_has_summer_time(self, at: datetime) -> bool:
        zone = self._life.zone
        return any(cosem_time.is_daylight_saving(at + timedelta(days=91 * quarter), zone) for quarter in range(4))

    def _status(self, at: datetime) -> int:
        is_summer = cosem_time.is_daylight_saving(at, self._life.zone)
        status = cosem_time.STATUS_DAYLIGHT_SAVING if is_summer else 0
        return status | cosem_time.STATUS_INVALID if self.manner is Manner.INVALID else status

    def _set(self, value: Value, at: datetime) -> None:
        self._move(self._meant(value), at)

    def _round(self, value: Value, at: datetime, period: timedelta) -> None:
        """To the nearest full period of the hour."""
        _nothing(value)
        shown = self._life.shown(at)
        past = (shown - shown.replace(minute=0, second=0, microsecond=0)) % period
        self._move(shown - past if past < period / 2 else shown - past + period, at)

    def _set_to_preset(self, value: Value, at: datetime) -> None:
        _nothing(value)
        if self._preset is None:
            raise ValueError("no time is preset")
        self._move(self._preset, at)

    def _take_preset(self, value: Value, at: datetime) -> None:
        if not isinstance(value, tuple) or len(value) != 3:
            raise TypeError("a preset is a time and the two bounds of its validity")
        preset, begins_at, ends_at = (self._meant(part) for part in value)
        if not begins_at <= self._life.shown(at) <= ends_at:
            raise ValueError("not valid now")
        self._preset = preset

    def _shift(self, value: Value, at: datetime) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError("a shift is a number of seconds")
        if abs(value) > MAX_SHIFT_S:
            raise ValueError("too far to shift")
        self._move(self._life.shown(at) + timedelta(seconds=value), at)

    def _meant(self, value: Value) -> datetime:
        if not isinstance(value, bytes):
            raise TypeError("a time is a date-time")
        meant = cosem_time.decode(value, self._life.zone)
        if meant is None or not 2000 <= meant.year < 2099:
            raise ValueError("no time of this meter's life")
        return meant.astimezone(UTC)

    def _move(self, shows: datetime, at: datetime) -> None:
        history = self._life.history
        self._change(history.with_clock(history.clock.set_to(shows, at)), at)


def _nothing(value: Value) -> None:
    """The methods that need no parameter are called with a zero."""
    if value not in (0, None):
        raise TypeError("this method takes nothing")
