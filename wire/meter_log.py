"""What a meter writes into its event logs, in our words: one short list for every make of meter.

A kind says what happened, coarsely enough to hold for every family of meters; which phase, which cover and why stand in
the raw entry and in its CIM type, which travel with it. The tens group them, so that a receiver that must decide by
group needs no second list: supply, quality of the voltage, tamper, the supply switch, the clock, the meter itself, its
links. Numbers are never reused.
"""

from enum import IntEnum

_SUPPLY, _TAMPER, _SWITCH = range(1, 20), range(40, 70), range(70, 80)


class ClockQuality(IntEnum):
    """What the meter said of its clock in the moment it stamped an entry."""

    NOT_SAID = 0
    GOOD = 1
    DOUBTFUL = 2  # recovered after an incident, and nobody vouches for it
    INVALID = 3  # not set: the instant may be anything


class MeterEventKind(IntEnum):
    """What happened at the meter, or to it."""

    SUPPLY_FAILED = 1
    SUPPLY_BACK = 2
    LAST_GASP = 3
    PHASE_LOST = 4
    PHASE_BACK = 5

    VOLTAGE_LOW = 20
    VOLTAGE_HIGH = 21
    VOLTAGE_NORMAL = 22
    VOLTAGE_UNBALANCED = 23
    CURRENT_HIGH = 24
    CURRENT_NORMAL = 25
    CURRENT_UNBALANCED = 26
    DISTORTION = 27

    TERMINAL_COVER_OPENED = 40
    TERMINAL_COVER_CLOSED = 41
    METER_COVER_OPENED = 42
    METER_COVER_CLOSED = 43
    MAGNETIC_FIELD = 44
    MAGNETIC_FIELD_GONE = 45
    NEUTRAL_DISTURBED = 46
    NEUTRAL_RESTORED = 47
    REVERSE_FLOW = 48
    REVERSE_FLOW_OVER = 49
    BYPASSED = 50
    BYPASS_OVER = 51
    LOGIN_FAILED = 52
    TAMPER_OTHER = 53
    TAMPER_OVER = 54

    DISCONNECTED = 70
    CONNECTED = 71
    READY_TO_CONNECT = 72
    SWITCH_FAILED = 73
    LIMIT_EXCEEDED = 74
    LIMIT_KEPT = 75

    CLOCK_SET_FROM = 80  # stamped with the old time
    CLOCK_SET_TO = 81  # stamped with the new one
    DAYLIGHT_SAVING = 82
    CLOCK_INVALID = 83

    BATTERY_LOW = 90
    BATTERY_TO_REPLACE = 91
    HARDWARE_FAULT = 92
    WATCHDOG = 93
    FIRMWARE_READY = 94
    FIRMWARE_CHANGED = 95
    FIRMWARE_REFUSED = 96
    CONFIGURATION_CHANGED = 97
    KEYS_CHANGED = 98
    TARIFF_CHANGED = 99
    LOG_CLEARED = 100
    REGISTER_CLEARED = 101
    MAINTENANCE = 102

    LINK_LOST = 120
    LINK_BACK = 121
    SESSION_BEGAN = 122
    SESSION_ENDED = 123
    DEVICE_FOUND = 124
    DEVICE_FAULT = 125

    OTHER = 255

    @property
    def is_tamper(self) -> bool:
        """Whether it may be somebody at the meter who should not be: for revenue protection, never for a customer.

        >>> MeterEventKind.MAGNETIC_FIELD.is_tamper, MeterEventKind.SUPPLY_FAILED.is_tamper
        (True, False)
        """
        return self.value in _TAMPER

    @property
    def is_alarm(self) -> bool:
        """Whether it travels in the alarm lane: what is about supply, the supply switch, or tamper.

        >>> MeterEventKind.DISCONNECTED.is_alarm, MeterEventKind.VOLTAGE_LOW.is_alarm
        (True, False)
        """
        return self.value in _SUPPLY or self.value in _SWITCH or self.is_tamper
