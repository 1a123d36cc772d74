"""`lamplight-sim uplink`: the lines between gateways and their broker, until SIGTERM."""

import argparse
import asyncio
import contextlib
import re
from functools import partial
from pathlib import Path

from runtime.arguments import Words, whole
from runtime.errors import InputRefused
from simulators import control
from simulators.process import live
from simulators.uplink import memory
from simulators.uplink.mischief import Odds
from simulators.uplink.relay import Relay, check_odds, share

MAX_PORT = 65_535
MAX_LINES = 64
_LINE = re.compile(r"([0-9A-Za-z-]{1,32})=([0-9]{1,5})")


def main(arguments: list[str]) -> int:
    """Carry until told to stop; 0."""
    words = _parser().parse_args(arguments)
    odds = Odds(lose=share(words.lose), double=share(words.double), delay=share(words.delay))
    check_odds(odds)
    asyncio.run(_carry(words, odds))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Words(
        prog="lamplight-sim uplink",
        description="Lines on loopback from gateways to a broker: cut or muted, losing, doubling or delaying it.",
    )
    parser.add_argument("--control", type=Path, required=True, help="the control socket, see `lamplight-sim tell`")
    parser.add_argument("--to", type=whole(1, MAX_PORT), required=True, metavar="PORT", help="the broker's port")
    parser.add_argument(
        "--line", action="append", required=True, metavar="NAME=PORT", help="a line's name and port, 0 for any free one"
    )
    parser.add_argument("--lose", default="0", metavar="PERCENT", help="of what is published, either way (0)")
    parser.add_argument("--double", default="0", metavar="PERCENT", help="of what is published, either way (0)")
    parser.add_argument(
        "--delay", default="0", metavar="PERCENT", help="of it, behind up to fifty said later, either way (0)"
    )
    parser.add_argument("--seed", type=int, default=1, help="which of it")
    parser.add_argument("--state", type=Path, help="keeps which lines are off or mute over a kill")
    return parser


async def _carry(words: argparse.Namespace, odds: Odds) -> None:
    relay = Relay(_lines(words.line), broker_port=words.to, odds=odds, seed=words.seed)
    async with contextlib.AsyncExitStack() as doors:
        await doors.enter_async_context(control.serving(words.control, relay.command))
        doors.push_async_callback(relay.close)
        relay.open(memory.load(words.state) if words.state else {})
        if words.state:
            relay.listen_to_changes(partial(memory.save, path=words.state))
        ports = ",".join(f"{name}:{line.port}" for name, line in relay.lines.items())
        await live(_for_ever(), control=words.control, to=words.to, lines=ports)


async def _for_ever() -> None:
    await asyncio.Event().wait()


def _lines(words: list[str]) -> list[tuple[str, int]]:
    """The lines that are asked for; raises InputRefused."""
    lines: dict[str, int] = {}
    for word in words:
        match = _LINE.fullmatch(word)
        if match is None or int(match[2]) > MAX_PORT:
            raise InputRefused(f"{word!r} is no line", where="--line", do="say NAME=PORT, the name of 0-9 A-Z a-z -")
        if match[1] in lines:
            raise InputRefused(f"there are two lines called {match[1]!r}", where="--line", do="name each for itself")
        lines[match[1]] = int(match[2])
    if len(lines) > MAX_LINES:
        raise InputRefused(f"{len(lines)} lines are too many", where="--line", do=f"{MAX_LINES} at most")
    return list(lines.items())
