"""Which meters a gateway reads, compared with those it read before: what was fitted, and what was removed.

A meter is itself by its serial number. One whose number is not known yet, because it was never read, is told of when
it has named itself. A meter that answers badly, or another one in its place, is no removal: only the registry says
which meters there are, and a technician writes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from wire.events import MeterFitted, MeterRemoved
from wire.instants import unix_ms

MAX_PROFILE_CHARS = 64  # what an event can carry


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A meter under its number in the registry; `subject` names it in events, empty while it is not known."""

    number: int
    subject: str
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """The meters that were told of."""

    meters: tuple[Fitted, ...] = ()


Told: TypeAlias = tuple[str, MeterFitted | MeterRemoved]
"""Which meter an event is about, and the event."""


def call(roll: Roll, meters: Sequence[Fitted], now: datetime) -> tuple[Roll, tuple[Told, ...]]:
    """The roll as it is now, and what is to be told of the difference: removals first.

    >>> from datetime import UTC
    >>> old, new = (Fitted(number=1, subject=name, profile="idis") for name in ("LMP1", "LMP2"))
    >>> roll, told = call(Roll(meters=(old,)), (new,), datetime(2026, 11, 21, tzinfo=UTC))
    >>> [(subject, type(event).__name__) for subject, event in told]
    [('LMP1', 'MeterRemoved'), ('LMP2', 'MeterFitted')]
    """
    named = {meter.number: meter for meter in meters if meter.subject}
    unnamed = {meter.number for meter in meters if not meter.subject}
    known = {meter.number: meter for meter in roll.meters}
    subjects = {meter.subject for meter in named.values()}
    told: list[Told] = [
        (before.subject, MeterRemoved(number=number, noticed_at_ms=unix_ms(now)))
        for number, before in known.items()
        if number not in unnamed and before.subject not in subjects
    ]
    told += [
        (meter.subject, MeterFitted(number=number, profile=meter.profile, since_ms=unix_ms(now)))
        for number, meter in named.items()
        if known.get(number) != meter
    ]
    waiting = [before for number, before in known.items() if number in unnamed]
    meters_now = sorted((*named.values(), *waiting), key=lambda meter: meter.number)
    return Roll(meters=tuple(meters_now)), tuple(told)
