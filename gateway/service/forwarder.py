"""Brings the journal to the cloud: the oldest rows of each lane, alarms first, until a receipt covers them.

A connection lost is a connection made anew, and everything without a receipt is sent again: the cloud knows a row it
has by its place and its hash. Only a receipt signed by the cloud's own key, about this gateway's own chain, frees a
row; the broker's word frees nothing.

What the broker does not take for its size, by its own word or proved by trial (`gateway.core.size_doubt`), is set
aside in the journal, so that nothing behind it waits. An alarm never is: it stays where it is, and the log says so.
Alarms go before readings before diagnostics, and no more of the latter two is handed over at a time than a slow line
carries in some seconds, so that an alarm made meanwhile does not wait behind them. A connection that bore no fruit
counts as none: the next is tried later and later.

Whether the broker is reached is told to whoever judges that: reached is one that lets this gateway speak and listen.
What may come back in a flood, forged or stale, is said once a connection. Each step promises when the next one comes,
so that a forwarder that hangs is noticed (`gateway.service.pulse`).
"""

import random
import threading
from collections.abc import Callable, Sequence

from gateway.core.arrival import Arrival
from gateway.core.errors import JournalUnavailable, UplinkLost
from gateway.core.flight import Flight
from gateway.core.outbox import OutboxRow, ReceiptOutcome
from gateway.core.patience import Patience
from gateway.core.size_doubt import SizeDoubt
from gateway.core.uplink import UplinkSeen
from gateway.service.ports import Outbox, Uplink
from gateway.service.presence import Presence
from gateway.service.pulse import Pulse
from runtime import logs
from runtime.clock import Clock
from wire import topics
from wire.keys import PublicKey
from wire.receipts import Receipt, open_receipt
from wire.refusals import WireRefused
from wire.terms import Lane, SetAsideReason

log = logs.get(__name__)

