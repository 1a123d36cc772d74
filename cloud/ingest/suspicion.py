"""Taking a gateway's word no more: two chains under one key are proof of a cloned card or a restored image.

Whoever finds the proof calls here, in the transaction in which it was found; the operator's alarm is raised with it.
There is no way back for the key (`cloud.registry.model`): the gateway gets a new one.
"""

from datetime import datetime

from sqlalchemy import Connection

from cloud.ingest import alarms
from cloud.ingest.alarms import Kind, Stretch
from cloud.registry import store as registry
from cloud.registry.model import Status
from runtime import logs

log = logs.get(__name__)


def suspect(connection: Connection, found: Stretch, detail: str, now: datetime) -> None:
    """From now on nothing of this gateway's is believed; `found` is where it contradicts itself."""
    known = registry.get(connection, found.gateway)
    if known is not None and known.status is Status.ACTIVE:  # a revoked one stays revoked
        registry.set_status(connection, found.gateway, Status.SUSPECT, detail, now)
    alarms.stands(connection, Kind.TWO_CHAINS, found, detail, now)
    log.error("gateway_suspect", gateway=found.gateway, detail=detail)
