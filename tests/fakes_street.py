"""The street of one transformer on a real cloud: six houses, eight homes, and whatever may befall them in a night."""

from dataclasses import dataclass, field
from typing import Final

from cloud.grid import store as grid
from cloud.grid.model import Device, Kind, Service, trees
from cloud.kernel.ids import DeviceId, MeterSerial, UsagePointId
from cloud.registry import store as registry
from cloud.registry.model import Gateway, Place, Status
from tests.fakes_cloud import FakeGateway
from tests.fakes_web import Town
from wire.events import Evidence, InterruptionAssessed, SupplyDipped, SupplyLost, SupplyRestored
from wire.events import RegisterReadings as Registers
from wire.ids import GatewayId
from wire.terms import Cause, Disconnector, EvidenceKind, Grade, Stage
from wire.units import Quantity

FEEDER, RECLOSER, TRANSFORMER = DeviceId("F-01"), DeviceId("R-011"), DeviceId("T-0101")
PEOPLE: Final = {
    "UP-0001": ("Ana Souza", "pt-BR", 12),
    "UP-0002": ("Bruno Lima", "pt-BR", 14),
    "UP-0003": ("Lucía Gómez", "es", 16),
    "UP-0004": ("Camille Roy", "fr", 18),
    "UP-0005": ("John Carter", "en", 20),
    "UP-0006A": ("Emma Jones", "en", 22),
    "UP-0006B": ("Diego Ruiz", "es", 22),
    "UP-0006C": ("Zoé Martin", "fr", 22),
}
FLATS: Final = ("UP-0006A", "UP-0006B", "UP-0006C")
_HEADING: Final = "usage_point,meter,customer,name,email,language,time_zone,address\n"


