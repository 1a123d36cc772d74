"""Brings the journal to the cloud: the oldest rows of each lane, alarms first, until a receipt covers them.

A connection lost is a connection made anew, and everything without a receipt is sent again: the cloud knows a row it
has by its place and its hash. Only a receipt signed by the cloud's own key, about this gateway's own chain, frees a
row; the broker's word frees nothing.

Whether the broker is reached is told to whoever judges that: reached is one that lets this gateway speak and listen.
"""

import random
import threading
from collections.abc import Callable, Sequence

from gateway.core.arrival import Arrival
from gateway.core.errors import JournalUnavailable, UplinkLost
from gateway.core.flight import Flight
from gateway.core.outbox import OutboxRow, ReceiptOutcome
from gateway.core.patience import Patience
from gateway.core.uplink import UplinkSeen
from gateway.service.ports import Outbox, Uplink
from gateway.service.presence import Presence
from runtime import logs
from runtime.clock import Clock
from wire import topics
from wire.keys import PublicKey
from wire.receipts import Receipt, open_receipt
from wire.refusals import WireRefused
from wire.terms import Lane

log = logs.get(__name__)

_TURN_S = 0.1  # how soon a new row is noticed
_EXPECTED = (ReceiptOutcome.APPLIED, ReceiptOutcome.STALE)


class Forwarder:
    """The loop that sends."""

    name = "forwarder"

    def __init__(
        self,
        *,
        outbox: Outbox,
        uplink: Uplink,
        receipt_key: PublicKey,
        window_rows: int,
        resend: Patience,
        reconnect: Patience,
        clock: Clock,
        chance: random.Random,
        tell: Callable[[UplinkSeen], None],
        hear: Callable[[Arrival], None] = lambda _: None,
    ) -> None:
        """`tell` is told whether the broker is reached; `hear` is given each command that came down."""
        self._outbox = outbox
        self._uplink = uplink
        self._receipt_key = receipt_key
        self._window_rows = window_rows
        self._resend = resend
        self._reconnect = reconnect
        self._clock = clock
        self._chance = chance
        self._tell = tell
        self._hear = hear
        self._broker = Presence(log, "broker")

    def run(self, stop: threading.Event) -> None:
        """Connect, send, listen; begin anew when the connection is lost, until told to stop."""
        attempts = 0
        while not stop.is_set():
            try:
                self._uplink.open()
                self._broker.here()
                self._tell(UplinkSeen(up=True, at=self._clock.now()))
                attempts = 0
                self._serve(stop)
            except UplinkLost as lost:
                attempts += 1
                self._broker.gone(reason=str(lost))
                self._tell(UplinkSeen(up=False, at=self._clock.now()))
            finally:
                self._uplink.close()
            if not stop.is_set():
                stop.wait(self._reconnect.wait_s(max(attempts, 1), self._chance.random()))

    def _serve(self, stop: threading.Event) -> None:
        """One connection's life; ends by UplinkLost, or when told to stop."""
        flight = Flight(self._resend, self._chance.random)
        while not stop.is_set():
            for row in flight.due(self._window(), self._clock.monotonic()):
                self._uplink.publish(topics.up(self._outbox.gateway, row.lane), row.envelope)
            self._apply(self._verified(self._receipts(self._uplink.wait(_TURN_S))))

    def _window(self) -> list[OutboxRow]:
        """The oldest rows of each lane that no receipt covers; alarms first."""
        if not self._outbox.waiting():
            return []
        return [row for lane in Lane for row in self._outbox.oldest_waiting(lane, self._window_rows)]

    def _receipts(self, came: Sequence[Arrival]) -> list[bytes]:
        """The receipts among it; what else came is handed on to whoever obeys commands."""
        for arrival in came:
            if arrival.kind is topics.Kind.COMMAND:
                self._hear(arrival)
        return [arrival.payload for arrival in came if arrival.kind is topics.Kind.RECEIPT]

    def _verified(self, envelopes: Sequence[bytes]) -> list[tuple[Receipt, bytes]]:
        """The receipts that the cloud's key really signed, the furthest first."""
        receipts = []
        for envelope in envelopes:
            try:
                receipts.append((open_receipt(envelope, self._receipt_key), envelope))
            except WireRefused as refused:
                log.warning("receipt_refused", reason=str(refused))
        return sorted(receipts, key=lambda pair: pair[0].seq, reverse=True)

    def _apply(self, receipts: list[tuple[Receipt, bytes]]) -> None:
        """Free what they cover. They are cumulative: once the furthest is applied, the others cost nothing."""
        for receipt, envelope in receipts:
            try:
                outcome = self._outbox.apply(receipt, envelope)
            except JournalUnavailable as unavailable:
                log.warning("receipt_not_applied", reason=str(unavailable))  # the next resend brings it again
                return
            report = log.debug if outcome in _EXPECTED else log.error
            report("receipt", outcome=outcome.value, gen=receipt.gen, lane=receipt.lane.name.lower(), seq=receipt.seq)
