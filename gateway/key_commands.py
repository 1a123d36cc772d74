"""`lamplight-gateway key show` and `key rotate`: which key this gateway signs with, and a change to another.

The change is announced as the last alarm under the old key and needs nothing of the cloud: it follows when the
announcement comes, and believes the old key in nothing that lies behind it. The gateway must stand still meanwhile, so
that its journal has one writer. A power cut at any moment leaves either key, whole, and the journal says which.
"""

import argparse
import json
from contextlib import closing
from pathlib import Path

from gateway.config import load_settings
from runtime.clock import check_clock_is_set, clock_from_environment


def add_parsers(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands; each sets `handler`."""
    key = subparsers.add_parser("key", help="the key this gateway signs with, and a change to another")
    words = key.add_subparsers(required=True, metavar="show|rotate")
    show = words.add_parser("show", help="which key signs, and which one the gateway is named by")
    show.set_defaults(handler=show_keys)
    rotate = words.add_parser("rotate", help="sign with a new key from now on; the gateway must not run")
    rotate.set_defaults(handler=rotate_key)
    for each in (show, rotate):
        each.add_argument("folder", metavar="DIR", type=Path, help="the gateway's state folder")
        each.add_argument("--json", action="store_true", help="one JSON object")


def show_keys(arguments: argparse.Namespace) -> int:
    """`key show DIR`; raises InputRefused, SettingsError, EnvironmentRefused."""
    from gateway.adapters.keys import HeldKey, read_key
    from gateway.own_folder import own_keys

    settings = load_settings(arguments.folder)
    keys, found = own_keys(settings), read_key(settings.files.key)
    public, kept_in = keys.signer.public, found.keeper if isinstance(found, HeldKey) else "file"
    facts = {
        "gateway": keys.gateway,
        "key_id": public.key_id.hex(),
        "algorithm": public.algorithm.name,
        "kept_in": kept_in,
        "first_key_id": keys.first.key_id.hex(),
        "sealing_key_id": keys.sealing.public.key_id.hex(),
    }
    lines = (
        f"gateway {keys.gateway}",
        f"  signs with     {facts['key_id']} ({public.algorithm.name}, kept in: {kept_in})",
        f"  is named by    {facts['first_key_id']}",
        f"  seals with     {facts['sealing_key_id']}",
    )
    print(json.dumps(facts) if arguments.json else "\n".join(lines))
    return 0


def rotate_key(arguments: argparse.Namespace) -> int:
    """`key rotate DIR`; raises InputRefused, SettingsError, EnvironmentRefused, and then the old key goes on."""
    from gateway.adapters import folder_lock
    from gateway.own_folder import change_key, open_own_journal, own_keys

    settings, clock = load_settings(arguments.folder), clock_from_environment()
    check_clock_is_set(clock)
    keys = own_keys(settings)
    with (
        folder_lock.held(settings.files.journal.parent),
        closing(open_own_journal(settings, keys, clock)) as journal,
    ):
        new_id, alarm = change_key(settings, keys, journal)
    old_id = keys.signer.public.key_id.hex()
    facts = {"gateway": keys.gateway, "old_key_id": old_id, "key_id": new_id, "gen": journal.gen, "alarm": alarm}
    lines = (
        f"gateway {keys.gateway} signs with key {new_id}; {old_id} signs nothing past alarm {alarm}",
        f"next: lamplight-gateway run {arguments.folder}; the cloud follows when the announcement comes",
    )
    print(json.dumps(facts) if arguments.json else "\n".join(lines))
    return 0
