"""What befalls a meter, by name: which change of its history is worth an entry in a log, or a count.

In come the history before and after, out come names such as `power_down` or `overvoltage_2`. A make knows in which log
each stands and under which code.
"""

from collections.abc import Iterator
from dataclasses import replace

from simulators.meter.history import History, SwitchState

# EN 50160: more than a tenth off the nominal 230 V.
SAG_BELOW_V, SWELL_ABOVE_V = 207.0, 253.0
_SWITCHED = {
    SwitchState.OPEN: "switch_opened",
    SwitchState.CLOSED: "switch_closed",
    SwitchState.READY: "switch_ready",
}


def befallen(before: History, after: History, phases: int) -> Iterator[str]:
    """The names of what befell a meter between two histories, in the order a meter would log them."""
    if before.is_supplied and not after.is_supplied:
        yield "power_down"
    if not before.is_supplied and after.is_supplied:
        yield "power_up"
    if before.switch_state is not after.switch_state:
        yield _SWITCHED[after.switch_state]
    if before.clock.settings != after.clock.settings and after.clock.settings[-1].is_jump:
        yield "clock_before"
        yield "clock_after"
    if before.voltage_v != after.voltage_v:
        yield from _voltage(before.voltage_v, after.voltage_v, phases)


def _voltage(before_v: float, after_v: float, phases: int) -> Iterator[str]:
    was, is_now = _level(before_v), _level(after_v)
    if was != is_now:
        yield from (f"{is_now}_{phase}" for phase in range(1, phases + 1))


def _level(voltage_v: float) -> str:
    if voltage_v < SAG_BELOW_V:
        return "undervoltage"
    return "overvoltage" if voltage_v > SWELL_ABOVE_V else "voltage_normal"


def counted(before: History, after: History) -> History:
    """The history with the sag or swell that has just begun counted."""
    was, is_now = _level(before.voltage_v), _level(after.voltage_v)
    sags = after.sags + (is_now == "undervoltage" and was != is_now)
    swells = after.swells + (is_now == "overvoltage" and was != is_now)
    return replace(after, sags=sags, swells=swells)
