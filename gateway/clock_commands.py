"""`lamplight-gateway clock`: what a meter's clock shows and how far it is off; and, with `--set --yes`, set it.

A meter's clock stamps bills. So it is set by a person's word only, by a gateway that knows the time, and never out of
the capture period it is in unless that is said as well (`--force`). Exit status 1 says that it was not set.
"""

import argparse
import json
from collections.abc import Iterator
from datetime import timedelta

from gateway.core.clock.view import DST_ENABLED, USUAL_PERIOD_S, ZONE, ClockReading, leaves_period, setting_for
from gateway.core.dlms.cosem_time import CosemDateTime
from gateway.core.errors import Undecodable
from gateway.core.line_address import parse_line_address
from gateway.meter_options import add_meter_options
from gateway.secret_options import passing_identity, read_secrets
from runtime.clock import Clock, check_clock_is_set, clock_from_environment
from runtime.errors import InputRefused

_NOT_SET = 1


def add_parsers(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets `handler`, which takes the parsed arguments and returns the exit status."""
    clock = subparsers.add_parser(
        "clock", help="show a meter's clock, or set it", description="Show a meter's clock and how far it is off."
    )
    add_meter_options(clock)
    clock.add_argument("--set", action="store_true", help="set it to the gateway's time; only with --yes")
    clock.add_argument("--yes", action="store_true", help="yes, set it")
    clock.add_argument("--force", action="store_true", help="even out of the capture period it is in")
    clock.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    clock.set_defaults(handler=show_or_set)


def show_or_set(arguments: argparse.Namespace) -> int:
    """`clock PORT --profile NAME [--set --yes]`; raises MeterUnread, InputRefused, EnvironmentRefused."""
    # The adapters bring pyserial and dlms-cosem along, which no other command should wait for.
    from gateway.adapters.dlms_clock import read_clock, set_clock
    from gateway.adapters.dlms_meter import DlmsMeter
    from gateway.adapters.profile_files import load_profile

    clock = clock_from_environment()
    if arguments.yes and not arguments.set:
        raise InputRefused("--yes is for --set", do="give both to set the clock, or neither to look at it")
    if arguments.set:
        check_clock_is_set(clock)
    profile = load_profile(arguments.profile).addressed(arguments.address, parse_line_address(arguments.port))
    if profile.speaks_text:
        do = "`lamplight-gateway read` shows the time it tells; it is set by its maker's means alone"
        raise InputRefused("a meter that speaks text cannot be asked for its clock", where=profile.name, do=do)
    meter = DlmsMeter(arguments.port, profile, clock=clock, identity=passing_identity(read_secrets(arguments)))
    if not (arguments.set and arguments.yes):
        reading = read_clock(meter, profile, clock)
        _tell(reading, None, arguments)
        return _NOT_SET if arguments.set else 0
    before, after = set_clock(meter, profile, clock, lambda seen: _decided(seen, clock, is_forced=arguments.force))
    _tell(before, after, arguments)
    return 0


def _decided(reading: ClockReading, clock: Clock, *, is_forced: bool) -> CosemDateTime:
    now = clock.now()
    if leaves_period(reading, now) and not is_forced:
        period_s = reading.period_s or USUAL_PERIOD_S
        what = (
            f"the clock is {_signed_s(reading.offset)} off and would leave the capture period of {period_s} s it is in"
        )
        do = "the utility has to agree, since an interval would come twice or never end; then add --force"
        raise InputRefused(what, where="--set", do=do)
    return setting_for(reading, now)


def _tell(reading: ClockReading, after: ClockReading | None, arguments: argparse.Namespace) -> None:
    if arguments.json:
        facts = _facts(reading) | {"set": after is not None}
        print(json.dumps(facts | ({"after": _facts(after)} if after else {})))
        return
    for line in _lines(reading):
        print(line)
    if after is not None:
        print(f"{'set':<11}now {after.moment.text()}, {_off(after)}")
    elif arguments.set:
        print(f"{'not set':<11}add --yes to set it to the gateway's time")


def _lines(reading: ClockReading) -> Iterator[str]:
    moment = reading.moment
    yield f"{'clock':<11}{moment.text()}"
    yield f"{'offset':<11}{_off(reading)}"
    told = "not told" if moment.deviation_min is None else f"{moment.deviation_min:+d} min from local time to UTC"
    zone = reading.number(ZONE)
    yield f"{'deviation':<11}{told}{'' if zone is None else f'; its zone says {zone:+d} min'}"
    enabled = {1: ", the meter changes over by itself", 0: ", the meter does not change over", None: ""}
    flag = "in force" if moment.status.is_daylight_saving else "not in force"
    dst = "not told" if moment.status.octet is None else flag
    yield f"{'summer':<11}{dst}{enabled.get(reading.number(DST_ENABLED), '')}"
    words = ", ".join(reading.status_words) or ("not told" if moment.status.octet is None else "good")
    yield f"{'status':<11}{words}"
    period = f"{reading.period_s} s" if reading.period_s else "not told"
    yield f"{'period':<11}{period}"


def _off(reading: ClockReading) -> str:
    try:
        return f"{_signed_s(reading.offset)} from the gateway's, give or take {reading.uncertainty_s:.1f} s"
    except Undecodable as error:
        return f"unknown: {error.what}"


def _signed_s(offset: timedelta) -> str:
    return f"{round(offset.total_seconds(), 1) + 0.0:+.1f} s"


def _facts(reading: ClockReading) -> dict[str, object]:
    moment = reading.moment
    try:
        offset_s: float | None = round(reading.offset.total_seconds(), 3) + 0.0  # never -0.0
    except Undecodable:
        offset_s = None
    return {
        "clock": moment.text(),
        "octets": moment.encode().hex(),
        "read_at": reading.read_at.isoformat(),
        "offset_s": offset_s,
        "uncertainty_s": round(reading.uncertainty_s, 3),
        "deviation_min": moment.deviation_min,
        "zone_min": reading.number(ZONE),
        "daylight_saving": None if moment.status.octet is None else moment.status.is_daylight_saving,
        "daylight_saving_enabled": None if reading.number(DST_ENABLED) is None else bool(reading.number(DST_ENABLED)),
        "status": list(reading.status_words),
        "period_s": reading.period_s,
    }
