"""`lamplight-gateway status` and `journal`: how the gateway is and what it has said, whether it runs or not.

Both only look: the journal is opened for reading, beside the gateway that writes it.
"""

import argparse
import json
from pathlib import Path

from gateway.adapters import folder_lock
from gateway.adapters.journal_view import JournalView
from gateway.adapters.registry import Registry
from gateway.config import load_settings
from gateway.state_report import journal_facts, journal_line, status_lines, status_of
from runtime.clock import clock_from_environment
from wire.terms import Lane

_MOST_ROWS = 100_000


def add_parsers(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands; each sets `handler`."""
    status = subparsers.add_parser("status", help="how the gateway is: readings, supply, what waits for the cloud")
    status.add_argument("folder", metavar="DIR", type=Path, help="the gateway's state folder")
    status.add_argument("--json", action="store_true", help="one JSON object")
    status.set_defaults(handler=show_status)
    journal = subparsers.add_parser("journal", help="what the gateway has said, oldest first")
    journal.add_argument("folder", metavar="DIR", type=Path, help="the gateway's state folder")
    journal.add_argument("--lane", choices=[lane.name.lower() for lane in Lane], help="this lane alone")
    journal.add_argument("--last", type=int, default=50, metavar="N", help="the newest N rows (50)")
    journal.add_argument("--json", action="store_true", help="one JSON object for each row")
    journal.set_defaults(handler=show_journal)


def show_status(arguments: argparse.Namespace) -> int:
    """`status DIR`; raises InputRefused, SettingsError, JournalUnavailable."""
    files = load_settings(arguments.folder).files
    with JournalView(files.journal) as view:
        status = status_of(
            view,
            Registry(files.registry).meters(),
            now=clock_from_environment().now(),
            process=folder_lock.holder(files.journal.parent),
            is_enrolled=files.enrolment.exists(),
        )
    print(json.dumps(status.facts()) if arguments.json else "\n".join(status_lines(status)))
    return 0


def show_journal(arguments: argparse.Namespace) -> int:
    """`journal DIR`; raises InputRefused, SettingsError, JournalUnavailable."""
    files = load_settings(arguments.folder).files
    lane = Lane[arguments.lane.upper()] if arguments.lane else None
    with JournalView(files.journal) as view:
        for row in view.newest(max(0, min(arguments.last, _MOST_ROWS)), lane):
            print(json.dumps(journal_facts(row)) if arguments.json else journal_line(row))
    return 0
