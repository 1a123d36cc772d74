"""`lamplight-gateway read`: a meter asked now, for a person or for a program.

The command hands its words to the gateway's own way of a reading and prints what comes out: a table with units, or one
JSON object on one line (`--json`). What is refused leaves as an error that ends as one line and exit status 2.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from gateway.core.meter_logs.event_log import LogSpan
from gateway.core.ports import MeterSession, Span
from gateway.core.reading import IntervalRow, Snapshot
from gateway.core.validation import Limits, check_intervals, check_reading
from gateway.meter_options import add_meter_options, deadline_s, read_hours
from gateway.reading_report import ReadReport
from gateway.secret_options import passing_identity, read_secrets
from runtime.clock import clock_from_environment
from runtime.errors import InputRefused

MAX_LOG_DAYS = 366


def add_parsers(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets `handler`, which takes the parsed arguments and returns the exit status."""
    read = subparsers.add_parser("read", help="read a meter now", description="Read a meter now, and its last hours.")
    add_meter_options(read)
    read.add_argument(
        "--hours", type=int, default=24, metavar="N", help="load profile of the last N hours (24; 0: none)"
    )
    read.add_argument("--logs", action="store_true", help="the meter's own event logs as well, in words")
    read.add_argument("--log-days", type=int, default=7, metavar="N", help="of the last N days (7)")
    read.add_argument("--event-codes", type=Path, metavar="PATH", help="event codes of your own: a file or a folder")
    read.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    read.set_defaults(handler=read_meter)


def read_meter(arguments: argparse.Namespace) -> int:
    """`read PORT --profile NAME`; raises MeterUnread, SettingsError, InputRefused."""
    # The adapters bring pyserial and dlms-cosem along, which no other command should wait for.
    from gateway.adapters.event_code_files import check_families, load_event_codes
    from gateway.adapters.meter_session import meter_session
    from gateway.adapters.profile_files import load_profile
    from gateway.core.line_address import parse_line_address

    hours = read_hours(arguments)
    if not 1 <= arguments.log_days <= MAX_LOG_DAYS:
        what = f"{arguments.log_days} days of logs cannot be read"
        raise InputRefused(what, where="--log-days", do=f"give 1 to {MAX_LOG_DAYS}")
    clock = clock_from_environment()
    profile = load_profile(arguments.profile).addressed(arguments.address, parse_line_address(arguments.port))
    codes = load_event_codes(arguments.event_codes)
    check_families(profile, codes)
    identity = passing_identity(read_secrets(arguments))
    meter = meter_session(
        arguments.port, profile, clock=clock, deadline_s=deadline_s(hours), identity=identity, report=_report
    )
    now = clock.now()
    since = now - timedelta(days=arguments.log_days)
    spans = [LogSpan(log=log, since=since) for log in profile.logs] if arguments.logs else []
    snapshot, rows = _read(meter, (now - timedelta(hours=hours), now) if hours else None, spans)
    limits = Limits(supply=profile.supply)
    report = ReadReport(
        port=arguments.port,
        profile=profile,
        checked=check_reading(profile.interpret(snapshot), None, limits),
        intervals=check_intervals(rows, limits),
        logs=snapshot.logs,
        codes=codes,
        without_intervals=snapshot.denied.get(profile.load_profile.buffer, "") if profile.load_profile else "",
    )
    print(json.dumps(report.facts()) if arguments.json else "\n".join(report.lines()))
    return 0


def _read(meter: MeterSession, span: Span | None, logs: Sequence[LogSpan]) -> tuple[Snapshot, tuple[IntervalRow, ...]]:
    """One association, and what it gave."""
    given: list[tuple[Snapshot, tuple[IntervalRow, ...]]] = []
    meter.read_on(span, lambda snapshot, rows: given.append((snapshot, rows)), logs)
    return given[0]


def _report(words: str) -> None:
    """Tell a person who waits; a program that collects standard error hears only of failures."""
    if sys.stderr.isatty():
        sys.stderr.write(f"{words} ...\n")
