"""Who lives in the street of the story: six houses on one transformer, eight homes, four languages."""

from dataclasses import dataclass

FEEDER, RECLOSER, TRANSFORMER = "F-01", "R-011", "T-0101"
TIME_ZONE = "America/Sao_Paulo"
STREET = "Rua das Acácias"
TOWN = "Curitiba"
_IN_ADDRESSES = str.maketrans("éí", "ei")
GRID_HEADING = "id,kind,parent,phases,meter,customer,name,email,language,time_zone,address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One usage point and who lives there; `bus_address` is its meter's, where several share a line."""

    usage_point: str
    meter: str
    name: str
    email: str
    language: str
    phases: str
    bus_address: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A building with one gateway and one probe."""

    name: str
    address: str
    homes: tuple[Home, ...]

    @property
    def has_bus(self) -> bool:
        """Whether its meters share one RS-485 line, instead of an optical head on one."""
        return len(self.homes) > 1


def _house(number: int, door: int, homes: tuple[Home, ...]) -> House:
    return House(name=f"house-{number}", address=f"{STREET} {door}, {TOWN}", homes=homes)


def _home(place: str, name: str, language: str, phases: str, bus_address: int | None = None) -> Home:
    """The home at `place`, a house's number and, where it has several homes, a letter."""
    return Home(
        usage_point=f"UP-000{place}",
        meter=f"LMP{place:0>8}",
        name=name,
        email=f"{name.split(maxsplit=1)[0].lower().translate(_IN_ADDRESSES)}@example.org",
        language=language,
        phases=phases,
        bus_address=bus_address,
    )


HOUSES = (
    _house(1, 12, (_home("1", "Ana Souza", "pt-BR", "A"),)),
    _house(2, 14, (_home("2", "Bruno Lima", "pt-BR", "B"),)),
    _house(3, 16, (_home("3", "Lucía Gómez", "es", "C"),)),
    _house(4, 18, (_home("4", "Camille Roy", "fr", "A"),)),
    _house(5, 20, (_home("5", "John Carter", "en", "B"),)),
    _house(
        6,
        22,
        (
            _home("6A", "Emma Jones", "en", "A", 17),
            _home("6B", "Diego Ruiz", "es", "B", 18),
            _home("6C", "Zoé Martin", "fr", "C", 19),
        ),
    ),
)
HOMES = tuple(home for house in HOUSES for home in house.homes)


def grid_file() -> str:
    """The utility's grid file: the feeder down to every home, with who lives there and in which language."""
    rows = [
        GRID_HEADING,
        f"{FEEDER},feeder,,ABC,,,,,,,",
        f"{RECLOSER},switch,{FEEDER},ABC,,,,,,,",
        f"{TRANSFORMER},transformer,{RECLOSER},ABC,,,,,,,",
    ]
    for house in HOUSES:
        for home in house.homes:
            flat = f" - {home.usage_point[-1]}" if house.has_bus else ""
            who = f"C-{home.usage_point[3:]},{home.name},{home.email},{home.language},{TIME_ZONE}"
            place = f"{home.usage_point},usage_point,{TRANSFORMER},{home.phases},{home.meter}"
            rows.append(f'{place},{who},"{house.address}{flat}"')
    return "\n".join(rows) + "\n"
