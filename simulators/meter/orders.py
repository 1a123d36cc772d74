"""The words a meter obeys on its control socket, and what each does to it.

    supply on|off       disconnector open|closed|ready       breaker open|closed       voltage V       head on|off
    lock S              nobody's proof is taken for S seconds
    event NAME          what befell, by name (cover_opened, magnet_on): it stands in the make's log, under its code
    event CODE [LOG]    an entry as it is, in the log `standard` or another
    clock jump S        the clock moves by S seconds           clock drift PPM    it runs too fast from now on
    clock manner WORD   it tells the time badly: no-deviation, wrong-sign, no-status, no-hundredths, no-seconds,
                        no-date, invalid; plain again
    columns NAME ...    the load profile captures other columns from now on, and has forgotten its rows
    deny OBIS [NUMBER]  an object is refused with that data-access-result (3, denied)       grant OBIS
    misbehave ...       see `misconduct`                       fault ...          see `faults`
    status

In come words and the time; what is no such word is InputRefused, and nothing has changed.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Protocol

from runtime.errors import InputRefused
from simulators.meter.apdu import DataAccessResult
from simulators.meter.clock_object import ClockObject, Manner
from simulators.meter.cosem_object import ObjectModel, obis
from simulators.meter.faults import Faults
from simulators.meter.gatekeeper import Gatekeeper
from simulators.meter.history import History, SwitchState
from simulators.meter.life import Life
from simulators.meter.meter_clock import MAX_DRIFT_PPM
from simulators.meter.meter_log import MAX_CODE
from simulators.meter.misconduct import Misconduct
from simulators.meter.profile_objects import COLUMN_NAMES
from simulators.moment import Moment

MAX_VOLTAGE_V = 500.0
MAX_LOCK_S = 3_600.0
MAX_JUMP_S = 400 * 86_400.0
_DO = (
    "say supply on|off, disconnector open|closed|ready, breaker open|closed, voltage V, head on|off, lock S, "
    "event NAME|CODE [LOG], clock jump S|drift PPM|manner WORD, columns NAME ..., deny|grant OBIS, misbehave ..., "
    "fault ... or status"
)
_ON_WORDS = {"on": True, "off": False}
_BREAKER_WORDS = {"closed": True, "open": False}
_SWITCH_WORDS = {state.name.lower(): state for state in SwitchState}
_MANNER_WORDS = {manner.value: manner for manner in Manner}


class Obedient(Protocol):
    """What a meter shows to its orders."""

    life: Life
    keeper: Gatekeeper
    objects: ObjectModel
    clock: ClockObject
    faults: Faults
    misconduct: Misconduct

    def become(self, history: History, now: Moment) -> None:
        """The meter's history goes on as this one."""
        ...


def obey(meter: Obedient, words: Sequence[str], now: Moment) -> None:
    """Do it; raises InputRefused."""
    history = meter.life.history
    match tuple(words):
        case ("supply", word) if word in _ON_WORDS:
            meter.become(history.with_supply(_ON_WORDS[word], now.at), now)
        case ("disconnector", word) if word in _SWITCH_WORDS:
            meter.become(history.switched(_SWITCH_WORDS[word], now.at), now)
        case ("breaker", word) if word in _BREAKER_WORDS:
            meter.become(history.with_breaker(_BREAKER_WORDS[word], now.at), now)
        case ("head", word) if word in _ON_WORDS:
            meter.become(history.with_head(_ON_WORDS[word]), now)
        case ("voltage", volts):
            meter.become(history.with_voltage(_number(volts, 0, MAX_VOLTAGE_V, "V")), now)
        case ("lock", seconds):
            meter.keeper.lock(now.mono_s + _number(seconds, 0, MAX_LOCK_S, "s"))
        case ("fault", *fault):
            meter.faults.command(fault, now.mono_s)
        case ("misbehave", *misconduct):
            meter.misconduct.command(misconduct, now.mono_s)
        case ("status",):
            pass
        case (("event" | "clock" | "columns" | "deny" | "grant") as verb, *rest):
            _VERBS[verb](meter, rest, now)
        case _:
            raise InputRefused(f"a meter does not know {' '.join(words)!r}", do=_DO)


