"""`lamplight-gateway profiles`: the meter profiles that come along, so that a technician can choose one.

Each line says what a profile is for, how its meter is read and which secrets it takes; the pages under docs/meters say
what of it was proved.
"""

import argparse
import json
from typing import TYPE_CHECKING

from gateway.core.meter_access import Authentication

if TYPE_CHECKING:
    from gateway.core.meter_profile import MeterProfile

_SECRETS = {
    Authentication.LLS: "--password",
    Authentication.HLS_GMAC: "--key and --auth-key",
}
_MAY_BE_SEALED = "none; --key, and --auth-key where there is one, if it is ciphered"


def add_parsers(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets `handler`, which takes the parsed arguments and returns the exit status."""
    words = "the meter profiles that come along"
    profiles = subparsers.add_parser("profiles", help=words, description=f"Print {words}: for whom, how, with what.")
    profiles.add_argument("--json", action="store_true", help="one JSON object for each profile")
    profiles.set_defaults(handler=list_profiles)


def list_profiles(arguments: argparse.Namespace) -> int:
    """`profiles`."""
    from gateway.adapters.profile_files import load_profile, profile_names

    for profile in map(load_profile, profile_names()):
        if arguments.json:
            print(json.dumps(_facts(profile)))
        else:
            print(f"{profile.name}\n  {profile.title}\n  read     {_way(profile)}\n  secrets  {_secrets(profile)}")
    return 0


def _facts(profile: "MeterProfile") -> dict[str, object]:
    return {
        "profile": profile.name,
        "title": profile.title,
        "read": _way(profile),
        "secrets": _secrets(profile),
        "quantities": [quantity.name.lower() for quantity in profile.quantities],
        "load_profile": profile.load_profile is not None,
        "logs": [log.name for log in profile.logs],
    }


def _way(profile: "MeterProfile") -> str:
    push = profile.push
    match profile.line.sign_on:
        case "listen":
            return f"listened to at {push.baud} Bd {push.character}, {push.framing}; `read`, or `meter add --push`"
        case "mode-c":
            return "asked for its readout at an optical head"
        case "mode-e":
            return "asked at an optical head (mode E), or over TCP"
    address = profile.link.server_physical
    return f"asked in HDLC at {profile.line.baud} Bd{f', address {address}' if address else ''}, or over TCP"


def _secrets(profile: "MeterProfile") -> str:
    may_be_sealed = profile.line.sign_on == "listen" and not profile.push.framing.startswith("tic")
    return _SECRETS.get(profile.access.authentication, _MAY_BE_SEALED if may_be_sealed else "none")