_TURN_S = 0.1  # how soon a new row is noticed
_TURN_WITHIN_S = 120.0  # a memory card that fails may hold up a commit for a minute
_OPENS_WITHIN_S = 300.0  # a name server that is silent, two versions of MQTT, TLS
_STOOD_LONG_S = 60.0
_READ_AGAIN_S = 1.0
_BYTES_AHEAD = 16_384  # of a lane that is not the alarms'; 16 s of a line of 1 kB/s
_ASIDE_AGAIN_S = 10.0
_MOST_SAID = 32  # a connection
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
        self._journal = Presence(log, "outbox", expected=True)
        self._doubt = SizeDoubt()
        self._rows: list[OutboxRow] = []
        self._read_with: int | None = None  # how many waited when the rows were read; None: read them
        self._read_again_s = 0.0
        self._offered: list[OutboxRow] = []
        self._said: set[object] = set()
        self._receipts_applied = 0
        self._aside_again_s = 0.0
        self.pulse = Pulse(clock)

    def run(self, stop: threading.Event) -> None:
        """Connect, send, listen; begin anew when the connection is lost, until told to stop."""
        barren = 0
        try:
            while not stop.is_set():
                barren = 0 if self._live_one_connection(stop) else barren + 1
                if not stop.is_set():
                    wait_s = self._reconnect.wait_s(max(barren, 1), self._chance.random())
                    self.pulse.beat(wait_s + _TURN_WITHIN_S)
                    stop.wait(wait_s)
        finally:
            self.pulse.rest()

    def _live_one_connection(self, stop: threading.Event) -> bool:
        """From opening to its loss; whether it was of any use, so that another is worth having soon."""
        flight = Flight(self._resend, self._chance.random)
        began_s = self._clock.monotonic()
        self._offered, self._receipts_applied, self._read_with = [], 0, None
        self._said.clear()
        self.pulse.beat(_OPENS_WITHIN_S)
        try:
            self._uplink.open()
            self._broker.here()
            self._tell(UplinkSeen(up=True, at=self._clock.now()))
            self._doubt.began(self._clock.monotonic())
            self._serve(flight, stop)
        except UplinkLost as lost:
            self._broker.gone(reason=str(lost))
            self._tell(UplinkSeen(up=False, at=self._clock.now()))
            self._ask_what_broke_it(flight)
        finally:
            self._uplink.close()
        stood_s = self._clock.monotonic() - began_s
        return self._receipts_applied > 0 or self._doubt.is_raised or stood_s >= _STOOD_LONG_S

    def _serve(self, flight: Flight, stop: threading.Event) -> None:
        """One connection's life; ends by UplinkLost, or when told to stop."""
        while not stop.is_set():
            self.pulse.beat(_TURN_WITHIN_S)
            self._send(flight)
            self._apply(self._verified(self._receipts(self._uplink.wait(_TURN_S))))

    def _send(self, flight: Flight) -> None:
        """Hand over what is due, as far as the broker lets more be under way."""
        now_s = self._clock.monotonic()
        try:
            window = self._window(flight)
        except JournalUnavailable as unavailable:
            self._journal.gone(reason=str(unavailable))
            return
        self._journal.here()
        self._offered = self._doubt.allowed(window, now_s, is_quiet=self._uplink.is_quiet())
        for row in flight.due(self._offered, now_s, self._uplink.room()):
            self._uplink.publish(topics.up(self._outbox.gateway, row.lane), row.envelope)

    def _window(self, flight: Flight) -> list[OutboxRow]:
        """The oldest rows of each lane that no receipt covers and the broker takes; alarms first.

        Read anew when something came or went, and every second: while the cloud is away they are the same for days.
        """
        waiting, now_s = self._outbox.waiting(), self._clock.monotonic()
        if waiting != self._read_with or now_s >= self._read_again_s:
            self._rows = [row for lane in Lane if waiting for row in self._lane_window(lane, flight)]
            self._read_with, self._read_again_s = waiting, now_s + _READ_AGAIN_S
        return self._rows

    def _lane_window(self, lane: Lane, flight: Flight) -> list[OutboxRow]:
        rows: list[OutboxRow] = []
        ahead_bytes = 0
        for row in self._outbox.oldest_waiting(lane, self._window_rows):
            ahead_bytes += len(row.envelope)
            if not self._is_too_large(row, flight):
                rows.append(row)
            elif lane is Lane.ALARM:
                self._say_once("alarm_too_large_for_the_broker", seq=row.seq, size=len(row.envelope))
            else:
                self._set_aside(row)
            if lane is not Lane.ALARM and ahead_bytes >= _BYTES_AHEAD:
                break
        return rows

    def _is_too_large(self, row: OutboxRow, flight: Flight) -> bool:
        """By the broker's own word on this connection, or proved by trial."""
        now_s = self._clock.monotonic()
        return (
            not self._uplink.fits(row.envelope)
            or (row.lane is not Lane.ALARM and self._doubt.is_too_large(row.envelope, now_s))
            or self._doubt.proves_swallowed(row, flight.times(row), now_s)
        )

    def _ask_what_broke_it(self, flight: Flight) -> None:
        """Whether it was one of the rows under way."""
        under_way = [row for row in self._offered if flight.times(row)]
        proven = self._doubt.broke(under_way, self._clock.monotonic())
        if proven is not None:
            self._set_aside(proven)

    def _set_aside(self, row: OutboxRow) -> None:
        """Out of the way, kept and told; where the journal cannot do so now it stays, unsent, and is asked again."""
        now_s = self._clock.monotonic()
        if now_s < self._aside_again_s:
            return
        try:
            self._outbox.set_aside(row.lane, row.seq, SetAsideReason.TOO_LARGE)
        except JournalUnavailable as unavailable:
            self._aside_again_s = now_s + _ASIDE_AGAIN_S
            self._say_once("row_not_set_aside", reason=str(unavailable))
            return
        log.warning("row_set_aside", lane=row.lane.name.lower(), seq=row.seq, size=len(row.envelope))

    def _receipts(self, came: Sequence[Arrival]) -> list[bytes]:
        """The receipts among it; what else came is handed on to whoever obeys commands."""
        for arrival in came:
            if arrival.kind is topics.Kind.COMMAND:
                self._hear(arrival)
        return [arrival.payload for arrival in came if arrival.kind is topics.Kind.RECEIPT]

    def _verified(self, envelopes: Sequence[bytes]) -> list[tuple[Receipt, bytes]]:
        """The receipts that the cloud's key really signed, the furthest first."""
        receipts = []
        for envelope in dict.fromkeys(envelopes):
            try:
                receipts.append((open_receipt(envelope, self._receipt_key), envelope))
            except WireRefused as refused:
                self._say_once("receipt_refused", reason=str(refused))
        return sorted(receipts, key=lambda pair: pair[0].seq, reverse=True)

    def _apply(self, receipts: list[tuple[Receipt, bytes]]) -> None:
        """Free what they cover. They are cumulative: once the furthest is applied, the others cost nothing."""
        for receipt, envelope in receipts:
            try:
                outcome = self._outbox.apply(receipt, envelope)
            except JournalUnavailable as unavailable:
                self._say_once("receipt_not_applied", reason=str(unavailable))  # the next resend brings it again
                return
            facts = {"outcome": outcome.value, "gen": receipt.gen, "lane": receipt.lane.name.lower()}
            if outcome not in _EXPECTED:
                self._say_once("receipt_contradicts", log.error, seq=receipt.seq, **facts)
            elif outcome is ReceiptOutcome.APPLIED:
                self._receipts_applied += 1
                self._read_with = None
                self._doubt.receipted(receipt.lane, receipt.seq)
                log.debug("receipt", seq=receipt.seq, **facts)

    def _say_once(self, event: str, say: Callable[..., None] = log.warning, **facts: object) -> None:
        """Once a connection: a broker may bring the same for ever."""
        key = (event, *(fact for name, fact in facts.items() if name in ("reason", "outcome", "lane")))
        if key not in self._said and len(self._said) < _MOST_SAID:
            self._said.add(key)
            say(event, **facts)
