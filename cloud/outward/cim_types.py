"""What our events are called in IEC 61968-9: EndDeviceEventType codes `device.domain.subdomain.event`.

The standard's enumerations are not free to read. The numbers here are those of its annex E as public head-ends use
them (Connexo's EndDeviceType, EndDeviceDomain, EndDeviceSubDomain and EndDeviceEventOrAction), as the tables of the
meters' own logs are. A utility's own profile may differ: whoever receives these should compare the table in
docs/how-to/outward.md with his.

The device is the meter (3) where the meter, or what it read, is the witness, and the gateway, a communication device
(26), where the gateway is. A gateway that lost its 5 V is not a meter that lost its supply: only a verdict with the
meter silent, or the meter itself, says 3.26.0.85. A verdict that is withdrawn turns into "normal" (37), never into a
second failure. An event with no code of its own has 0.0.0.0; what is no event of a device has none and is left out:
readings (they are a MeterReadings message), unusual use, heartbeats, health and answers to commands.
"""

from typing import Final

from wire.events import (
    Event,
    EventsDropped,
    GatewayStarted,
    InterruptionAssessed,
    JournalBegunAnew,
    KeyAnnounced,
    LogEntry,
    MeterFitted,
    MeterReachable,
    MeterRemoved,
    MeterUnreachable,
    SupplyDipped,
    SupplyLost,
    SupplyRestored,
    VoltageOutOfBand,
)
from wire.terms import Cause, JournalLoss, Stage, UseStage, VoltageLimit

UNKNOWN: Final = "0.0.0.0"  # noqa: S104 - no address of a network

POWER_FAILED, POWER_RESTORED, POWER_NORMAL = "3.26.0.85", "3.26.0.216", "3.26.0.37"
GATEWAY_POWER_FAILED, GATEWAY_POWER_NORMAL = "26.26.0.85", "26.26.0.37"

_VERDICTS: Final = {
    Cause.CANNOT_TELL: (UNKNOWN, UNKNOWN),
    Cause.SUPPLY_INTERRUPTED: (POWER_FAILED, POWER_NORMAL),
    Cause.PHASE_LOST: ("3.26.25.85", "3.26.25.37"),
    Cause.SWITCHED_OFF: ("3.31.26.68", "3.31.26.37"),
    Cause.OWN_BREAKER: (GATEWAY_POWER_FAILED, GATEWAY_POWER_NORMAL),
    Cause.GATEWAY_UNPLUGGED: (GATEWAY_POWER_FAILED, GATEWAY_POWER_NORMAL),
    Cause.HEAD_OFF: ("26.1.0.85", "26.1.0.37"),
    Cause.WAN_FAULT: ("26.23.0.85", "26.23.0.37"),
}
"""For each cause: what is said of it, and what once it is withdrawn."""

_VOLTAGES: Final = {
    (VoltageLimit.LOW, UseStage.RAISED): 223,
    (VoltageLimit.LOW, UseStage.ENDED): 224,
    (VoltageLimit.HIGH, UseStage.RAISED): 248,
    (VoltageLimit.HIGH, UseStage.ENDED): 249,
}
_PHASE_A_VOLTAGE: Final = 131  # phases B and C are the two that follow

_JOURNAL_LOST: Final = {JournalLoss.DAMAGED: "26.17.44.43", JournalLoss.MISSING: "26.17.44.285"}

_PLAIN: Final[dict[type[Event], str]] = {
    SupplyLost: GATEWAY_POWER_FAILED,
    SupplyDipped: "26.26.79.224",
    SupplyRestored: POWER_RESTORED,
    EventsDropped: "26.17.44.47",
    KeyAnnounced: "26.12.32.24",
    GatewayStarted: "26.0.0.53",
    MeterUnreachable: "26.1.0.85",
    MeterReachable: "26.1.0.216",
    MeterFitted: "3.6.0.105",
    MeterRemoved: "3.6.0.212",
}


def cim_type(event: Event) -> str | None:
    """The event's type in CIM; None for what is no event of an end device.

    >>> from wire.terms import Grade
    >>> verdict = InterruptionAssessed(
    ...     began_at_ms=0, cause=Cause.SUPPLY_INTERRUPTED, stage=Stage.CONFIRMED, grade=Grade.STRONG, evidence=()
    ... )
    >>> cim_type(verdict)
    '3.26.0.85'
    """
    match event:
        case InterruptionAssessed(cause=cause, stage=stage):
            return _VERDICTS[cause][stage is Stage.WITHDRAWN]
        case VoltageOutOfBand(limit=limit, stage=stage, phase=phase):
            return f"3.26.{_PHASE_A_VOLTAGE + phase - 1}.{_VOLTAGES[limit, stage]}"
        case JournalBegunAnew(reason=reason):
            return _JOURNAL_LOST[reason]
        case LogEntry(cim=cim):
            return UNKNOWN if cim is None else ".".join(map(str, cim))
        case _:
            return _PLAIN.get(type(event))
