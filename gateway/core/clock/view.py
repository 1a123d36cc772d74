"""A meter's clock as it was read: what it shows, how far it is off, how surely that is known, what it may be set to.

The meter looked at its clock somewhere between our question and its answer, so that the offset is reckoned from the
middle and is uncertain by half of that; a clock that tells whole seconds adds half a second. A clock that is set keeps
its own local time and its own flag of daylight saving. A jump that leaves the capture period would make an interval
that never ends, or one that comes twice: it is told, and needs more than a nod.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.core.clock.policy import capture_period
from gateway.core.dlms.cosem_time import ClockStatus, CosemDateTime, from_utc
from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.obis import Attribute

USUAL_PERIOD_S = 900  # where the meter does not tell its capture period
ZONE, STATUS, DST_ENABLED = 3, 4, 8
_DAYLIGHT_SAVING = 0x80
_STATUS_WORDS = {
    "is_invalid": "invalid",
    "is_doubtful": "doubtful",
    "is_of_other_base": "on another time base",
    "is_status_invalid": "these flags are invalid themselves",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """One look at the clock. `asked_at` and `answered_at` are the gateway's, aware UTC."""

    asked_at: datetime
    answered_at: datetime
    told: Data
    attribute: Attribute
    details: Mapping[Attribute, Data]
    period_s: int | None
    unspecified_deviation_min: int | None

    @property
    def moment(self) -> CosemDateTime:
        """What the clock showed; raises Undecodable."""
        return self.told.date_time()

    @property
    def read_at(self) -> datetime:
        """The gateway's clock when the meter looked at its own, as well as it can be known."""
        return self.asked_at + (self.answered_at - self.asked_at) / 2

    @property
    def offset(self) -> timedelta:
        """How far it is ahead of the gateway's; raises Undecodable where that cannot be known."""
        shown = self.moment.to_utc(unspecified_deviation_min=self.unspecified_deviation_min)
        return shown + timedelta(seconds=self._resolution_s / 2) - self.read_at

    @property
    def deviation_min(self) -> int:
        """The minutes from the clock's local time to UTC; raises Undecodable where nobody knows them."""
        return self.moment.deviation_in_force(self.unspecified_deviation_min)

    @property
    def uncertainty_s(self) -> float:
        """How far the offset may be wrong."""
        return (self.answered_at - self.asked_at).total_seconds() / 2 + self._resolution_s / 2

    @property
    def _resolution_s(self) -> float:
        time = self.moment.time
        if time.second is None:
            return 60.0
        # A clock that says .00 may have no hundredths, or happen to stand there: the worse is taken.
        return 0.01 if time.hundredths else 1.0

    def number(self, index: int) -> int | None:
        """A number that stands beside the time; None where the meter does not tell it."""
        data = self.details.get(self.attribute.sibling(index))
        return data.value if data is not None and isinstance(data.value, int) else None

    @property
    def status_words(self) -> tuple[str, ...]:
        """What the clock says against itself."""
        return status_words(self.moment.status)


def status_words(status: ClockStatus) -> tuple[str, ...]:
    """The flags that are set, but for daylight saving, which is none against it."""
    return tuple(words for name, words in _STATUS_WORDS.items() if getattr(status, name))


def setting_for(reading: ClockReading, now: datetime) -> CosemDateTime:
    """What the clock has to be set to, told as it tells the time itself; raises Undecodable for an unknown place.

    The setting arrives half a round trip after it is said.
    """
    moment, deviation_min = reading.moment, reading.deviation_min
    arrives_at = now + (reading.answered_at - reading.asked_at) / 2
    local = from_utc(arrives_at, deviation_min=deviation_min)
    weekday = (arrives_at - timedelta(minutes=deviation_min)).isoweekday()
    return replace(
        local,
        date=replace(local.date, weekday=weekday),
        deviation_min=moment.deviation_min,
        status=ClockStatus(octet=_DAYLIGHT_SAVING if moment.status.is_daylight_saving else 0),
    )


def encoded(setting: CosemDateTime, *, as_told: Data) -> bytes:
    """The setting in A-XDR, of the type in which the meter told the time."""
    if as_told.type is DataType.DATE_TIME:
        return bytes([DataType.DATE_TIME]) + setting.encode()
    return bytes([DataType.OCTET_STRING, len(setting.encode())]) + setting.encode()


def leaves_period(reading: ClockReading, now: datetime) -> bool:
    """Whether setting the clock takes it out of the capture period it is in; raises Undecodable as `offset`."""
    now_in, shown_in = (
        capture_period(at, reading.period_s or USUAL_PERIOD_S, reading.deviation_min)
        for at in (now, now + reading.offset)
    )
    return now_in != shown_in
