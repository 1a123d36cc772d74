"""What a gateway says of itself, of its journal and of its line to the meters, in a person's words."""

from datetime import timedelta
from typing import Final, TypeAlias

from cloud.web.moments import Moments, length
from wire.events import (
    CommandAnswered,
    Event,
    EventsDropped,
    EventSetAside,
    GatewayHealth,
    GatewayStarted,
    Heartbeat,
    JournalBegunAnew,
    KeyAnnounced,
    MeterFitted,
    MeterReachable,
    MeterRemoved,
    MeterUnreachable,
    UnknownEvent,
    VoltageOutOfBand,
)
from wire.instants import from_unix_ms
from wire.keys import PublicKey
from wire.terms import CommandOutcome, DropReason, JournalLoss, Lane, LinkFault, SetAsideReason, UseStage, VoltageLimit

Sentence: TypeAlias = tuple[str, list[tuple[str, str]]]
"""A title, and labels with their values."""

FAULTS: Final = {
    LinkFault.SILENT: "it is silent",
    LinkFault.GARBLED: "its answers are garbled",
    LinkFault.REFUSED: "it refuses",
    LinkFault.PORT_GONE: "the port is gone",
}
LANES: Final = {Lane.ALARM: "alarms", Lane.READINGS: "readings", Lane.DIAGNOSTICS: "diagnostics"}
DROPPED: Final = {
    DropReason.FULL: "there was no room for newer ones",
    DropReason.TOO_LARGE: "too large for the broker",
    DropReason.MISSING: "gone from the journal, and the gateway did not drop them",
    DropReason.WITHHELD: "the customer does not consent to readings so fine",
}
LOSSES: Final = {
    JournalLoss.MISSING: "there was none",
    JournalLoss.DAMAGED: "damaged; it lies set aside on the gateway",
}
ASIDE: Final = {SetAsideReason.TOO_LARGE: "too large", SetAsideReason.CANNOT_BE_SAID: "a value is out of its bounds"}
OUTCOMES: Final = {
    CommandOutcome.DONE: "done",
    CommandOutcome.REFUSED: "refused",
    CommandOutcome.FAILED: "failed",
}
LIMITS: Final = {VoltageLimit.LOW: "too low", VoltageLimit.HIGH: "too high"}


def of(event: Event, moments: Moments) -> Sentence:
    """The event in words; one this page has no words for is shown under its own name."""
    match event:
        case GatewayStarted():
            return "Gateway started", [("software", event.software), ("start no.", str(event.boot))]
        case Heartbeat():
            up_for = length(timedelta(seconds=event.uptime_s))
            return "Sign of life", [("up for", up_for), ("not receipted yet", f"{event.pending:,}")]
        case MeterUnreachable() | MeterReachable() | MeterFitted() | MeterRemoved() | VoltageOutOfBand():
            return _of_a_meter(event, moments)
        case EventsDropped() | JournalBegunAnew() | EventSetAside() | KeyAnnounced():
            return _of_the_journal(event)
        case GatewayHealth():
            return "How the gateway fares", _health(event)
        case CommandAnswered():
            took = f"{event.took_ms / 1000:.1f} s"
            details = [("command", event.command.hex()), ("detail", event.detail), ("took", took)]
            return f"Command {OUTCOMES[event.outcome]}", details
        case UnknownEvent():
            return f"An event this program cannot read (code {event.code})", [("why", event.why)]
        case _:
            return type(event).__name__, []


def _of_a_meter(
    event: MeterUnreachable | MeterReachable | MeterFitted | MeterRemoved | VoltageOutOfBand, moments: Moments
) -> Sentence:
    match event:
        case MeterUnreachable():
            since = moments.clock(from_unix_ms(event.since_ms))
            return "Meter cannot be read", [("since", since), ("why", FAULTS[event.reason])]
        case MeterReachable():
            return "Meter can be read again", [("silent for", length(timedelta(milliseconds=event.silent_for_ms)))]
        case MeterFitted():
            since = moments.clock(from_unix_ms(event.since_ms))
            return "Meter fitted", [("entry", str(event.number)), ("profile", event.profile), ("since", since)]
        case MeterRemoved():
            return "Meter removed", [("entry", str(event.number))]
        case VoltageOutOfBand():
            over = ", over" if event.stage is UseStage.ENDED else ""
            details = [
                ("began", moments.clock(from_unix_ms(event.began_at_ms))),
                ("worst", f"{event.extreme_mv / 1000:.1f} V"),
                ("limit", f"{event.limit_mv / 1000:.1f} V"),
            ]
            return f"Voltage of phase {event.phase} {LIMITS[event.limit]}{over}", details


def _of_the_journal(event: EventsDropped | JournalBegunAnew | EventSetAside | KeyAnnounced) -> Sentence:
    match event:
        case EventsDropped():
            count = event.last_seq - event.first_seq + 1
            title = f"{count:,} of the gateway’s {LANES[event.of_lane]} given up"
            return title, [("numbers", f"{event.first_seq} to {event.last_seq}"), ("why", DROPPED[event.reason])]
        case JournalBegunAnew():
            details = [("generation before", str(event.previous_gen)), ("why", LOSSES[event.reason])]
            return "The gateway’s journal began anew", details
        case EventSetAside():
            details = [("code", str(event.of_code)), ("size", f"{event.size:,} bytes"), ("why", ASIDE[event.reason])]
            return "An event could not be sent", details
        case KeyAnnounced():
            return "The gateway changes its key", [("new key", _key_id(event.spki))]


def _health(event: GatewayHealth) -> list[tuple[str, str]]:
    details = [
        ("disk free", f"{event.disk_free_kb / 1000:,.0f} MB"),
        ("journal", f"{event.journal_kb / 1000:,.1f} MB"),
        ("memory", f"{event.memory_kb / 1000:,.0f} MB"),
        ("reports dropped", f"{event.reports_dropped:,}"),
        ("events refused", f"{event.events_refused:,}"),
    ]
    if event.temperature_mc is not None:
        details.append(("temperature", f"{event.temperature_mc / 1000:.0f} °C"))
    return details


def _key_id(spki: bytes) -> str:
    try:
        return PublicKey.from_spki(spki).key_id.hex()
    except ValueError:
        return "not a key we know"
