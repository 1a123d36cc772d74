"""A meter's clock through one association: looked at, or looked at, set and looked at again."""

from collections.abc import Callable

from gateway.adapters.dlms_association import Association
from gateway.adapters.dlms_meter import DlmsMeter
from gateway.core.clock.view import DST_ENABLED, STATUS, ZONE, ClockReading, encoded
from gateway.core.dlms.cosem_time import CosemDateTime
from gateway.core.meter_profile import MeterProfile
from runtime.clock import Clock

_CAPTURE_PERIOD = 4


def read_clock(meter: DlmsMeter, profile: MeterProfile, clock: Clock) -> ClockReading:
    """One look; raises MeterUnread."""
    with meter.visit() as association:
        return _look(association, profile, clock)


def set_clock(
    meter: DlmsMeter, profile: MeterProfile, clock: Clock, decide: Callable[[ClockReading], CosemDateTime]
) -> tuple[ClockReading, ClockReading]:
    """Set it to what `decide` says of a look, and look again; what `decide` raises leaves it as it is.

    Raises ChangeRefused where the meter does not let us, and MeterUnread, after which it may be set or not.
    """
    with meter.visit(may_change=True) as association:
        before = _look(association, profile, clock)
        association.set(profile.clock, encoded(decide(before), as_told=before.told))
        return before, _look(association, profile, clock)


def _look(association: Association, profile: MeterProfile, clock: Clock) -> ClockReading:
    asked_at = clock.now()
    answers, denied = association.get((profile.clock,))
    answered_at = clock.now()
    if profile.clock in denied:
        raise association.refused(f"the meter does not tell its clock ({profile.clock}): {denied[profile.clock]}")
    period_at = (profile.load_profile.buffer.sibling(_CAPTURE_PERIOD),) if profile.load_profile else ()
    beside = tuple(profile.clock.sibling(index) for index in (ZONE, STATUS, DST_ENABLED))
    details, _ = association.get((*beside, *period_at))
    periods = [details[at].value for at in period_at if at in details]
    return ClockReading(
        asked_at=asked_at,
        answered_at=answered_at,
        told=answers[profile.clock],
        attribute=profile.clock,
        details=details,
        period_s=next((value for value in periods if isinstance(value, int) and value > 0), None),
        unspecified_deviation_min=profile.unspecified_deviation_min,
    )
