"""The table of gateways. Keys are public; of a broker password only the hash the broker needs is kept."""

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Row,
    Table,
    Text,
    insert,
    select,
    update,
)

from cloud.kernel.db import UtcInstant, metadata
from cloud.kernel.ids import MeterSerial, UsagePointId
from cloud.registry.model import Gateway, Status
from wire.ids import GatewayId
from wire.keys import PublicKey

gateway_table = Table(
    "gateway",
    metadata,
    Column("id", Text, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("key_id", LargeBinary, nullable=False, unique=True),
    Column("algorithm", Integer, nullable=False),
    Column("usage_point", Text, nullable=False),
    Column("meter", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("status_reason", Text, nullable=False, default=""),
    Column("password_hash", Text, nullable=False),
    Column("added_at", UtcInstant, nullable=False),
    Column("status_at", UtcInstant, nullable=False),
    CheckConstraint(f"status IN ({', '.join(repr(str(status)) for status in Status)})", name="ck_gateway_status"),
)
_g = gateway_table.c
Index("ix_gateway_usage_point", _g.usage_point)
Index("ux_gateway_meter", _g.meter, unique=True, sqlite_where=_g.status != Status.REVOKED)


def add(connection: Connection, gateway: Gateway, password_hash: str) -> None:
    """Insert the gateway; IntegrityError when its key or its meter is taken."""
    row = {
        "id": gateway.id,
        "public_key": gateway.key.spki,
        "key_id": gateway.key.key_id,
        "algorithm": gateway.key.algorithm,
        "usage_point": gateway.usage_point,
        "meter": gateway.meter,
        "status": gateway.status,
        "status_reason": gateway.status_reason,
        "password_hash": password_hash,
        "added_at": gateway.added_at,
        "status_at": gateway.added_at,
    }
    connection.execute(insert(gateway_table).values(row))


def get(connection: Connection, gateway: GatewayId) -> Gateway | None:
    """The gateway of this identifier, whatever its status."""
    row = connection.execute(select(gateway_table).where(_g.id == gateway)).one_or_none()
    return None if row is None else _gateway(row)


def of_meter(connection: Connection, meter: MeterSerial) -> Gateway | None:
    """The gateway that speaks for this meter now."""
    statement = select(gateway_table).where(_g.meter == meter, _g.status != Status.REVOKED)
    row = connection.execute(statement).one_or_none()
    return None if row is None else _gateway(row)


def of_usage_points(connection: Connection, usage_points: Collection[str]) -> list[Gateway]:
    """The gateways that speak, or spoke, for these homes; the longest known first."""
    statement = select(gateway_table).where(_g.usage_point.in_(usage_points))
    return [_gateway(row) for row in connection.execute(statement.order_by(_g.added_at, _g.id))]


def usage_points(connection: Connection, *, after: str = "", limit: int) -> list[UsagePointId]:
    """The homes gateways speak for, in the order of their names, from the first one after `after`."""
    statement = select(_g.usage_point).where(_g.usage_point > after).distinct().order_by(_g.usage_point).limit(limit)
    return [UsagePointId(name) for name in connection.execute(statement).scalars()]


def by_key_id(connection: Connection, key_ids: Collection[bytes]) -> dict[bytes, Gateway]:
    """The gateways that sign with these keys."""
    rows = connection.execute(select(gateway_table).where(_g.key_id.in_(key_ids)))
    return {row.key_id: _gateway(row) for row in rows}


def everything(connection: Connection) -> list[Gateway]:
    """All gateways, the longest known first."""
    return [_gateway(row) for row in connection.execute(select(gateway_table).order_by(_g.added_at, _g.id))]


def set_status(connection: Connection, gateway: GatewayId, status: Status, reason: str, now: datetime) -> None:
    """Change how much a gateway is believed, and say why."""
    change = {"status": status, "status_reason": reason, "status_at": now}
    connection.execute(update(gateway_table).where(_g.id == gateway).values(change))


def set_password_hash(connection: Connection, gateway: GatewayId, password_hash: str) -> None:
    """Let the gateway enter the broker with another password from now on."""
    connection.execute(update(gateway_table).where(_g.id == gateway).values(password_hash=password_hash))


def password_hashes(connection: Connection) -> dict[str, str]:
    """Who may enter the broker: the password hash of every gateway that is not revoked."""
    statement = select(_g.id, _g.password_hash).where(_g.status != Status.REVOKED).order_by(_g.id)
    return {row.id: row.password_hash for row in connection.execute(statement)}


def _gateway(row: Row[Any]) -> Gateway:
    return Gateway(
        id=GatewayId(row.id),
        key=_key(row.public_key),
        usage_point=UsagePointId(row.usage_point),
        meter=MeterSerial(row.meter),
        status=Status(row.status),
        status_reason=row.status_reason,
        added_at=row.added_at,
    )


@lru_cache(maxsize=4096)  # parsing a key costs more than finding its row
def _key(spki: bytes) -> PublicKey:
    return PublicKey.from_spki(spki)
