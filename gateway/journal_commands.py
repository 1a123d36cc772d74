"""`lamplight-gateway journal`: what the gateway has said, whether that still holds together, and all of it in a file.

    journal DIR             the newest rows, oldest first; the same as `journal list DIR`
    journal verify DIR      every row held against the gateway's keys and the row before it; status 1 if one fails
    journal export DIR      every row with its sealed octets, one JSON object a line, to a file or to standard output

All of them only look: the journal is opened for reading, beside the gateway that writes it. `--file` looks at another
file of this gateway: a journal that was set aside.
"""

import argparse
import base64
import json
from collections.abc import Iterator
from pathlib import Path

from gateway.adapters.enrolment import load_enrolment
from gateway.adapters.journal_aside import SetAside
from gateway.adapters.journal_check import Checked
from gateway.adapters.journal_view import JournalView
from gateway.config import GatewaySettings, load_settings
from gateway.core.errors import JournalDamaged
from gateway.own_folder import own_keys
from gateway.state_report import journal_facts, journal_line
from runtime.durable import write_pieces_atomically
from runtime.errors import InputRefused
from wire.instants import from_unix_ms
from wire.terms import Lane

_MOST_ROWS = 100_000
_LIST, _VERIFY, _EXPORT = "list", "verify", "export"


def add_parsers(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets `handler`."""
    journal = subparsers.add_parser("journal", help="what the gateway has said: list it, verify it, export it")
    journal.add_argument(
        "what",
        nargs="?",
        choices=(_LIST, _VERIFY, _EXPORT),
        default=_LIST,
        help="list the newest rows (default), verify every row, or export every row with its sealed octets",
    )
    journal.add_argument("folder", metavar="DIR", type=Path, help="the gateway's state folder")
    journal.add_argument("--lane", choices=[lane.name.lower() for lane in Lane], help="list, export: this lane alone")
    journal.add_argument("--last", type=int, default=50, metavar="N", help="list: the newest N rows (50)")
    journal.add_argument("--aside", action="store_true", help="list: what could not be sent, instead")
    journal.add_argument("--to", metavar="FILE", type=Path, help="export: into this file, which must not be there yet")
    journal.add_argument("--file", metavar="FILE", type=Path, help="another journal of this gateway, set aside")
    journal.add_argument("--json", action="store_true", help="one JSON object for each row, or for the verdict")
    journal.set_defaults(handler=show_journal)


def show_journal(arguments: argparse.Namespace) -> int:
    """`journal [list|verify|export] DIR`; raises InputRefused, SettingsError, JournalUnavailable, JournalDamaged."""
    settings = load_settings(arguments.folder)
    if arguments.file is None:
        return _shown(arguments, settings, settings.files.journal)
    try:
        return _shown(arguments, settings, arguments.file)
    except JournalDamaged as error:
        do = "no more of this file can be read; keep it for whoever mends databases"
        raise JournalDamaged(error.what, where=error.where, do=do) from error


def _shown(arguments: argparse.Namespace, settings: GatewaySettings, file: Path) -> int:
    lane = Lane[arguments.lane.upper()] if arguments.lane else None
    with JournalView(file) as view:
        if arguments.what == _VERIFY:
            return _verify(view, settings, as_json=arguments.json)
        if arguments.what == _EXPORT:
            return _export(view, lane, arguments.to)
        if arguments.aside:
            for item in view.set_aside():
                print(json.dumps(_aside_facts(item)) if arguments.json else _aside_line(item))
            return 0
        for row in view.newest(max(0, min(arguments.last, _MOST_ROWS)), lane):
            print(json.dumps(journal_facts(row)) if arguments.json else journal_line(row))
        return 0


def _verify(view: JournalView, settings: GatewaySettings, *, as_json: bool) -> int:
    keys = own_keys(settings)
    enrolment = settings.files.enrolment
    receipt_key = load_enrolment(enrolment, keys.gateway).receipt_key if enrolment.exists() else None
    checked = view.check(keys.first, (keys.signer.public,), receipt_key)
    print(json.dumps(_verdict_facts(checked)) if as_json else "\n".join(_verdict_lines(checked)))
    return 0 if checked.is_whole else 1


def _verdict_facts(checked: Checked) -> dict[str, object]:
    return {
        "gateway": checked.gateway,
        "gen": checked.gen,
        "is_whole": checked.is_whole,
        "lanes": [
            {
                "lane": lane.lane.name.lower(),
                "rows": lane.rows,
                "first_seq": lane.first_seq,
                "head_seq": lane.head_seq,
                "holes": lane.holes,
                "receipted_seq": lane.receipted_seq,
            }
            for lane in checked.lanes
        ],
        "findings": [
            {"lane": finding.lane.name.lower(), "seq": finding.seq, "what": finding.what}
            for finding in checked.findings
        ],
    }


def _verdict_lines(checked: Checked) -> Iterator[str]:
    yield f"gateway {checked.gateway}, generation {checked.gen}"
    for lane in checked.lanes:
        rows = f"{_counted(lane.rows, 'row')} from {lane.first_seq} to {lane.head_seq}" if lane.rows else "no rows kept"
        holes = f", {_counted(lane.holes, 'hole')} told to the cloud" if lane.holes else ""
        yield f"{lane.lane.name.lower():11}  {rows}, a receipt up to {lane.receipted_seq}{holes}"
    for finding in checked.findings:
        yield f"WRONG  {checked.gateway}/{checked.gen}/{finding.lane.value}/{finding.seq}: {finding.what}"
    yield "whole: every row is signed and follows the one before it" if checked.is_whole else "not whole"


def _counted(number: int, what: str) -> str:
    """As a person counts.

    >>> _counted(1, "row"), _counted(2, "row")
    ('1 row', '2 rows')
    """
    return f"{number} {what}{'' if number == 1 else 's'}"


def _export(view: JournalView, lane: Lane | None, to: Path | None) -> int:
    if to is None:
        for line in _exported(view, lane):
            print(line)
        return 0
    if to.exists():
        raise InputRefused("there is such a file already", where=str(to), do="name one that is not there yet")
    write_pieces_atomically(to, (f"{line}\n".encode() for line in _exported(view, lane)))
    print(to)
    return 0


def _exported(view: JournalView, lane: Lane | None) -> Iterator[str]:
    identity = view.identity()
    yield json.dumps({"gateway": identity.gateway, "gen": identity.gen, "boots": identity.boots})
    for row, envelope in view.everything(lane):
        yield json.dumps({**journal_facts(row), "envelope": base64.b64encode(envelope).decode()})
    for item in view.set_aside():
        if lane in (None, item.lane):
            yield json.dumps(_aside_facts(item))


def _aside_facts(item: SetAside) -> dict[str, object]:
    """A sealed row as it was signed; an event that never was, as its facts."""
    content: dict[str, object] = (
        {"facts": json.loads(item.content)}
        if item.seq is None
        else {"envelope": base64.b64encode(item.content).decode()}
    )
    return {
        "set_aside": item.reason.name.lower(),
        "lane": item.lane.name.lower(),
        "seq": item.seq,
        "code": item.code,
        "at": from_unix_ms(item.at_ms).isoformat(),
        "size_bytes": len(item.content),
        **content,
    }


def _aside_line(item: SetAside) -> str:
    place = "never sealed" if item.seq is None else f"{item.lane.name.lower()} {item.seq}"
    why = item.reason.name.lower().replace("_", " ")
    return f"{from_unix_ms(item.at_ms):%Y-%m-%d %H:%M:%S}  {place}  code {item.code}  {len(item.content)} B  {why}"
