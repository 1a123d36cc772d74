"""The stage of a story with one home: folders, ports, keys and processes, set up through the doors a person has too."""

import re
from dataclasses import dataclass
from pathlib import Path

from simulators.control import tell
from simulators.scenarios.doors import Door, free_ports, is_listening, port_or_free
from simulators.scenarios.processes import Cast, StoryFailed

USAGE_POINT = "UP-0001"
METER = "LMP00000001"
CUSTOMER = "Ana Souza"
EMAIL = "ana.souza@example.org"
LANGUAGE = "pt-BR"
TIME_ZONE = "America/Sao_Paulo"
ADDRESS = "Rua das Acácias 12, Curitiba"
PAGE_PORT = 8080
BACKFILL_DAYS = 7  # a week is what the page shows; a month takes half a minute at 9600 baud


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a story is played with."""

    load_file: Path | None = None
    embedded_broker: bool = False
    is_watched: bool = True
    notify_after_s: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A home that is running: its processes, and the doors to look at it and to tell it what happens."""

    cast: Cast
    cloud: Door
    mailbox: Door
    gateway: str
    meter_control: Path
    probe_control: Path

    def switch_supply(self, word: str) -> None:
        """`off` or `on`: the line goes dead or live, for the meter and for the gateway's own supply alike."""
        tell(self.meter_control, ["supply", word])
        tell(self.probe_control, ["supply", word])


def set_stage(cast: Cast, plan: Plan) -> Stage:
    """Start everything, in the order in which it would be installed."""
    folder = cast.folder
    mqtt, smtp, mail_door, spare = free_ports(4)
    web = port_or_free(PAGE_PORT) if plan.is_watched else spare
    _start_world(cast, plan, smtp, mail_door)
    cloud = folder / "cloud"
    _set_up_cloud(cast, cloud, plan, {"mqtt": mqtt, "smtp": smtp, "mail_door": mail_door, "web": web})
    broker_options = ("--embedded",) if plan.embedded_broker else ()
    cast.start("broker", "lamplight-cloud", "broker", str(cloud), *broker_options, is_ready=lambda: is_listening(mqtt))
    cloud_door = Door(port=web)
    gateway = _set_up_gateway(cast, cloud)
    cast.start("cloud", "lamplight-cloud", "serve", str(cloud), is_ready=lambda: cast.has_said("cloud", "ready http="))
    cast.start("gateway", "lamplight-gateway", "run", str(folder / "gateway"), is_ready=lambda: True)
    return Stage(
        cast=cast,
        cloud=cloud_door,
        mailbox=Door(port=mail_door),
        gateway=gateway,
        meter_control=folder / "meter.sock",
        probe_control=folder / "probe.sock",
    )


def _start_world(cast: Cast, plan: Plan, smtp: int, mail_door: int) -> None:
    """The meter, the probe and the customer's mailbox."""
    folder = cast.folder
    source = ("--from", str(plan.load_file)) if plan.load_file else ()
    # A reader that was killed leaves its association open; the meter gives it up after this many machine seconds.
    meter = ("--serial", METER, "--time-zone", TIME_ZONE, "--inactivity-timeout-s", "20", *source)
    for name, words in (("meter", meter), ("probe", ())):
        link, control = folder / f"{name}.tty", folder / f"{name}.sock"
        doors = ("--link", str(link), "--control", str(control))
        memory = ("--state", str(folder / f"{name}.json"))
        cast.start(name, "lamplight-sim", name, *doors, *memory, *words, is_ready=control.exists)
    ports = ("--smtp", str(smtp), "--http", str(mail_door), "--dir", str(folder / "mail"))
    cast.start("mailbox", "lamplight-sim", "mailbox", *ports, is_ready=lambda: is_listening(mail_door))


def _set_up_cloud(cast: Cast, cloud: Path, plan: Plan, ports: dict[str, int]) -> None:
    """The utility's side: settings, and the home with its customer from a file."""
    settings = (
        f"mqtt.port={ports['mqtt']}",
        f"web.port={ports['web']}",
        "web.open_to_all=true",
        f"outages.notify_after_s={plan.notify_after_s}",
        f"mail.port={ports['smtp']}",
        f"mail.reconcile_url=http://127.0.0.1:{ports['mail_door']}",
    )
    cast.run("lamplight-cloud", "init", str(cloud), *(word for one in settings for word in ("--set", one)))
    homes = cast.folder / "homes.csv"
    heading = "usage_point,meter,customer,name,email,language,time_zone,address"
    row = f'{USAGE_POINT},{METER},C-0001,{CUSTOMER},{EMAIL},{LANGUAGE},{TIME_ZONE},"{ADDRESS}"'
    homes.write_text(f"{heading}\n{row}\n", encoding="utf-8")
    cast.run("lamplight-cloud", "import", str(cloud), str(homes))


def _set_up_gateway(cast: Cast, cloud: Path) -> str:
    """The technician's side: a key is born on the gateway, its public half is registered, the enrolment comes back."""
    folder = cast.folder
    gateway, enrolment = folder / "gateway", folder / "enrolment.toml"
    links = ("--meter", str(folder / "meter.tty"), "--probe", str(folder / "probe.tty"))
    cast.run("lamplight-gateway", "init", str(gateway), "--profile", "lamplight-sim", *links)
    settings = gateway / "gateway.toml"
    settings.write_text(settings.read_text().replace("# backfill_days = 31", f"backfill_days = {BACKFILL_DAYS}"))
    owner = ("--usage-point", USAGE_POINT, "--meter", METER)
    key = ("--public-key", str(gateway / "gateway.pub.pem"))
    cast.run("lamplight-cloud", "gateway", "add", "--state", str(cloud), *key, *owner, "--out", str(enrolment))
    cast.run("lamplight-gateway", "enrol", str(gateway), str(enrolment))
    found = re.search(r'gateway_id = "([0-9A-Z]{8})"', enrolment.read_text())
    if found is None:
        raise StoryFailed("the enrolment file names no gateway")
    return found[1]
