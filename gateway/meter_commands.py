"""`lamplight-gateway meter`: which meters a gateway reads, and the secrets it proves itself by to each.

A meter is registered before it is ever asked; its secrets are named by where they stand, or come sealed from the
utility, and are kept sealed under the gateway's key. A gateway that runs takes all of it after its next start.
Exit status 1 says that a meter does not take the secrets that are kept for it (`meter keys --check`).
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.config import GatewaySettings, load_settings
from gateway.core.disclosure import FineConsent
from gateway.core.meter_access import Authentication, MeterSecrets
from gateway.core.registered_meter import RegisteredMeter
from gateway.meter_place import checked_place
from gateway.own_folder import own_keys
from gateway.secret_options import add_secret_options, passing_identity, read_secrets
from runtime.arguments import instant, whole
from runtime.clock import check_clock_is_set, clock_from_environment
from runtime.errors import InputRefused, LamplightError

if TYPE_CHECKING:
    from gateway.adapters.meter_keys import MeterKeys
    from gateway.core.meter_profile import MeterProfile

_NOT_RIGHT = 1


def add_parsers(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; each of its actions sets `handler`, which takes the arguments and returns the exit status."""
    words = "list, add or remove the meters this gateway reads, and hand in their secrets"
    meter = subparsers.add_parser("meter", help=words, description=f"{words.capitalize()}.")
    actions = meter.add_subparsers(dest="action", required=True, metavar="ACTION")
    shown = actions.add_parser("list", help="the meters of this gateway")
    added = actions.add_parser("add", help="register a meter")
    removed = actions.add_parser("remove", help="forget a meter")
    for action, handler in ((shown, list_meters), (added, add_meter), (removed, remove_meter)):
        action.add_argument("folder", metavar="DIR", type=Path, help="the gateway's state folder")
        action.set_defaults(handler=handler)
    shown.add_argument("--json", action="store_true", help="one JSON array")
    added.add_argument("--port", default="", metavar="PORT", help="where the meter can be asked")
    added.add_argument(
        "--push",
        default="",
        metavar="ADDRESS",
        help="where it pushes: /dev/..., tcp-listen:// or udp-listen://HOST:PORT",
    )
    added.add_argument("--profile", required=True, metavar="NAME", help="the meter's profile")
    added.add_argument("--address", metavar="N", type=int, help="its HDLC address, where meters share the port")
    added.add_argument("--serial", default="", metavar="TEXT", help="its serial number, if it must be this one")
    renewed = actions.add_parser("keys", help="hand in a meter's password or keys anew, or check them")
    renewed.add_argument("folder", metavar="DIR", type=Path, help="the gateway's state folder")
    renewed.add_argument("number", metavar="NUMBER", type=int, help="the meter's number, as `meter list` tells it")
    renewed.set_defaults(handler=renew_keys)
    renewed.add_argument(
        "--delivery", metavar="FILE", type=Path, help="the file in which the utility sealed them to this gateway"
    )
    renewed.add_argument(
        "--check", action="store_true", help="hand in nothing: ask the meter once whether it takes those that are kept"
    )
    exchanged = actions.add_parser("exchange", help="another meter hangs in the place of this one")
    exchanged.add_argument("folder", metavar="DIR", type=Path, help="the gateway's state folder")
    exchanged.add_argument("number", metavar="NUMBER", type=int, help="the old meter's number")
    exchanged.add_argument("--serial", default="", metavar="TEXT", help="the new meter's serial number")
    exchanged.set_defaults(handler=exchange_meter)
    agreed = actions.add_parser("consent", help="what finer readings the customer agreed may leave the house")
    agreed.add_argument("folder", metavar="DIR", type=Path, help="the gateway's state folder")
    agreed.add_argument("number", metavar="NUMBER", type=int, help="the meter's number, as `meter list` tells it")
    agreed.add_argument("--finest", metavar="SECONDS", type=whole(1, 86_400), help="of periods as short as this")
    agreed.add_argument("--until", metavar="INSTANT", type=instant, help="as 2027-06-30T00:00+02:00")
    agreed.add_argument("--withdraw", action="store_true", help="the customer agrees no longer")
    agreed.set_defaults(handler=consent_meter)
    for action in (added, renewed, exchanged):
        add_secret_options(action)
    removed.add_argument("number", metavar="NUMBER", type=int, help="the meter's number, as `meter list` tells it")


