"""The street on its stage: every process of six houses and the utility, started in the order of an installation.

In goes what the story is played with; out comes the running street, with the doors at which a person sees it and the
fate that befalls it. The utility comes first; then houses are settled, one after the other or several at once.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from simulators.scenarios.doors import Door, free_ports, is_listening, port_or_free
from simulators.scenarios.installation import MeterPlace, found_cloud, install_gateway
from simulators.scenarios.neighbours import HOUSES, TIME_ZONE, House, grid_file
from simulators.scenarios.processes import Cast
from simulators.scenarios.street_fate import StreetFate, meter_controls, probe_control, uplink_control

PAGE_PORT = 8080
BACKFILL_DAYS = 2  # two days are what the page shows
LONGEST_RECONNECT_S = 3  # of the machine's time: half a minute of a street that lives ten times as fast
AT_ONCE = 3  # commands side by side: each is mostly the start of an interpreter


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetPlan:
    """What the story is played with.

    `loads` are meters' words about whose load they live, by house; `backfill_days` how far back a gateway reads, where
    that is not BACKFILL_DAYS. `lost` and `doubled` are percentages of the MQTT messages of every gateway. In a story
    that is disturbed by kills and losses, homes are given longer to prove their return before they count as left
    behind.
    """

    loads: Mapping[str, Sequence[str]] = field(default_factory=dict)
    backfill_days: Mapping[str, int] = field(default_factory=dict)
    embedded_broker: bool = False
    is_watched: bool = True
    is_disturbed: bool = False
    lost: int = 0
    doubled: int = 0
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ports:
    """Where everybody listens on loopback; `lines` are the gateways' ways to the broker, by house."""

    mqtt: int
    smtp: int
    mail_door: int
    web: int
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """The running street: its processes, its doors, and what befalls it."""

    cast: Cast
    plan: StreetPlan
    ports: _Ports
    fate: StreetFate

    @property
    def folder(self) -> Path:
        return self.cast.folder

    @property
    def state(self) -> Path:
        """The cloud's folder."""
        return self.folder / "cloud"

    @property
    def cloud(self) -> Door:
        return Door(port=self.ports.web)

    @property
    def mailbox(self) -> Door:
        return Door(port=self.ports.mail_door)

    def customer_link(self, usage_point: str) -> str:
        """The address of a customer's own page."""
        return self.cast.run("lamplight-cloud", "customer-link", str(self.state), usage_point).strip()

    def settle(self, houses: Sequence[House]) -> None:
        """Let meters and probes run in these houses, and install their gateways."""
        for house in houses:
            self._launch_house(house)
        with ThreadPoolExecutor(AT_ONCE) as hands:
            for done in [hands.submit(self._install, house) for house in houses]:
                done.result()
        for house in houses:
            for thing in ("meter", "probe"):
                self.cast.wait_ready(f"{house.name}.{thing}")
        for house in houses:
            state = str(self.folder / house.name / "gateway")
            self.cast.launch(gateway_of(house), "lamplight-gateway", "run", state, is_ready=lambda: True)

    def _launch_house(self, house: House) -> None:
        (self.folder / house.name).mkdir()
        self._launch_meters(house)
        control = probe_control(self.folder, house)
        doors = ("--link", str(self._probe_line(house)), "--control", str(control))
        memory = ("--state", str(self.folder / f"{house.name}.probe.json"))
        self.cast.launch(f"{house.name}.probe", "lamplight-sim", "probe", *doors, *memory, is_ready=control.exists)

    def _launch_meters(self, house: House) -> None:
        name, seed = f"{house.name}.meter", str(HOUSES.index(house) + 1)
        # A reader that was killed leaves its association open; the meter gives it up after this many machine seconds.
        common = ("--time-zone", TIME_ZONE, "--inactivity-timeout-s", "20", "--seed", seed)
        controls = meter_controls(self.folder, house)
        link = ("--link", str(self._meter_line(house)))
        if house.has_bus:
            meters = [word for home in house.homes for word in ("--meter", f"{home.meter}={home.bus_address}")]
            where = (*link, "--dir", str(self.folder / house.name), *meters)
            self.cast.launch(name, "lamplight-sim", "bus", *where, *common, is_ready=controls[-1].exists)
            return
        (control,) = controls
        where = (*link, "--control", str(control), "--state", str(self.folder / f"{name}.json"))
        home = ("--serial", house.homes[0].meter, *self.plan.loads.get(house.name, ()))
        self.cast.launch(name, "lamplight-sim", "meter", *where, *home, *common, is_ready=control.exists)

    def _meter_line(self, house: House) -> Path:
        return self.folder / f"{house.name}.meter.tty"

    def _probe_line(self, house: House) -> Path:
        return self.folder / f"{house.name}.probe.tty"

    def _install(self, house: House) -> str:
        profile, line = "lamplight-sim-bus" if house.has_bus else "lamplight-sim", self._meter_line(house)
        meters = [
            MeterPlace(
                usage_point=home.usage_point, serial=home.meter, port=line, profile=profile, address=home.bus_address
            )
            for home in house.homes
        ]
        days = self.plan.backfill_days.get(house.name, BACKFILL_DAYS)
        settings = (
            ("# backfill_days = 31", f"backfill_days = {days}"),
            ("# longest_reconnect_s = 30.0", f"longest_reconnect_s = {LONGEST_RECONNECT_S}"),
        )
        return install_gateway(
            self.cast,
            self.state,
            self.folder / house.name / "gateway",
            probe=self._probe_line(house),
            meters=meters,
            time_zone=TIME_ZONE,
            settings=settings,
            broker_port=self.ports.lines[house.name],
        )


