"""What of a home's use may leave the house: nothing finer than billing needs, unless the customer agreed to it.

A curve of quarter-hours tells when somebody rose, cooked and went out. The gateway reads it and looks at it, and sends
what a bill is reckoned from: energies over whole billing periods, and what the energy and power registers say once in
each. With consent, periods may be as short as it says. Voltages and the state of the supply are about the network and
go as they come.

Rows go in as the meter gave them, oldest first, and come out as they may be told. Fine ones are added up until their
billing period is whole; one that is not whole because a row is missing is not told, for nobody could say what it lacks.
Consent begins, and ends, with a billing period, so that no two statements overlap.

>>> from datetime import UTC, datetime, timedelta
>>> from wire.units import Quantity
>>> noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
>>> quarters = [
...     IntervalRow(
...         ends_at=noon + timedelta(minutes=15 * n),
...         period_s=900,
...         status=IntervalStatus(0),
...         values=((Quantity.ENERGY_IMPORT_WH, 100 * n),),
...     )
...     for n in (1, 2, 3, 4)
... ]
>>> told, rows = tell_intervals(Told(), quarters, Disclosure())
>>> [(row.period_s, row.values) for row in rows]
[(3600, ((<Quantity.ENERGY_IMPORT_WH: 1>, 1000),))]
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo

from gateway.core.reading import IntervalRow, IntervalStatus
from wire.events import UnusualUse
from wire.instants import from_unix_ms
from wire.units import OF_THE_HOME, Quantity

_DAY_S = 86_400
_ENERGIES = (Quantity.ENERGY_IMPORT_WH, Quantity.ENERGY_EXPORT_WH)


@dataclass(frozen=True, slots=True, kw_only=True)
class FineConsent:
    """The customer agreed to periods of `finest_period_s` and longer, from `since` until `until` (None: until further
    notice); aware UTC."""

    finest_period_s: int
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """How long a billing period is (of `wire.units`), in whose hours, and what the customer agreed to."""

    billing_period_s: int = 3_600
    zone: tzinfo = UTC
    consent: FineConsent | None = None

    def finest_s(self, at: datetime) -> int:
        """The shortest period that may be told of the instant `at`."""
        consent = self.consent
        if consent is None or at < self._next_period(consent.since):
            return self.billing_period_s
        if consent.until is not None and at >= self._next_period(consent.until):
            return self.billing_period_s
        return min(consent.finest_period_s, self.billing_period_s)

    def period_of(self, at: datetime, period_s: int) -> tuple[datetime, datetime]:
        """The period of this length that holds `at`, counted from local midnight: its start and its end, UTC."""
        local = at.astimezone(self.zone)
        if period_s == _DAY_S:
            midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
            return midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC)
        offset = local.utcoffset() or timedelta()
        into = timedelta(seconds=(at.timestamp() + offset.total_seconds()) % period_s)
        start = at - into
        return start, start + timedelta(seconds=period_s)

    def _next_period(self, at: datetime) -> datetime:
        """The first beginning of a billing period that is not before `at`."""
        start, end = self.period_of(at, self.billing_period_s)
        return at if start == at else end


@dataclass(frozen=True, slots=True, kw_only=True)
class Adding:
    """A billing period that is not whole yet: what its rows up to `through` came to, for each energy all had."""

    start: datetime
    through: datetime
    status: int
    sums: tuple[tuple[Quantity, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How far one home's use has been told: the period being added up, and until when its registers have been told."""

    adding: Adding | None = None
    registers_until: datetime | None = None


def tell_intervals(
    told: Told, rows: Sequence[IntervalRow], disclosure: Disclosure
) -> tuple[Told, tuple[IntervalRow, ...]]:
    """The rows that may leave the house, and what is added up meanwhile."""
    adding = told.adding
    out: list[IntervalRow] = []
    for row in rows:
        start, end = disclosure.period_of(row.starts_at, disclosure.billing_period_s)
        if row.period_s >= disclosure.finest_s(row.starts_at) or row.ends_at - row.starts_at >= end - start:
            adding = None
            out.append(row)
            continue
        adding = _added(adding, row, start)
        if adding is not None and adding.through == end:
            out.append(_whole(adding))
            adding = None
        elif row.ends_at > end:
            adding = None  # it lies in two periods, and nobody knows how much of it in which
    return replace(told, adding=adding), tuple(out)


def tell_registers(
    told: Told, at: datetime, values: Sequence[tuple[Quantity, int]], disclosure: Disclosure
) -> tuple[Told, tuple[tuple[Quantity, int], ...]]:
    """The register values of the instant `at` that may leave the house: those of the home's use once a period."""
    if not any(quantity in OF_THE_HOME for quantity, _ in values):
        return told, tuple(values)
    if told.registers_until is not None and at < told.registers_until:
        return told, tuple((quantity, value) for quantity, value in values if quantity not in OF_THE_HOME)
    _, end = disclosure.period_of(at, disclosure.finest_s(at))
    return replace(told, registers_until=end), tuple(values)


def may_tell_use(unusual: UnusualUse, disclosure: Disclosure) -> bool:
    """Whether a notice of unusual use says no more than the readings that may leave the house."""
    return unusual.period_s >= disclosure.finest_s(from_unix_ms(unusual.noticed_at_ms))


def _added(adding: Adding | None, row: IntervalRow, start: datetime) -> Adding | None:
    """The period with this row in it; None where a row before it is missing."""
    values = tuple((quantity, value) for quantity, value in row.values if quantity in _ENERGIES)
    if adding is not None and adding.start == start and adding.through == row.starts_at:
        return Adding(
            start=start,
            through=row.ends_at,
            status=adding.status | int(row.status),
            sums=tuple(_sums(adding.sums, dict(values))),
        )
    if row.starts_at == start:
        return Adding(start=start, through=row.ends_at, status=int(row.status), sums=values)
    return None


def _sums(sums: Iterable[tuple[Quantity, int]], values: dict[Quantity, int]) -> Iterator[tuple[Quantity, int]]:
    return ((quantity, total + values[quantity]) for quantity, total in sums if quantity in values)


def _whole(adding: Adding) -> IntervalRow:
    return IntervalRow(
        ends_at=adding.through,
        period_s=round((adding.through - adding.start).total_seconds()),
        status=IntervalStatus(adding.status),
        values=adding.sums,
    )
