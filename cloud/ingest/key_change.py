"""What follows from a gateway's word that it signs with another key from now on.

The announcement came under the key that held until then and stands in its place of the chain, so it is the gateway's
own. It is followed if whoever wrote it holds the new key, and nobody else has that key. What proves nothing keeps its
place and changes nothing; the gateway's next word, under a key nobody knows, is then refused, and a person looks.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from cloud.ingest import alarms
from cloud.ingest.alarms import Kind, Stretch
from cloud.ingest.verify import Genuine
from cloud.registry import key_store
from cloud.registry import store as registry
from cloud.registry.model import Gateway
from runtime import logs
from wire.events import KeyAnnounced
from wire.key_life import SigningKey, read_announcement
from wire.refusals import Reason, RecordRefused, WireRefused

log = logs.get(__name__)


def follow(connection: Connection, gateway: Gateway, genuine: Genuine, said: KeyAnnounced, now: datetime) -> Gateway:
    """The gateway as it stands behind the announcement; what is not followed raises an operator's alarm."""
    link = genuine.link
    try:
        new, cut = read_announcement(said, link, genuine.key_id)
        if registry.by_key_id(connection, [new.key_id]):
            raise RecordRefused(Reason.WRONG_GATEWAY, "a gateway signs, or signed, with it already")
    except WireRefused as refused:
        place = Stretch(
            gateway=link.gateway, gen=link.gen, lane=link.lane, first_seq=link.seq, last_seq=link.seq, missing=0
        )
        alarms.stands(connection, Kind.KEY_NOT_TAKEN, place, refused.detail, now)
        return gateway
    *before, last = gateway.signing_keys
    keys = (*before, replace(last, until=cut), SigningKey(public=new, after=cut, until=last.until))
    key_store.replace(connection, gateway.id, keys)
    log.warning("key_changed", gateway=gateway.id, event_id=genuine.id, key_id=new.key_id.hex())
    return replace(gateway, keys=keys)
