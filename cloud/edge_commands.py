"""The words that order gateways something, and tell what became of it.

    command send DIR GATEWAY ping-meter METER             does the meter answer?
    command send DIR GATEWAY read-now METER               read its registers now
    command send DIR GATEWAY change-setting NAME [VALUE]  another value; without one, the gateway's own file again
    command send DIR GATEWAY set-consent METER [SECONDS]  what the customer agreed may leave the house; nothing finer
    command send DIR GATEWAY rotate-key --key FILE        a new key, ordered by two key authorities
    command list DIR                                      what was ordered, by whom, and what became of it
    command keys DIR                                      the keys that sign it

An order is signed here and said by `serve`, which must run. It is worth something for ten minutes at most, and done
once. With `--wait` the word ends when the gateway has answered: with status 0 where it is done, 1 where it is not.
"""

import argparse
import getpass
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cloud import command
from runtime.arguments import seconds, whole
from runtime.clock import Clock, check_clock_is_set, clock_from_environment
from runtime.errors import InputRefused
from wire.commands import ChangeSetting, KnownOperation, PingMeter, ReadNow, RotateKey, SetConsent
from wire.ids import GatewayId
from wire.terms import CommandOutcome

if TYPE_CHECKING:
    from cloud.edge.store import Ordered
    from cloud.kernel.db import Database

_MOST_MINUTES: Final = 10
_MOST_CHARS: Final = 64
_METER_CHARS: Final = 32
_DAY_S: Final = 86_400
_LOOK_S: Final = 0.25
_WORDS: Final = "ping-meter METER, read-now METER, change-setting NAME [VALUE], set-consent METER [SECONDS], rotate-key"


def add_to(commands: "argparse._SubParsersAction[Any]") -> None:
    """Let `command` be a command, with three of its own."""
    about = "order a gateway something, and see what became of it"
    words = commands.add_parser("command", help=about, description=about).add_subparsers(
        required=True, metavar="send|list|keys"
    )
    sent = command.add(words, "send", _send, "sign an order; `serve` says it until the gateway has answered")
    sent.add_argument("dir", type=Path, metavar="DIR")
    sent.add_argument("gateway", metavar="GATEWAY", help="its identifier, as `gateway list` tells it")
    sent.add_argument("order", nargs="+", metavar="ORDER", help=_WORDS)
    sent.add_argument("--as", dest="actor", metavar="NAME", help="who orders it (the user of this machine)")
    sent.add_argument(
        "--minutes", type=whole(1, _MOST_MINUTES), default=5, metavar="N", help="how long it is worth something (5)"
    )
    sent.add_argument(
        "--key", action="append", default=[], type=Path, metavar="FILE", help="a key that was moved off this machine"
    )
    sent.add_argument("--wait", type=seconds, metavar="SECONDS", help="wait for the answer")
    listed = command.add(words, "list", _list, "what was ordered, the newest first")
    listed.add_argument("dir", type=Path, metavar="DIR")
    listed.add_argument("--gateway", metavar="GATEWAY", help="of this one alone")
    command.add_limit(listed, 50)
    keys = command.add(words, "keys", _keys, "the keys that sign orders, and where each is")
    keys.add_argument("dir", type=Path, metavar="DIR")
    keys.add_argument("--make", action="store_true", help="make them, where there are none")
    for each in (sent, listed, keys):
        each.add_argument("--json", action="store_true")


def _send(arguments: argparse.Namespace) -> int:
    from cloud.edge.service import Orders
    from cloud.registry.service import parse_gateway_id
    from cloud.state import StateFolder

    clock = clock_from_environment()
    check_clock_is_set(clock)
    operation, gateway = _operation(arguments.order), parse_gateway_id(arguments.gateway)
    folder = StateFolder.open(arguments.dir)
    with closing(folder.open_database()) as database:
        if isinstance(operation, SetConsent) and operation.finest_period_s is not None:
            _check_agreed(database, gateway, operation, clock.now())
        ordered = Orders(database, clock, folder.command_keys).give(
            gateway,
            operation,
            actor=_actor(arguments.actor),
            life=timedelta(minutes=arguments.minutes),
            keys_elsewhere=arguments.key,
        )
        if arguments.wait is not None:
            ordered = _answered(database, clock, ordered, arguments.wait)
    now = clock.now()
    waits = f"until {ordered.expires_at:%H:%M:%S} UTC; `serve` says it, `command list` tells what became of it"
    told = ": ".join(filter(None, (ordered.standing(now), ordered.detail))) if arguments.wait is not None else waits
    command.answer(arguments, ordered.facts(now), [f"{ordered.operation} to gateway {ordered.gateway}: {told}"])
    return 0 if arguments.wait is None or ordered.outcome is CommandOutcome.DONE else 1


