"""`lamplight-gateway detect`: a record looked through for what is unusual, as a gateway would have seen it.

The record need not come from a gateway: any CSV of a home's energy will do, and any other series of values. What is
refused leaves as an error that ends as one line and exit status 2; nothing is printed before the whole file was read.
"""

import argparse
import json
import sys
from pathlib import Path

from gateway.adapters.time_zone import zone_named


def add_parsers(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets `handler`, which takes the parsed arguments and returns the exit status."""
    detect = subparsers.add_parser(
        "detect",
        help="find what is unusual in a record of a home's use",
        description="Find what is unusual in a CSV of a home's energy (columns timestamp and kwh, wh, kw or w) "
        "or of any other values.",
    )
    detect.add_argument("file", metavar="FILE", type=Path, help="a CSV, plain or gzipped")
    detect.add_argument("--column", metavar="NAME", default="", help="the column of values, where there are several")
    detect.add_argument("--time-zone", metavar="ZONE", default="UTC", help="where the home is, as Europe/Madrid (UTC)")
    form = detect.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object on a line for each thing unusual")
    form.add_argument("--scores", action="store_true", help="a CSV of every channel's score, 1.0 at its line")
    detect.add_argument("--plot", metavar="FILE.svg", type=Path, help="draw it, too")
    detect.set_defaults(handler=detect_unusual)


def detect_unusual(arguments: argparse.Namespace) -> int:
    """`detect FILE`; raises InputRefused, EnvironmentRefused."""
    from gateway.adapters.recorded_use import read_record
    from gateway.consumption_report import look_through

    zone = zone_named(arguments.time_zone, where="--time-zone")
    findings = look_through(read_record(arguments.file, zone, column=arguments.column), zone)
    if arguments.plot is not None:
        from gateway.consumption_picture import picture
        from runtime.durable import write_atomically

        write_atomically(arguments.plot, picture(findings).encode(), mode=0o644)
    if arguments.scores:
        sys.stdout.write(findings.score_rows())
    elif arguments.json:
        for fact in findings.facts():
            print(json.dumps(fact))
    else:
        print("\n".join(findings.lines()))
    return 0
