"""What follows from a gateway's word that it signs with another key from now on.

The announcement came under the key that held until then and stands in its place of the chain, so it is the gateway's
own. It is followed if whoever wrote it holds the new key, and nobody else has that key. What proves nothing keeps its
place and changes nothing; the gateway's next word, under a key nobody knows, is then refused, and a person looks.
"""

from dataclasses import replace

from sqlalchemy import Connection

from cloud.ingest.verify import Genuine
from cloud.registry import key_store
from cloud.registry import store as registry
from cloud.registry.model import Gateway
from runtime import logs
from wire.events import KeyAnnounced
from wire.key_life import SigningKey, read_announcement
from wire.refusals import WireRefused

log = logs.get(__name__)


def follow(connection: Connection, gateway: Gateway, genuine: Genuine, said: KeyAnnounced) -> Gateway:
    """The gateway as it stands behind the announcement."""
    try:
        new, cut = read_announcement(said, genuine.link, genuine.key_id)
    except WireRefused as refused:
        return _not_followed(gateway, genuine, str(refused))
    if registry.by_key_id(connection, [new.key_id]):
        return _not_followed(gateway, genuine, "a gateway signs, or signed, with it already")
    *before, last = gateway.signing_keys
    keys = (*before, replace(last, until=cut), SigningKey(public=new, after=cut, until=last.until))
    key_store.replace(connection, gateway.id, keys)
    log.warning("key_changed", gateway=gateway.id, event_id=genuine.id, key_id=new.key_id.hex())
    return replace(gateway, keys=keys)


def _not_followed(gateway: Gateway, genuine: Genuine, reason: str) -> Gateway:
    log.error("key_not_taken", event_id=genuine.id, reason=reason)
    return gateway