def list_meters(arguments: argparse.Namespace) -> int:
    """`meter list DIR`."""
    from gateway.adapters.registry import Registry

    meters = Registry(load_settings(arguments.folder).files.registry).meters()
    if arguments.json:
        keys = ("number", "port", "push", "address", "profile", "serial")
        rows = [{key: getattr(meter, key) for key in keys} | {"consent": _consent_facts(meter)} for meter in meters]
        print(json.dumps(rows))
        return 0
    if not meters:
        print("no meter is registered; next: lamplight-gateway meter add DIR --port PORT --profile NAME")
        return 0
    table = [(str(meter.number), meter.serial or "not read yet", meter.place, meter.profile) for meter in meters]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _consent_facts(meter: RegisteredMeter) -> dict[str, object] | None:
    if meter.consent is None:
        return None
    until = meter.consent.until
    finest_s = meter.consent.finest_period_s
    return {"finest_period_s": finest_s, "until": None if until is None else until.isoformat()}


def add_meter(arguments: argparse.Namespace) -> int:
    """`meter add DIR`; a gateway that runs reads it after its next start."""
    from gateway.adapters.registry import Registry

    settings = load_settings(arguments.folder)
    meters = Registry(settings.files.registry)
    secrets = read_secrets(arguments)
    port, profile, push = checked_place(arguments, secrets)
    keys = _keys(settings)
    meter = meters.add(port, profile, arguments.serial, arguments.address, push)
    try:
        keys.put(meter.number, secrets)
    except LamplightError:
        meters.remove(meter.number)
        raise
    print(f"meter {meter.number} is registered; a gateway that runs reads it after its next start")
    return 0


def remove_meter(arguments: argparse.Namespace) -> int:
    """`meter remove DIR NUMBER`."""
    from gateway.adapters.registry import Registry

    settings = load_settings(arguments.folder)
    keys = _keys(settings)
    Registry(settings.files.registry).remove(arguments.number)
    keys.drop(arguments.number)
    print(f"meter {arguments.number} is forgotten")
    return 0


def exchange_meter(arguments: argparse.Namespace) -> int:
    """`meter exchange DIR NUMBER`: the old meter's series is closed, and the new one begins with its own past."""
    from gateway.adapters.profile_files import load_profile
    from gateway.adapters.registry import Registry

    settings = load_settings(arguments.folder)
    meters, secrets, keys = Registry(settings.files.registry), read_secrets(arguments), _keys(settings)
    old = meters.meter(arguments.number)
    _check_suited(secrets, old, load_profile(old.profile))
    new = meters.exchange(arguments.number, arguments.serial)
    keys.put(new.number, secrets)
    keys.drop(arguments.number)
    print(f"meter {new.number} takes the place of meter {arguments.number}, whose series is closed; tell the utility")
    print("a gateway that runs reads it after its next start")
    return 0


def consent_meter(arguments: argparse.Namespace) -> int:
    """`meter consent DIR NUMBER`; a gateway that runs goes by it after its next start."""
    from gateway.adapters.registry import Registry

    clock = clock_from_environment()
    check_clock_is_set(clock)
    settings = load_settings(arguments.folder)
    meters = Registry(settings.files.registry)
    before = meters.meter(arguments.number).consent
    if arguments.withdraw is (arguments.finest is not None):
        raise InputRefused(
            "say either what was agreed to, or that it was withdrawn", do="--finest SECONDS | --withdraw"
        )
    if arguments.withdraw:
        meters.consent(arguments.number, None if before is None else replace(before, until=clock.now()))
        print(f"meter {arguments.number}: only what bills are reckoned from leaves the house")
    else:
        consent = FineConsent(finest_period_s=arguments.finest, since=clock.now(), until=arguments.until)
        meters.consent(arguments.number, consent)
        print(f"meter {arguments.number}: readings over {arguments.finest} s and longer may leave the house")
    print("a gateway that runs goes by it after its next start, from the next billing period on")
    return 0


