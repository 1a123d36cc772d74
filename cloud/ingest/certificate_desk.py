"""Stands before the intake and answers gateways that ask for their next certificate; all else goes on to the intake.

    lw/1/{gateway}/up/csr   a request, signed by the gateway's own key -> certifier -> lw/1/{gateway}/down/cert

A request is no event: it has no place in the chain, nothing is stored of it but the certificate it brings, and a
gateway asks again until it is answered. What is refused is kept in quarantine with the reason, like any message that is
not believed. Of several requests of one gateway in one batch the last is answered.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from cloud.ingest import quarantine
from cloud.ingest.service import Message, Takes
from cloud.kernel.db import Database
from cloud.registry.certifier import Certifier
from runtime import logs
from runtime.clock import Clock
from wire import topics
from wire.ids import GatewayId
from wire.refusals import WireRefused

log = logs.get(__name__)


class CertificateDesk:
    """Takes batches in as the intake does, and answers requests for certificates beside the receipts."""

    def __init__(self, *, intake: Takes, database: Database, clock: Clock, certifier: Certifier) -> None:
        self._intake = intake
        self._database = database
        self._clock = clock
        self._certifier = certifier

    def take(self, messages: Sequence[Message]) -> list[Message]:
        """Take a batch in; what is to be published. Raises: DatabaseError when nothing of it could be kept."""
        asked, others = {}, []
        for message in messages:
            gateway = _asking(message.topic)
            if gateway is None:
                others.append(message)
            else:
                asked[gateway] = message
        receipts = self._intake.take(others) if others else []
        return [*receipts, *self._answers(asked)] if asked else receipts

    def _answers(self, asked: dict[GatewayId, Message]) -> list[Message]:
        with self._database.transaction() as connection:
            found = [self._answer(connection, gateway, message) for gateway, message in asked.items()]
            if None in found:
                quarantine.trim(connection)
        return [answer for answer in found if answer is not None]

    def _answer(self, connection: Connection, gateway: GatewayId, message: Message) -> Message | None:
        now = self._clock.now()
        try:
            pem = self._certifier.answer(connection, gateway, message.payload, now)
        except WireRefused as refused:
            log.warning("certificate_request_refused", gateway=gateway, reason=str(refused))
            quarantine.keep(
                connection,
                reason=refused.reason,
                detail=refused.detail,
                topic=message.topic,
                raw=message.payload,
                now=now,
            )
            return None
        log.info("certificate_given", gateway=gateway)
        return Message(topic=topics.certificate(gateway), payload=pem)


def _asking(topic: str) -> GatewayId | None:
    place = topics.parse(topic)
    return place.gateway if place is not None and place.kind is topics.Kind.CERTIFICATE_REQUEST else None