def _event(meter: Obedient, words: Sequence[str], now: Moment) -> None:
    make = meter.life.make
    match tuple(words):
        case (name,) if name in make.codes:
            log, code = make.codes[name]
        case (number, *logs) if number.isascii() and number.isdigit() and len(logs) <= 1:
            log, code = (logs or list(make.logs))[0], int(_number(number, 0, MAX_CODE, "as a code"))
        case _:
            raise InputRefused(f"no event {' '.join(words)!r}", do=f"say a number, or one of {', '.join(make.codes)}")
    if log not in make.logs:
        raise InputRefused(f"no log {log!r}", do=f"say one of {', '.join(make.logs)}")
    meter.become(meter.life.history.logged(log, code, meter.life.shown(now.at)), now)


def _clock(meter: Obedient, words: Sequence[str], now: Moment) -> None:
    history = meter.life.history
    match tuple(words):
        case ("jump", seconds):
            by = timedelta(seconds=_number(seconds, -MAX_JUMP_S, MAX_JUMP_S, "s"))
            meter.become(history.with_clock(history.clock.jumped(by, now.at)), now)
        case ("drift", ppm):
            pace = _number(ppm, -MAX_DRIFT_PPM, MAX_DRIFT_PPM, "ppm")
            meter.become(history.with_clock(history.clock.drifting(pace, now.at)), now)
        case ("manner", word) if word in _MANNER_WORDS:
            meter.clock.manner = _MANNER_WORDS[word]
        case _:
            do = f"say jump S, drift PPM, or manner {'|'.join(_MANNER_WORDS)}"
            raise InputRefused(f"a clock does not know {' '.join(words)!r}", do=do)


def _columns(meter: Obedient, words: Sequence[str], now: Moment) -> None:
    if "clock" not in words or not set(words) <= set(COLUMN_NAMES) or len(set(words)) != len(words):
        raise InputRefused(f"no columns {' '.join(words)!r}", do=f"say clock and others of {', '.join(COLUMN_NAMES)}")
    meter.become(meter.life.history.capturing(tuple(words), now.at), now)


def _deny(meter: Obedient, words: Sequence[str], _now: Moment) -> None:
    match tuple(words):
        case (name,):
            meter.objects.denied[_name(name)] = DataAccessResult.READ_WRITE_DENIED
        case (name, number) if number in _RESULTS:
            meter.objects.denied[_name(name)] = _RESULTS[number]
        case _:
            raise InputRefused(f"nothing to deny: {' '.join(words)!r}", do=f"say OBIS and one of {', '.join(_RESULTS)}")


def _grant(meter: Obedient, words: Sequence[str], _now: Moment) -> None:
    if len(words) != 1:
        raise InputRefused(f"nothing to grant: {' '.join(words)!r}", do="say OBIS")
    meter.objects.denied.pop(_name(words[0]), None)


_RESULTS = {str(result.value): result for result in DataAccessResult if result is not DataAccessResult.SUCCESS}
_VERBS: dict[str, Callable[[Obedient, Sequence[str], Moment], None]] = {
    "event": _event,
    "clock": _clock,
    "columns": _columns,
    "deny": _deny,
    "grant": _grant,
}


def _name(text: str) -> bytes:
    try:
        name = obis(text)
    except ValueError:
        name = b""
    if len(name) != 6:
        raise InputRefused(f"{text!r} is no OBIS", do="say one such as 1.0.1.8.0.255")
    return name


def _number(text: str, minimum: float, maximum: float, unit: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = minimum - 1
    if not minimum <= value <= maximum:
        raise InputRefused(f"{text!r} is not from {minimum:g} to {maximum:g} {unit}")
    return value
