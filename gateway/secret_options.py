"""The options by which every command is told where a meter's password or keys are, how they are read, and as whom."""

import argparse
import os
from typing import TYPE_CHECKING

from gateway.core.dlms.push.keys import PushKeys
from gateway.core.invocation_counter import InvocationCounter, KeptCounter
from gateway.core.meter_access import MeterSecrets
from runtime.errors import InputRefused
from runtime.secret import read_key, read_password

if TYPE_CHECKING:
    from gateway.adapters.dlms_security import Identity

_SOURCE = "file:PATH, env:NAME or -"
_PUSH_KEY_BYTES = (16, 32)


def add_secret_options(parser: argparse.ArgumentParser) -> None:
    """Where the password, or the two keys, of a meter are; never themselves."""
    parser.add_argument("--password", metavar="SOURCE", help=f"where its password is, if it takes one: {_SOURCE}")
    add_key_options(parser)


def add_key_options(parser: argparse.ArgumentParser) -> None:
    """Where the two keys of a meter are."""
    parser.add_argument("--key", metavar="SOURCE", help=f"where its encryption key is, in hex: {_SOURCE}")
    parser.add_argument("--auth-key", metavar="SOURCE", help=f"where its authentication key is, in hex: {_SOURCE}")


def read_secrets(arguments: argparse.Namespace) -> MeterSecrets:
    """The secrets of a meter; raises InputRefused or EnvironmentRefused, which show none."""
    password = getattr(arguments, "password", None)
    return MeterSecrets(
        password=None if password is None else read_password("--password", password),
        key=None if arguments.key is None else read_key("--key", arguments.key),
        auth_key=None if arguments.auth_key is None else read_key("--auth-key", arguments.auth_key),
    )


def read_push_keys(arguments: argparse.Namespace, system_title: bytes = b"") -> PushKeys | None:
    """The keys that what a meter sends unasked is opened with, if any are given; raises InputRefused."""
    key = None if arguments.key is None else read_key("--key", arguments.key, _PUSH_KEY_BYTES)
    auth_key = None if arguments.auth_key is None else read_key("--auth-key", arguments.auth_key, _PUSH_KEY_BYTES)
    if key is not None:
        return PushKeys(key=key, auth_key=auth_key, system_title=system_title)
    if auth_key is not None:
        raise InputRefused("an authentication key alone opens nothing", where="--auth-key", do="give --key, too")
    return None


def passing_identity(secrets: MeterSecrets) -> "Identity":
    """Somebody nobody was before: a new title has no counter to keep, and the meter tells the key's."""
    from gateway.adapters.dlms_security import Identity, title_of

    counter = InvocationCounter(KeptCounter(), lambda _kept: None)
    return Identity(title=title_of(os.urandom(8)), secrets=secrets, counter=counter)
