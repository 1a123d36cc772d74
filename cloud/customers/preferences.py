"""How a customer wishes to be told: not at night, and of a bill only past a line of her own.

Quiet hours are wall-clock hours where she lives, and hold for what can wait; word of her supply is never kept back by
them. They may reach over midnight; where they begin when they end, there are none. In the hour that summer time gives
back a time of day comes twice, and what was kept back waits for the second one; a time that summer time takes away is
waited for by the clock as it was before.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cloud.kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """A customer's own wishes; without a `bill_line` the bills she usually gets are the measure."""

    quiet_from: time = time(21)
    quiet_until: time = time(8)
    bill_line: Money | None = None

    def is_quiet(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether her clock shows a time at which she wishes to hear nothing."""
        clock = at.astimezone(zone).time()
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= clock < self.quiet_until
        return clock >= self.quiet_from or clock < self.quiet_until

    def speak_at(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The first instant from `now` at which she may be told: `now`, or the end of her quiet hours.

        >>> Preferences().speak_at(datetime(2026, 6, 21, 2, 30, tzinfo=UTC), ZoneInfo("America/Sao_Paulo")).isoformat()
        '2026-06-21T11:00:00+00:00'
        """
        if not self.is_quiet(now, zone):
            return now
        local = now.astimezone(zone)
        ends_tomorrow = self.quiet_from > self.quiet_until and local.time() >= self.quiet_from
        day = local.date() + timedelta(days=1) if ends_tomorrow else local.date()
        ends = (datetime.combine(day, self.quiet_until, zone).replace(fold=fold) for fold in (0, 1))
        return max(end.astimezone(UTC) for end in ends)
