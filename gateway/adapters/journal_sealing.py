"""How an event is sealed in its place of the chain: numbered, linked, stamped with the time, signed.

A stamp says when an event was sealed, and how far that can be trusted: the wall clock, what sets it and how far it may
be off, and beside it the milliseconds since the machine's start, which no clock that is set can move.
"""

from dataclasses import dataclass

from gateway.core.outbox import Entry
from runtime.clock import Clock
from wire.chain import Head
from wire.envelope import Purpose, Signer, link_hash, parse, seal
from wire.ids import GatewayId
from wire.instants import unix_ms
from wire.record import ClockSource, Link, Record, Stamp, encode_record


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockTrust:
    """What sets the gateway's clock and how far it may be off: stated at commissioning, sealed into every event."""

    source: ClockSource = ClockSource.NTP
    uncertainty_ms: int = 500


USUAL_TRUST = ClockTrust()


class Sealing:
    """Seals for one journal, in one life of the gateway."""

    def __init__(self, gateway: GatewayId, gen: int, boot: int, clock: Clock, trust: ClockTrust) -> None:
        self._gateway = gateway
        self._gen = gen
        self._boot = boot
        self._clock = clock
        self._trust = trust

    def now_ms(self) -> int:
        """Unix milliseconds, UTC."""
        return unix_ms(self._clock.now())

    def seal(self, entry: Entry, before: Head, signer: Signer) -> tuple[Head, bytes]:
        """The event behind `before`: the head it makes, and its envelope.

        Raises WireRefused for what the contract cannot say.
        """
        link = Link(gateway=self._gateway, gen=self._gen, lane=entry.event.lane, seq=before.seq + 1, prev=before.hash)
        stamp = Stamp(
            at_ms=self.now_ms(),
            source=self._trust.source,
            uncertainty_ms=self._trust.uncertainty_ms,
            mono_ms=round(self._clock.monotonic() * 1000),
            boot=self._boot,
        )
        payload = encode_record(Record(link=link, stamp=stamp, subject=entry.subject, event=entry.event))
        envelope = seal(payload, signer, Purpose.EVENT)
        return Head(seq=link.seq, hash=link_hash(parse(envelope))), envelope
