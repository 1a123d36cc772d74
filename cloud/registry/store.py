"""The tables of gateways and of the meters they speak for.

Keys are public; of a broker password only the hash the broker needs is kept. A meter that a gateway spoke for stays
in its row when the gateway is revoked, so that its history can be read; it is then free for another.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Row,
    Table,
    Text,
    insert,
    select,
    true,
    update,
)

from cloud.kernel.db import UtcInstant, metadata
from cloud.kernel.ids import MeterSerial, UsagePointId
from cloud.registry import key_store
from cloud.registry.known import renew_edition
from cloud.registry.model import Gateway, Place, Status
from wire.ids import GatewayId
from wire.key_life import SigningKey

gateway_table = Table(
    "gateway",
    metadata,
    Column("id", Text, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("key_id", LargeBinary, nullable=False, unique=True),
    Column("algorithm", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("status_reason", Text, nullable=False, default=""),
    Column("password_hash", Text, nullable=False),
    Column("added_at", UtcInstant, nullable=False),
    Column("status_at", UtcInstant, nullable=False),
    CheckConstraint(f"status IN ({', '.join(repr(str(status)) for status in Status)})", name="ck_gateway_status"),
)
place_table = Table(
    "gateway_place",
    metadata,
    Column("gateway", ForeignKey("gateway.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("usage_point", Text, nullable=False),
    Column("meter", Text, nullable=False),
    Column("is_held", Boolean, nullable=False),
)
_g = gateway_table.c
_p = place_table.c
Index("ix_gateway_place_usage_point", _p.usage_point)
Index("ux_gateway_place_meter", _p.meter, unique=True, sqlite_where=_p.is_held)
_SPEAKS_FOR: Final = (  # in the driver's own words, since every event passes here
    "SELECT 1 FROM gateway_place WHERE gateway = ? AND (meter = ? OR ? = '') LIMIT 1"
)


def add(connection: Connection, gateway: Gateway, password_hash: str) -> None:
    """Insert the gateway; IntegrityError when its key or one of its meters is taken."""
    row = {
        "id": gateway.id,
        "public_key": gateway.key.spki,
        "key_id": gateway.key.key_id,
        "algorithm": gateway.key.algorithm,
        "status": gateway.status,
        "status_reason": gateway.status_reason,
        "password_hash": password_hash,
        "added_at": gateway.added_at,
        "status_at": gateway.added_at,
    }
    connection.execute(insert(gateway_table).values(row))
    connection.execute(insert(place_table), list(_place_rows(gateway)))
    renew_edition(connection)


def get(connection: Connection, gateway: GatewayId) -> Gateway | None:
    """The gateway of this identifier, whatever its status."""
    return next(_gateways(connection, _g.id == gateway), None)


def speaks_for(connection: Connection, gateway: GatewayId, meter: str) -> bool:
    """Whether the gateway speaks, or spoke, for this meter; "" is the gateway itself."""
    return connection.exec_driver_sql(_SPEAKS_FOR, (gateway, meter, meter)).first() is not None


def of_meter(connection: Connection, meter: MeterSerial) -> Gateway | None:
    """The gateway that speaks for this meter now."""
    holder = select(_p.gateway).where(_p.meter == meter, _p.is_held)
    return next(_gateways(connection, _g.id.in_(holder)), None)


def of_usage_points(connection: Connection, usage_points: Collection[str]) -> list[Gateway]:
    """The gateways that speak, or spoke, for these homes; the longest known first."""
    there = select(_p.gateway).where(_p.usage_point.in_(usage_points))
    return list(_gateways(connection, _g.id.in_(there)))


def usage_points(connection: Connection, *, after: str = "", limit: int) -> list[UsagePointId]:
    """The homes gateways speak for, in the order of their names, from the first one after `after`."""
    statement = select(_p.usage_point).where(_p.usage_point > after).distinct().order_by(_p.usage_point).limit(limit)
    return [UsagePointId(name) for name in connection.execute(statement).scalars()]


def held_places(connection: Connection) -> Iterator[Place]:
    """Every home and meter that a gateway speaks for now."""
    for row in connection.execute(select(_p.usage_point, _p.meter).where(_p.is_held)):
        yield Place(usage_point=UsagePointId(row.usage_point), meter=MeterSerial(row.meter))


def by_key_id(connection: Connection, key_ids: Collection[bytes]) -> dict[bytes, Gateway]:
    """The gateways that sign, or signed, with these keys, by each of their keys."""
    found = _gateways(connection, _g.key_id.in_(key_ids) | _g.id.in_(key_store.holders(key_ids)))
    return {key.public.key_id: gateway for gateway in found for key in gateway.signing_keys}


def everything(connection: Connection) -> list[Gateway]:
    """All gateways, the longest known first."""
    return list(_gateways(connection, true()))


def set_status(connection: Connection, gateway: GatewayId, status: Status, reason: str, now: datetime) -> None:
    """Change how much a gateway is believed, and say why."""
    change = {"status": status, "status_reason": reason, "status_at": now}
    connection.execute(update(gateway_table).where(_g.id == gateway).values(change))
    held = {"is_held": status is not Status.REVOKED}
    connection.execute(update(place_table).where(_p.gateway == gateway).values(held))
    renew_edition(connection)


def set_password_hash(connection: Connection, gateway: GatewayId, password_hash: str) -> None:
    """Let the gateway enter the broker with another password from now on."""
    connection.execute(update(gateway_table).where(_g.id == gateway).values(password_hash=password_hash))


def password_hashes(connection: Connection) -> dict[str, str]:
    """Who may enter the broker by password: its hash, of every gateway that has one and is not revoked."""
    statement = select(_g.id, _g.password_hash).where(_g.status != Status.REVOKED, _g.password_hash != "")
    return {row.id: row.password_hash for row in connection.execute(statement.order_by(_g.id))}


def revoked(connection: Connection) -> list[GatewayId]:
    """The gateways that are believed no more."""
    statement = select(_g.id).where(_g.status == Status.REVOKED).order_by(_g.id)
    return [GatewayId(name) for name in connection.execute(statement).scalars()]


def _place_rows(gateway: Gateway) -> Iterator[dict[str, object]]:
    for position, place in enumerate(gateway.places):
        where = {"gateway": gateway.id, "position": position, "is_held": gateway.status is not Status.REVOKED}
        yield where | {"usage_point": place.usage_point, "meter": place.meter}


def _gateways(connection: Connection, criterion: ColumnElement[bool]) -> Iterator[Gateway]:
    """The gateways of which this is so, the longest known first."""
    joined = select(gateway_table, _p.usage_point, _p.meter).join(place_table, _p.gateway == _g.id)
    rows = connection.execute(joined.where(criterion).order_by(_g.added_at, _g.id, _p.position))
    keys = key_store.of(connection, select(_g.id).where(criterion))
    for _, places in groupby(rows, key=attrgetter("id")):  # one row a place, those of one gateway together
        yield _gateway(list(places), keys)


def _gateway(rows: list[Row[Any]], keys: Mapping[GatewayId, tuple[SigningKey, ...]]) -> Gateway:
    row = rows[0]
    return Gateway(
        id=GatewayId(row.id),
        key=key_store.parsed(row.public_key),
        places=tuple(Place(usage_point=UsagePointId(row.usage_point), meter=MeterSerial(row.meter)) for row in rows),
        status=Status(row.status),
        status_reason=row.status_reason,
        added_at=row.added_at,
        keys=keys.get(GatewayId(row.id), ()),
    )
