"""What ingest knows of the gateways between two batches, good for as long as nobody changed the registry.

Every batch asks twice who signs with its keys, and nearly always hears the same. So the registry has an edition, which
whoever changes it renews in the transaction of the change. Asking for it is one row; while it stays, so does what was
read under it. It is asked for in the transaction that the answer is used in, so a gateway that another process revoked
is known to be revoked from that commit on. An edition is random and no counter: one that was rolled back never returns
with another content.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from sqlalchemy import Column, Connection, Integer, LargeBinary, Table

from cloud.kernel.db import metadata
from cloud.registry.model import Gateway

MAX_KNOWN: Final = 2_000
"""Keys that are kept in mind; more than these, and all are read anew."""

edition_table = Table(
    "registry_edition",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("edition", LargeBinary, nullable=False),
)
_RENEW: Final = (
    "INSERT INTO registry_edition (id, edition) VALUES (1, randomblob(16))"
    " ON CONFLICT (id) DO UPDATE SET edition = excluded.edition"
)
_EDITION: Final = "SELECT edition FROM registry_edition WHERE id = 1"


def renew_edition(connection: Connection) -> None:
    """The registry says something else from this transaction on; what was read of it before is good no more."""
    connection.exec_driver_sql(_RENEW)


def edition(connection: Connection) -> bytes | None:
    """The registry's edition; None when nobody changed it since it has editions."""
    found: bytes | None = connection.exec_driver_sql(_EDITION).scalar_one_or_none()
    return found


class KnownGateways:
    """The gateways that sign, or signed, with some keys, read anew only when the registry has changed."""

    def __init__(self, by_key_id: Callable[[Connection, Collection[bytes]], Mapping[bytes, Gateway]]) -> None:
        """`by_key_id` reads them from the tables."""
        self._read = by_key_id
        self._known: tuple[bytes | None, Mapping[bytes, Gateway]] = (None, {})

    def by_key_id(self, connection: Connection, key_ids: Collection[bytes]) -> dict[bytes, Gateway]:
        """Those of these keys, as the registry stands in this transaction."""
        now = edition(connection)
        read_in, known = self._known  # one look: another thread may put a newer one there
        if now is None or now != read_in or len(known) > MAX_KNOWN:
            known = {}
        missing = [key_id for key_id in key_ids if key_id not in known]
        if missing:
            known = {**known, **self._read(connection, missing)}
            self._known = (now, known)
        return {key_id: known[key_id] for key_id in key_ids if key_id in known}
