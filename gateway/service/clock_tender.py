"""Sets a meter's clock where the utility's policy says so, right after a reading that showed it to be off.

Two looks decide: the reading's, which costs nothing, and one in the association that sets it, since a clock that was
set meanwhile must not be set again. Whatever comes of it is said in the log; the meter's own log holds it, too. A meter
that does not let us is asked again after a day. What is remembered of the last time does not outlive the process.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from gateway.core.clock.policy import ClockPolicy, Verdict, judge
from gateway.core.clock.view import USUAL_PERIOD_S, ClockReading, setting_for
from gateway.core.dlms.cosem_time import CosemDateTime
from gateway.core.errors import ChangeRefused, MeterUnread, Undecodable
from gateway.core.meter_profile import MeterProfile
from gateway.core.reading import Snapshot
from runtime import logs
from runtime.clock import Clock

log = logs.get(__name__)


class SetClock(Protocol):
    """Looks at the meter's clock, sets it to what `decide` says, and looks again; raises MeterUnread, ChangeRefused.

    What `decide` raises leaves the clock as it is, and leaves through here.
    """

    def __call__(self, decide: Callable[[ClockReading], CosemDateTime]) -> tuple[ClockReading, ClockReading]: ...


class _Left(Exception):
    """The second look says that the clock is to be left alone."""


class ClockTender:
    """One meter's; for the thread that reads it."""

    def __init__(
        self,
        *,
        number: int,
        profile: MeterProfile,
        policy: ClockPolicy,
        own_uncertainty: timedelta,
        set_clock: SetClock,
        clock: Clock,
    ) -> None:
        self._number, self._profile, self._clock = number, profile, clock
        self._policy, self._own_uncertainty = policy, own_uncertainty
        self._set_clock = set_clock
        self._tried_at: datetime | None = None

    def tend(self, snapshot: Snapshot) -> None:
        """Look at what the reading says of the clock, and set it if it must be. Raises nothing."""
        try:
            shown_at = self._profile.interpret(snapshot).meter_clock_at
        except Undecodable:
            return
        if shown_at is None or not self._judged(shown_at - snapshot.read_at, USUAL_PERIOD_S).sets:
            return
        try:
            before, after = self._set_clock(self._decide)
        except _Left:
            return
        except (ChangeRefused, Undecodable) as error:
            self._tried_at = self._clock.now()
            log.warning("meter_clock_not_set", meter=self._number, reason=error.what)
        except MeterUnread as error:
            log.warning("meter_clock_set_or_not", meter=self._number, reason=error.what)
        else:
            self._tried_at = self._clock.now()
            log.info("meter_clock_set", meter=self._number, was_off_s=_s(before), is_off_s=_s(after))

    def _decide(self, seen: ClockReading) -> CosemDateTime:
        if not self._judged(seen.offset, seen.period_s or USUAL_PERIOD_S, seen.deviation_min).sets:
            raise _Left
        return setting_for(seen, self._clock.now())

    def _judged(self, offset: timedelta, period_s: int, deviation_min: int = 0) -> Verdict:
        return judge(
            self._policy,
            offset,
            now=self._clock.now(),
            period_s=period_s,
            last_set_at=self._tried_at,
            own_uncertainty=self._own_uncertainty,
            deviation_min=deviation_min,
        )


def _s(reading: ClockReading) -> float:
    return round(reading.offset.total_seconds(), 1)