def found_street(cast: Cast, plan: StreetPlan, say: Callable[[str], None]) -> Street:
    """Start the utility, and the radio and the mail server between it and the street, in which nobody is settled."""
    mqtt, smtp, mail_door, spare, *lines = free_ports(4 + len(HOUSES))
    ways = {house.name: line for house, line in zip(HOUSES, lines, strict=True)}
    web = port_or_free(PAGE_PORT) if plan.is_watched else spare
    ports = _Ports(mqtt=mqtt, smtp=smtp, mail_door=mail_door, web=web, lines=ways)
    say("Starting a mail server, a broker and the cloud ...")
    _launch_ways(cast, plan, ports)
    street = Street(cast=cast, plan=plan, ports=ports, fate=StreetFate(folder=cast.folder))
    grid = cast.folder / "grid.csv"
    grid.write_text(grid_file(), encoding="utf-8")
    found_cloud(cast, street.state, _cloud_settings(plan, ports), grid)
    broker = ("--embedded",) if plan.embedded_broker else ()
    cast.launch("broker", "lamplight-cloud", "broker", str(street.state), *broker, is_ready=lambda: is_listening(mqtt))
    has_begun = "ready http="
    cast.launch(
        "cloud", "lamplight-cloud", "serve", str(street.state), is_ready=lambda: cast.has_said("cloud", has_begun)
    )
    for name in ("mailbox", "uplink", "broker", "cloud"):
        cast.wait_ready(name)
    return street


def gateway_of(house: House) -> str:
    """What the process of a house's gateway is called."""
    return f"{house.name}.gateway"


def _launch_ways(cast: Cast, plan: StreetPlan, ports: _Ports) -> None:
    """The mail server, and the radio between the gateways and the broker."""
    folder = cast.folder
    mail = ("--smtp", str(ports.smtp), "--http", str(ports.mail_door), "--dir", str(folder / "mail"))
    cast.launch("mailbox", "lamplight-sim", "mailbox", *mail, is_ready=lambda: is_listening(ports.mail_door))
    ways = [word for house, line in ports.lines.items() for word in ("--line", f"{house}={line}")]
    losses = ("--lose", str(plan.lost), "--double", str(plan.doubled), "--seed", str(plan.seed))
    control = uplink_control(folder)
    memory = ("--state", str(folder / "uplink.json"))
    words = ("--control", str(control), "--to", str(ports.mqtt), *memory, *ways, *losses)
    cast.launch("uplink", "lamplight-sim", "uplink", *words, is_ready=control.exists)


def _cloud_settings(plan: StreetPlan, ports: _Ports) -> tuple[str, ...]:
    patience_s = 360 if plan.is_disturbed else 120
    return (
        f"mqtt.port={ports.mqtt}",
        f"web.port={ports.web}",
        f"web.public_url=http://127.0.0.1:{ports.web}",
        "web.open_to_all=true",
        "assistance.jurisdiction=BR-PR-ACACIAS",
        "outages.notify_after_s=30",
        f"outages.nested_after_s={patience_s}",
        f"outages.ask_after_s={patience_s + 30}",
        "outages.silent_after_s=180",
        f"mail.port={ports.smtp}",
        f"mail.reconcile_url=http://127.0.0.1:{ports.mail_door}",
    )
