"""`lamplight-sim mailbox`: a mail server for customers, and a door to look into it, until SIGTERM."""

import asyncio
import contextlib
from pathlib import Path

from runtime.arguments import Words, whole
from runtime.clock import clock_from_environment
from simulators.control import serving
from simulators.mailbox import Mailbox, MailboxServer
from simulators.process import live

MAX_PORT = 65_535


def main(arguments: list[str]) -> int:
    """Serve until told to stop; 0."""
    words = _parser().parse_args(arguments)
    mailbox = Mailbox(words.dir, clock_from_environment())
    mailbox.open()
    server = MailboxServer(mailbox, smtp_port=words.smtp, http_port=words.http)
    server.start()
    try:
        asyncio.run(live(_controlled(mailbox, words.control), smtp=words.smtp, http=words.http, dir=words.dir))
    finally:
        server.stop()
    return 0


async def _controlled(mailbox: Mailbox, control: Path | None) -> None:
    async with contextlib.AsyncExitStack() as stack:
        if control is not None:
            await stack.enter_async_context(serving(control, mailbox.answer))
        await asyncio.Event().wait()


def _parser() -> Words:
    parser = Words(
        prog="lamplight-sim mailbox", description="An SMTP server on loopback that keeps every message it accepts."
    )
    parser.add_argument("--smtp", type=whole(1, MAX_PORT), required=True, metavar="PORT", help="where to take mail")
    parser.add_argument("--http", type=whole(1, MAX_PORT), required=True, metavar="PORT", help="where to look into it")
    parser.add_argument("--dir", type=Path, required=True, help="where the messages are kept")
    parser.add_argument("--control", type=Path, help="a socket for `lamplight-sim tell`: status, fault NAME, clear")
    return parser
