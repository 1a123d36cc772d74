"""`lamplight-cloud`: the operator's words. Each prints for people, and for programs with --json.

    init DIR                    make a state folder          gateway add|list|renew|revoke   who may speak
    broker DIR                  be the broker                import DIR FILE|DROP, grid DIR  the utility's files
    broker-config DIR           write mosquitto's files
    serve DIR                   be the cloud                 verify FILE                     one envelope laid open
    config                      every setting, commented     parked DIR                      what kept failing
    alarm list|holes|seen|write-off DIR                      gaps, and gateways that contradict themselves
    quarantine list|show|replay DIR                          what was not believed
    new-token DIR               another key to the page      customer-link DIR UP            a customer's own page
    outage list|show|close DIR  outages on the tree          outage locate                   what failed, from files
    import-refused DIR          rows of drops that wait
    assist FILE                 which help is likely         bill rate                       a bill, reckoned
    meter-keys DIR GATEWAY METER  a meter's keys, sealed to its gateway
    outward status DIR          delivery to other systems    export DIR                      events in a file, for CIM
    command send|list|keys DIR  orders to gateways          what became of them
    bill list|again DIR         what became of bills         tariff add|list DIR             what homes are billed with

A command that is refused ends with one line on standard error and status 2; one whose answer is no, with status 1.
A command waits for the imports of its own module alone, and `verify` needs no database.
"""

import argparse
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cloud import command
from runtime import logs, program, toml
from runtime.arguments import Words, whole
from runtime.clock import check_clock_is_set, clock_from_environment
from runtime.errors import InputRefused

if TYPE_CHECKING:
    from cloud.kernel.db import Database
    from cloud.registry.service import Registrar
    from cloud.state import StateFolder

_MAX_KEY_BYTES: Final = 1_000_000
COMMANDS: Final = {
    **dict.fromkeys(("init", "new-token", "customer-link", "serve", "gateway", "grid", "parked", "config"), "cli"),
    "alarm": "alarm_commands",
    "assist": "assist_commands",
    "bill": "bill_commands",
    "broker": "broker_commands",
    "broker-config": "broker_commands",
    "import": "cis_commands",
    "import-refused": "cis_commands",
    "command": "edge_commands",
    "meter-keys": "key_commands",
    "outage": "outage_commands",
    "outward": "outward_commands",
    "export": "outward_commands",
    "quarantine": "quarantine_commands",
    "tariff": "tariff_commands",
    "verify": "verify_commands",
}
"""The module of `cloud` that adds each command; help lists them in this order."""


def main() -> int:
    """The entry point; returns the exit status."""
    return program.run(_run)


def _run(words: list[str]) -> int:
    arguments = words_of(words[0] if words else "").parse_args(words)
    logs.configure()
    act: Callable[[argparse.Namespace], int] = arguments.act
    return act(arguments)


def _init(arguments: argparse.Namespace) -> int:
    from cloud.state import StateFolder

    folder = StateFolder.create(arguments.dir, _values_of(arguments.set))
    lines = (
        f"made {folder.path}",
        f"  settings   {folder.settings_file}",
        f"  page token {folder.access_token} (keep it to yourself)",
        f"next: lamplight-cloud broker {folder.path}, lamplight-cloud serve {folder.path}",
    )
    paths = {"folder": folder.path, "settings_file": folder.settings_file, "access_token_file": folder.access_token}
    command.answer(arguments, {name: str(path) for name, path in paths.items()}, lines)
    return 0


def _new_token(arguments: argparse.Namespace) -> int:
    from cloud.kernel import access
    from cloud.state import StateFolder
    from cloud.web import links

    folder = StateFolder.open(arguments.dir)
    if arguments.customers:
        links.write_new_key(folder.customer_key)
        print("every customer's link so far ends with the next start of `lamplight-cloud serve`; make new ones")
        return 0
    access.write_new_token(folder.access_token)
    print(f"a new token is in {folder.access_token}; it holds from the next start of `lamplight-cloud serve`")
    return 0


def _customer_link(arguments: argparse.Namespace) -> int:
    from cloud.customers import store as customers

    with _opened(arguments.dir) as (folder, database, _):
        with database.read() as connection:
            home = customers.find(connection, arguments.usage_point)
        if home is None:
            do = "import the customer file first, or name another usage point"
            raise InputRefused(f"no customer is known at {arguments.usage_point[:40]!r}", do=do)
        link = f"{folder.settings().web.address}/you/{folder.customer_links().token_for(home.customer.id)}"
    command.answer(arguments, {"usage_point": home.id, "customer": home.customer.id, "link": link}, [link])
    return 0


def _serve(arguments: argparse.Namespace) -> int:
    from cloud.main import serve
    from cloud.state import StateFolder

    folder = StateFolder.open(arguments.dir)
    serve(folder, clock_from_environment(), lambda address: print(f"ready http={address}", flush=True))
    return 0


