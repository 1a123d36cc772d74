"""The table of keys that gateways changed to, and of the stretches of their chains that each key signs.

A gateway that never had another key than its first, and was never revoked from a place on, has no row here.
"""

from collections.abc import Collection, Iterable
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Integer, LargeBinary, Row, Select, Table, delete, insert, select

from cloud.kernel.db import metadata
from cloud.registry.known import renew_edition
from wire.ids import GatewayId
from wire.key_life import Cut, SigningKey
from wire.keys import PublicKey
from wire.terms import Lane

_BOUNDS = ("after", "until")


def _bound_columns() -> Iterable[Column[Any]]:
    for bound in _BOUNDS:
        for part in ("gen", *(lane.name.lower() for lane in Lane)):
            yield Column(f"{bound}_{part}", Integer)


key_table = Table(
    "gateway_key",
    metadata,
    Column("key_id", LargeBinary, primary_key=True),
    Column("gateway", ForeignKey("gateway.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    *_bound_columns(),
)
_k = key_table.c


@lru_cache(maxsize=4096)  # parsing a key costs more than finding its row
def parsed(spki: bytes) -> PublicKey:
    """The key, as the registry's tables keep it."""
    return PublicKey.from_spki(spki)


def holders(key_ids: Collection[bytes]) -> Select[Any]:
    """The gateways that changed to one of these keys, or from it."""
    return select(_k.gateway).where(_k.key_id.in_(key_ids))


def of(connection: Connection, gateways: Select[Any]) -> dict[GatewayId, tuple[SigningKey, ...]]:
    """The keys of those of these gateways that have rows here, each gateway's in their order."""
    statement = select(key_table).where(_k.gateway.in_(gateways)).order_by(_k.gateway, _k.position)
    rows = groupby(connection.execute(statement), key=attrgetter("gateway"))
    return {GatewayId(gateway): tuple(map(_key, keys)) for gateway, keys in rows}


def replace(connection: Connection, gateway: GatewayId, keys: Iterable[SigningKey]) -> None:
    """Let these be the gateway's keys; IntegrityError when one of them is another gateway's."""
    connection.execute(delete(key_table).where(_k.gateway == gateway))
    rows = [
        {
            "key_id": key.public.key_id,
            "gateway": gateway,
            "position": position,
            "public_key": key.public.spki,
            **_columns("after", key.after),
            **_columns("until", key.until),
        }
        for position, key in enumerate(keys)
    ]
    connection.execute(insert(key_table), rows)
    renew_edition(connection)


def _columns(bound: str, cut: Cut | None) -> dict[str, int | None]:
    seqs = {f"{bound}_{lane.name.lower()}": None if cut is None else cut.seqs[lane] for lane in Lane}
    return {f"{bound}_gen": None if cut is None else cut.gen} | seqs


def _key(row: Row[Any]) -> SigningKey:
    return SigningKey(public=parsed(row.public_key), after=_cut(row, "after"), until=_cut(row, "until"))


def _cut(row: Row[Any], bound: str) -> Cut | None:
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row by its columns' names
    gen = values[f"{bound}_gen"]
    if gen is None:
        return None
    return Cut(gen=gen, seqs={lane: values[f"{bound}_{lane.name.lower()}"] for lane in Lane})
