"""The page of one event: what it says, the very bytes that say it, and what proves them.

The signature is checked anew whenever the page is asked for, with the key the gateway is registered by; the link to
the event before is compared with what is stored there. So the page shows proof and not a memory of one.
"""

from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, Response

from cloud.ingest import store as intake
from cloud.ingest.store import StoredEvent
from cloud.kernel.ids import EventId
from cloud.registry import store as registry
from cloud.registry.model import Gateway
from cloud.web import homes, words
from cloud.web.home_page import ShownEvent, show_event
from cloud.web.homes import Home
from cloud.web.moments import Moments
from cloud.web.parameters import event_id
from cloud.web.problems import NotFound
from cloud.web.services import Served
from cloud.web.templating import render
from wire import chain, envelope
from wire.bodies import facts
from wire.envelope import ParsedEnvelope, Purpose
from wire.refusals import WireRefused
from wire.terms import Lane

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What stands behind an event: its bytes, its place in the chain, and whether both hold now.

    `is_linked` is None where the event before it is not stored here; `receipted_to` is how far the lane's receipts go.
    """

    sealed: bytes
    parsed: ParsedEnvelope
    own_hash: bytes
    is_verified: bool
    is_linked: bool | None
    receipted_to: int
    has_next: bool


@router.get("/events/{gateway}/{gen}/{lane}/{seq}")
def event(served: Served, wanted: Annotated[EventId, Depends(event_id)]) -> Response:
    """One event, decoded and proven."""
    with served.database.read() as connection:
        stored = intake.load(connection, wanted)
        if stored is None:
            raise NotFound(f"there is no event {wanted}")
        gateway = registry.get(connection, wanted.gateway)
        proof = prove(connection, stored, gateway)
        place = None if gateway is None else gateway.place_of(stored.record.subject) or gateway.places[0]
        home = None if place is None else homes.find(connection, place.usage_point)
    zone = home.zone if home is not None else ZoneInfo("UTC")
    moments = Moments(zone=zone, now=served.clock.now())
    shown = show_event(stored, moments)
    return HTMLResponse(_page(shown, proof, home, moments))


def prove(connection: Connection, stored: StoredEvent, gateway: Gateway | None) -> Proof:
    """Check an accepted event anew."""
    sealed = intake.sealed_of(connection, stored.id)
    assert sealed is not None, "it was just loaded in this snapshot"
    parsed = envelope.parse(sealed)
    head = intake.head_of(connection, stored.id.gateway, stored.id.gen, Lane(stored.id.lane))
    receipted_to = 0 if head is None else head.seq
    return Proof(
        sealed=sealed,
        parsed=parsed,
        own_hash=envelope.link_hash(parsed),
        is_verified=gateway is not None and _is_signed_by(parsed, gateway),
        is_linked=_is_linked(connection, stored, gateway),
        receipted_to=receipted_to,
        has_next=receipted_to > stored.id.seq,
    )


def _is_signed_by(parsed: ParsedEnvelope, gateway: Gateway) -> bool:
    try:
        envelope.verify(parsed, gateway.key, Purpose.EVENT)
    except WireRefused:
        return False
    return True


def _is_linked(connection: Connection, stored: StoredEvent, gateway: Gateway | None) -> bool | None:
    link = stored.record.link
    if link.seq == 1:
        return None if gateway is None else link.prev == chain.genesis(gateway.key.spki).hash
    before = EventId(gateway=stored.id.gateway, gen=stored.id.gen, lane=stored.id.lane, seq=link.seq - 1)
    known = intake.known_hash(connection, before)
    return None if known is None else known == link.prev


def _page(shown: ShownEvent, proof: Proof, home: Home | None, moments: Moments) -> str:
    return render(
        "event.html",
        shown=shown,
        proof=proof,
        home=home,
        moments=moments,
        facts=facts(shown.event.record.event),
        words=words,
    )
