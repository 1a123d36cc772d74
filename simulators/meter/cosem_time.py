"""COSEM date-time: twelve bytes of local time, its deviation from UTC and a status (IEC 62056-62, 4.1.6.1).

    year(2) month day weekday(1 = Monday) hour minute second hundredths deviation(2) status

The deviation is what must be *added* to local time to get UTC: -120 minutes in a Central European summer.
0xFF, 0xFFFF and 0x8000 mean "not specified": allowed in a selection, never said by this meter.
"""

from datetime import UTC, datetime, timedelta, timezone, tzinfo

SIZE = 12
STATUS_DAYLIGHT_SAVING = 0x80
STATUS_INVALID = 0x01
_NO_DEVIATION = -0x8000
_MINUTE = timedelta(minutes=1)


def is_daylight_saving(at: datetime, zone: tzinfo) -> bool:
    """Whether summer time is in force at an instant.

    >>> from zoneinfo import ZoneInfo
    >>> is_daylight_saving(datetime(2026, 7, 1, tzinfo=UTC), ZoneInfo("Europe/Madrid"))
    True
    """
    return bool(at.astimezone(zone).dst())


def deviation_minutes(at: datetime, zone: tzinfo) -> int:
    """Minutes to add to the local time at an instant to get UTC."""
    return -((at.astimezone(zone).utcoffset() or timedelta()) // _MINUTE)


def standard_deviation_minutes(at: datetime, zone: tzinfo) -> int:
    """The same without summer time."""
    local = at.astimezone(zone)
    return -(((local.utcoffset() or timedelta()) - (local.dst() or timedelta())) // _MINUTE)


def encode(at: datetime, zone: tzinfo) -> bytes:
    """An instant as the meter's display would show it in its zone.

    >>> from zoneinfo import ZoneInfo
    >>> encode(datetime(2026, 7, 1, 10, 30, tzinfo=UTC), ZoneInfo("Europe/Madrid")).hex(" ")
    '07 ea 07 01 03 0c 1e 00 00 ff 88 80'
    """
    local = at.astimezone(zone)
    return (
        local.year.to_bytes(2, "big")
        + bytes((local.month, local.day, local.isoweekday()))
        + bytes((local.hour, local.minute, local.second, local.microsecond // 10_000))
        + deviation_minutes(at, zone).to_bytes(2, "big", signed=True)
        + bytes((STATUS_DAYLIGHT_SAVING if is_daylight_saving(at, zone) else 0,))
    )


def decode(data: bytes, zone: tzinfo) -> datetime | None:
    """The instant a reader means; without a deviation it means the meter's own local time.

    None when the date is not specified, which in a selection means "without bound".
    Raises ValueError when the bytes are no date-time.
    """
    if len(data) != SIZE:
        raise ValueError(f"a date-time has {SIZE} bytes, not {len(data)}")
    year = int.from_bytes(data[:2], "big")
    if year == 0xFFFF or 0xFF in data[2:4]:
        return None
    hour, minute, second, hundredths = (0 if part == 0xFF else part for part in data[5:9])
    deviation = int.from_bytes(data[9:11], "big", signed=True)
    its_zone = zone if deviation == _NO_DEVIATION else timezone(-deviation * _MINUTE)
    local = datetime(year, data[2], data[3], hour, minute, second, hundredths * 10_000, tzinfo=its_zone)
    try:
        return local.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a date at the end of all calendars") from error
