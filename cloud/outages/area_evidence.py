"""What is known of every home of a feeder, loaded at once: four statements, however many homes there are.

Of each home: its state and its latest case, the voltages its own meter read last, and when its gateway was last heard
of. A voltage counts as read when the event says it was; one from a clock ahead of ours is not believed.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, func, select

from cloud.customers.store import usage_point_table
from cloud.grid.store import service_table
from cloud.ingest.store import intake_table
from cloud.kernel.ids import DeviceId, EventId, UsagePointId
from cloud.outages.area_model import Home, Proof
from cloud.outages.model import End, Phase
from cloud.outages.settings import OutageSettings
from cloud.outages.signs import LIVE_MV
from cloud.outages.store import case_table, state_table
from cloud.readings.store import register_table
from cloud.registry.store import place_table
from wire.instants import from_unix_ms
from wire.terms import Cause, EvidenceKind
from wire.units import VOLTAGES

_g, _u, _s, _c = service_table.c, usage_point_table.c, state_table.c, case_table.c
_r, _p, _i = register_table.c, place_table.c, intake_table.c
_IS_OPEN: Final = frozenset({Phase.OUT.value, Phase.TOLD.value})


@dataclass(slots=True)
class _Known:
    """What was found of a home so far."""

    facts: dict[str, Any] = field(default_factory=dict)
    proofs: list[Proof] = field(default_factory=list)
    phases: list[Row[Any]] = field(default_factory=list)


def homes_of(
    connection: Connection, feeder: DeviceId, now: datetime, settings: OutageSettings
) -> dict[UsagePointId, Home]:
    """What is known of each home of the feeder."""
    known = {UsagePointId(name): _Known() for name in _names(connection, feeder)}
    for row in connection.execute(_states(feeder)):
        _read_state(known[row.usage_point], row)
    for row in connection.execute(_voltages(feeder)):
        known[row.usage_point].phases.append(row)
    for row in connection.execute(_heard(feeder)):
        known[row.usage_point].facts |= {"has_gateway": True, "heard_at": row.received_at}
    latest = now + settings.clock_tolerance
    return {name: _home(name, found, latest) for name, found in known.items()}


def _names(connection: Connection, feeder: DeviceId) -> Iterator[str]:
    yield from connection.execute(select(_g.usage_point).where(_g.feeder == feeder)).scalars()


def _states(feeder: DeviceId) -> Any:
    """Each home's state with its latest case; homes never heard of have none."""
    latest = and_(_c.usage_point == _s.usage_point, _c.number == _s.latest_case)
    chosen = (_c.number, _c.began_at, _c.clock_is_good, _c.opened_at, _c.told_at, _c.end, _c.closed_at, _c.returned)
    joined = state_table.join(service_table, _g.usage_point == _s.usage_point).outerjoin(case_table, latest)
    return select(_s.usage_point, _s.phase, _s.memory, *chosen).select_from(joined).where(_g.feeder == feeder)


def _voltages(feeder: DeviceId) -> Any:
    """What each home's own meter read last on each phase."""
    joined = register_table.join(usage_point_table, _u.meter == _r.meter).join(service_table, _g.usage_point == _u.id)
    voltages = _r.quantity.in_([int(quantity) for quantity in VOLTAGES])
    return (
        select(_g.usage_point, _r.value, _r.as_of, _r.source).select_from(joined).where(_g.feeder == feeder, voltages)
    )


def _heard(feeder: DeviceId) -> Any:
    """When the gateway that reads each home's own meter was last heard of; None if never."""
    its = intake_table.alias().c
    last = select(func.max(its.arrival)).where(its.gateway == _p.gateway).correlate(place_table).scalar_subquery()
    joined = (
        place_table.join(service_table, _g.usage_point == _p.usage_point)
        .join(usage_point_table, and_(_u.id == _p.usage_point, _u.meter == _p.meter))
        .outerjoin(intake_table, _i.arrival == last)
    )
    return select(_g.usage_point, _i.received_at).select_from(joined).where(_g.feeder == feeder, _p.is_held)


def _read_state(known: _Known, row: Row[Any]) -> None:
    memory = json.loads(row.memory)
    if memory["finding"] is not None:
        known.facts["finding"] = Cause(memory["finding"]["cause"])
        known.proofs += _of_finding(memory["finding"])
        if memory["finding"]["cause"] == Cause.CANNOT_TELL:
            known.facts["suspected_at"] = from_unix_ms(memory["finding"]["began_at_ms"])
    if row.phase == Phase.SUSPECTED.value and memory["suspicion"] is not None:
        known.facts["suspected_at"] = from_unix_ms(memory["suspicion"][0])
    returns = (each["returned"] for each in memory["endings"] if each["returned"] is not None)
    known.proofs += (_of_return(each) for each in returns if each["clock_is_good"])
    if row.number is None:
        return
    since = row.began_at if row.clock_is_good else row.opened_at
    if row.phase in _IS_OPEN:
        known.facts |= {"out_since": since, "case_number": row.number, "is_told": row.told_at is not None}
    elif row.end == End.OPERATOR.value:
        known.facts["closed_case"] = row.number
    elif row.returned is not None:
        known.facts |= {"was_out_since": since, "returned_case": row.number}
        returned = json.loads(row.returned)
        is_timed = row.clock_is_good and returned["clock_is_good"]
        proof = _of_return(returned)
        known.proofs.append(proof if is_timed else Proof(at=row.closed_at, by=proof.by))


def _of_finding(finding: dict[str, Any]) -> Iterator[Proof]:
    """A voltage that was read for the verdict, at its age."""
    said_at, by = from_unix_ms(finding["said_at_ms"]), EventId.parse(finding["by"])
    for kind, value, age_ms in finding["evidence"]:
        if kind == EvidenceKind.METER_VOLTAGE and value >= LIVE_MV and finding["clock_is_good"]:
            yield Proof(at=said_at - timedelta(milliseconds=age_ms), by=by)


def _of_return(returned: dict[str, Any]) -> Proof:
    """A voltage that had held when it was said."""
    return Proof(at=from_unix_ms(returned["said_at_ms"]), by=EventId.parse(returned["proven_by"]))


def _home(name: UsagePointId, known: _Known, latest: datetime) -> Home:
    if known.phases and min(row.value for row in known.phases) >= LIVE_MV:
        newest = max(known.phases, key=lambda row: row.as_of)
        known.proofs.append(Proof(at=newest.as_of, by=EventId.parse(newest.source)))
    believed = [proof for proof in known.proofs if proof.at <= latest]
    proof = max(believed, key=lambda proof: proof.at, default=None)
    return Home(usage_point=name, proof=proof, **known.facts)
