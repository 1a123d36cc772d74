"""What a meter's own log entries are called on an operator's page; no customer's page or message names one.

What a kind rests on (log, code, CIM type) stands beside it always, so that a utility can look it up in the meter's own
manual.
"""

from typing import Final

from wire.events import LogEntry
from wire.meter_log import ClockQuality, MeterEventKind

KINDS: Final = {
    MeterEventKind.SUPPLY_FAILED: "supply failed",
    MeterEventKind.SUPPLY_BACK: "supply back",
    MeterEventKind.LAST_GASP: "last gasp: supply is failing",
    MeterEventKind.PHASE_LOST: "phase lost",
    MeterEventKind.PHASE_BACK: "phase back",
    MeterEventKind.VOLTAGE_LOW: "voltage too low",
    MeterEventKind.VOLTAGE_HIGH: "voltage too high",
    MeterEventKind.VOLTAGE_NORMAL: "voltage normal again",
    MeterEventKind.VOLTAGE_UNBALANCED: "voltage unbalanced",
    MeterEventKind.CURRENT_HIGH: "current too high",
    MeterEventKind.CURRENT_NORMAL: "current normal again",
    MeterEventKind.CURRENT_UNBALANCED: "current unbalanced",
    MeterEventKind.DISTORTION: "voltage distorted",
    MeterEventKind.TERMINAL_COVER_OPENED: "terminal cover opened",
    MeterEventKind.TERMINAL_COVER_CLOSED: "terminal cover closed",
    MeterEventKind.METER_COVER_OPENED: "meter cover opened",
    MeterEventKind.METER_COVER_CLOSED: "meter cover closed",
    MeterEventKind.MAGNETIC_FIELD: "strong magnetic field",
    MeterEventKind.MAGNETIC_FIELD_GONE: "strong magnetic field gone",
    MeterEventKind.NEUTRAL_DISTURBED: "neutral disturbed",
    MeterEventKind.NEUTRAL_RESTORED: "neutral restored",
    MeterEventKind.REVERSE_FLOW: "current flows backwards",
    MeterEventKind.REVERSE_FLOW_OVER: "current flows forwards again",
    MeterEventKind.BYPASSED: "current passes the meter by",
    MeterEventKind.BYPASS_OVER: "current passes through the meter again",
    MeterEventKind.LOGIN_FAILED: "a login failed",
    MeterEventKind.TAMPER_OTHER: "sign of tampering",
    MeterEventKind.TAMPER_OVER: "sign of tampering gone",
    MeterEventKind.DISCONNECTED: "supply switch opened",
    MeterEventKind.CONNECTED: "supply switch closed",
    MeterEventKind.READY_TO_CONNECT: "supply switch may be closed by hand",
    MeterEventKind.SWITCH_FAILED: "supply switch failed",
    MeterEventKind.LIMIT_EXCEEDED: "power limit exceeded",
    MeterEventKind.LIMIT_KEPT: "below the power limit again",
    MeterEventKind.CLOCK_SET_FROM: "clock set, its old time",
    MeterEventKind.CLOCK_SET_TO: "clock set, its new time",
    MeterEventKind.DAYLIGHT_SAVING: "summer or winter time began",
    MeterEventKind.CLOCK_INVALID: "clock invalid",
    MeterEventKind.BATTERY_LOW: "battery low",
    MeterEventKind.BATTERY_TO_REPLACE: "battery to be replaced",
    MeterEventKind.HARDWARE_FAULT: "fault of its hardware",
    MeterEventKind.WATCHDOG: "its watchdog restarted it",
    MeterEventKind.FIRMWARE_READY: "new firmware ready",
    MeterEventKind.FIRMWARE_CHANGED: "new firmware runs",
    MeterEventKind.FIRMWARE_REFUSED: "firmware refused",
    MeterEventKind.CONFIGURATION_CHANGED: "settings changed",
    MeterEventKind.KEYS_CHANGED: "keys changed",
    MeterEventKind.TARIFF_CHANGED: "tariff changed",
    MeterEventKind.LOG_CLEARED: "a log was cleared",
    MeterEventKind.REGISTER_CLEARED: "a register was cleared",
    MeterEventKind.MAINTENANCE: "maintenance",
    MeterEventKind.LINK_LOST: "link to a device lost",
    MeterEventKind.LINK_BACK: "link to a device back",
    MeterEventKind.SESSION_BEGAN: "somebody began to read it",
    MeterEventKind.SESSION_ENDED: "somebody ended reading it",
    MeterEventKind.DEVICE_FOUND: "a device was found",
    MeterEventKind.DEVICE_FAULT: "a device has a fault",
}
CLOCKS: Final = {
    ClockQuality.NOT_SAID: "the meter does not say",
    ClockQuality.GOOD: "set",
    ClockQuality.DOUBTFUL: "doubtful",
    ClockQuality.INVALID: "not set: the time may be anything",
}


def title(entry: LogEntry) -> str:
    """The entry in a few words; one of no kind we know goes by its code."""
    if entry.kind is MeterEventKind.OTHER:
        return f"Meter’s log: code {entry.raw_code}"
    phase = "" if entry.phase is None else f" (phase {entry.phase})"
    return f"Meter’s log: {KINDS[entry.kind]}{phase}"


def raw(entry: LogEntry) -> str:
    """What the meter wrote, and the CIM type beside it: "code 83 of log power-quality (idis), CIM 3.26.25.85"."""
    cim = "" if entry.cim is None else f", CIM {'.'.join(map(str, entry.cim))}"
    return f"code {entry.raw_code} of log {entry.log} ({entry.family}){cim}"
