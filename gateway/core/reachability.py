"""Whether a meter can be read: said once when it no longer can, and once when it can again.

One failed reading is a frame lost by chance; two in a row are a meter out of reach. This is news about the link and
for the people who keep it. What a silent meter means for the supply is judged elsewhere (`interruption`).

>>> from datetime import UTC, timedelta
>>> t0 = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
>>> state = Reachability()
>>> for minute, fault in enumerate((None, LinkFault.SILENT, LinkFault.SILENT, LinkFault.GARBLED, None)):
...     state, event = step(state, fault, t0 + timedelta(minutes=minute))
...     print(minute, event)
0 None
1 None
2 MeterUnreachable(since_ms=1795284060000, reason=<LinkFault.SILENT: 1>)
3 None
4 MeterReachable(silent_for_ms=180000)
"""

from dataclasses import dataclass
from datetime import datetime

from wire.events import MeterReachable, MeterUnreachable
from wire.instants import duration_ms, unix_ms
from wire.terms import LinkFault

_FAILURES_TOLD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachability:
    """How many readings in a row failed, since when, and whether that has been told."""

    failures: int = 0
    failing_since: datetime | None = None
    told: bool = False


def step(
    state: Reachability, fault: LinkFault | None, asked_at: datetime
) -> tuple[Reachability, MeterUnreachable | MeterReachable | None]:
    """What follows from a reading asked for at `asked_at` that failed with `fault`, or succeeded (None)."""
    since = state.failing_since or asked_at
    if fault is None:
        event = MeterReachable(silent_for_ms=duration_ms(asked_at - since)) if state.told else None
        return Reachability(), event
    failures = state.failures + 1
    if state.told or failures < _FAILURES_TOLD:
        return Reachability(failures=failures, failing_since=since, told=state.told), None
    return (
        Reachability(failures=failures, failing_since=since, told=True),
        MeterUnreachable(since_ms=unix_ms(since), reason=fault),
    )
