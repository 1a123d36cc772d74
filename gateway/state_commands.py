"""`lamplight-gateway status`: how the gateway is, whether it runs or not.

It only looks: the journal is opened for reading, beside the gateway that writes it.
"""

import argparse
import json
from pathlib import Path

from gateway.adapters import folder_lock
from gateway.adapters.journal_view import JournalView
from gateway.adapters.registry import Registry
from gateway.config import load_settings
from gateway.state_report import status_lines, status_of
from runtime.clock import clock_from_environment


def add_parsers(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets `handler`."""
    status = subparsers.add_parser("status", help="how the gateway is: readings, supply, what waits for the cloud")
    status.add_argument("folder", metavar="DIR", type=Path, help="the gateway's state folder")
    status.add_argument("--json", action="store_true", help="one JSON object")
    status.set_defaults(handler=show_status)


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
