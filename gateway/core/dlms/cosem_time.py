"""COSEM date and time: twelve octets that may leave anything unsaid (Blue Book, 4.1.6.1).

What comes in is an octet-string of 12 (date-time), 5 (date) or 4 (time); what goes out keeps every field and every
"not specified" apart, and writes the same octets again. `to_utc` is the one step to an instant: the fields are LOCAL
time and the deviation is what to ADD to reach UTC (central European summer time says -120). It refuses to make an
instant of a pattern with wildcards, and of a local time whose deviation nobody knows.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.core.errors import Undecodable

DATE_TIME_BYTES, DATE_BYTES, TIME_BYTES = 12, 5, 4
MAX_DEVIATION_MIN = 840  # UTC+14; the Blue Book's 720 forgets the Line Islands
_SUMMER_MIN = 60
_NOT_SPECIFIED = 0xFF
_YEAR_NOT_SPECIFIED = 0xFFFF
_DEVIATION_NOT_SPECIFIED = -0x8000
_MONTHS = (*range(1, 13), 0xFD, 0xFE)  # end and begin of daylight saving
_DAYS = (*range(1, 32), 0xFD, 0xFE)  # second last and last day of the month
_YEARS = range(2, 9_999)  # a day and a period before and after can be reckoned with
_LOCAL = struct.Struct(">H7B")  # year, month, day, weekday, hour, minute, second, hundredths


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStatus:
    """What the meter's clock says of itself. `octet` None means the meter said nothing (0xFF), so no flag is set."""

    octet: int | None

    @property
    def is_invalid(self) -> bool:
        """The time could not be recovered after an incident."""
        return self._has(0x01)

    @property
    def is_doubtful(self) -> bool:
        """The time was recovered, but nobody vouches for it."""
        return self._has(0x02)

    @property
    def is_of_other_base(self) -> bool:
        """The clock runs on another timing source than its usual one."""
        return self._has(0x04)

    @property
    def is_status_invalid(self) -> bool:
        """At least one of these flags is itself wrong."""
        return self._has(0x08)

    @property
    def is_daylight_saving(self) -> bool:
        """The local time carries daylight saving."""
        return self._has(0x80)

    def _has(self, bit: int) -> bool:
        return self.octet is not None and bool(self.octet & bit)


