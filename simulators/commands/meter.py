"""`lamplight-sim meter`: one meter on a pseudo-terminal, on TCP or on both, until SIGTERM."""

import argparse
import asyncio
import contextlib
import re
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path

from runtime.arguments import Words, whole
from runtime.clock import Clock, clock_from_environment
from runtime.errors import InputRefused
from simulators import control
from simulators.commands import meter_options
from simulators.commands.push_options import add_push, push_plan_of
from simulators.commands.speaking import MODE_C, add_speaking, check_speaking, talk_for_ever, talker_of, zone_spoken
from simulators.household import open_household, zone_named
from simulators.meter import history
from simulators.meter.device import Door, Meter
from simulators.meter.history import History
from simulators.meter.life import Life
from simulators.meter.link import Line, MeterLink
from simulators.meter.push import Pusher, PushPlan
from simulators.meter.wrapper_port import NETWORK_BAUD
from simulators.moment import Moment
from simulators.network_line import open_network_line
from simulators.process import live
from simulators.push_line import open_push_line, push_for_ever
from simulators.serial_line import open_line

_SERIAL = re.compile(r"[0-9A-Za-z]{1,32}")


def main(arguments: list[str]) -> int:
    """Play a meter; 0 once it was told to stop."""
    words = _parser().parse_args(arguments)
    check_serial(words.serial, where="--serial")
    plan = push_plan_of(words)
    if words.link is None and words.tcp is None and words.hdlc_tcp is None and plan is None:
        raise InputRefused("nobody could reach this meter", do="give --link, --tcp, --hdlc-tcp or --push")
    check_speaking(words)
    clock = clock_from_environment()
    asyncio.run(_play(_meter(words, clock), words, clock, plan))
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
    for add in (meter_options.add_access, meter_options.add_home, meter_options.add_make, meter_options.add_line):
        add(parser)
    add_speaking(parser)
    add_push(parser)
    return parser


def _meter(words: argparse.Namespace, clock: Clock) -> Meter:
    zone = zone_named(words.time_zone or zone_spoken(words.speak))
    past = past_of(words.serial, words.state, clock)
    # The home is moved to where the meter's life began, so that a later start finds the same home.
    lives_around = past.installed_at + history.LIVED_BEFORE
    home = open_household(
        words.source, seed=words.seed, zone=zone, now=lives_around, column=words.column, as_dated=words.as_dated
    )
    return Meter(
        Life(household=home, history=past, zone=zone, phases=words.phases, make=meter_options.make_of(words)),
        keep=partial(history.save, path=words.state) if words.state else _forget,
        fastest_baud=words.baud,
        inactivity_timeout_s=words.inactivity_timeout_s,
        seed=words.seed,
        access=meter_options.access_of(words),
        turnaround_s=meter_options.turnaround_s(words),
        forms=meter_options.forms_of(words),
        frames=words.frames,
        saves_battery=words.battery,
        capacitor_s=words.capacitor_s,
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


async def _play(meter: Meter, words: argparse.Namespace, clock: Clock, plan: PushPlan | None) -> None:
    async with contextlib.AsyncExitStack() as doors:
        await doors.enter_async_context(control.serving(words.control, obeying(meter, clock)))
        places: dict[str, object] = {}
        lines: list[tuple[Door, Line]] = []
        talking: list[Coroutine[None, None, None]] = []
        if words.link is not None:
            head = await doors.enter_async_context(open_line(words.link))
            talker = talker_of(words, meter)
            if talker is not None:
                talking.append(talk_for_ever(talker, meter, MeterLink(head, (meter,), clock, seed=words.seed), clock))
            else:
                lines.append((meter.open_readout() if words.speak == MODE_C else meter, head))
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
        pushing: list[Coroutine[None, None, None]] = []
        if plan is not None:
            push_line = await doors.enter_async_context(open_push_line(words.push))
            pusher = Pusher(meter.life, meter.keeper.title, plan)
            pushing.append(push_for_ever(pusher, push_line, clock))
            places["push"] = words.push
        meter.begin()
        await live(_serve(lines, clock, words.seed, [*talking, *pushing]), **places)


async def _serve(
    lines: Sequence[tuple[Door, Line]], clock: Clock, seed: int, talking: Sequence[Coroutine[None, None, None]]
) -> None:
    async with asyncio.TaskGroup() as serving:
        for door, line in lines:
            serving.create_task(MeterLink(line, (door,), clock, seed=seed).serve())
        for talk in talking:
            serving.create_task(talk)
