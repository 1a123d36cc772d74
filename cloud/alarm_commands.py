"""The words about gaps: which alarms are open, which holes there are for good, and what a person says of them.

    alarm list DIR [--all]          what is missing, was given up, or stands twice
    alarm holes DIR                 what will never come, and who said so
    alarm seen DIR NUMBER           a person has seen it
    alarm write-off DIR NUMBER      nothing more is expected there: the chain goes on behind the gap

`list` answers with status 1 while an alarm is open, so that a script can ask.
"""

import argparse
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud import command
from runtime.arguments import whole
from runtime.clock import clock_from_environment

if TYPE_CHECKING:
    from cloud.ingest.alarms import Alarm
    from cloud.ingest.holes import KnownHole

_MOST_NUMBERS = 2**53


def add_to(commands: "argparse._SubParsersAction[Any]") -> None:
    """Let `alarm` be one of the commands."""
    about = "gaps in what gateways said, and gateways that contradict themselves"
    words = commands.add_parser("alarm", help=about, description=about)
    alarm = words.add_subparsers(required=True, metavar="list|holes|seen|write-off")
    listed = command.add(
        alarm, "list", _list, "the open alarms, the last that changed first; status 1 if there are any"
    )
    listed.add_argument("--all", action="store_true", help="those that ended, too")
    holes = command.add(alarm, "holes", _holes, "what will never come, and who said so")
    seen = command.add(alarm, "seen", _seen, "say that you have seen an alarm")
    off = command.add(alarm, "write-off", _write_off, "expect nothing more in a gap: the chain goes on behind it")
    for each in (listed, holes, seen, off):
        each.add_argument("dir", type=Path, metavar="DIR")
        each.add_argument("--json", action="store_true")
    for each in (listed, holes):
        command.add_limit(each, 100)
    for each in (seen, off):
        each.add_argument("number", type=whole(1, _MOST_NUMBERS), metavar="NUMBER", help="as `list` tells it")
        each.add_argument("--reason", required=True, metavar="TEXT", help="what you found")
        each.add_argument("--by", default="operator", metavar="NAME", help="who says so")


def _list(arguments: argparse.Namespace) -> int:
    from cloud.ingest import alarms
    from cloud.state import StateFolder

    limit = min(arguments.limit, alarms.MAX_ENDED)
    with closing(StateFolder.open(arguments.dir).open_database()) as database, database.read() as connection:
        is_open = alarms.open_ones(connection, limit=limit)
        over = alarms.ended_ones(connection, limit=limit) if arguments.all else []
    found = [*is_open, *over]
    command.answer(arguments, [alarm.facts() for alarm in found], [_line(alarm) for alarm in found] or ["no alarm"])
    return 1 if is_open else 0


def _holes(arguments: argparse.Namespace) -> int:
    from cloud.ingest import alarms, holes
    from cloud.state import StateFolder

    with closing(StateFolder.open(arguments.dir).open_database()) as database, database.read() as connection:
        found = holes.newest(connection, limit=min(arguments.limit, alarms.MAX_ENDED))
    command.answer(arguments, [known.facts() for known in found], [_hole_line(known) for known in found] or ["no hole"])
    return 0


def _seen(arguments: argparse.Namespace) -> int:
    alarm = _settled(arguments, is_written_off=False)
    command.answer(arguments, {"id": alarm.id, "ended_by": arguments.by}, [f"alarm {alarm.id} was seen"])
    return 0


def _write_off(arguments: argparse.Namespace) -> int:
    alarm = _settled(arguments, is_written_off=True)
    said = f"alarm {alarm.id} is over: {alarm.lane_id} goes on behind what is missing"
    command.answer(arguments, {"id": alarm.id, "lane": str(alarm.lane_id), "ended_by": arguments.by}, [said])
    return 0


def _settled(arguments: argparse.Namespace, *, is_written_off: bool) -> "Alarm":
    from cloud.ingest.alarm_desk import AlarmDesk
    from cloud.state import StateFolder

    folder, clock = StateFolder.open(arguments.dir), clock_from_environment()
    with closing(folder.open_database()) as database:
        desk = AlarmDesk(folder.intake(database, clock, _nobody_waits).batch)
        settle = desk.write_off if is_written_off else desk.seen
        with database.transaction() as connection:
            return settle(connection, arguments.number, arguments.by, arguments.reason, clock.now())


def _line(alarm: "Alarm") -> str:
    numbers = f"{alarm.first_seq}-{alarm.last_seq}"
    state = "open" if alarm.is_open else f"over {alarm.ended_at:%Y-%m-%d %H:%M:%S} {alarm.ended_by}".rstrip()
    missing = f"  missing {alarm.missing}" if alarm.missing else ""
    about = f"{alarm.kind:12}  {alarm.gateway}  {alarm.lane.name.lower():11}  {numbers:>13}{missing}"
    return f"{alarm.id:5}  {alarm.changed_at:%Y-%m-%d %H:%M:%S}  {about}  {state}  {alarm.detail}".rstrip()


def _hole_line(known: "KnownHole") -> str:
    hole = known.hole
    numbers = f"{hole.first_seq}-{hole.last_seq}"
    had = f"missing {known.missing}" if known.missing else "all had come"
    state = had if known.passed_at else "what is before it has yet to come"
    about = f"{hole.lane_id}  {hole.lane.name.lower():11}  {numbers:>13}  {state}"
    return f"{known.said_at:%Y-%m-%d %H:%M:%S}  {about}  {hole.cause}, says {hole.said_by}  {hole.remark}".rstrip()


def _nobody_waits() -> None:
    return None
