"""The words about events that leave for other systems: how their delivery stands, and files made by hand.

    outward status DIR                  what was handed over, what waits, why it waits
    outward put-back DIR --since T      send what was received from then on again, under the same identifiers
    outward new-secret FILE             a secret to sign posts with
    export DIR --out FILE               events as a CIM EndDeviceEvents message, or as CloudEvents

A file holds the signed originals, so it proves itself: `verify` reads it back. Readings are personal data, and stand in
a file only where somebody said so.
"""

import argparse
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cloud import command
from runtime.clock import clock_from_environment
from runtime.durable import write_atomically, write_pieces_atomically
from runtime.errors import InputRefused

if TYPE_CHECKING:
    from cloud.outward.original import Original
    from cloud.outward.store import Outgoing, Standing

_MOST_EVENTS: Final = 100_000  # as many as `verify` reads back
_KINDS: Final = ("alarms", "diagnostics", "readings")


def add_to(commands: "argparse._SubParsersAction[Any]") -> None:
    """Let `outward` and `export` be commands."""
    about = "events for other systems"
    outward = commands.add_parser("outward", help=about, description=about)
    words = outward.add_subparsers(required=True, metavar="status|put-back|new-secret")
    status = command.add(words, "status", _status, "what was handed over, what waits, and why")
    put_back = command.add(words, "put-back", _put_back, "send again what was received from an instant on")
    put_back.add_argument("--since", required=True, type=_instant, metavar="T", help="2026-11-21T18:00+01:00; or UTC")
    for each in (status, put_back):
        each.add_argument("dir", type=Path, metavar="DIR")
    secret = command.add(words, "new-secret", _new_secret, "make a secret to sign posts with")
    secret.add_argument("file", type=Path, metavar="FILE")
    export = command.add(commands, "export", _export, "write accepted events to a file, with their signed originals")
    export.add_argument("dir", type=Path, metavar="DIR")
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to make")
    export.add_argument("--form", choices=("cim", "cloudevents"), default="cim", help="what to write (cim)")
    export.add_argument("--since", type=_instant, metavar="T", help="signed at or after this instant")
    export.add_argument("--until", type=_instant, metavar="T", help="signed before this instant")
    export.add_argument(
        "--events",
        choices=_KINDS,
        action="append",
        metavar="KIND",
        help=f"{', '.join(_KINDS)}; again for each (alarms)",
    )
    for each in (status, put_back, secret, export):
        each.add_argument("--json", action="store_true")


def _status(arguments: argparse.Namespace) -> int:
    from cloud.kernel import tasks
    from cloud.outward import courier, store
    from cloud.state import StateFolder

    folder = StateFolder.open(arguments.dir)
    settings = folder.settings().outward
    with closing(folder.open_database()) as database, database.read() as connection:
        standings = store.standings(connection)
        task = tasks.standing(connection, courier.POST_TASK, courier.RECEIVER)
        aside = tasks.count_unfinished(connection, courier.AGAIN_TASK)
    failure = task.failure if task is not None and task.attempts else None
    facts = {
        "url": settings.url or None,
        "lanes": [_facts_of(each) for each in standings],
        "failure": failure,
        "next_attempt_at": task.due_at.isoformat() if task is not None and failure else None,
        "aside": aside,
    }
    lines = [f"to {settings.url}" if settings.is_on else "nothing leaves: outward.url is empty"]
    lines += [
        f"{each.lane.name.lower():12} {each.delivered} handed over, {each.waiting} wait, {each.passed_over} passed over"
        for each in standings
    ]
    if failure and task is not None:
        lines.append(f"tried {task.attempts} times, again at {task.due_at:%Y-%m-%d %H:%M:%S} UTC: {failure}")
    if aside:
        lines.append(f"{aside} set aside or parked: see `lamplight-cloud parked {arguments.dir}`")
    command.answer(arguments, facts, lines)
    return 0


def _facts_of(standing: "Standing") -> dict[str, Any]:
    return {
        "lane": standing.lane.name.lower(),
        "delivered": standing.delivered,
        "waiting": standing.waiting,
        "passed_over": standing.passed_over,
        "delivered_at": None if standing.delivered_at is None else standing.delivered_at.isoformat(),
    }


def _put_back(arguments: argparse.Namespace) -> int:
    from cloud.outward import courier, store
    from cloud.state import StateFolder

    folder = StateFolder.open(arguments.dir)
    with closing(folder.open_database()) as database, database.transaction() as connection:
        lanes = [standing.lane for standing in store.standings(connection)]
        waiting = {lane.name.lower(): store.put_back(connection, lane, arguments.since) for lane in lanes}
        courier.look(connection, clock_from_environment().now())
    if not waiting:
        raise InputRefused("nothing leaves yet", do="name a receiver under [outward], and start `serve` once")
    lines = [f"{lane:12} {count} wait" for lane, count in waiting.items()]
    command.answer(arguments, {"waiting": waiting}, lines)
    return 0


def _new_secret(arguments: argparse.Namespace) -> int:
    from cloud.outward.signature import new_secret

    if arguments.file.exists():
        do = "name another file; to change a secret, put the new line above the old one, and take the old one out later"
        raise InputRefused("there is such a file already", where=str(arguments.file), do=do)
    write_atomically(arguments.file, f"{new_secret()}\n".encode())
    lines = [
        f"made {arguments.file} (keep it to yourself and the receiver)",
        f'next: secret_file = "{arguments.file}" under [outward] in cloud.toml',
    ]
    command.answer(arguments, {"file": str(arguments.file)}, lines)
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from cloud.outward import cim_message, cloudevent, store
    from cloud.outward.cim_types import cim_type
    from cloud.outward.settings import lanes_of
    from cloud.state import StateFolder

    if arguments.out.exists():
        raise InputRefused("there is such a file already", where=str(arguments.out), do="name another, or remove it")
    folder, is_cim = StateFolder.open(arguments.dir), arguments.form == "cim"
    counted = _Counted(arguments.out)
    with closing(folder.open_database()) as database, database.read() as connection:
        lanes = lanes_of(arguments.events or ["alarms"])
        found = store.between(connection, lanes, arguments.since, arguments.until)
        wanted = (each for each in found if not is_cim or cim_type(each.original.record.event) is not None)
        form = cim_message.message if is_cim else cloudevent.batch
        write_pieces_atomically(arguments.out, form(counted.of(wanted)))
    facts = {"events": counted.events, "form": arguments.form, "file": str(arguments.out)}
    command.answer(arguments, facts, [f"{counted.events} events in {arguments.out}"])
    return 0


class _Counted:
    """Counts the events that pass, of those that may leave, and lets no more than can be read back."""

    def __init__(self, file: Path) -> None:
        self.events = 0
        self._file = file

    def of(self, outgoing: "Iterable[Outgoing]") -> "Iterator[Original]":
        for each in outgoing:
            if each.may_leave:
                self.events += 1
                if self.events > _MOST_EVENTS:
                    do = "export in parts, with --since and --until"
                    raise InputRefused(f"more than {_MOST_EVENTS:,} events", where=str(self._file), do=do)
                yield each.original


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