def _gateway_add(arguments: argparse.Namespace) -> int:
    from cloud.registry.service import parse_places, parse_public_key

    check_clock_is_set(clock_from_environment())
    handed_in = command.read_named(arguments.public_key, _MAX_KEY_BYTES)
    key = parse_public_key(handed_in, arguments.public_key)
    places = parse_places(arguments.usage_point, arguments.meter)
    with _registry(arguments.state) as (folder, registrar):
        gateway = registrar.add(public_key=key, places=places, out=arguments.out, handed_in=handed_in)
        is_secret = not folder.settings().mqtt.is_by_certificate
    command.answer(arguments, gateway.facts(), [f"gateway {gateway.id} speaks for {', '.join(map(str, places))}"])
    then = ", then delete it: it holds a password" if is_secret else "; it holds no secret"
    print(f"hand {arguments.out} to the gateway{then}", file=sys.stderr)
    return 0


def _gateway_list(arguments: argparse.Namespace) -> int:
    with _registry(arguments.state) as (_, registrar):
        gateways, ends = registrar.everything(), registrar.certificate_ends()
    until = {name: f"certificate until {at:%Y-%m-%d}" for name, at in ends.items()}
    lines = [
        f"{gateway.id}  {gateway.status:8}  {place.meter:16}  {place.usage_point:16}"
        f"  {until.get(gateway.id, '')}  {gateway.status_reason}".rstrip()
        for gateway in gateways
        for place in gateway.places
    ]
    told = {name: {"certificate_ends_at": at.isoformat()} for name, at in ends.items()}
    facts = [gateway.facts() | told.get(gateway.id, {}) for gateway in gateways]
    command.answer(arguments, facts, lines or ["no gateway is registered"])
    return 0


def _gateway_renew(arguments: argparse.Namespace) -> int:
    from cloud.registry.service import parse_gateway_id

    gateway = parse_gateway_id(arguments.gateway)
    handed_in = command.read_named(arguments.public_key, _MAX_KEY_BYTES) if arguments.public_key else None
    with _registry(arguments.state) as (folder, registrar):
        registrar.renew(gateway, arguments.out, handed_in)
        what = folder.settings().mqtt.entrance
    command.answer(arguments, {"gateway_id": gateway}, [f"gateway {gateway} has a new {what} in {arguments.out}"])
    return 0


def _gateway_revoke(arguments: argparse.Namespace) -> int:
    from cloud.ingest import revocation
    from cloud.registry.service import parse_gateway_id

    gateway, places = parse_gateway_id(arguments.gateway), revocation.parse_places(arguments.from_seq)
    with _opened(arguments.state) as (_, database, registrar):
        with database.read() as connection:
            cut = revocation.cut_before(connection, gateway, places, arguments.from_gen)
            past = revocation.count_past(connection, gateway, cut) if places else 0
        registrar.revoke(gateway, arguments.reason, cut if places else None)
    what = "what it said from there on is not taken any more" if places else "nothing it says is taken any more"
    stored = f"; {past} events from there on are stored already: look at them" if past else ""
    facts = {"gateway_id": gateway, "stored_past": past}
    command.answer(arguments, facts, [f"gateway {gateway} is revoked: {what}{stored}"])
    return 0


def _grid(arguments: argparse.Namespace) -> int:
    from cloud.grid import store, text

    with _opened(arguments.dir) as (_, database, _), database.read() as connection:
        trees = [store.tree(connection, feeder) for feeder in store.feeders(connection)]
    lines = [line for tree in trees for line in text.drawn(tree)]
    command.answer(arguments, [text.facts_of_tree(tree) for tree in trees], lines or ["no feeder is known"])
    return 0


def _parked(arguments: argparse.Namespace) -> int:
    from cloud.kernel import tasks

    with _opened(arguments.dir) as (_, database, _):
        if arguments.revive:
            with database.transaction() as connection:
                kind, key = arguments.revive
                revived = tasks.revive(connection, kind, key, clock_from_environment().now())
            if not revived:
                raise InputRefused("no such task is parked", where=" ".join(arguments.revive), do="see `parked DIR`")
        with database.read() as connection:
            rows = tasks.parked(connection)
    facts = [{"kind": task.kind, "key": task.key, "attempts": task.attempts, "failure": task.failure} for task in rows]
    lines = [f"{task.kind}  {task.key}  tried {task.attempts} times  {task.failure}" for task in rows]
    command.answer(arguments, facts, lines or ["no task is parked"])
    return 0


def _config(_arguments: argparse.Namespace) -> int:
    from cloud.config import CloudSettings
    from runtime.settings import commented

    print(commented(CloudSettings).strip())
    return 0


@contextmanager
def _opened(path: Path) -> "Iterator[tuple[StateFolder, Database, Registrar]]":
    """A state folder with its database, closed in the end."""
    from cloud.state import StateFolder

    folder = StateFolder.open(path)
    with closing(folder.open_database()) as database:
        yield folder, database, folder.registrar(database, clock_from_environment())


