"""The word that hands a meter's password or keys to the gateway that reads it, and to nobody on the way.

    meter-keys DIR GATEWAY METER --key SOURCE --auth-key SOURCE --out FILE

The file is encrypted to that gateway's key and signed by this cloud; it may travel by mail. The cloud keeps nothing of
what it sealed. With the meter's master key the new keys are wrapped for the meter as well (RFC 3394), so that the
gateway can exchange them there: that is a rotation, and the master key itself goes nowhere. Refused: a gateway that is
not active, or does not speak for the meter; a key that only signs.
"""

import argparse
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from cloud import command
from runtime.arguments import whole
from runtime.clock import check_clock_is_set, clock_from_environment
from runtime.durable import write_atomically
from runtime.errors import InputRefused
from runtime.secret import Secret, read_key, read_password
from wire.instants import unix_ms
from wire.key_delivery import DeliveredSecrets, seal_delivery

_SOURCE: Final = "file:PATH, env:NAME or -"
_MOST_DAYS: Final = 90


def add_to(commands: "argparse._SubParsersAction[Any]") -> None:
    """Let `meter-keys` be a command."""
    sealed = command.add(commands, "meter-keys", _seal, "seal a meter's password or keys to the gateway that reads it")
    sealed.add_argument("dir", type=Path, metavar="DIR")
    sealed.add_argument("gateway", metavar="GATEWAY", help="its identifier, as `gateway list` tells it")
    sealed.add_argument("meter", metavar="METER", help="the meter's serial number")
    sealed.add_argument("--password", metavar="SOURCE", help=f"where its password is: {_SOURCE}")
    sealed.add_argument("--key", metavar="SOURCE", help="where its encryption key is, in hex")
    sealed.add_argument("--auth-key", metavar="SOURCE", help="where its authentication key is, in hex")
    sealed.add_argument(
        "--master-key", metavar="SOURCE", help="where the meter's master key is: the keys are new, and are exchanged"
    )
    sealed.add_argument("--days", type=whole(1, _MOST_DAYS), default=14, metavar="N", help="how long it is good (14)")
    sealed.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to make")
    sealed.add_argument("--json", action="store_true")


def _seal(arguments: argparse.Namespace) -> int:
    from cloud.registry.service import parse_gateway_id
    from cloud.state import StateFolder

    clock = clock_from_environment()
    check_clock_is_set(clock)
    secrets = _secrets(arguments)
    folder, now = StateFolder.open(arguments.dir), clock.now()
    with closing(folder.open_database()) as database:
        gateway = folder.registrar(database, clock).speaking_for(parse_gateway_id(arguments.gateway), arguments.meter)
    until = now + timedelta(days=arguments.days)
    try:
        envelope = seal_delivery(
            secrets,
            gateway.key,
            folder.receipt_signer(),
            gateway=gateway.id,
            meter=arguments.meter,
            number=int(now.timestamp()),  # rises with each, with nothing to keep
            until_ms=unix_ms(until),
        )
    except ValueError as error:
        do = "give the gateway a P-256 key: a new state folder, added anew"
        raise InputRefused(str(error), where=f"gateway {gateway.id}", do=do) from error
    if arguments.out.exists():
        raise InputRefused("there is such a file already", where=str(arguments.out), do="name another, or remove it")
    write_atomically(arguments.out, envelope, mode=0o600)
    facts = {"gateway_id": gateway.id, "meter": arguments.meter, "until": until.isoformat(), "file": str(arguments.out)}
    lines = (
        f"sealed for meter {arguments.meter} of gateway {gateway.id}, to be used by {until:%Y-%m-%d}: {arguments.out}",
        f"next, at the gateway: lamplight-gateway meter keys DIR NUMBER --delivery {arguments.out.name}",
    )
    command.answer(arguments, facts, lines)
    return 0


def _secrets(arguments: argparse.Namespace) -> DeliveredSecrets:
    password = None if arguments.password is None else read_password("--password", arguments.password)
    key, auth_key, master = (
        None if source is None else read_key(option, source)
        for option, source in (
            ("--key", arguments.key),
            ("--auth-key", arguments.auth_key),
            ("--master-key", arguments.master_key),
        )
    )
    match (password, key, auth_key):
        case (Secret(), None, None) if master is None:
            return DeliveredSecrets(password=password.reveal())
        case (None, Secret(), Secret() | None):
            return DeliveredSecrets(
                key=key.reveal(),
                auth_key=None if auth_key is None else auth_key.reveal(),
                wrapped_key=_wrapped(key, master),
                wrapped_auth_key=_wrapped(auth_key, master),
            )
    do = "give --password, or --key and --auth-key (--key alone opens what a meter pushes); --master-key goes with keys"
    raise InputRefused("these secrets are for no meter", do=do)


def _wrapped(key: Secret | None, master: Secret | None) -> bytes | None:
    from cryptography.hazmat.primitives.keywrap import aes_key_wrap

    return None if key is None or master is None else aes_key_wrap(master.reveal(), key.reveal())
