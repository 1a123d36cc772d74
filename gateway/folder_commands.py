"""`lamplight-gateway init`, `enrol`, `meter` and `config`: what a technician prepares before the gateway runs.

`init` makes a state folder whole or not at all: it is built aside and put in place in one step. It never touches one
that is there, because a gateway's key is its name.
"""

import argparse
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.adapters.time_zone import zone_named
from gateway.config import SETTINGS_FILE, GatewaySettings, load_settings, settings_file
from gateway.core.meter_access import Authentication, MeterSecrets
from gateway.core.registered_meter import RegisteredMeter
from gateway.secret_options import add_secret_options, passing_identity, read_secrets
from runtime.clock import check_clock_is_set, clock_from_environment
from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused, InputRefused, LamplightError
from runtime.settings import commented, read_table
from wire.ids import GatewayId, gateway_id_of

if TYPE_CHECKING:
    from gateway.adapters.meter_keys import MeterKeys
    from gateway.core.meter_profile import MeterProfile

_NOT_RIGHT = 1
PUBLIC_KEY_FILE = "gateway.pub.pem"
_PREAMBLE = "# Lamplight gateway: every setting with its default. Take the # away from a line to change it.\n"


def add_parsers(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands; each sets `handler`, which takes the parsed arguments and returns the exit status."""
    init = subparsers.add_parser("init", help="make a state folder, with a new key")
    init.add_argument("folder", metavar="DIR", type=Path, help="the folder to make")
    init.add_argument("--meter", metavar="PORT", help="where the meter is: /dev/... or tcp://HOST:PORT")
    init.add_argument("--profile", metavar="NAME", help="the meter's profile")
    init.add_argument("--address", metavar="N", type=int, help="the meter's HDLC address on a bus")
    init.add_argument("--serial", metavar="TEXT", default="", help="the meter's serial number, if it must be this one")
    init.add_argument("--probe", metavar="PORT", default="", help="the probe's serial port")
    init.add_argument("--time-zone", metavar="ZONE", default="", help="where the homes are, as Europe/Madrid (UTC)")
    init.add_argument("--json", action="store_true", help="one JSON object")
    init.set_defaults(handler=init_folder)
    enrol = subparsers.add_parser("enrol", help="keep the enrolment that the utility handed out")
    enrol.add_argument("folder", metavar="DIR", type=Path, help="the gateway's state folder")
    enrol.add_argument("file", metavar="FILE", type=Path, help="the enrolment")
    enrol.set_defaults(handler=enrol_gateway)
    config = subparsers.add_parser("config", help="print every setting, with its default and what it is for")
    config.add_argument("folder", metavar="DIR", type=Path, nargs="?", help="show what this folder's file sets")
    config.set_defaults(handler=print_config)
    _add_meter_parser(subparsers)


def _add_meter_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    meter = subparsers.add_parser("meter", help="list, add or remove the meters this gateway reads")
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
    renewed = actions.add_parser("keys", help="hand in a meter's password or keys anew")
    renewed.add_argument("folder", metavar="DIR", type=Path, help="the gateway's state folder")
    renewed.add_argument("number", metavar="NUMBER", type=int, help="the meter's number, as `meter list` tells it")
    renewed.set_defaults(handler=renew_keys)
    renewed.add_argument(
        "--delivery", metavar="FILE", type=Path, help="the file in which the utility sealed them to this gateway"
    )
    renewed.add_argument(
        "--check", action="store_true", help="hand in nothing: ask the meter once whether it takes those that are kept"
    )
    for action in (added, renewed):
        add_secret_options(action)
    removed.add_argument("number", metavar="NUMBER", type=int, help="the meter's number, as `meter list` tells it")


def init_folder(arguments: argparse.Namespace) -> int:
    """`init DIR`; raises InputRefused, SettingsError, EnvironmentRefused."""
    folder: Path = arguments.folder
    if bool(arguments.meter) != bool(arguments.profile):
        raise InputRefused("a meter needs a port and a profile", where="--meter, --profile", do="give both or neither")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        do = "give a new folder; a gateway's key is its name and is never made over"
        raise InputRefused("there is something already", where=str(folder), do=do)
    if arguments.address is not None and not arguments.meter:
        raise InputRefused("an address needs a meter", where="--address", do="give --meter and --profile with it")
    if arguments.time_zone:
        zone_named(arguments.time_zone, where="--time-zone")
    # A meter with secrets is added once there is a key to seal them with.
    meter = None
    if arguments.meter:
        meter = _checked_meter(arguments.meter, arguments.profile, arguments.address, MeterSecrets())
    probe_port = os.path.abspath(arguments.probe) if arguments.probe else ""  # noqa: PTH100 - keeps by-id links as links
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        do = "check the path and its rights"
        raise EnvironmentRefused(f"cannot make the folder: {error.strerror}", where=str(folder), do=do) from error
    try:
        gateway = _fill(aside, meter, arguments, probe_port)
        aside.rename(folder)
    except OSError as error:
        raise EnvironmentRefused(f"cannot make the folder: {error.strerror}", where=str(folder)) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    _tell_made(gateway, folder, as_json=arguments.json)
    return 0


def _fill(aside: Path, meter: tuple[str, str] | None, arguments: argparse.Namespace, probe_port: str) -> GatewayId:
    from gateway.adapters import journal_file
    from gateway.adapters.keys import make_key
    from gateway.adapters.registry import Registry

    signer = make_key(aside / "key.pem", aside / PUBLIC_KEY_FILE)
    gateway = gateway_id_of(signer.public.spki)
    values: dict[str, object] = {"probe": {"port": probe_port}} if probe_port else {}
    if arguments.time_zone:
        values["meter"] = {"time_zone": arguments.time_zone}
    settings = f"{_PREAMBLE}{commented(GatewaySettings, values)}\n"
    write_atomically(aside / SETTINGS_FILE, settings.encode(), mode=0o644)
    meters = Registry(aside / "registry.json")
    journal_file.create(aside / "journal.sqlite", gateway, gen=meters.next_generation())
    if meter is not None:
        port, profile = meter
        meters.add(port, profile, arguments.serial, arguments.address)
    return gateway


def _tell_made(gateway: GatewayId, folder: Path, *, as_json: bool) -> None:
    public = folder / PUBLIC_KEY_FILE
    if as_json:
        print(json.dumps({"gateway": gateway, "public_key": str(public), "folder": str(folder)}))
        return
    print(f"gateway {gateway}")
    print(f"public key {public}")
    print(f"next: give the public key to the utility, then lamplight-gateway enrol {folder} FILE")


def enrol_gateway(arguments: argparse.Namespace) -> int:
    """`enrol DIR FILE`; raises InputRefused, SettingsError, EnvironmentRefused."""
    from gateway.adapters.enrolment import install_enrolment
    from gateway.adapters.keys import load_key

    files = load_settings(arguments.folder).files
    gateway = gateway_id_of(load_key(files.key).public.spki)
    enrolment = install_enrolment(arguments.file, files.enrolment, gateway)
    way = "by TLS" if enrolment.tls_ca_file else "on this machine"
    print(f"gateway {gateway} is enrolled: broker {enrolment.host}:{enrolment.port}, {way}")
    print(f"next: lamplight-gateway run {arguments.folder}")
    return 0


def list_meters(arguments: argparse.Namespace) -> int:
    """`meter list DIR`."""
    from gateway.adapters.registry import Registry

    meters = Registry(load_settings(arguments.folder).files.registry).meters()
    if arguments.json:
        keys = ("number", "port", "push", "address", "profile", "serial")
        print(json.dumps([{key: getattr(meter, key) for key in keys} for meter in meters]))
        return 0
    for meter in meters:
        print(f"{meter.number}  {meter.serial or 'not read yet'}  {meter.place}  {meter.profile}")
    return 0


def add_meter(arguments: argparse.Namespace) -> int:
    """`meter add DIR`; a gateway that runs reads it after its next start."""
    from gateway.adapters.registry import Registry

    settings = load_settings(arguments.folder)
    meters = Registry(settings.files.registry)
    secrets = read_secrets(arguments)
    port, profile, push = _checked_place(arguments, secrets)
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


def renew_keys(arguments: argparse.Namespace) -> int:
    """`meter keys DIR NUMBER`; a gateway that runs takes them after its next start."""
    from gateway.adapters.profile_files import load_profile
    from gateway.adapters.registry import Registry

    settings = load_settings(arguments.folder)
    meters = Registry(settings.files.registry).meters()
    meter = next((meter for meter in meters if meter.number == arguments.number), None)
    if meter is None:
        raise InputRefused(f"there is no meter {arguments.number}", where=str(settings.files.registry))
    profile = load_profile(meter.profile)
    wanted = profile.access.authentication if meter.port else Authentication.NONE
    if arguments.check:
        return _check(arguments, settings, meter, profile)
    if arguments.delivery is not None:
        return _take_delivery(arguments, settings, meter, wanted)
    secrets = read_secrets(arguments)
    secrets.check(wanted, meter.profile, pushes=bool(meter.push) or profile.speaks_text)
    _keys(settings).put(meter.number, secrets)
    print(f"meter {meter.number} has other secrets; a gateway that runs takes them after its next start")
    return 0


def _check(
    arguments: argparse.Namespace, settings: GatewaySettings, meter: RegisteredMeter, profile: "MeterProfile"
) -> int:
    from gateway.adapters.key_check import check_keys
    from gateway.core.line_address import parse_line_address
    from gateway.core.trace.verdict import KeyVerdict

    if arguments.password or arguments.key or arguments.auth_key or arguments.delivery:
        raise InputRefused("--check looks at the secrets that are kept", where="--check", do="give it alone")
    if profile.access.authentication is Authentication.NONE or not meter.port:
        raise InputRefused(f"meter {meter.number} is asked without a secret", where=meter.profile)
    profile = profile.addressed(meter.address, parse_line_address(meter.port))
    identity = passing_identity(_keys(settings).of(meter.number))
    verdict, why = check_keys(meter.port, profile, identity, clock_from_environment())
    words = {KeyVerdict.RIGHT: "right", KeyVerdict.WRONG: "wrong", KeyVerdict.UNCHECKED: "not checked"}
    kind = "password" if profile.access.authentication is Authentication.LLS else "keys"
    print(f"meter {meter.number}, {kind}: {words[verdict]} ({why})")
    return 0 if verdict is KeyVerdict.RIGHT else _NOT_RIGHT


def _take_delivery(
    arguments: argparse.Namespace, settings: GatewaySettings, meter: RegisteredMeter, wanted: Authentication
) -> int:
    from gateway.adapters.enrolment import load_enrolment
    from gateway.adapters.key_delivery import read_delivery
    from gateway.adapters.keys import load_key
    from gateway.core.meter_access import KeyExchange

    if arguments.password or arguments.key or arguments.auth_key:
        raise InputRefused("secrets come sealed or by themselves", where="--delivery", do="give one of both")
    clock = clock_from_environment()
    check_clock_is_set(clock)
    signer = load_key(settings.files.key)
    gateway = gateway_id_of(signer.public.spki)
    number, secrets = read_delivery(
        arguments.delivery,
        cloud=load_enrolment(settings.files.enrolment, gateway).receipt_key,
        gateway=gateway,
        signer=signer,
        meter=meter.serial,
        now=clock.now(),
    )
    exchange = isinstance(secrets, KeyExchange)
    (secrets.secrets if isinstance(secrets, KeyExchange) else secrets).check(
        wanted, meter.profile, pushes=bool(meter.push)
    )
    _keys(settings).deliver(meter.number, number, secrets)
    what = "is to exchange its keys, which it does when it is read next" if exchange else "has other secrets"
    print(f"meter {meter.number} {what}; a gateway that runs takes them after its next start")
    return 0


def _keys(settings: GatewaySettings) -> "MeterKeys":
    from gateway.adapters.keys import load_key
    from gateway.adapters.meter_keys import MeterKeys

    return MeterKeys(settings.files.meter_keys, load_key(settings.files.key))


def print_config(arguments: argparse.Namespace) -> int:
    """`config [DIR]`; raises SettingsError for a file that cannot be used."""
    values: dict[str, object] = {}
    if arguments.folder is not None:
        load_settings(arguments.folder)
        values = read_table(settings_file(arguments.folder))
    print(commented(GatewaySettings, values))
    return 0


def _checked_place(arguments: argparse.Namespace, secrets: MeterSecrets) -> tuple[str, str, str]:
    """Port, profile and push port as the registry keeps them; raises InputRefused where one cannot be had."""
    from gateway.adapters.profile_files import load_profile
    from gateway.core.line_address import SerialAddress
    from gateway.core.push_address import parse_push_address

    port, profile = arguments.port, arguments.profile
    if not arguments.push:
        if not port:
            raise InputRefused(
                "nobody could reach this meter", where="--port, --push", do="give one of the two, or both"
            )
        return (*_checked_meter(port, profile, arguments.address, secrets), "")
    push = parse_push_address(arguments.push)
    if port:
        port, _ = _checked_meter(port, profile, arguments.address, secrets, pushes=True)
    else:
        secrets.check(Authentication.NONE, load_profile(profile).name, pushes=True)
    if isinstance(push, SerialAddress):
        device = os.path.abspath(push.path)  # noqa: PTH100 - keeps by-id links as links
        if device == port:
            raise InputRefused("this is the port the meter is asked at", where="--push", do="give its customer port")
        return port, profile, device
    if not port and not arguments.serial and secrets.auth_key is None:
        what = "a meter that comes to us is known by its serial number, or by its keys"
        raise InputRefused(what, where="--push", do="give --serial, or --key and --auth-key")
    return port, profile, str(push)


def _checked_meter(
    port: str, profile: str, address: int | None, secrets: MeterSecrets, *, pushes: bool = False
) -> tuple[str, str]:
    """Port and profile as the registry keeps them: a device by its whole path, links left as they are."""
    from gateway.adapters.profile_files import load_profile
    from gateway.core.line_address import SerialAddress, parse_line_address

    line = parse_line_address(port)
    found = load_profile(profile).addressed(address, line)
    secrets.check(found.access.authentication, profile, pushes=pushes or found.speaks_text)
    return os.path.abspath(line.path) if isinstance(line, SerialAddress) else str(line), profile  # noqa: PTH100