@contextmanager
def _registry(path: Path) -> "Iterator[tuple[StateFolder, Registrar]]":
    """A state folder with who may speak here, which needs nothing of all that was said."""
    from cloud.state import StateFolder

    folder = StateFolder.open(path)
    with closing(folder.open_registry()) as database:
        yield folder, folder.registrar(database, clock_from_environment())


def _values_of(pairs: Sequence[str]) -> dict[str, Any]:
    """`mqtt.port=18830` and its like as a nested table; a value that is no TOML is a text."""
    values: dict[str, Any] = {}
    for pair in pairs:
        path, equals, text = pair.partition("=")
        *tables, name = path.split(".")
        if not equals or not name or not all(tables):
            raise InputRefused(f"{pair!r} is no setting", where="--set", do="write it as in --set mqtt.port=18830")
        table = values
        for part in tables:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise InputRefused(f"{pair!r} is below a value", where="--set", do="set either the one or the other")
        table[name] = _value_of(text)
    return values


def _value_of(text: str) -> Any:
    try:
        found = toml.parse(f"value = {text}")
    except ValueError:
        return text
    return found["value"] if found.keys() == {"value"} else text


@cache
def words_of(name: str = "") -> argparse.ArgumentParser:
    """What reads the words of this command; of every command where it is none, as for help."""
    parser: argparse.ArgumentParser = Words(
        prog="lamplight-cloud", description="Takes signed events in and tells customers."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in [COMMANDS[name]] if name in COMMANDS else dict.fromkeys(COMMANDS.values()):
        importlib.import_module(f"cloud.{module}").add_to(commands)
    return parser


def add_to(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add what is about the folder as a whole, and about who may speak."""
    word = partial(command.add, commands)
    made = word("init", _init, "make a state folder")
    made.add_argument("dir", type=Path, metavar="DIR")
    made.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting, as in mqtt.port=18830"
    )
    made.add_argument("--json", action="store_true")
    renewed = word("new-token", _new_token, "replace what opens the page, for everybody who has it")
    renewed.add_argument("dir", type=Path, metavar="DIR")
    renewed.add_argument("--customers", action="store_true", help="end every customer's link instead")
    linked = word("customer-link", _customer_link, "the address of a customer's own page")
    linked.add_argument("dir", type=Path, metavar="DIR")
    linked.add_argument("usage_point", metavar="UP")
    linked.add_argument("--json", action="store_true")
    served = word("serve", _serve, "be the cloud: ingest, rules, messages and the page")
    served.add_argument("dir", type=Path, metavar="DIR")
    _add_gateway_commands(commands.add_parser("gateway", help="who may speak", description="who may speak"))
    grid = word("grid", _grid, "the feeders as they were understood, and the homes on them")
    grid.add_argument("dir", type=Path, metavar="DIR")
    grid.add_argument("--json", action="store_true")
    parked = word("parked", _parked, "tasks that kept failing and wait for a person")
    parked.add_argument("dir", type=Path, metavar="DIR")
    parked.add_argument("--revive", nargs=2, metavar=("KIND", "KEY"), help="try this one again")
    parked.add_argument("--json", action="store_true")
    word("config", _config, "print every setting, commented, with its default")


def _add_gateway_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="add|list|renew|revoke")
    add = command.add(commands, "add", _gateway_add, "register a gateway's public key for its meters")
    add.add_argument("--public-key", required=True, metavar="FILE")
    add.add_argument("--usage-point", required=True, action="append", metavar="UP", help="again for each meter")
    add.add_argument("--meter", required=True, action="append", metavar="SERIAL", help="in the order of --usage-point")
    add.add_argument("--out", required=True, type=Path, metavar="FILE", help="where the enrolment file goes")
    listed = command.add(commands, "list", _gateway_list, "all gateways and how much they are believed")
    renew = command.add(commands, "renew", _gateway_renew, "a new enrolment file, with a new password or certificate")
    renew.add_argument("gateway", metavar="GATEWAY")
    renew.add_argument("--public-key", metavar="FILE", help="with the gateway's request, if its TLS key is another")
    renew.add_argument("--out", required=True, type=Path, metavar="FILE")
    revoke = command.add(commands, "revoke", _gateway_revoke, "believe a gateway no more, for good")
    revoke.add_argument("gateway", metavar="GATEWAY")
    revoke.add_argument("--reason", default="revoked by an operator", metavar="TEXT")
    revoke.add_argument(
        "--from-seq", action="append", default=[], metavar="LANE=SEQ", help="believe what lies before; again per lane"
    )
    revoke.add_argument("--from-gen", type=whole(1, 2**32 - 1), metavar="GEN", help="in this generation (the newest)")
    for each in (add, listed, renew, revoke):
        each.add_argument("--state", required=True, type=Path, metavar="DIR")
        each.add_argument("--json", action="store_true")
