"""A real journal in a temporary folder, and small builders of what goes into it and what frees it."""

import sqlite3
from pathlib import Path

from gateway.adapters.journal import Caps, Journal
from gateway.core.outbox import Entry
from tests.fakes_gateway import FakeClock
from wire.bodies import event_name
from wire.chain import Head, Step, follow, genesis
from wire.envelope import Purpose, link_hash, parse, verify
from wire.events import EventsDropped, Heartbeat, MeterUnreachable, RegisterReadings, SupplyLost
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner
from wire.receipts import Receipt
from wire.record import Record, decode_record
from wire.terms import Lane, LinkFault
from wire.units import Quantity

SIGNER = SoftwareSigner.generate()
GATEWAY = gateway_id_of(SIGNER.public.spki)


def lost(began_at_ms: int = 1_000) -> Entry:
    return Entry(subject="LMP00042", event=SupplyLost(began_at_ms=began_at_ms, input_mv=4_000))


def reading(at_ms: int = 1_000) -> Entry:
    values = ((Quantity.ENERGY_IMPORT_WH, 12_345_678),)
    return Entry(subject="LMP00042", event=RegisterReadings(at_ms=at_ms, values=values))


def unreachable() -> Entry:
    return Entry(subject="LMP00042", event=MeterUnreachable(since_ms=1, reason=LinkFault.SILENT))


def heartbeat(journal: Journal) -> Entry:
    return Entry(subject="", event=Heartbeat(heads=journal.heads(), uptime_s=1, pending=journal.waiting()))


def opened(path: Path, caps: Caps | None = None) -> Journal:
    return Journal.open(path, GATEWAY, SIGNER, FakeClock(), caps or Caps())


def receipt_for(journal: Journal, lane: Lane, seq: int) -> Receipt:
    """The receipt an honest cloud signs for this place."""
    envelope = next(row.envelope for row in journal.oldest_waiting(lane, seq) if row.seq == seq)
    return Receipt(gateway=GATEWAY, gen=1, lane=lane, seq=seq, head=link_hash(parse(envelope)), at_ms=5)


def records(journal: Journal, lane: Lane) -> list[Record]:
    """What waits in a lane, read."""
    return [decode_record(parse(row.envelope).payload) for row in journal.oldest_waiting(lane, 10_000)]


def names(journal: Journal, lane: Lane) -> list[str]:
    return [event_name(record.event) for record in records(journal, lane)]


def declared(journal: Journal) -> list[EventsDropped]:
    """The holes the waiting alarms tell of."""
    return [record.event for record in records(journal, Lane.ALARM) if isinstance(record.event, EventsDropped)]


def chain_of(journal: Journal, lane: Lane) -> Head:
    """Follow the waiting rows of a lane as the cloud does, over the holes that are told; the head it arrives at."""
    head = genesis(SIGNER.public.spki)
    holes = {hole.first_seq: hole for hole in declared(journal) if hole.of_lane is lane}
    for row in journal.oldest_waiting(lane, 10_000):
        while head.seq + 1 in holes:
            hole = holes[head.seq + 1]
            head = Head(seq=hole.last_seq, hash=hole.head)
        parsed = parse(row.envelope)
        verify(parsed, SIGNER.public, Purpose.EVENT)
        own_hash = link_hash(parsed)
        assert follow(head, decode_record(parsed.payload).link, own_hash) is Step.NEXT
        head = Head(seq=row.seq, hash=own_hash)
    return head


def tamper(path: Path, *statements: str) -> None:
    """Change the file behind the journal's back."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()
