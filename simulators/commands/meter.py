"""`lamplight-sim meter`: one meter on a pseudo-terminal, on TCP or on both, until SIGTERM."""

import argparse
import asyncio
import contextlib
import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from runtime.arguments import Words, seconds, whole
from runtime.clock import Clock, clock_from_environment
from runtime.errors import InputRefused
from runtime.secret import read_key, read_password
from simulators import control
from simulators.household import open_household, zone_named
from simulators.meter import history
from simulators.meter.device import Door, Meter
from simulators.meter.gatekeeper import Access, Authentication
from simulators.meter.history import History
from simulators.meter.life import Life
from simulators.meter.link import Line, MeterLink
from simulators.meter.opto import BAUD_BY_IDENTIFIER
from simulators.meter.security import Keys
from simulators.meter.station import INACTIVITY_TIMEOUT_S
from simulators.meter.wrapper_port import NETWORK_BAUD
from simulators.moment import Moment
from simulators.network_line import open_network_line
from simulators.process import live
from simulators.serial_line import open_line

_SOURCE_HELP = "file:PATH, env:NAME or -"
_SERIAL = re.compile(r"[0-9A-Za-z]{1,32}")


def main(arguments: list[str]) -> int:
    """Play a meter; 0 once it was told to stop."""
    words = _parser().parse_args(arguments)
    check_serial(words.serial, where="--serial")
    if words.link is None and words.tcp is None and words.hdlc_tcp is None:
        raise InputRefused("nobody could reach this meter", do="give --link, --tcp or --hdlc-tcp")
    clock = clock_from_environment()
    asyncio.run(_play(_meter(words, clock), words, clock))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Words(
        prog="lamplight-sim meter", description="A household's electricity meter behind an optical port, on a pty."
    )
    parser.add_argument("--link", type=Path, help="the port's name: a symbolic link to the pty")
    parser.add_argument("--tcp", type=whole(0, 65_535), metavar="PORT", help="serve DLMS over TCP here; 0: any port")
    parser.add_argument(
        "--hdlc-tcp", type=whole(0, 65_535), metavar="PORT", help="serve HDLC over TCP here, at the line's pace"
    )
    parser.add_argument("--control", type=Path, required=True, help="the control socket, see `lamplight-sim tell`")
    _add_access(parser)
    parser.add_argument("--serial", default="LMP10000001", help="serial number and sign-on address")
    parser.add_argument("--from", dest="source", type=Path, help="a real home: CSV or CSV.gz (default: generated)")
    parser.add_argument("--as-dated", action="store_true", help="live that home at its own dates, not moved to now")
    parser.add_argument("--column", default="", help="which column of that file, where several would do")
    parser.add_argument("--seed", type=int, default=1, help="which generated home, and which noise")
    parser.add_argument(
        "--baud", type=int, default=9600, choices=sorted(BAUD_BY_IDENTIFIER.values())[1:], help="HDLC speed"
    )
    parser.add_argument("--battery", action="store_true", help="its optical port sleeps until two seconds of NUL")
    parser.add_argument("--phases", type=int, default=1, choices=(1, 3))
    parser.add_argument("--time-zone", default="UTC", help="the meter's local time, such as America/Sao_Paulo")
    parser.add_argument(
        "--inactivity-timeout-s", type=seconds, default=INACTIVITY_TIMEOUT_S, metavar="S", help="of a held link (120)"
    )
    parser.add_argument("--state", type=Path, help="keeps what befell the supply over a kill")
    return parser


def _add_access(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--auth",
        choices=[kind.value for kind in Authentication],
        default=Authentication.NONE.value,
        help="how a reader proves who it is: client 16 nothing, 17 a password, 1 its keys (none)",
    )
    parser.add_argument("--password", metavar="SOURCE", help=f"for lls: where it is, {_SOURCE_HELP}")
    parser.add_argument("--key", metavar="SOURCE", help=f"for hls-gmac, to encrypt: where it is, {_SOURCE_HELP}")
    parser.add_argument("--auth-key", metavar="SOURCE", help="for hls-gmac, to authenticate: as --key")


