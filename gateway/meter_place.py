"""Where a meter is, as a technician gives it and as the registry keeps it: checked before anything is written down.

What cannot be asked, listened at or opened with the secrets given is refused here, so that the registry holds only
meters that a gateway can begin with.
"""

import argparse
import os

from gateway.adapters.profile_files import load_profile
from gateway.core.line_address import SerialAddress, parse_line_address
from gateway.core.meter_access import Authentication, MeterSecrets
from gateway.core.push.address import parse_push_address
from runtime.errors import InputRefused


def checked_place(arguments: argparse.Namespace, secrets: MeterSecrets) -> tuple[str, str, str]:
    """Port, profile and push port as the registry keeps them; raises InputRefused where one cannot be had."""
    port, profile = arguments.port, arguments.profile
    if not arguments.push:
        if not port:
            raise InputRefused(
                "nobody could reach this meter", where="--port, --push", do="give one of the two, or both"
            )
        return (*checked_port(port, profile, arguments.address, secrets), "")
    push = parse_push_address(arguments.push)
    if arguments.address is not None and not port:
        do = "leave the address out, or give --port as well"
        raise InputRefused("an address is for a meter that is asked", where="--address", do=do)
    if port:
        port, _ = checked_port(port, profile, arguments.address, secrets, pushes=True)
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


def checked_port(
    port: str, profile: str, address: int | None, secrets: MeterSecrets, *, pushes: bool = False
) -> tuple[str, str]:
    """Port and profile as the registry keeps them: a device by its whole path, links left as they are."""
    line = parse_line_address(port)
    found = load_profile(profile).addressed(address, line)
    secrets.check(found.access.authentication, profile, pushes=pushes or found.tells_itself)
    return os.path.abspath(line.path) if isinstance(line, SerialAddress) else str(line), profile  # noqa: PTH100
