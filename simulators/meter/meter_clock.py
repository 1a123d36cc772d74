"""A meter's own clock, which may be set, jump and run too fast, and the instants at which a profile captures by it.

Between two settings it runs straight, so that what it shows is a pure function of the true time. A profile captures
whenever the clock *shows* a full period: after a setting forward periods are missing, after one back they come twice,
exactly as in a real meter's buffer. Summer time is no setting: the periods of a doubled or a missing hour are told
apart by their deviation.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo

MAX_SETTINGS = 100
MAX_DRIFT_PPM = 100_000.0
_MILLION = 1_000_000.0
_QUARTER = timedelta(minutes=15)
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """From `at` on the clock showed `shows`, and ran `drift_ppm` too fast; `is_jump` unless only its pace changed."""

    at: datetime
    shows: datetime
    drift_ppm: float = 0.0
    is_jump: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One row of a profile: what the clock showed, and when that truly was."""

    stamp: datetime
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterClock:
    """Every setting so far, oldest first; the oldest of too many are forgotten."""

    settings: tuple[Setting, ...] = ()

    def shown(self, at: datetime) -> datetime:
        """What the clock shows at an instant.

        >>> noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
        >>> clock = MeterClock().jumped(timedelta(minutes=2), noon)
        >>> clock.shown(noon - timedelta(seconds=1)).time(), clock.shown(noon).time()
        (datetime.time(11, 59, 59), datetime.time(12, 2))
        """
        place = bisect_right(self.settings, at, key=lambda setting: setting.at)
        return _shown(self.settings[place - 1], at) if place else at

    def set_to(self, shows: datetime, at: datetime) -> "MeterClock":
        """Set; it keeps its pace."""
        pace = self.settings[-1].drift_ppm if self.settings else 0.0
        bounded = min(max(shows, _FIRST), _LAST)
        return self._with(Setting(at=at, shows=bounded, drift_ppm=pace))

    def jumped(self, by: timedelta, at: datetime) -> "MeterClock":
        """Moved forward or back."""
        return self.set_to(self.shown(at) + by, at)

    def drifting(self, drift_ppm: float, at: datetime) -> "MeterClock":
        """From now on too fast by so much, or too slow."""
        return self._with(Setting(at=at, shows=self.shown(at), drift_ppm=drift_ppm, is_jump=False))

    def was_set_between(self, began_at: datetime, ended_at: datetime) -> bool:
        """Whether it jumped after one instant and not after the other."""
        return any(setting.is_jump and began_at < setting.at <= ended_at for setting in self.settings)

    def next_quarter(self, at: datetime) -> datetime:
        """When it will next show a full quarter of an hour: until then nothing can be captured, in any zone."""
        stretch = self.settings[-1] if self.settings else Setting(at=at, shows=at)
        stamp = _full_period(_shown(stretch, at), _QUARTER, UTC) + _QUARTER
        return stretch.at + (stamp - stretch.shows) / (1 + stretch.drift_ppm / _MILLION)

    def captures(
        self, since: datetime, until: datetime, *, period: timedelta, zone: tzinfo, limit: int
    ) -> list[Capture]:
        """The last `limit` rows captured after `since` and not after `until`, in the order they were captured."""
        newest_first: list[Capture] = []
        ends_at = until
        for stretch in (*reversed(self.settings), Setting(at=since, shows=since)):
            began_at = max(stretch.at, since)
            is_last = not newest_first and ends_at == until
            for capture in _full_periods(stretch, began_at, ends_at, period, zone):
                if capture.at < ends_at or is_last:
                    newest_first.append(capture)
                if len(newest_first) == limit:
                    return newest_first[::-1]
            ends_at = min(ends_at, began_at)
            if ends_at <= since:
                break
        return newest_first[::-1]

    def _with(self, setting: Setting) -> "MeterClock":
        return replace(self, settings=(*self.settings, setting)[-MAX_SETTINGS:])


def _shown(setting: Setting, at: datetime) -> datetime:
    passed = at - setting.at
    return setting.shows + passed + passed * (setting.drift_ppm / _MILLION)


def _full_periods(
    stretch: Setting, began_at: datetime, ends_at: datetime, period: timedelta, zone: tzinfo
) -> Iterator[Capture]:
    """Newest first, within one stretch between settings; its beginning is not in it, its end is."""
    pace, ahead = 1 + stretch.drift_ppm / _MILLION, stretch.shows - stretch.at
    stamp, first = _full_period(_shown(stretch, ends_at), period, zone), _shown(stretch, began_at)
    while stamp > first:
        at = stamp - ahead if pace == 1 else stretch.at + (stamp - stretch.shows) / pace
        yield Capture(stamp=stamp, at=at)
        stamp -= period


def _full_period(at: datetime, period: timedelta, zone: tzinfo) -> datetime:
    """The last full period of local time, which in some zones is not one of UTC."""
    local = at.astimezone(zone)
    within_day = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return at - within_day % period
