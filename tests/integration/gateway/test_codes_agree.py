"""The codes the simulated makes write, and what the gateway takes them for: two tables from the same documents.

Each was written without the other; where they differ, one of them has misread.
"""

import pytest

from gateway.adapters.event_code_files import load_event_codes
from simulators.meter.makes import MAKES
from wire.meter_log import MeterEventKind as Kind

CODES = load_event_codes()
FAMILY_OF = {"lamplight": "idis", "idis": "idis", "dsmr5": "dsmr", "indian": "is-15959"}
LOG_OF = {"quality": "power-quality", "non_rollover": "non-rollover"}
MEANT = {
    "power_down": Kind.SUPPLY_FAILED,
    "power_up": Kind.SUPPLY_BACK,
    "clock_before": Kind.CLOCK_SET_FROM,
    "clock_after": Kind.CLOCK_SET_TO,
    "clock_invalid": Kind.CLOCK_INVALID,
    "watchdog": Kind.WATCHDOG,
    "terminal_opened": Kind.TERMINAL_COVER_OPENED,
    "terminal_closed": Kind.TERMINAL_COVER_CLOSED,
    "magnet_on": Kind.MAGNETIC_FIELD,
    "magnet_off": Kind.MAGNETIC_FIELD_GONE,
    "cover_opened": Kind.METER_COVER_OPENED,
    "cover_closed": Kind.METER_COVER_CLOSED,
    "failed_login": Kind.LOGIN_FAILED,
    "keys_changed": Kind.KEYS_CHANGED,
    "switch_opened": Kind.DISCONNECTED,
    "switch_closed": Kind.CONNECTED,
    "switch_ready": Kind.READY_TO_CONNECT,
    **{f"undervoltage_{phase}": Kind.VOLTAGE_LOW for phase in (1, 2, 3)},
    **{f"overvoltage_{phase}": Kind.VOLTAGE_HIGH for phase in (1, 2, 3)},
    **{f"voltage_normal_{phase}": Kind.VOLTAGE_NORMAL for phase in (1, 2, 3)},
}


@pytest.mark.parametrize("make", FAMILY_OF)
def test_what_a_make_writes_is_what_the_gateway_reads(make):
    codes = MAKES[make].codes

    read = {
        name: CODES.meaning(FAMILY_OF[make], LOG_OF.get(log, log), code).kind for name, (log, code) in codes.items()
    }

    assert read == {name: MEANT[name] for name in codes}
