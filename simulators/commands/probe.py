"""`lamplight-sim probe`: one supply probe on a pseudo-terminal, until SIGTERM."""

import argparse
import asyncio
import contextlib
import secrets
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from runtime.arguments import Words
from runtime.clock import Clock, clock_from_environment
from simulators import control
from simulators.moment import Moment
from simulators.probe import inputs
from simulators.probe.device import Probe
from simulators.probe.inputs import Inputs
from simulators.process import live
from simulators.serial_line import SerialLine, open_line


def main(arguments: list[str]) -> int:
    """Play a probe; 0 once it was told to stop."""
    words = _parser().parse_args(arguments)
    clock = clock_from_environment()
    asyncio.run(_play(_probe(words, clock), words, clock))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Words(prog="lamplight-sim probe", description="The supply probe beside a gateway, on a pty.")
    parser.add_argument("--link", type=Path, required=True, help="the port's name: a symbolic link to the pty")
    parser.add_argument("--control", type=Path, required=True, help="the control socket, see `lamplight-sim tell`")
    parser.add_argument("--state", type=Path, help="keeps what the probe is connected to over a kill")
    parser.add_argument("--seed", type=int, default=1, help="which noise")
    return parser


def _probe(words: argparse.Namespace, clock: Clock) -> Probe:
    now = Moment.read(clock)
    known = inputs.load(words.state) if words.state else None
    keep = partial(inputs.save, path=words.state) if words.state else _forget
    connected = known or Inputs.on_a_good_day(now.at)
    return Probe(connected, boot_id=secrets.randbits(32), now=now, keep=keep, seed=words.seed)


def _forget(_inputs: Inputs) -> None:
    """Without a state file the street ends with the process."""


async def _play(probe: Probe, words: argparse.Namespace, clock: Clock) -> None:
    stirred = asyncio.Event()

    def obey(command: Sequence[str]) -> dict[str, object]:
        stirred.set()
        return probe.command(command, Moment.read(clock))

    async with contextlib.AsyncExitStack() as doors:
        await doors.enter_async_context(control.serving(words.control, obey))
        line = await doors.enter_async_context(open_line(words.link))
        await live(_serve(probe, line, clock, stirred), link=words.link, control=words.control)


async def _serve(probe: Probe, line: SerialLine, clock: Clock, stirred: asyncio.Event) -> None:
    """Say what is due, when it is due; at once when something has befallen the probe, which `stirred` tells."""

    def hear(octets: bytes) -> None:
        line.write(b"".join(probe.feed(octets, Moment.read(clock))))

    line.listen(hear)
    while True:
        stirred.clear()
        now = Moment.read(clock)
        line.write(b"".join(probe.due(now)))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(probe.next_due_s(now) - clock.monotonic(), 0.0)):
                await stirred.wait()
