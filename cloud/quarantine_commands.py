"""The words about what was not believed: the list, one message laid open, and the same way once more.

A message is refused for what was so when it came: a key nobody had registered, a program too old to read it. Once that
is mended, `replay` hands it in again through the very checks that refused it; what passes leaves the quarantine, what
does not stays with its reason. A conflict replayed is a conflict again.
"""

import argparse
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud import command
from runtime.arguments import whole
from runtime.clock import clock_from_environment
from runtime.errors import InputRefused
from wire.refusals import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloud.ingest.quarantine import Quarantined
    from cloud.ingest.service import Intake

_MOST_NUMBERS = 2**53
_ROWS_AT_ONCE = 500


def add_to(commands: "argparse._SubParsersAction[Any]") -> None:
    """Let `quarantine` be one of the commands."""
    about = "messages that were not believed"
    words = commands.add_parser("quarantine", help=about, description=about)
    quarantine = words.add_subparsers(required=True, metavar="list|show|replay")
    listed = command.add(quarantine, "list", _list, "what was refused, the last first")
    listed.add_argument("dir", type=Path, metavar="DIR")
    command.add_limit(listed, 100)
    shown = command.add(quarantine, "show", _show, "one refused message laid open, with its octets")
    shown.add_argument("dir", type=Path, metavar="DIR")
    shown.add_argument("number", type=whole(1, _MOST_NUMBERS), metavar="NUMBER", help="as `list` tells it")
    again = command.add(quarantine, "replay", _replay, "hand refused messages in once more, through the same checks")
    again.add_argument("dir", type=Path, metavar="DIR")
    again.add_argument("numbers", nargs="*", type=whole(1, _MOST_NUMBERS), metavar="NUMBER", help="these")
    again.add_argument("--all", action="store_true", help="every one that is kept")
    again.add_argument("--reason", choices=[str(reason) for reason in Reason], help="those refused for this reason")
    for each in (listed, shown, again):
        each.add_argument("--json", action="store_true")


def _list(arguments: argparse.Namespace) -> int:
    from cloud.ingest import quarantine
    from cloud.state import StateFolder

    with closing(StateFolder.open(arguments.dir).open_database()) as database, database.read() as connection:
        rows = quarantine.newest(connection, limit=min(arguments.limit, quarantine.MAX_ROWS))
    command.answer(arguments, [row.facts() for row in rows], [_line(row) for row in rows] or ["nothing was refused"])
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from cloud.ingest import quarantine
    from cloud.ingest.inspect import Inspected, inspect
    from cloud.state import StateFolder

    with closing(StateFolder.open(arguments.dir).open_database()) as database, database.read() as connection:
        row = quarantine.find(connection, arguments.number)
    if row is None:
        raise InputRefused("there is no such message", where=str(arguments.number), do="see `quarantine list DIR`")
    found = inspect(row.raw, None)
    laid_open = found.facts() if isinstance(found, Inspected) else None
    says = list(command.laid_out(laid_open or {}))
    lines = [_line(row), *(says or ["it cannot be read as an event"]), f"{'octets':14} {row.raw.hex()}"]
    command.answer(arguments, row.facts() | {"says": laid_open}, lines)
    return 0


def _replay(arguments: argparse.Namespace) -> int:
    from cloud.state import StateFolder

    if bool(arguments.numbers) + arguments.all + (arguments.reason is not None) != 1:
        raise InputRefused("which ones is not clear", do="give numbers, or --reason, or --all")
    folder = StateFolder.open(arguments.dir)
    with closing(folder.open_database()) as database:
        intake = folder.intake(database, clock_from_environment(), _nobody_waits)
        outcomes = [_outcome(intake, row) for row in _wanted(database, arguments)]
    taken = sum(bool(outcome["taken"]) for outcome in outcomes)
    lines = [f"{o['id']}  {'taken' if o['taken'] else 'refused again: ' + str(o['reason'])}" for o in outcomes]
    summary = f"{taken} of {len(outcomes)} taken"
    command.answer(arguments, {"replayed": len(outcomes), "taken": taken, "messages": outcomes}, [*lines, summary])
    return 0 if taken == len(outcomes) else 1


def _wanted(database: Any, arguments: argparse.Namespace) -> "Iterator[Quarantined]":
    """The messages to replay, in the order they came: a chain is followed from its beginning."""
    from cloud.ingest import quarantine

    if arguments.numbers:
        for number in sorted(set(arguments.numbers)):
            with database.read() as connection:
                row = quarantine.find(connection, number)
            if row is None:
                raise InputRefused("there is no such message", where=str(number), do="see `quarantine list DIR`")
            yield row
        return
    reason, after = None if arguments.reason is None else Reason(arguments.reason), 0
    while True:
        with database.read() as connection:
            rows = quarantine.oldest(connection, reason=reason, after=after, limit=_ROWS_AT_ONCE)
        if not rows:
            return
        yield from rows
        after = rows[-1].id


def _outcome(intake: "Intake", row: "Quarantined") -> dict[str, object]:
    refused = intake.replay(row)
    told = {"reason": None, "detail": None} if refused is None else {"reason": refused.reason, "detail": refused.detail}
    return {"id": row.id, "taken": refused is None, **told}


def _line(row: "Quarantined") -> str:
    said = f"{row.id:6}  {row.last_at:%Y-%m-%d %H:%M:%S}  {row.times:5}x  {row.reason}  {row.topic}  {row.detail}"
    return said.rstrip()


def _nobody_waits() -> None:
    return None
