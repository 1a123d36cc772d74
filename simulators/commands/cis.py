"""`lamplight-sim cis`: what a utility's customer system hands out, and the winter it bills.

    cis drop      a drop for `lamplight-cloud import`: people, contracts, bills, or one that is faulty on command
    cis weather   the daily mean temperatures, as a weather file
    cis programme the utility's own programme of assistance, as `lamplight-cloud` keeps it in DIR/programmes
    cis load      what the home draws, hour by hour, as `lamplight-sim meter --from` takes it

The three agree where they are given the same seed and the same fault.
"""

import argparse
import csv
import io
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from runtime.arguments import Words, whole
from runtime.clock import clock_from_environment
from runtime.durable import write_atomically
from runtime.errors import InputRefused
from simulators.cis import books, drop, prices, winter
from simulators.cis.books import Books, Home
from simulators.cis.mischief import Fault
from simulators.cis.programme import PROGRAMME
from simulators.cis.winter import WinterHome
from simulators.household import zone_named

MAX_DAYS = 3 * 366
_LAST_CYCLE_DAY = 28
_YEARS = range(1970, 2200)
_NAME = re.compile(r"[A-Za-z0-9][\w.:-]{0,63}", re.ASCII)
_CONSENTS = ("usage_alerts:email", "billing:email", "assistance:email", "readings_fine:none")
_FACTS = ("cadunico=true", "income_per_capita_min_wages=0.4", "household_size=3")


