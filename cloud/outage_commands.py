"""The words about outages: what there is, one of them whole, closing one by hand, and locating one from two files.

`outage locate` needs no state folder: a feeder and what is said of its homes go in, the places that failed come out.
It is a door other programs use, so its JSON stays as it is.
"""

import argparse
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud import command
from runtime.clock import clock_from_environment
from runtime.errors import InputRefused

if TYPE_CHECKING:
    from cloud.grid.model import Tree
    from cloud.outages.area_model import Member, Outage
    from cloud.outages.area_store import OutageLine
    from cloud.outages.locate import Place


def add_to(commands: "argparse._SubParsersAction[Any]") -> None:
    """Let `outage` be one of the commands."""
    about = "outages on the tree"
    words = commands.add_parser("outage", help=about, description=about)
    outage = words.add_subparsers(required=True, metavar="list|show|close|locate")
    listed = command.add(outage, "list", _list, "outages, the last opened first")
    command.add_limit(listed, 50)
    shown = command.add(outage, "show", _show, "one outage with its members and its timeline")
    closed = command.add(outage, "close", _close, "close a home's open case, or its unverified standing, on your word")
    for each in (listed, shown, closed):
        each.add_argument("dir", type=Path, metavar="DIR")
    shown.add_argument("name", metavar="NAME", help="as in T-0101-1, or its number")
    closed.add_argument("usage_point", metavar="USAGE_POINT")
    closed.add_argument("--reason", required=True, metavar="TEXT", help="how you know")
    closed.add_argument("--by", default="operator", metavar="NAME", help="who says so")
    located = command.add(
        outage, "locate", _locate, "the places that failed, from a feeder and what is said of its homes"
    )
    for each in (listed, shown, closed, located):
        each.add_argument("--json", action="store_true")
    located.add_argument("--feeder", required=True, type=Path, metavar="FILE.csv", help="a feeder table or a grid file")
    located.add_argument("--evidence", required=True, type=Path, metavar="FILE.csv", help="columns id and says")
    located.add_argument(
        "--unsaid",
        choices=("quiet", "nothing"),
        default="quiet",
        help="what a home is of which nothing is said: one that could have said it is out (quiet), or not (nothing)",
    )


def _list(arguments: argparse.Namespace) -> int:
    from cloud.outages import area_store
    from cloud.state import StateFolder

    with closing(StateFolder.open(arguments.dir).open_database()) as database, database.read() as connection:
        found = area_store.newest(connection, limit=min(arguments.limit, area_store.MAX_PAGE))
    command.answer(
        arguments, [_facts(outage) for outage in found], [_line(outage) for outage in found] or ["no outage"]
    )
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from cloud.outages import area_store
    from cloud.state import StateFolder

    with closing(StateFolder.open(arguments.dir).open_database()) as database, database.read() as connection:
        outage = area_store.find(connection, _number(arguments.name))
        if outage is None or arguments.name not in {outage.name, str(outage.number)}:
            raise InputRefused("there is no such outage", where=arguments.name[:60], do="see `outage list DIR`")
        lines = list(reversed(area_store.timeline(connection, outage.number)))
    facts = _facts(outage) | {
        "members": [_member_facts(member) for member in outage.members],
        "timeline": [_entry_facts(entry) for entry in lines],
    }
    members = [
        f"  {member.usage_point:16}  {member.standing:11}  since {_at(member.since)}" for member in outage.members
    ]
    story = [f"  {_at(e.at)}  {e.mark}  {e.usage_point or ''}  {e.detail}".rstrip() for e in lines]
    command.answer(arguments, facts, [_line(outage), *members, *story])
    return 0


def _close(arguments: argparse.Namespace) -> int:
    from cloud.kernel.ids import UsagePointId
    from cloud.messaging.catalogue import Catalogue
    from cloud.messaging.mail import sender_address
    from cloud.messaging.service import Composer
    from cloud.outages.area_service import AreaService, look_again
    from cloud.outages.service import OutageService
    from cloud.state import StateFolder

    usage_point = UsagePointId.parse(arguments.usage_point)
    folder = StateFolder.open(arguments.dir)
    settings = folder.settings()
    composer = Composer(Catalogue.load(), sender_address(settings.mail.sender).domain)
    homes = OutageService(settings.outages, composer, look_again(settings.outages))
    areas = AreaService(settings.outages, homes)
    with closing(folder.open_database()) as database, database.transaction() as connection:
        areas.close(connection, usage_point, arguments.by, arguments.reason, clock_from_environment().now())
    said = f"{usage_point} is closed on the word of {arguments.by}; nobody is told that power is back"
    command.answer(
        arguments, {"usage_point": usage_point, "closed_by": arguments.by, "reason": arguments.reason}, [said]
    )
    return 0


