"""`lamplight-sim bus`: several meters on one RS-485 wire, until SIGTERM.

One process and one pseudo-terminal, as a gateway finds the meters of an apartment house. Each meter has a home, a
control socket (DIR/SERIAL.sock) and a state (DIR/SERIAL.json) of its own, and answers to its own HDLC address only.
"""

import argparse
import asyncio
import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from runtime.arguments import Words, seconds
from runtime.clock import Clock, clock_from_environment
from runtime.errors import EnvironmentRefused, InputRefused
from simulators import control
from simulators.commands.meter import check_serial, obeying, past_of
from simulators.household import open_household, zone_named
from simulators.meter import history
from simulators.meter.device import Meter
from simulators.meter.life import Life
from simulators.meter.link import MeterLink
from simulators.meter.station import INACTIVITY_TIMEOUT_S
from simulators.process import live
from simulators.serial_line import open_line

BAUD = 9_600
# What RS-485 drives without a repeater.
MAX_METERS = 32
# Physical addresses of HDLC: those below are reserved, those above call whoever listens, or everybody.
LOWEST_ADDRESS, HIGHEST_ADDRESS = 0x10, 0x3FFD
# Where an address fits one octet, these two call.
_CALLING = (0x7E, 0x7F)
_PLACE = re.compile(r"([^=]+)=([0-9]{1,5})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A meter's place on the wire."""

    serial: str
    address: int


def main(arguments: list[str]) -> int:
    """Play a bus; 0 once it was told to stop."""
    words = _parser().parse_args(arguments)
    places = [_place(text) for text in words.meters]
    _check_apart(places)
    clock = clock_from_environment()
    meters = {
        _door(words.folder, place): _meter(place, seed, words, clock) for seed, place in enumerate(places, words.seed)
    }
    asyncio.run(_play(meters, words, clock))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Words(prog="lamplight-sim bus", description="Several meters on one RS-485 bus, on a pty.")
    parser.add_argument("--link", type=Path, required=True, help="the port's name: a symbolic link to the pty")
    parser.add_argument(
        "--dir", dest="folder", metavar="DIR", type=Path, required=True, help="control sockets and states of the meters"
    )
    parser.add_argument(
        "--meter",
        dest="meters",
        metavar="SERIAL=ADDRESS",
        action="append",
        required=True,
        help=f"a meter and its HDLC address, {LOWEST_ADDRESS} to {HIGHEST_ADDRESS}; once for each",
    )
    parser.add_argument("--seed", type=int, default=1, help="which generated homes, and which noise")
    parser.add_argument("--time-zone", default="UTC", help="the meters' local time, such as America/Sao_Paulo")
    parser.add_argument(
        "--inactivity-timeout-s", type=seconds, default=INACTIVITY_TIMEOUT_S, metavar="S", help="of a held link (120)"
    )
    return parser


def _place(text: str) -> Place:
    matched = _PLACE.fullmatch(text)
    if matched is None:
        raise InputRefused(f"{text!r} names no meter and its address", where="--meter", do="say SERIAL=ADDRESS")
    serial, address = matched[1], int(matched[2])
    check_serial(serial, where="--meter")
    if not LOWEST_ADDRESS <= address <= HIGHEST_ADDRESS or address in _CALLING:
        do = f"give {LOWEST_ADDRESS} to {HIGHEST_ADDRESS}, but not {_CALLING[0]} or {_CALLING[1]}: those are reserved"
        raise InputRefused(f"{address} is no meter's address", where="--meter", do=do)
    return Place(serial=serial, address=address)


def _check_apart(places: Sequence[Place]) -> None:
    if len(places) > MAX_METERS:
        raise InputRefused(f"a bus carries at most {MAX_METERS} meters", where="--meter", do="play another bus")
    for what in ("serial", "address"):
        values = [getattr(place, what) for place in places]
        twice = next((value for value in values if values.count(value) > 1), None)
        if twice is not None:
            raise InputRefused(f"{what} {twice} is there twice", where="--meter", do=f"give each meter its own {what}")


def _door(folder: Path, place: Place) -> Path:
    return folder / f"{place.serial}.sock"


def _meter(place: Place, seed: int, words: argparse.Namespace, clock: Clock) -> Meter:
    zone = zone_named(words.time_zone)
    state = words.folder / f"{place.serial}.json"
    past = past_of(place.serial, state, clock)
    home = open_household(None, seed=seed, zone=zone, now=clock.now())
    return Meter(
        Life(household=home, history=past, zone=zone),
        keep=partial(history.save, path=state),
        fastest_baud=BAUD,
        inactivity_timeout_s=words.inactivity_timeout_s,
        seed=seed,
        bus_address=place.address,
    )


async def _play(meters: dict[Path, Meter], words: argparse.Namespace, clock: Clock) -> None:
    async with contextlib.AsyncExitStack() as doors:
        _make_folder(words.folder)
        for door, meter in meters.items():
            await doors.enter_async_context(control.serving(door, obeying(meter, clock)))
        line = await doors.enter_async_context(open_line(words.link))
        for meter in meters.values():
            meter.begin()
        serve = MeterLink(line, tuple(meters.values()), clock, seed=words.seed).serve()
        await live(serve, link=words.link, dir=words.folder)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentRefused(f"the folder cannot be made: {error.strerror}", where=str(folder)) from error
