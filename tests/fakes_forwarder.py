"""A forwarder between a real journal and a broker that is played, and when to stop it."""

import random
from collections.abc import Callable

from gateway.adapters.journal import Journal
from gateway.core.arrival import Arrival
from gateway.core.outbox import Entry
from gateway.core.patience import Patience
from gateway.core.uplink import UplinkSeen
from gateway.service.forwarder import Forwarder
from tests.fakes_gateway import FakeClock, StoryStop
from tests.fakes_uplink import FakeBroker, FakeCloud
from wire.events import EventsDropped, IntervalReadings, RegisterReadings, SupplyLost
from wire.ids import gateway_id_of
from wire.keys import PublicKey, SoftwareSigner
from wire.terms import DropReason, Lane
from wire.units import Quantity

SIGNER = SoftwareSigner.generate()
GATEWAY = gateway_id_of(SIGNER.public.spki)


def alarm(number: int) -> Entry:
    return Entry(subject="LMP1", event=SupplyLost(began_at_ms=number, input_mv=0))


def reading(number: int) -> Entry:
    return Entry(subject="LMP1", event=RegisterReadings(at_ms=number, values=((Quantity.ENERGY_IMPORT_WH, number),)))


def forwarder(
    journal: Journal,
    broker: FakeBroker,
    *,
    receipt_key: PublicKey | None = None,
    tell: Callable[[UplinkSeen], None] | None = None,
    hear: Callable[[Arrival], None] | None = None,
    chance: random.Random | None = None,
    longest_reconnect_s: float = 30,
) -> Forwarder:
    return Forwarder(
        outbox=journal,
        uplink=broker,
        receipt_key=receipt_key or broker.cloud.receipt_key,
        window_rows=8,
        resend=Patience(first_s=5, longest_s=60),
        reconnect=Patience(first_s=1, longest_s=longest_reconnect_s),
        clock=broker.clock,
        chance=chance or random.Random(3),
        tell=tell or (lambda _: None),
        hear=hear or (lambda _: None),
    )


def run_for(journal: Journal, broker: FakeBroker, seconds: float, receipt_key: PublicKey | None = None) -> None:
    """Run the forwarder until the story's clock has gone on by so many seconds."""
    stop = EndsAt(broker.clock, broker.clock.story_s + seconds)
    forwarder(journal, broker, receipt_key=receipt_key).run(stop)


class EndsAt(StoryStop):
    """Stops when the story's clock says so."""

    def __init__(self, clock: FakeClock, story_s: float) -> None:
        super().__init__(clock)
        self._ends_at = story_s

    def is_set(self) -> bool:
        return self._clock.story_s >= self._ends_at


class Delivered(EndsAt):
    """Stops when nothing waits any longer, or after an hour of the story."""

    def __init__(self, journal: Journal, clock: FakeClock) -> None:
        super().__init__(clock, clock.story_s + 3_600)
        self._journal = journal

    def is_set(self) -> bool:
        return super().is_set() or not self._journal.waiting()


def large(number: int = 1, values: int = 900) -> Entry:
    """A batch of readings of some 2,700 bytes."""
    said = tuple(100_000 * (place % 2) + number for place in range(values))
    return Entry(subject="LMP1", event=IntervalReadings.of(number, 900, Quantity.ENERGY_IMPORT_WH, said))


def dropped(cloud: FakeCloud) -> list[tuple[Lane, int, int, DropReason]]:
    events = [record.event for record in cloud.records if isinstance(record.event, EventsDropped)]
    return [(event.of_lane, event.first_seq, event.last_seq, event.reason) for event in events]


def places(cloud: FakeCloud, lane: Lane) -> list[int]:
    return [record.link.seq for record in cloud.records if record.link.lane is lane]
