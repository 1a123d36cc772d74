"""The options by which every command is told where a meter's password or keys are, how they are read, and as whom."""

import argparse
import os
from typing import TYPE_CHECKING

from gateway.core.invocation_counter import InvocationCounter, KeptCounter
from gateway.core.meter_access import MeterSecrets
from runtime.secret import read_key, read_password

if TYPE_CHECKING:
    from gateway.adapters.dlms_security import Identity

_SOURCE = "file:PATH, env:NAME or -"


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


def passing_identity(secrets: MeterSecrets) -> "Identity":
    """Somebody nobody was before: a new title has no counter to keep, and the meter tells the key's."""
    from gateway.adapters.dlms_security import Identity, title_of

    counter = InvocationCounter(KeptCounter(), lambda _kept: None)
    return Identity(title=title_of(os.urandom(8)), secrets=secrets, counter=counter)
