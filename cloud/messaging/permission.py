"""Whether a message may be told, and when: the customer's consent, her quiet hours, and how often is enough.

Word of the supply itself is part of the service: it asks for no consent, waits for no morning, and is not told here.
All else is asked for twice, when it is composed and again when it leaves, because a no said in between counts.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from cloud.customers import consent_store, preference_store
from cloud.customers.consent import Allowed, Channel, Consent, NotAllowed, Purpose
from cloud.kernel.facts import Fact, FactSheet, Source, SourceKind
from cloud.kernel.ids import CustomerId
from cloud.messaging import cap, store
from cloud.messaging.catalogue import OPT_OUT, Terms
from cloud.messaging.model import Key

WayOut: TypeAlias = Callable[[CustomerId, Purpose], str]
"""Makes the address at which a customer says no to a purpose; empty where there is none to give."""

_NO_WAY_OUT: Final = "no address can be given at which the customer could say no: set web.public_url"
_A_YEAR: Final = timedelta(days=366)


def no_way_out(_customer: CustomerId, _purpose: Purpose) -> str:
    """There is no page a customer could reach."""
    return ""


def ask(connection: Connection, key: Key, terms: Terms, way_out: WayOut, now: datetime) -> FactSheet | NotAllowed:
    """What the message has to say of its own permission, or why it may not be written."""
    if terms.purpose is None:
        return FactSheet()
    decision = consent_store.may_tell(connection, key.customer, terms.purpose, Channel(key.channel))
    if not isinstance(decision, Allowed):
        return decision
    told = store.told_at(connection, key, since=now - _A_YEAR)
    if limit := cap.reached(terms.limits, told, now):
        return NotAllowed(reason=f"the customer was told often enough: {limit}")
    if not (url := way_out(key.customer, terms.purpose)):
        return NotAllowed(reason=_NO_WAY_OUT)
    return FactSheet([_fact(url, decision.consent)])


def still(connection: Connection, key: Key, purpose: Purpose) -> Allowed | NotAllowed:
    """Whether a message that was composed may still be told."""
    return consent_store.may_tell(connection, key.customer, purpose, Channel(key.channel))


def speak_at(connection: Connection, customer: CustomerId, zone: ZoneInfo, now: datetime) -> datetime:
    """The first instant from `now` on outside of the customer's quiet hours."""
    return preference_store.of_customer(connection, customer).speak_at(now, zone)


def _fact(url: str, consent: Consent) -> Fact:
    assert consent.given_at is not None, "a consent that allows was given"
    source = Source(kind=SourceKind.CONSENT, ref=consent.name)
    return Fact(id=OPT_OUT, value=url, sources=(source,), as_of=consent.given_at)