def _access(words: argparse.Namespace) -> Access:
    authentication = Authentication(words.auth)
    wanted = {Authentication.LLS: {"password"}, Authentication.HLS_GMAC: {"key", "auth_key"}}.get(authentication, set())
    given = {name for name in ("password", "key", "auth_key") if getattr(words, name) is not None}
    if given != wanted:
        options = " and ".join(f"--{name.replace('_', '-')}" for name in sorted(wanted, reverse=True))
        raise InputRefused(f"{words.auth} takes {options or 'no secret'}", where="--auth", do="--help tells the words")
    if authentication is Authentication.LLS:
        return Access(authentication=authentication, password=read_password("--password", words.password))
    if authentication is Authentication.HLS_GMAC:
        keys = Keys(encryption=read_key("--key", words.key), authentication=read_key("--auth-key", words.auth_key))
        return Access(authentication=authentication, keys=keys, draw=os.urandom)
    return Access()


def _meter(words: argparse.Namespace, clock: Clock) -> Meter:
    zone = zone_named(words.time_zone)
    past = past_of(words.serial, words.state, clock)
    # The home is moved to where the meter's life began, so that a later start finds the same home.
    lives_around = past.installed_at + history.LIVED_BEFORE
    home = open_household(
        words.source, seed=words.seed, zone=zone, now=lives_around, column=words.column, as_dated=words.as_dated
    )
    return Meter(
        Life(household=home, history=past, zone=zone, phases=words.phases),
        keep=partial(history.save, path=words.state) if words.state else _forget,
        fastest_baud=words.baud,
        inactivity_timeout_s=words.inactivity_timeout_s,
        seed=words.seed,
        access=_access(words),
        saves_battery=words.battery,
    )


def check_serial(serial: str, *, where: str) -> None:
    """Raises InputRefused for what no meter is called."""
    if not _SERIAL.fullmatch(serial):
        raise InputRefused(f"{serial!r} is no serial number", where=where, do="use up to 32 of 0-9 A-Z a-z")


def past_of(serial: str, state: Path | None, clock: Clock) -> History:
    """The life this meter has had, or that of a new one; raises InputRefused for a state that is not its own."""
    known = history.load(state, serial) if state else None
    return known or History.of_new_meter(serial, clock.now())


def obeying(meter: Meter, clock: Clock) -> Callable[[Sequence[str]], dict[str, object]]:
    """What answers on the meter's control socket."""

    def obey(command: Sequence[str]) -> dict[str, object]:
        return meter.command(command, Moment.read(clock))

    return obey


def _forget(_history: History) -> None:
    """Without a state file a meter's life ends with its process."""


async def _play(meter: Meter, words: argparse.Namespace, clock: Clock) -> None:
    async with contextlib.AsyncExitStack() as doors:
        await doors.enter_async_context(control.serving(words.control, obeying(meter, clock)))
        places: dict[str, object] = {}
        lines: list[tuple[Door, Line]] = []
        if words.link is not None:
            lines.append((meter, await doors.enter_async_context(open_line(words.link))))
            places["link"] = words.link
        places["control"] = words.control
        for name, open_door, port in (
            ("tcp", meter.open_network, words.tcp),
            ("hdlc_tcp", meter.open_converter, words.hdlc_tcp),
        ):
            if port is not None:
                door = open_door()
                baud = NETWORK_BAUD if name == "tcp" else words.baud
                line, places[name] = await doors.enter_async_context(
                    open_network_line(port, baud=baud, hung_up=door.hung_up)
                )
                lines.append((door, line))
        meter.begin()
        await live(_serve(lines, clock, words.seed), **places)


async def _serve(lines: Sequence[tuple[Door, Line]], clock: Clock, seed: int) -> None:
    async with asyncio.TaskGroup() as serving:
        for door, line in lines:
            serving.create_task(MeterLink(line, (door,), clock, seed=seed).serve())
