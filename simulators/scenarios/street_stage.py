"""The street on its stage: every process of six houses and the utility, started in the order of an installation.

In goes what the story is played with; out comes the running street, with the doors at which a person sees it and the
fate that befalls it.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from simulators.scenarios.doors import Door, free_ports, is_listening, port_or_free
from simulators.scenarios.installation import MeterPlace, found_cloud, install_gateway
from simulators.scenarios.neighbours import HOUSES, TIME_ZONE, House, grid_file
from simulators.scenarios.processes import Cast
from simulators.scenarios.street_fate import StreetFate, meter_controls, probe_control, uplink_control

PAGE_PORT = 8080
BACKFILL_DAYS = 2  # two days are what the page shows
AT_ONCE = 3  # commands side by side: each is mostly the start of an interpreter


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetPlan:
    """What the story is played with.

    `lost` and `doubled` are percentages of the MQTT messages of every gateway. In a story that is disturbed by kills
    and losses, homes are given longer to prove their return before they count as left behind.
    """

    load_file: Path | None = None
    embedded_broker: bool = False
    is_watched: bool = True
    is_disturbed: bool = False
    lost: int = 0
    doubled: int = 0
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """The running street: its processes, its doors, and what befalls it."""

    cast: Cast
    cloud: Door
    mailbox: Door
    folder: Path
    fate: StreetFate

    def customer_link(self, usage_point: str) -> str:
        """The address of a customer's own page."""
        return self.cast.run("lamplight-cloud", "customer-link", str(self.folder / "cloud"), usage_point).strip()


def set_street(cast: Cast, plan: StreetPlan, say: Callable[[str], None]) -> Street:
    """Start everything, in the order in which it would be installed."""
    folder = cast.folder
    mqtt, smtp, mail_door, spare, *lines = free_ports(4 + len(HOUSES))
    web = port_or_free(PAGE_PORT) if plan.is_watched else spare
    say("Starting eight meters, six probes, a mail server, a broker, the cloud and six gateways ...")
    _launch_world(cast, plan, {"mqtt": mqtt, "smtp": smtp, "mail": mail_door}, lines)
    cloud = folder / "cloud"
    grid = folder / "grid.csv"
    grid.write_text(grid_file(), encoding="utf-8")
    found_cloud(cast, cloud, _cloud_settings(plan, mqtt, web, smtp, mail_door), grid)
    broker = ("--embedded",) if plan.embedded_broker else ()
    cast.launch("broker", "lamplight-cloud", "broker", str(cloud), *broker, is_ready=lambda: is_listening(mqtt))
    cast.launch("cloud", "lamplight-cloud", "serve", str(cloud), is_ready=lambda: cast.has_said("cloud", "ready http="))
    with ThreadPoolExecutor(AT_ONCE) as hands:
        installed = [
            hands.submit(_install, cast, cloud, house, line) for house, line in zip(HOUSES, lines, strict=True)
        ]
        for done in installed:
            done.result()
    for name in ("broker", "cloud", *_world()):
        cast.wait_ready(name)
    for house in HOUSES:
        state = str(folder / house.name / "gateway")
        cast.launch(gateway_of(house), "lamplight-gateway", "run", state, is_ready=lambda: True)
    fate = StreetFate(folder=folder)
    return Street(cast=cast, cloud=Door(port=web), mailbox=Door(port=mail_door), folder=folder, fate=fate)


def gateway_of(house: House) -> str:
    """What the process of a house's gateway is called."""
    return f"{house.name}.gateway"


def _world() -> list[str]:
    names = [f"{house.name}.{thing}" for house in HOUSES for thing in ("meter", "probe")]
    return ["mailbox", "uplink", *names]


def _launch_world(cast: Cast, plan: StreetPlan, ports: dict[str, int], lines: Sequence[int]) -> None:
    """Meters, probes, the mail server, and the radio between the gateways and the broker."""
    folder = cast.folder
    mail = ("--smtp", str(ports["smtp"]), "--http", str(ports["mail"]), "--dir", str(folder / "mail"))
    cast.launch("mailbox", "lamplight-sim", "mailbox", *mail, is_ready=lambda: is_listening(ports["mail"]))
    ways = [word for house, line in zip(HOUSES, lines, strict=True) for word in ("--line", f"{house.name}={line}")]
    losses = ("--lose", str(plan.lost), "--double", str(plan.doubled), "--seed", str(plan.seed))
    control = uplink_control(folder)
    memory = ("--state", str(folder / "uplink.json"))
    words = ("--control", str(control), "--to", str(ports["mqtt"]), *memory, *ways, *losses)
    cast.launch("uplink", "lamplight-sim", "uplink", *words, is_ready=control.exists)
    for number, house in enumerate(HOUSES, start=1):
        (folder / house.name).mkdir()
        _launch_meters(cast, plan, house, number)
        control = probe_control(folder, house)
        doors = ("--link", str(folder / f"{house.name}.probe.tty"), "--control", str(control))
        memory = ("--state", str(folder / f"{house.name}.probe.json"))
        cast.launch(f"{house.name}.probe", "lamplight-sim", "probe", *doors, *memory, is_ready=control.exists)


def _launch_meters(cast: Cast, plan: StreetPlan, house: House, number: int) -> None:
    folder, name = cast.folder, f"{house.name}.meter"
    # A reader that was killed leaves its association open; the meter gives it up after this many machine seconds.
    common = ("--time-zone", TIME_ZONE, "--inactivity-timeout-s", "20", "--seed", str(number))
    controls = meter_controls(folder, house)
    link = ("--link", str(_line(folder, house)))
    if house.has_bus:
        meters = [word for home in house.homes for word in ("--meter", f"{home.meter}={home.bus_address}")]
        where = (*link, "--dir", str(folder / house.name), *meters)
        cast.launch(name, "lamplight-sim", "bus", *where, *common, is_ready=controls[-1].exists)
        return
    (control,) = controls
    source = ("--from", str(plan.load_file)) if plan.load_file and number == 1 else ()
    where = (*link, "--control", str(control), "--state", str(folder / f"{name}.json"))
    serial = ("--serial", house.homes[0].meter)
    cast.launch(name, "lamplight-sim", "meter", *where, *serial, *common, *source, is_ready=control.exists)


def _line(folder: Path, house: House) -> Path:
    return folder / f"{house.name}.meter.tty"


def _cloud_settings(plan: StreetPlan, mqtt: int, web: int, smtp: int, mail_door: int) -> tuple[str, ...]:
    patience_s = 360 if plan.is_disturbed else 120
    return (
        f"mqtt.port={mqtt}",
        f"web.port={web}",
        "web.open_to_all=true",
        "outages.notify_after_s=30",
        f"outages.nested_after_s={patience_s}",
        f"outages.ask_after_s={patience_s + 30}",
        "outages.silent_after_s=180",
        f"mail.port={smtp}",
        f"mail.reconcile_url=http://127.0.0.1:{mail_door}",
    )


def _install(cast: Cast, cloud: Path, house: House, broker_port: int) -> str:
    profile = "lamplight-sim-bus" if house.has_bus else "lamplight-sim"
    line = _line(cast.folder, house)
    meters = [
        MeterPlace(
            usage_point=home.usage_point, serial=home.meter, port=line, profile=profile, address=home.bus_address
        )
        for home in house.homes
    ]
    return install_gateway(
        cast,
        cloud,
        cast.folder / house.name / "gateway",
        probe=cast.folder / f"{house.name}.probe.tty",
        meters=meters,
        settings=(("# backfill_days = 31", f"backfill_days = {BACKFILL_DAYS}"),),
        broker_port=broker_port,
    )
