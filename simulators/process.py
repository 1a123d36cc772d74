"""What every simulator's process does: say that it is ready, live until it is told to stop, leave nothing behind."""

import asyncio
import signal
import sys
from collections.abc import Coroutine


async def live(serve: Coroutine[None, None, None], **facts: object) -> None:
    """Announce `ready name=value ...` and serve until SIGTERM or SIGINT; what ends `serve` earlier is raised."""
    told_to_stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told_to_stop.set)
    serving = asyncio.create_task(serve)
    stopping = asyncio.create_task(told_to_stop.wait())
    _announce(facts)
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
    finally:
        serving.cancel()
        stopping.cancel()


def _announce(facts: dict[str, object]) -> None:
    sys.stdout.write(" ".join(["ready", *(f"{name}={value}" for name, value in facts.items())]) + "\n")
    sys.stdout.flush()