def renew_keys(arguments: argparse.Namespace) -> int:
    """`meter keys DIR NUMBER`; a gateway that runs takes them after its next start."""
    from gateway.adapters.profile_files import load_profile
    from gateway.adapters.registry import Registry

    settings = load_settings(arguments.folder)
    meter = Registry(settings.files.registry).meter(arguments.number)
    profile = load_profile(meter.profile)
    if arguments.check:
        return _check(arguments, settings, meter, profile)
    if arguments.delivery is not None:
        return _take_delivery(arguments, settings, meter, profile)
    secrets = read_secrets(arguments)
    _check_suited(secrets, meter, profile)
    _keys(settings).put(meter.number, secrets)
    print(f"meter {meter.number} has other secrets; a gateway that runs takes them after its next start")
    return 0


def _check_suited(secrets: MeterSecrets, meter: RegisteredMeter, profile: "MeterProfile") -> None:
    """Raises InputRefused where these are not the secrets this meter is asked or pushes with."""
    wanted = profile.access.authentication if meter.port else Authentication.NONE
    secrets.check(wanted, meter.profile, pushes=bool(meter.push) or profile.tells_itself)


def _check(
    arguments: argparse.Namespace, settings: GatewaySettings, meter: RegisteredMeter, profile: "MeterProfile"
) -> int:
    from gateway.adapters.key_check import check_keys
    from gateway.core.line_address import parse_line_address
    from gateway.core.trace.verdict import KeyVerdict

    if arguments.password or arguments.key or arguments.auth_key or arguments.delivery:
        raise InputRefused("--check looks at the secrets that are kept", where="--check", do="give it alone")
    if profile.access.authentication is Authentication.NONE or not meter.port:
        what = f"meter {meter.number} is asked without a secret"
        raise InputRefused(what, where=meter.profile, do="keys for its pushes show in `lamplight-gateway status`")
    profile = profile.addressed(meter.address, parse_line_address(meter.port))
    identity = passing_identity(_keys(settings).of(meter.number))
    verdict, why = check_keys(meter.port, profile, identity, clock_from_environment())
    words = {KeyVerdict.RIGHT: "right", KeyVerdict.WRONG: "wrong", KeyVerdict.UNCHECKED: "not checked"}
    kind = "password" if profile.access.authentication is Authentication.LLS else "keys"
    print(f"meter {meter.number}, {kind}: {words[verdict]} ({why})")
    return 0 if verdict is KeyVerdict.RIGHT else _NOT_RIGHT


def _take_delivery(
    arguments: argparse.Namespace, settings: GatewaySettings, meter: RegisteredMeter, profile: "MeterProfile"
) -> int:
    from gateway.adapters.enrolment import load_enrolment
    from gateway.adapters.key_delivery import read_delivery
    from gateway.core.meter_access import KeyExchange

    if arguments.password or arguments.key or arguments.auth_key:
        raise InputRefused("secrets come sealed or by themselves", where="--delivery", do="give one of both")
    clock = clock_from_environment()
    check_clock_is_set(clock)
    keys = own_keys(settings)
    number, secrets = read_delivery(
        arguments.delivery,
        cloud=load_enrolment(settings.files.enrolment, keys.gateway).receipt_key,
        gateway=keys.gateway,
        signer=keys.sealing,
        meter=meter.serial,
        now=clock.now(),
    )
    is_exchange = isinstance(secrets, KeyExchange)
    _check_suited(secrets.secrets if isinstance(secrets, KeyExchange) else secrets, meter, profile)
    _keys(settings).deliver(meter.number, number, secrets)
    what = "is to exchange its keys, which it does when it is read next" if is_exchange else "has other secrets"
    print(f"meter {meter.number} {what}; a gateway that runs takes them after its next start")
    return 0


def _keys(settings: GatewaySettings) -> "MeterKeys":
    from gateway.adapters.meter_keys import MeterKeys

    return MeterKeys(settings.files.meter_keys, own_keys(settings).sealing)