def main(arguments: list[str]) -> int:
    """Write it; 0."""
    words = _parser().parse_args(arguments)
    act: Callable[[argparse.Namespace], Path] = words.act
    sys.stdout.write(f"{act(words)}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = Words(prog="lamplight-sim cis", description="A utility's customer system.")
    commands = parser.add_subparsers(required=True, metavar="drop|weather|load|programme")
    dropped = _add(commands, "drop", _drop, "write a drop, whole or faulty")
    dropped.add_argument("--dir", type=Path, required=True, help="where drops are put")
    dropped.add_argument(
        "--drop", type=_name, metavar="NAME", help="what it is called (default: the day it is made on)"
    )
    dropped.add_argument("--homes", type=Path, metavar="FILE.csv", help="a grid file or customer file with the homes")
    dropped.add_argument(
        "--home", action="append", default=[], metavar="UP[,METER]", help="one of --homes, or a home of Ana's"
    )
    dropped.add_argument("--on", type=_day, metavar="DAY", help="the day it is made on (default: today)")
    dropped.add_argument(
        "--since", type=_day, metavar="DAY", help="first day of the contracts (default: 14 months ago, if prices are)"
    )
    dropped.add_argument("--months", type=whole(0, 36), default=13, help="how many ended cycles are billed (13)")
    dropped.add_argument("--cycle-day", type=whole(1, _LAST_CYCLE_DAY), default=1, help="a cycle's first day (1)")
    dropped.add_argument("--only", action="append", choices=books.ENTITIES, help="again for each table it shall hold")
    dropped.add_argument("--consent", action="append", type=_pair(":"), metavar="PURPOSE:CHANNEL")
    dropped.add_argument("--fact", action="append", type=_pair("="), metavar="FACT=VALUE", help="of the households")
    dropped.add_argument("--phone", default="", metavar="+NUMBER", help="of the customers")
    dropped.add_argument("--fault", type=Fault, choices=tuple(Fault), help="what is wrong with it")
    loaded = _add(commands, "load", _load, "write what the home draws, hour by hour")
    weather = _add(commands, "weather", _weather, "write how warm each day was")
    helped = _add(commands, "programme", _programme, "write the utility's own programme of assistance")
    helped.add_argument("--out", type=Path, required=True, metavar="FILE.toml")
    for each in (loaded, weather):
        each.add_argument("--out", type=Path, required=True, metavar="FILE.csv")
        each.add_argument("--first-day", type=_day, required=True, metavar="DAY")
        each.add_argument("--last-day", type=_day, required=True, metavar="DAY")
    for each in (dropped, loaded):
        each.add_argument("--fault-from", type=_day, metavar="DAY", help="the home's heater never stops from here on")
        each.add_argument("--fault-until", type=_day, metavar="DAY", help="somebody mends it on this day")
    loaded.add_argument("--time-zone", default="America/Sao_Paulo", help="where the home is")
    for each in (dropped, loaded, weather):
        each.add_argument("--seed", type=int, default=1, help="which home and which weather")
    return parser


def _add(
    commands: "argparse._SubParsersAction[Any]", name: str, act: Callable[[argparse.Namespace], Path], about: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
    parser.set_defaults(act=act)
    return parser


def _drop(words: argparse.Namespace) -> Path:
    now = clock_from_environment().now()
    on = words.on or now.date()
    ledger = Books(
        on=on,
        since=words.since or max(prices.FIRST_DAY, (on - timedelta(days=14 * 31)).replace(day=1)),
        cycle_day=words.cycle_day,
        months=words.months,
        facts=dict(words.fact or map(_pair("="), _FACTS)),
        consents=tuple(words.consent or map(_pair(":"), _CONSENTS)),
    )

    @cache
    def lived_in(time_zone: str) -> WinterHome:
        return _winter_home(words, time_zone)

    rows = ledger.rows(_homes(words), lambda home, day: lived_in(home.time_zone).energy_wh_on(day))
    wanted = {entity: some for entity, some in rows.items() if words.only is None or entity in words.only}
    return drop.write(words.dir, words.drop or f"{on}", wanted, now, words.fault)


def _homes(words: argparse.Namespace) -> list[Home]:
    if words.homes is None:
        pairs = [_pair(",")(home) for home in words.home]
        if not pairs:
            raise InputRefused("no home is named", where="--home", do="name one, as in --home UP-0001,LMP00000001")
        return [Home(usage_point=name, meter=meter, phone=words.phone) for name, meter in pairs]
    told = books.homes_in(words.homes)
    homes = [replace(home, phone=words.phone) for home in told if not words.home or home.usage_point in words.home]
    if len(homes) < max(1, len(words.home)):
        raise InputRefused("not all of these homes are there", where=str(words.homes), do="look for their usage points")
    return homes


def _load(words: argparse.Namespace) -> Path:
    home = _winter_home(words, words.time_zone)
    hours = (hour for day in _days(words) for hour in winter.hours_of(day, home.zone))
    return _written(words.out, ("timestamp", "wh"), ((hour.isoformat(), home.energy_wh_in(hour)) for hour in hours))


def _weather(words: argparse.Namespace) -> Path:
    days = ((winter.STATION, day, winter.mean_temp_c(day, words.seed)) for day in _days(words))
    return _written(words.out, ("station", "day", "mean_temp_c"), days)


def _programme(words: argparse.Namespace) -> Path:
    path: Path = words.out
    write_atomically(path, PROGRAMME.encode(), mode=0o644)
    return path


def _winter_home(words: argparse.Namespace, time_zone: str) -> WinterHome:
    zone = zone_named(time_zone)
    return WinterHome(seed=words.seed, zone=zone, fault_from=words.fault_from, fault_until=words.fault_until)


def _days(words: argparse.Namespace) -> list[date]:
    count = (words.last_day - words.first_day).days + 1
    if not 0 < count <= MAX_DAYS:
        raise InputRefused(f"that is {count} days", where="--last-day", do=f"ask for 1 to {MAX_DAYS}")
    return [words.first_day + timedelta(days=at) for at in range(count)]


def _written(path: Path, heading: tuple[str, ...], rows: Any) -> Path:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows(rows)
    write_atomically(path, file.getvalue().encode(), mode=0o644)
    return path


def _day(text: str) -> date:
    day = date.fromisoformat(text)
    if day.year not in _YEARS:
        raise ValueError(text)
    return day


_day.__name__ = f"day of {_YEARS.start} to {_YEARS.stop - 1}"


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(text)
    return text


_name.__name__ = "name of letters, digits and . : _ -"


def _pair(mark: str) -> Callable[[str], tuple[str, str]]:
    """Two words with a mark between them."""

    def read(text: str) -> tuple[str, str]:
        first, found, second = text.partition(mark)
        if not (first and found and second):
            raise InputRefused(f"{text!r} is not two words", do=f"write them with {mark!r} between them")
        return first, second

    return read
