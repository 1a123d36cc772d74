"""`lamplight-gateway discover`: the technician's ten minutes at a meter cupboard, gloves on, no uplink.

Progress goes to standard error where a person watches it, the answer to standard output: a table, or one JSON object on
one line (`--json`). Ctrl-C gives back what was opened. Exit status 1 says that nobody was found.
"""

import argparse
import json
import os
import shutil
import sys
from typing import TextIO

from gateway.core.discovery.attempts import Outcome, Step
from gateway.core.discovery.plan import Discovery
from gateway.core.dlms.enquiry import CHALLENGE_BYTES
from gateway.discovery_report import DiscoveryReport
from gateway.meter_options import add_port
from runtime.clock import clock_from_environment

LIMIT_S, DEEP_LIMIT_S = 300.0, 900.0
_NOBODY = 1


def add_parsers(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands; each sets `handler`, which takes the parsed arguments and returns the exit status."""
    discover = subparsers.add_parser(
        "discover",
        help="find out how the meter on a port is read",
        description="Find out how the meter on a port is read. Nothing is changed, no password and no key is tried.",
    )
    add_port(discover)
    discover.add_argument("--deep", action="store_true", help="call every address of one and two octets: takes minutes")
    discover.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    discover.set_defaults(handler=discover_port)


def discover_port(arguments: argparse.Namespace) -> int:
    """`discover PORT`; raises PortUnavailable, PortGone, InputRefused."""
    # The adapters bring pyserial and dlms-cosem along, which no other command should wait for.
    from gateway.adapters.discovery_line import DiscoveryLine
    from gateway.adapters.profile_files import load_profile, profile_names
    from gateway.core.line_address import parse_line_address

    line = parse_line_address(arguments.port)
    profiles = tuple(map(load_profile, profile_names()))
    discovery = Discovery(
        line,
        client_saps=tuple(profile.access.client_sap for profile in profiles),
        objects=tuple(attribute for profile in profiles for attribute in profile.values),
        challenge=os.urandom(CHALLENGE_BYTES),
        is_deep=arguments.deep,
    )
    progress = Progress(sys.stderr)
    explorer = DiscoveryLine(line, clock=clock_from_environment(), tell=progress)
    explorer.run(discovery, limit_s=DEEP_LIMIT_S if arguments.deep else LIMIT_S)
    report = DiscoveryReport(port=arguments.port, line=line, findings=discovery.findings, profiles=profiles)
    print(json.dumps(report.facts()) if arguments.json else "\n".join(report.lines()))
    return 0 if discovery.findings.has_found else _NOBODY


class Progress:
    """One line a step, for a person at a terminal; nothing for a program that collects the stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._column = 0

    def __call__(self, told: Step | Outcome) -> None:
        if not self._stream.isatty():
            return
        if isinstance(told, Step):
            words = f"{told.words} (at most {told.at_most_s:.0f} s) ... "
            self._column = len(words)
            self._stream.write(words)
        else:
            is_too_long = self._column + len(told.words) >= shutil.get_terminal_size().columns
            self._stream.write(f"{chr(10) + '    ' if is_too_long else ''}{told.words}\n")
        self._stream.flush()
