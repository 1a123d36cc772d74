"""Instants on a page: shown by the clock on the home's wall, with UTC behind them and how long ago they were.

Every instant becomes a `<time>` element whose `datetime` is UTC for programs and whose `title` is UTC for people.
In the hour that summer time gives back, the offset stands beside the time of day.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

_MONTHS: Final = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_WEEKDAYS: Final = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_JUST_NOW: Final = timedelta(seconds=5)
_UNITS: Final = ((86_400, "day"), (3_600, "h"), (60, "min"), (1, "s"))
_NBSP: Final = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """How instants are written on one page: in whose zone, and seen from when."""

    zone: ZoneInfo
    now: datetime

    def clock(self, at: datetime) -> Markup:
        """The time of day to the second, with the day in front unless it is today: "18:02:10"."""
        return self._element(at, f"{self._day_unless_today(at)}{_clock(self._local(at), seconds=True)}")

    def minute(self, at: datetime) -> Markup:
        """The time of day to the minute, with the day in front unless it is today: "Fri 20 Nov, 18:02"."""
        return self._element(at, f"{self._day_unless_today(at)}{_clock(self._local(at), seconds=False)}")

    def dated(self, at: datetime) -> Markup:
        """Day and time to the minute, today's too: "Sat 21 Nov, 18:02"."""
        return self._element(at, self.plain(at))

    def full(self, at: datetime) -> Markup:
        """Day and time to the second: "Sat 21 Nov 2026, 18:02:10"."""
        local = self._local(at)
        return self._element(at, f"{_day(local)} {local.year}, {_clock(local, seconds=True)}")

    def ago(self, at: datetime) -> Markup:
        """How long ago it was: "40 s ago", "3 min ago"."""
        return self._element(at, ago(self.now - at))

    def plain(self, at: datetime) -> str:
        """Day and time to the minute as mere text, where no element may stand."""
        local = self._local(at)
        return f"{_day(local)}, {_clock(local, seconds=False)}"

    def time(self, at: datetime) -> str:
        """As `minute`, as mere text: "18:02"."""
        return f"{self._day_unless_today(at)}{_clock(self._local(at), seconds=False)}"

    def local(self, at: datetime) -> datetime:
        """The instant by the home's clock."""
        return self._local(at)

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)

    def _day_unless_today(self, at: datetime) -> str:
        local = self._local(at)
        return "" if local.date() == self._local(self.now).date() else f"{_day(local)}, "

    def _element(self, at: datetime, text: str) -> Markup:
        return Markup('<time datetime="{machine}" title="{utc}">{text}</time>').format(
            machine=machine(at), utc=utc(at), text=text
        )


def machine(at: datetime) -> str:
    """The instant for programs: ISO 8601 in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc(at: datetime) -> str:
    """The instant for people who compare logs."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def ago(span: timedelta) -> str:
    """How long ago something was, in its largest unit.

    >>> ago(timedelta(seconds=200)).replace(_NBSP, " ")
    '3 min ago'
    """
    if span < -_JUST_NOW:
        return f"in {length(-span)}"
    return "just now" if span < _JUST_NOW else f"{length(span)} ago"


def length(span: timedelta) -> str:
    """A length of time in its largest unit, rounded down.

    >>> length(timedelta(hours=49)).replace(_NBSP, " "), length(timedelta(milliseconds=120)).replace(_NBSP, " ")
    ('2 days', '120 ms')
    """
    seconds = int(span.total_seconds())
    if seconds < 1:
        return f"{span // timedelta(milliseconds=1)}{_NBSP}ms"
    size, unit = next((size, unit) for size, unit in _UNITS if seconds >= size)
    count = seconds // size
    plural = "s" if unit == "day" and count > 1 else ""
    return f"{count}{_NBSP}{unit}{plural}"


def _day(local: datetime) -> str:
    return f"{_WEEKDAYS[local.weekday()]}{_NBSP}{local.day}{_NBSP}{_MONTHS[local.month - 1]}"


def _clock(local: datetime, *, seconds: bool) -> str:
    text = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    return f"{text}{_NBSP}(UTC{local:%z})" if _comes_twice(local) else text


def _comes_twice(local: datetime) -> bool:
    earlier, later = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    return earlier is not None and later is not None and earlier > later