def _list(arguments: argparse.Namespace) -> int:
    from cloud.edge import store
    from cloud.registry.service import parse_gateway_id
    from cloud.state import StateFolder

    gateways = None if arguments.gateway is None else [parse_gateway_id(arguments.gateway)]
    with closing(StateFolder.open(arguments.dir).open_database()) as database, database.read() as connection:
        rows = store.newest(connection, arguments.limit, gateways)
    now = clock_from_environment().now()
    lines = [
        f"{row.ordered_at:%Y-%m-%d %H:%M:%S}  {row.gateway}  {row.standing(now):10}  {row.operation}"
        f"  by {row.actor}  {row.detail}".rstrip()
        for row in rows
    ]
    command.answer(arguments, [row.facts(now) for row in rows], lines or ["nothing was ordered"])
    return 0


def _keys(arguments: argparse.Namespace) -> int:
    from cloud.edge.command_keys import ROLES
    from cloud.state import StateFolder

    keys = StateFolder.open(arguments.dir).command_keys
    if arguments.make:
        if keys.path.exists():
            raise InputRefused("there are command keys already", where=str(keys.path), do="every gateway knows these")
        keys.create()
    public = keys.public_keys()
    rows = [
        {
            "name": name,
            "role": ROLES[name].name.lower(),
            "key_id": key.key_id.hex(),
            "file": str(keys.file_of(name)),
            "is_here": keys.file_of(name).exists(),
        }
        for name, key in public.items()
    ]
    lines = [f"{row['name']:21} {row['key_id']}  {row['file'] if row['is_here'] else 'elsewhere'}" for row in rows]
    command.answer(arguments, rows, lines or ["there are no command keys: --make makes them"])
    return 0


def _operation(words: list[str]) -> KnownOperation:
    """What somebody typed; raises InputRefused."""
    match words:
        case ["ping-meter", meter] if len(meter) <= _METER_CHARS:
            return PingMeter(meter=meter)
        case ["read-now", meter] if len(meter) <= _METER_CHARS:
            return ReadNow(meter=meter)
        case ["change-setting", name] if len(name) <= _MOST_CHARS:
            return ChangeSetting(name=name)
        case ["change-setting", name, value] if max(len(name), len(value)) <= _MOST_CHARS:
            return ChangeSetting(name=name, value=value)
        case ["set-consent", meter] if len(meter) <= _METER_CHARS:
            return SetConsent(meter=meter)
        case ["set-consent", meter, finest] if len(meter) <= _METER_CHARS and _is_period(finest):
            return SetConsent(meter=meter, finest_period_s=int(finest))
        case ["rotate-key"]:
            return RotateKey()
        case _:
            raise InputRefused(f"{' '.join(words)[:80]!r} is no order", do=f"one of: {_WORDS}")


def _is_period(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= len(str(_DAY_S)) and 1 <= int(text) <= _DAY_S


def _check_agreed(database: "Database", gateway: GatewayId, order: SetConsent, now: datetime) -> None:
    """Raise InputRefused unless the customer's own words stand behind it."""
    from cloud.customers.consent_store import agreed_to_fine
    from cloud.registry import store as registry

    with database.read() as connection:
        known = registry.get(connection, gateway)
        place = None if known is None else known.place_of(order.meter)
        if place is not None and not agreed_to_fine(connection, place.usage_point, now, timedelta()):
            do = "record her yes first: on her own page, or by the customer system (purpose readings_fine)"
            raise InputRefused(f"no consent is recorded for {place}", do=do)


def _actor(said: str | None) -> str:
    """Who orders it: what was said, or the machine's word for whoever is here."""
    try:
        actor = said or getpass.getuser()
    except (KeyError, OSError):
        actor = ""
    if not actor or not actor.isprintable() or len(actor) > _MOST_CHARS:
        raise InputRefused("nobody knows who orders this", do=f"say --as NAME, at most {_MOST_CHARS} characters")
    return actor


def _answered(database: "Database", clock: Clock, ordered: "Ordered", within_s: float) -> "Ordered":
    """The order as it stands once it is answered or out of date, or so many machine seconds have passed."""
    from cloud.edge import store

    end_s = clock.monotonic() + within_s
    while ordered.outcome is None and clock.monotonic() < end_s and clock.now() <= ordered.expires_at:
        time.sleep(_LOOK_S)
        with database.read() as connection:
            ordered = store.get(connection, ordered.gateway, ordered.number) or ordered
    return ordered