@dataclass(kw_only=True)
class Street:
    """What can be done to the homes of the street; a home is named by its usage point."""

    town: Town
    gateways: dict[str, FakeGateway] = field(default_factory=dict)
    began_ms: dict[str, int] = field(default_factory=dict)

    @classmethod
    def built(cls, town: Town) -> "Street":
        """The street with its customers, its grid and its gateways, every meter just read."""
        street = cls(town=town)
        street._move_in()
        street._connect()
        bus = FakeGateway(meter=meter_of(FLATS[0]))
        for home in PEOPLE:
            street.gateways[home] = bus if home in FLATS else FakeGateway(meter=meter_of(home))
        for gateway in {id(each): each for each in street.gateways.values()}.values():
            street._register(gateway)
        street.read(*PEOPLE)
        return street

    def read(self, *homes: str, voltage_mv: int = 229_100) -> None:
        """Their meters are read."""
        for home in homes:
            values = ((Quantity.VOLTAGE_L1_MV, voltage_mv), (Quantity.DISCONNECTOR, int(Disconnector.CLOSED)))
            self.say(home, Registers(at_ms=self.town.now_ms(), values=values))

    def dip(self, *homes: str) -> None:
        for home in homes:
            self.say(home, SupplyDipped(began_at_ms=self.town.now_ms(), duration_ms=800))

    def lose(self, *homes: str) -> None:
        """Their gateways' supply goes."""
        for home in homes:
            self.began_ms[home] = self.town.now_ms()
            self.say(home, SupplyLost(began_at_ms=self.began_ms[home], input_mv=180))

    def find(self, home: str, cause: Cause, *evidence: tuple[EvidenceKind, int], stage: Stage | None = None) -> None:
        """Its gateway's verdict on what befell it last, or befalls it now."""
        began = self.began_ms.setdefault(home, self.town.now_ms())
        items = tuple(Evidence(kind=kind, value=value, age_ms=1_200) for kind, value in evidence)
        self.say(
            home,
            InterruptionAssessed(
                began_at_ms=began, cause=cause, stage=stage or Stage.CONFIRMED, grade=Grade.STRONG, evidence=items
            ),
        )

    def go_out(self, *homes: str) -> None:
        """Lost, and found to be interrupted."""
        self.lose(*homes)
        self.town.clock.go_on(4)
        for home in homes:
            seen = ((EvidenceKind.SUPPLY_SENSE, 0), (EvidenceKind.METER_ANSWERS, 0))
            self.find(home, Cause.SUPPLY_INTERRUPTED, *seen)

    def come_back(self, *homes: str) -> None:
        """Proven back by their own meters."""
        restored_ms = self.town.now_ms()
        self.town.clock.go_on(61)
        for home in homes:
            self.say(
                home,
                SupplyRestored(
                    began_at_ms=self.began_ms[home],
                    restored_at_ms=restored_ms,
                    held_s=60,
                    voltages_mv=(230_600,),
                    disconnector=Disconnector.CLOSED,
                    power_failures=4,
                ),
            )

    def false_alarms(self) -> None:
        """2's gateway unplugged, 3's head off, 4's switch open, 5's breaker tripped: nobody is in an outage."""
        sense, live = (EvidenceKind.SUPPLY_SENSE, 0), (EvidenceKind.METER_VOLTAGE, 229_000)
        self.lose("UP-0002", "UP-0004", "UP-0005")
        self.town.clock.go_on(4)
        self.find("UP-0002", Cause.GATEWAY_UNPLUGGED, sense, live, (EvidenceKind.METER_LOAD, 1))
        self.find(
            "UP-0003",
            Cause.HEAD_OFF,
            (EvidenceKind.SUPPLY_SENSE, 1),
            (EvidenceKind.METER_LINK, 1),
            stage=Stage.PROVISIONAL,
        )
        opened = (EvidenceKind.DISCONNECTOR, int(Disconnector.OPEN))
        self.find("UP-0004", Cause.SWITCHED_OFF, sense, live, opened)
        self.find("UP-0005", Cause.OWN_BREAKER, sense, live, (EvidenceKind.METER_LOAD, 0))

    def storm(self) -> None:
        """The false alarms mended but for 3's head and 4's switch, 5 unheard, the transformer failed, the told told."""
        self.false_alarms()
        self.town.go_on(60)
        self.come_back("UP-0002", "UP-0005")
        self.town.go_on(400)
        self.read("UP-0001", "UP-0002", *FLATS)
        self.go_out("UP-0001", "UP-0002", *FLATS)
        self.lose("UP-0003")
        self.find("UP-0003", Cause.CANNOT_TELL, (EvidenceKind.SUPPLY_SENSE, 0), (EvidenceKind.METER_LINK, 1))
        self.town.go_on(30)
        self.town.go_on(60)

    def return_(self) -> None:
        """Power returns but for 2, and the cloud has looked again."""
        self.come_back("UP-0001", *FLATS)
        for _ in range(12):
            self.town.go_on(30)

    def say(self, home: str, event: object) -> None:
        gateway = self.gateways[home]
        message = gateway.say(event, subject=meter_of(home), at=self.town.clock.now())  # type: ignore[arg-type] # an event
        self.town.take([message])

    def _move_in(self) -> None:
        from cloud.customers import service as customers

        rows = [
            f"{home},{meter_of(home)},C-{home[3:]},{name},{home.lower()}@example.org,{language},America/Sao_Paulo,"
            f'"Rua das Acácias {door}{", " + home[-1] if home in FLATS else ""}, Curitiba"\n'
            for home, (name, language, door) in PEOPLE.items()
        ]
        customers.import_data(self.town.database, (_HEADING + "".join(rows)).encode(), self.town.clock)

    def _connect(self) -> None:
        devices = [
            Device(id=FEEDER, kind=Kind.FEEDER, parent=None, phases="ABC"),
            Device(id=RECLOSER, kind=Kind.SWITCH, parent=FEEDER, phases="ABC"),
            Device(id=TRANSFORMER, kind=Kind.TRANSFORMER, parent=RECLOSER, phases="ABC"),
        ]
        services = [Service(usage_point=UsagePointId(home), device=TRANSFORMER, phases="A") for home in PEOPLE]
        with self.town.database.transaction() as connection:
            grid.keep_trees(connection, trees(devices, services))

    def _register(self, gateway: FakeGateway) -> None:
        homes = [home for home, speaker in self.gateways.items() if speaker is gateway]
        row = Gateway(
            id=GatewayId(gateway.id),
            key=gateway.public,
            places=tuple(Place(usage_point=UsagePointId(home), meter=MeterSerial(meter_of(home))) for home in homes),
            status=Status.ACTIVE,
            status_reason="",
            added_at=self.town.clock.now(),
        )
        with self.town.database.transaction() as connection:
            registry.add(connection, row, password_hash=f"$7$101${homes[0]}$AAAA")


def meter_of(home: str) -> str:
    return f"LMP{home[3:]:0>8}"
