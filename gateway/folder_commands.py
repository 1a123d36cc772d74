"""`lamplight-gateway init`, `enrol` and `config`: the state folder, prepared before the gateway runs.

`init` makes a state folder whole or not at all: it is built aside and put in place in one step. It never touches one
that is there, because a gateway's key is its name.
"""

import argparse
import json
import os
import shutil
import tempfile
from pathlib import Path

from gateway.adapters.time_zone import zone_named
from gateway.config import SETTINGS_FILE, GatewaySettings, load_settings, settings_file
from runtime.clock import clock_from_environment
from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused, InputRefused
from runtime.settings import commented, read_table
from wire.envelope import Signer
from wire.ids import GatewayId, gateway_id_of
from wire.keys import PublicKey

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
    enrol.add_argument(
        "file", metavar="FILE", type=Path, nargs="?", help="the enrolment; without it the request for one is made anew"
    )
    enrol.set_defaults(handler=enrol_gateway)
    config = subparsers.add_parser("config", help="print every setting, with its default and what it is for")
    config.add_argument("folder", metavar="DIR", type=Path, nargs="?", help="show what this folder's file sets")
    config.set_defaults(handler=print_config)


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
        from gateway.core.meter_access import MeterSecrets  # these two bring all profiles and protocols along
        from gateway.meter_place import checked_port

        meter = checked_port(arguments.meter, arguments.profile, arguments.address, MeterSecrets())
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
    _tell_made(gateway, folder, folder / PUBLIC_KEY_FILE, as_json=arguments.json)
    return 0


def _fill(aside: Path, meter: tuple[str, str] | None, arguments: argparse.Namespace, probe_port: str) -> GatewayId:
    from gateway.adapters import journal_file
    from gateway.adapters.keys import make_key
    from gateway.adapters.registry import Registry

    signer = make_key(aside / "key.pem", aside / PUBLIC_KEY_FILE)
    gateway = gateway_id_of(signer.public.spki)
    _write_handed_over(aside / PUBLIC_KEY_FILE, aside / "enrolment.toml", signer, signer.public)
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


def _write_handed_over(file: Path, enrolment: Path, signer: Signer, first: PublicKey) -> None:
    """The one file that the utility needs of a gateway: its public key, and its request for a TLS certificate."""
    from gateway.adapters.keys import tls_file
    from gateway.adapters.tls_identity import TlsIdentity
    from wire.certificate_request import armoured

    request = TlsIdentity(tls_file(enrolment)).request(signer, gateway_id_of(first.spki))
    write_atomically(file, first.to_pem() + armoured(request), mode=0o644)


def _tell_made(gateway: GatewayId, folder: Path, public: Path, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"gateway": gateway, "public_key": str(public), "folder": str(folder)}))
        return
    print(f"gateway {gateway}")
    print(f"public key {public}")
    print(f"next: give the public key to the utility, then lamplight-gateway enrol {folder} FILE")


def enrol_gateway(arguments: argparse.Namespace) -> int:
    """`enrol DIR FILE`; raises InputRefused, SettingsError, EnvironmentRefused."""
    from gateway.adapters.enrolment import install_enrolment
    from gateway.own_folder import own_keys

    settings = load_settings(arguments.folder)
    keys, files = own_keys(settings), settings.files
    if arguments.file is None:
        _write_handed_over(files.public_key, files.enrolment, keys.signer, keys.first)
        _tell_made(keys.gateway, arguments.folder, files.public_key, as_json=False)
        return 0
    enrolment = install_enrolment(arguments.file, files.enrolment, keys.gateway, clock_from_environment().now())
    way = "by TLS" if enrolment.is_encrypted else "on this machine"
    way += ", by certificate" if enrolment.certified else ""
    print(f"gateway {keys.gateway} is enrolled: broker {enrolment.host}:{enrolment.port}, {way}")
    print(f"next: lamplight-gateway run {arguments.folder}")
    return 0


def print_config(arguments: argparse.Namespace) -> int:
    """`config [DIR]`; raises SettingsError for a file that cannot be used."""
    values: dict[str, object] = {}
    if arguments.folder is not None:
        load_settings(arguments.folder)
        values = read_table(settings_file(arguments.folder))
    print(commented(GatewaySettings, values))
    return 0
