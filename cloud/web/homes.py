"""A home as the page shows it: what the utility's customer file and the registry of gateways say, joined.

A gateway may be registered before its customer is imported, and a customer may have no gateway yet; both are homes.
Whose meter counts is the customer file's word; only where it is silent, the gateway's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from cloud.customers import store as customers
from cloud.customers.model import Customer, UsagePoint
from cloud.kernel.ids import CustomerId, MeterSerial, UsagePointId
from cloud.registry import store as registry
from cloud.registry.model import Gateway, Status
from wire.ids import GatewayId

_UTC: Final = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A usage point with its meter, its people and its gateways; `zone` is UTC where nobody told."""

    id: UsagePointId
    meter: MeterSerial | None
    zone: ZoneInfo
    address: str
    customer: Customer | None
    gateways: tuple[Gateway, ...]

    @property
    def gateway_ids(self) -> tuple[GatewayId, ...]:
        return tuple(gateway.id for gateway in self.gateways)


def find(connection: Connection, usage_point: str) -> Home | None:
    """The home of this name, or None."""
    point = customers.find(connection, usage_point)
    gateways = registry.of_usage_points(connection, [usage_point])
    if point is None and not gateways:
        return None
    return _home(UsagePointId(usage_point), point, gateways)


def page(connection: Connection, *, after: str = "", limit: int) -> list[Home]:
    """Homes in the order of their names, from the first one after `after`."""
    points = {point.id: point for point in customers.page(connection, after=after, limit=limit)}
    known = registry.usage_points(connection, after=after, limit=limit)
    names = sorted({*points, *known})[:limit]
    gateways = _by_home(registry.of_usage_points(connection, names), names)
    return [_home(name, points.get(name), gateways[name]) for name in names]


def of_names(connection: Connection, names: Sequence[UsagePointId]) -> list[Home]:
    """The homes of these names that are known, in this order."""
    gateways = _by_home(registry.of_usage_points(connection, names), names)
    points = customers.of_names(connection, names)
    return [_home(name, points.get(name), gateways[name]) for name in names if name in points or gateways[name]]


def of_customer(connection: Connection, customer: CustomerId, *, limit: int) -> list[Home]:
    """A customer's homes, in the order of their names."""
    return of_names(connection, [point.id for point in customers.of_customer(connection, customer, limit=limit)])


def _by_home(gateways: Sequence[Gateway], names: Sequence[UsagePointId]) -> dict[UsagePointId, list[Gateway]]:
    found: dict[UsagePointId, list[Gateway]] = {name: [] for name in names}
    for gateway in gateways:
        for name in found.keys() & {place.usage_point for place in gateway.places}:
            found[name].append(gateway)
    return found


def _home(name: UsagePointId, point: UsagePoint | None, gateways: list[Gateway]) -> Home:
    if point is not None:
        return Home(
            id=name,
            meter=point.meter,
            zone=point.zone,
            address=point.address,
            customer=point.customer,
            gateways=tuple(gateways),
        )
    held = [place for gateway in gateways if gateway.status is not Status.REVOKED for place in gateway.places]
    meters = [place.meter for place in held if place.usage_point == name]
    meter = meters[-1] if meters else None
    return Home(id=name, meter=meter, zone=_UTC, address="", customer=None, gateways=tuple(gateways))