UNSPECIFIED_STATUS = ClockStatus(octet=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CosemDate:
    """A calendar day or a pattern of days; None is "not specified"."""

    year: int | None
    month: int | None
    day: int | None
    weekday: int | None  # 1 is Monday

    @classmethod
    def decode(cls, octets: bytes) -> "CosemDate":
        """From 5 octets; raises Undecodable."""
        _expect(octets, DATE_BYTES, "date")
        year = int.from_bytes(octets[:2], "big")
        return cls(
            year=None if year == _YEAR_NOT_SPECIFIED else year,
            month=_field(octets[2], _MONTHS, "month"),
            day=_field(octets[3], _DAYS, "day"),
            weekday=_field(octets[4], range(1, 8), "day of week"),
        )

    def encode(self) -> bytes:
        """The 5 octets."""
        year = _YEAR_NOT_SPECIFIED if self.year is None else self.year
        return year.to_bytes(2, "big") + bytes(map(_octet, (self.month, self.day, self.weekday)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CosemTime:
    """A time of day or a pattern of times; None is "not specified"."""

    hour: int | None
    minute: int | None
    second: int | None
    hundredths: int | None

    @classmethod
    def decode(cls, octets: bytes) -> "CosemTime":
        """From 4 octets; raises Undecodable."""
        _expect(octets, TIME_BYTES, "time")
        return cls(
            hour=_field(octets[0], range(24), "hour"),
            minute=_field(octets[1], range(60), "minute"),
            second=_field(octets[2], range(60), "second"),
            hundredths=_field(octets[3], range(100), "hundredths"),
        )

    def encode(self) -> bytes:
        """The 4 octets."""
        return bytes(map(_octet, (self.hour, self.minute, self.second, self.hundredths)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CosemDateTime:
    """A date, a time, how far local time lies from UTC, and what the clock says of itself."""

    date: CosemDate
    time: CosemTime
    deviation_min: int | None  # minutes to add to local time to reach UTC; None is "not specified" (0x8000)
    status: ClockStatus

    @classmethod
    def decode(cls, octets: bytes) -> "CosemDateTime":
        """From 12 octets; raises Undecodable.

        >>> CosemDateTime.decode(bytes.fromhex("07e60704010f2a1e00ff8880")).to_utc().isoformat()
        '2022-07-04T13:42:30+00:00'
        """
        _expect(octets, DATE_TIME_BYTES, "date-time")
        deviation = int.from_bytes(octets[9:11], "big", signed=True)
        if deviation != _DEVIATION_NOT_SPECIFIED and abs(deviation) > MAX_DEVIATION_MIN:
            raise Undecodable(f"a clock cannot be {deviation} minutes from UTC")
        return cls(
            date=CosemDate.decode(octets[:5]),
            time=CosemTime.decode(octets[5:9]),
            deviation_min=None if deviation == _DEVIATION_NOT_SPECIFIED else deviation,
            status=UNSPECIFIED_STATUS if octets[11] == _NOT_SPECIFIED else ClockStatus(octet=octets[11]),
        )

    def encode(self) -> bytes:
        """The 12 octets."""
        deviation = _DEVIATION_NOT_SPECIFIED if self.deviation_min is None else self.deviation_min
        return b"".join(
            (self.date.encode(), self.time.encode(), deviation.to_bytes(2, "big", signed=True), self._status_octet())
        )

    def to_utc(self, *, unspecified_deviation_min: int | None = None) -> datetime:
        """The instant, aware and in UTC. Seconds and hundredths that are not specified count as nought.

        Args:
            unspecified_deviation_min: what to add where the meter does not say, from its profile; an hour less
                where its status tells daylight saving.

        Raises Undecodable where the fields are a pattern, no real day, or local time of an unknown place.
        """
        deviation_min = self.deviation_in_force(unspecified_deviation_min)
        year, month, day, hour, minute = self._instant_fields()
        hundredths = self.time.hundredths or 0
        if year not in _YEARS:
            raise Undecodable(f"{self.encode().hex()} is no real date: the year is {year}")
        try:
            local = datetime(year, month, day, hour, minute, self.time.second or 0, hundredths * 10_000, tzinfo=UTC)
            return local + timedelta(minutes=deviation_min)
        except (ValueError, OverflowError) as error:
            raise Undecodable(f"{self.encode().hex()} is no real date: {error}") from error

    def deviation_in_force(self, unspecified_deviation_min: int | None) -> int:
        """The minutes from its local time to UTC, as `to_utc` takes them; raises Undecodable where nobody knows."""
        if self.deviation_min is not None:
            return self.deviation_min
        if unspecified_deviation_min is None:
            raise Undecodable(
                "the meter gives local time and does not say how far from UTC",
                do="set clock.unspecified_deviation_min in its profile",
            )
        return unspecified_deviation_min - (_SUMMER_MIN if self.status.is_daylight_saving else 0)

    def text(self) -> str:
        """For people: local time and its offset where the meter gives one; `*` stands for what it leaves unsaid.

        >>> CosemDateTime.decode(bytes.fromhex("07e60704010f2a1e00ff8880")).text()
        '2022-07-04T15:42:30+02:00'
        """
        date = "-".join(
            "*" if field is None else f"{field:02}" for field in (self.date.year, self.date.month, self.date.day)
        )
        parts = (self.time.hour, self.time.minute, self.time.second)
        time = ":".join("*" if field is None else f"{field:02}" for field in parts)
        if self.deviation_min is None:
            return f"{date}T{time}"
        hours, minutes = divmod(abs(self.deviation_min), 60)
        return f"{date}T{time}{'-' if self.deviation_min > 0 else '+'}{hours:02}:{minutes:02}"

    def _instant_fields(self) -> tuple[int, int, int, int, int]:
        match (self.date.year, self.date.month, self.date.day, self.time.hour, self.time.minute):
            case (int() as year, int() as month, int() as day, int() as hour, int() as minute):
                return year, month, day, hour, minute
        raise Undecodable(f"{self.encode().hex()} is a pattern of times, not an instant")

    def _status_octet(self) -> bytes:
        return bytes([_octet(self.status.octet)])


def from_utc(at: datetime, *, deviation_min: int = 0) -> CosemDateTime:
    """The octets' fields for an aware instant, told in the local time of a clock with this deviation."""
    local = at.astimezone(UTC) - timedelta(minutes=deviation_min)
    return CosemDateTime(
        date=CosemDate(year=local.year, month=local.month, day=local.day, weekday=None),
        time=CosemTime(
            hour=local.hour, minute=local.minute, second=local.second, hundredths=local.microsecond // 10_000
        ),
        deviation_min=deviation_min,
        status=ClockStatus(octet=0),
    )


def local_octets(local: datetime) -> bytes:
    """Date and time of day as the first nine octets of a date-time, the day of the week not specified.

    >>> local_octets(datetime(2026, 11, 21, 9, 0)).hex()
    '07ea0b15ff09000000'
    """
    hundredths = local.microsecond // 10_000
    return _LOCAL.pack(
        local.year, local.month, local.day, _NOT_SPECIFIED, local.hour, local.minute, local.second, hundredths
    )


def _field(octet: int, allowed: "range | tuple[int, ...]", name: str) -> int | None:
    if octet == _NOT_SPECIFIED:
        return None
    if octet not in allowed:
        raise Undecodable(f"{octet} is no {name}")
    return octet


def _octet(field: int | None) -> int:
    return _NOT_SPECIFIED if field is None else field


def _expect(octets: bytes, size: int, name: str) -> None:
    if len(octets) != size:
        raise Undecodable(f"a {name} has {size} octets, not {len(octets)}")