def _locate(arguments: argparse.Namespace) -> int:
    from cloud.kernel import sheet
    from cloud.kernel.sheet import SheetRefused
    from cloud.outages import evidence_table
    from cloud.outages.locate import Word, locate

    trees = _trees(arguments.feeder)
    try:
        words = evidence_table.parse(sheet.read_file(arguments.evidence), trees)
    except SheetRefused as refused:
        raise refused.of(arguments.evidence) from refused
    found = [(tree, place) for tree in trees for place in locate(tree, words, unsaid=Word(arguments.unsaid))]
    facts = {
        "places": [_place_facts(tree, place) for tree, place in found],
        "customers": sum(len(place.homes) for _, place in found),
    }
    lines = [
        f"{place.id}  {_kind(tree, place)}  {len(place.homes)} customers  margin {place.margin:.1f}"
        for tree, place in found
    ]
    command.answer(arguments, facts, lines or ["nothing failed, as far as is said"])
    return 0


def _trees(path: Path) -> "Sequence[Tree]":
    from cloud.grid import feeder_table, table
    from cloud.kernel import sheet
    from cloud.kernel.sheet import SheetRefused

    data = sheet.read_file(path)
    try:
        return (feeder_table.parse(data),) if "node" in sheet.heading(data) else table.parse(data).trees
    except SheetRefused as refused:
        raise refused.of(path) from refused


def _number(name: str) -> int:
    digits = name.rpartition("-")[2]
    if not digits.isascii() or not digits.isdigit() or len(digits) > 15:
        raise InputRefused("this is no name of an outage", where=name[:60], do="write it as in T-0101-1")
    return int(digits)


def _facts(outage: "Outage") -> dict[str, object]:
    from cloud.outages.area_model import Standing

    return {
        "name": outage.name,
        "number": outage.number,
        "feeder": outage.feeder,
        "device": outage.device,
        "began_at": outage.began_at.isoformat(),
        "opened_at": outage.opened_at.isoformat(),
        "within": outage.within,
        "first_back_at": outage.first_back_at and outage.first_back_at.isoformat(),
        "closed_at": outage.closed_at and outage.closed_at.isoformat(),
        "absorbed_by": outage.absorbed_by,
        "standings": {str(standing): outage.count(standing) for standing in Standing},
    }


def _member_facts(member: "Member") -> dict[str, object]:
    return {
        "usage_point": member.usage_point,
        "standing": str(member.standing),
        "since": member.since.isoformat(),
        "case_number": member.case_number,
        "asked_at": member.asked_at and member.asked_at.isoformat(),
        "closed_by": member.closed_by,
        "close_reason": member.close_reason,
    }


def _entry_facts(entry: "OutageLine") -> dict[str, object]:
    return {
        "at": entry.at.isoformat(),
        "mark": str(entry.mark),
        "usage_point": entry.usage_point,
        "detail": entry.detail,
    }


def _place_facts(tree: "Tree", place: "Place") -> dict[str, object]:
    return {
        "feeder": tree.feeder,
        "id": place.id,
        "kind": _kind(tree, place),
        "customers": len(place.homes),
        "usage_points": list(place.homes),
        "margin": round(place.margin, 3),
    }


def _kind(tree: "Tree", place: "Place") -> str:
    from cloud.kernel.ids import DeviceId

    return "usage_point" if place.id in tree else str(tree.device(DeviceId(place.id)).kind)


def _line(outage: "Outage") -> str:
    from cloud.outages.area_model import Standing

    counts = ", ".join(f"{n} {standing}" for standing in Standing if (n := outage.count(standing)))
    state = f"closed {_at(outage.closed_at)}" if outage.closed_at else "restored" if outage.is_restored else "open"
    within = f"  within {outage.within}" if outage.within else ""
    return f"{outage.name}  at {outage.device}  since {_at(outage.began_at)}  {state}  {counts}{within}".rstrip()


def _at(instant: Any) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S}"
