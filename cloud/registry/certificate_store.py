"""The table of the certificates that gateways were given: each as it was issued, and whether it is still believed.

A certificate stays in the table after its end, as the history of who could enter the broker; the list of the revoked
names only those that have not ended, so it cannot grow for ever.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    LargeBinary,
    Row,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)

from cloud.kernel.db import UtcInstant, metadata
from wire.ids import GatewayId

_LISTED_AFTER_END: Final = timedelta(days=2)  # the broker's clock may be behind ours

certificate_table = Table(
    "gateway_certificate",
    metadata,
    Column("serial", Text, primary_key=True),
    Column("gateway", ForeignKey("gateway.id"), nullable=False),
    Column("tls_key", LargeBinary, nullable=False),
    Column("pem", LargeBinary, nullable=False),
    Column("issued_at", UtcInstant, nullable=False),
    Column("due_at", UtcInstant, nullable=False),
    Column("ends_at", UtcInstant, nullable=False),
    Column("revoked_at", UtcInstant),
)
_c = certificate_table.c
Index("ix_gateway_certificate_gateway", _c.gateway, _c.issued_at)
Index("ix_gateway_certificate_revoked", _c.ends_at, sqlite_where=_c.revoked_at.is_not(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate of a gateway: for which TLS key (DER), from when on it is to be renewed, and when it ends."""

    serial: int
    gateway: GatewayId
    tls_key: bytes
    pem: bytes
    issued_at: datetime
    due_at: datetime
    ends_at: datetime


def add(connection: Connection, issued: Issued) -> None:
    """Remember a certificate."""
    row = {
        "serial": f"{issued.serial:x}",
        "gateway": issued.gateway,
        "tls_key": issued.tls_key,
        "pem": issued.pem,
        "issued_at": issued.issued_at,
        "due_at": issued.due_at,
        "ends_at": issued.ends_at,
    }
    connection.execute(insert(certificate_table).values(row))


def newest(connection: Connection, gateway: GatewayId) -> Issued | None:
    """The certificate the gateway was given last, unless it is revoked."""
    statement = select(certificate_table).where(_c.gateway == gateway, _c.revoked_at.is_(None))
    row = connection.execute(statement.order_by(_c.issued_at.desc()).limit(1)).first()
    return None if row is None else _issued(row)


def revoke(connection: Connection, gateway: GatewayId, now: datetime, *, but_of_key: bytes | None = None) -> None:
    """Believe the gateway's certificates no more, but those of one TLS key."""
    statement = update(certificate_table).where(_c.gateway == gateway, _c.revoked_at.is_(None))
    if but_of_key is not None:
        statement = statement.where(_c.tls_key != but_of_key)
    connection.execute(statement.values(revoked_at=now))


def revoked(connection: Connection, now: datetime) -> dict[int, datetime]:
    """The serial number of every certificate that is believed no more though its end has not come, and since when."""
    statement = select(_c.serial, _c.revoked_at).where(_c.revoked_at.is_not(None), _c.ends_at > now - _LISTED_AFTER_END)
    rows = connection.execute(statement.order_by(_c.revoked_at, _c.serial))
    return {int(row.serial, 16): row.revoked_at for row in rows}


def ends(connection: Connection) -> dict[GatewayId, datetime]:
    """Until when each gateway that has a certificate can enter with it."""
    statement = select(_c.gateway, func.max(_c.ends_at).label("ends_at")).where(_c.revoked_at.is_(None))
    return {GatewayId(row.gateway): row.ends_at for row in connection.execute(statement.group_by(_c.gateway))}


def _issued(row: Row[tuple[object, ...]]) -> Issued:
    return Issued(
        serial=int(row.serial, 16),
        gateway=GatewayId(row.gateway),
        tls_key=row.tls_key,
        pem=row.pem,
        issued_at=row.issued_at,
        due_at=row.due_at,
        ends_at=row.ends_at,
    )
