"""Accepted events, read into what they say about supply; the frame of each says how far its time can be believed."""

from cloud.ingest.store import StoredEvent
from cloud.outages.settings import OutageSettings
from cloud.outages.signs import Assessed, Dipped, Heard, Lost, Returned, Saying
from wire.events import InterruptionAssessed, SupplyDipped, SupplyLost, SupplyRestored
from wire.instants import from_unix_ms
from wire.record import ClockSource
from wire.terms import Cause, Disconnector


def saying(event: StoredEvent, settings: OutageSettings) -> Saying | None:
    """What an event says about supply; None when it says nothing about it."""
    heard = _heard(event, settings)
    match event.record.event:
        case SupplyLost(began_at_ms=began):
            return Lost(heard=heard, began_at=from_unix_ms(began))
        case InterruptionAssessed(began_at_ms=began) as verdict:
            return Assessed(
                heard=heard,
                began_at=from_unix_ms(began),
                cause=verdict.cause,
                stage=verdict.stage,
                grade=verdict.grade,
                evidence=verdict.evidence,
            )
        case SupplyRestored(began_at_ms=began) as back:
            return Returned(
                heard=heard,
                began_at=from_unix_ms(began),
                returned_at=from_unix_ms(back.restored_at_ms),
                held_s=back.held_s,
                lowest_mv=min(back.voltages_mv, default=None),
                is_switched_off=back.disconnector in {Disconnector.OPEN, Disconnector.READY},
            )
        case SupplyDipped(began_at_ms=began):
            return Dipped(heard=heard, began_at=from_unix_ms(began))
        case _:
            return None


def is_of_the_gateway(seen: Saying) -> bool:
    """Whether an event speaks of the gateway itself: its uplink was away, for every home it speaks for."""
    return isinstance(seen, Assessed) and seen.cause is Cause.WAN_FAULT and not seen.heard.meter


def _heard(event: StoredEvent, settings: OutageSettings) -> Heard:
    stamp = event.record.stamp
    is_set = stamp.source is not ClockSource.NONE and stamp.uncertainty_ms <= settings.clock_tolerance_s * 1_000
    return Heard(
        event=event.id,
        meter=event.record.subject,
        said_at=event.at,
        heard_at=event.received_at,
        clock_is_good=is_set and event.at <= event.received_at + settings.clock_tolerance,
    )
