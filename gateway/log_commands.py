"""`lamplight-gateway event-codes`: what the codes in meters' logs mean, as this gateway reads them."""

import argparse
import json
from pathlib import Path

from gateway.log_report import code_facts, code_line
from runtime.errors import InputRefused


def add_parsers(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets `handler`, which takes the parsed arguments and returns the exit status."""
    words = "what the codes in meters' event logs mean"
    listing = subparsers.add_parser("event-codes", help=words, description=f"Print {words}.")
    listing.add_argument("--family", metavar="NAME", help="of one family of meters alone, as idis")
    listing.add_argument("--event-codes", type=Path, metavar="PATH", help="with codes of your own: a file or a folder")
    listing.add_argument("--json", action="store_true", help="one JSON object for each code")
    listing.set_defaults(handler=list_codes)


def list_codes(arguments: argparse.Namespace) -> int:
    """`event-codes [--family NAME]`; raises SettingsError, InputRefused."""
    from gateway.adapters.event_code_files import load_event_codes

    codes = load_event_codes(arguments.event_codes)
    families = sorted(codes.families)
    if arguments.family is not None:
        if arguments.family not in codes.families:
            raise InputRefused(f"there is no family {arguments.family!r}", do=f"known: {', '.join(families)}")
        families = [arguments.family]
    for family in families:
        if not arguments.json:
            print(family)
        for (of, log, code), meaning in sorted(codes.meanings.items(), key=lambda item: item[0]):
            if of == family:
                told = json.dumps(code_facts(of, log, code, meaning))
                print(told if arguments.json else code_line(log, code, meaning))
    return 0
