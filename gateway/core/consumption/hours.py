"""Interval energies into hours of the home's wall clock, each whole or missing.

In come rows of any period that fits into an hour; out goes one `HourUse` for each hour that has passed, oldest first.
An hour with a part missing is missing: three quarters of an hour say nothing sure about the whole. A long gap is told
as one day of missing hours, because nobody looks back further. What lies before the end of the last row was seen
already and is passed over, so that a row fed twice counts once.

Hours begin where the wall clock's do, also where the zone is half an hour off. On the day that has an hour twice, both
count; on the day that lacks one, none is missing.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo

HOUR_S = 3_600
_LONGEST_GAP_H = 24
_DAY_S = 86_400
_EPOCH_WEEKDAY, _SATURDAY = 3, 5  # the first of January 1970 was a Thursday; Monday is 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HourUse:
    """One hour by the home's clock: when it began (Unix seconds), and what was drawn; None where it is not known."""

    starts_at_s: int
    energy_wh: float | None
    hour: int
    is_weekend: bool

    @property
    def ends_at_s(self) -> int:
        return self.starts_at_s + HOUR_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """The hour under way: when it began, how much of it is known, and its energy so far."""

    starts_at_s: int = 0
    covered_s: int = 0
    energy_wh: float = 0.0
    through_s: int = 0  # the end of the last row
    told_s: int = 0  # the end of the last hour told; 0 before the first

    def with_row(
        self, starts_at_s: int, period_s: int, energy_wh: float, zone: tzinfo
    ) -> "tuple[Hours, list[HourUse]]":
        """This row taken in, and the hours that are settled by it."""
        if starts_at_s < self.through_s or period_s > HOUR_S:
            return self, []
        offset_s = _offset_s(starts_at_s, zone)
        begins_s = starts_at_s - (starts_at_s + offset_s) % HOUR_S
        is_same = begins_s == self.starts_at_s
        covered_s = period_s + (self.covered_s if is_same else 0)
        energy_wh += self.energy_wh if is_same else 0.0
        is_whole = covered_s >= HOUR_S
        hours = Hours(
            starts_at_s=begins_s,
            covered_s=covered_s,
            energy_wh=energy_wh,
            through_s=starts_at_s + period_s,
            told_s=begins_s + HOUR_S if is_whole else self.told_s,
        )
        if not is_whole:
            return hours, []
        missing = min((begins_s - self.told_s) // HOUR_S, _LONGEST_GAP_H) if self.told_s else 0
        settled = [_hour(begins_s - back * HOUR_S, None, offset_s) for back in range(missing, 0, -1)]
        settled.append(_hour(begins_s, energy_wh, offset_s))
        return hours, settled


def _offset_s(at_s: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(at_s, zone).utcoffset()
    return 0 if offset is None else offset.days * 86_400 + offset.seconds


def _hour(starts_at_s: int, energy_wh: float | None, offset_s: int) -> HourUse:
    local_s = starts_at_s + offset_s
    weekday = (local_s // _DAY_S + _EPOCH_WEEKDAY) % 7
    return HourUse(
        starts_at_s=starts_at_s, energy_wh=energy_wh, hour=local_s // HOUR_S % 24, is_weekend=weekday >= _SATURDAY
    )
