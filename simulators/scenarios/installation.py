"""How a utility and its technicians set things up in a story: through the commands that a person has too."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simulators.scenarios.processes import Cast, StoryFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterPlace:
    """Where a gateway finds a meter, and whose it is."""

    usage_point: str
    serial: str
    port: Path
    profile: str
    address: int | None = None


def found_cloud(cast: Cast, folder: Path, settings: Sequence[str], file: Path) -> None:
    """The utility's side: a state folder with these settings (KEY=VALUE), and its homes from a file."""
    cast.run("lamplight-cloud", "init", str(folder), *(word for one in settings for word in ("--set", one)))
    cast.run("lamplight-cloud", "import", str(folder), str(file))


def install_gateway(
    cast: Cast,
    cloud: Path,
    folder: Path,
    *,
    probe: Path,
    meters: Sequence[MeterPlace],
    time_zone: str,
    settings: Sequence[tuple[str, str]],
    broker_port: int | None = None,
) -> str:
    """The technician's side: a key is born on the gateway, its public half registered, the enrolment comes back.

    `settings` are lines of gateway.toml as they stand and as they shall stand. `broker_port` is where this gateway
    reaches the broker, where that is not where the cloud does. Returns the gateway's name.
    """
    alone = meters[0] if len(meters) == 1 else None
    only = ("--meter", str(alone.port), "--profile", alone.profile) if alone else ()
    cast.run("lamplight-gateway", "init", str(folder), "--probe", str(probe), "--time-zone", time_zone, *only)
    for meter in () if alone else meters:
        where = ("--port", str(meter.port), "--profile", meter.profile, "--address", str(meter.address))
        cast.run("lamplight-gateway", "meter", "add", str(folder), *where)
    _edit(folder / "gateway.toml", settings)
    enrolment = folder.with_suffix(".enrolment.toml")
    owners = [word for m in meters for word in ("--usage-point", m.usage_point, "--meter", m.serial)]
    key = ("--public-key", str(folder / "gateway.pub.pem"))
    cast.run("lamplight-cloud", "gateway", "add", "--state", str(cloud), *key, *owners, "--out", str(enrolment))
    if broker_port is not None:
        text = enrolment.read_text()
        enrolment.write_text(re.sub(r"(?m)^port = \d+$", f"port = {broker_port}", text, count=1))
    cast.run("lamplight-gateway", "enrol", str(folder), str(enrolment))
    found = re.search(r'gateway_id = "([0-9A-Z]{8})"', enrolment.read_text())
    if found is None:
        raise StoryFailed("the enrolment file names no gateway")
    return found[1]


def _edit(file: Path, changes: Sequence[tuple[str, str]]) -> None:
    text = file.read_text()
    for before, after in changes:
        if before not in text:
            raise StoryFailed(f"{file.name} has no line {before!r}")
        text = text.replace(before, after)
    file.write_text(text)
