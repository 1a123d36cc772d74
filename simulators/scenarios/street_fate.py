"""What befalls the street, told to its simulators as the consequences: who then has supply, and who has none.

The transformer's supply reaches a meter through the house's service, and the gateway's plug behind the meter's
disconnector and the home's own breaker. So what has befallen a house is remembered, and with every change the whole of
it is told again: to each of its meters, and to the probe at its gateway's plug. Nothing is told to a program that is
under test; it has to find out.

A simulator is told through its control socket, whose place in the story's folder is named here.
"""

from dataclasses import dataclass, field
from pathlib import Path

from simulators.control import tell
from simulators.scenarios.neighbours import HOUSES, House


def probe_control(folder: Path, house: House) -> Path:
    """Where the probe of a house's gateway is told what happens to it."""
    return folder / f"{house.name}.probe.sock"


def meter_controls(folder: Path, house: House) -> tuple[Path, ...]:
    """Where the meters of a house are told what happens to them, one for each of its homes."""
    if house.has_bus:
        return tuple(folder / house.name / f"{home.meter}.sock" for home in house.homes)
    return (folder / f"{house.name}.meter.sock",)


def uplink_control(folder: Path) -> Path:
    """Where the radio between the gateways and the broker is told what happens to it."""
    return folder / "uplink.sock"


@dataclass(slots=True)
class _HouseFate:
    """What has befallen one house."""

    service: bool = True  # the line from the transformer to the house
    plug: bool = True  # the gateway's own
    breaker: bool = True  # the home's main switch, behind the meter
    disconnector: bool = True


@dataclass(slots=True, kw_only=True)
class StreetFate:
    """What has befallen the street whose simulators are in `folder`, and the words that make more happen."""

    folder: Path
    transformer: bool = True
    houses: dict[str, _HouseFate] = field(default_factory=lambda: {house.name: _HouseFate() for house in HOUSES})

    def dip(self, milliseconds: int) -> None:
        """The recloser opens and closes: too short for a meter, long enough for a probe to see."""
        for house in HOUSES:
            _say(probe_control(self.folder, house), "supply", "dip", str(milliseconds))

    def switch_transformer(self, *, on: bool) -> None:
        """The whole street loses its supply, or gets it back."""
        self.transformer = on
        for house in HOUSES:
            self._settle(house)

    def switch_service(self, house: House, *, on: bool) -> None:
        """The line between the transformer and one house."""
        self.houses[house.name].service = on
        self._settle(house)

    def plug(self, house: House, *, is_in: bool) -> None:
        """Somebody pulls the gateway's plug, or puts it back."""
        self.houses[house.name].plug = is_in
        self._settle(house)

    def switch_breaker(self, house: House, *, on: bool) -> None:
        """The home's own main switch."""
        self.houses[house.name].breaker = on
        self._settle(house)

    def switch_disconnector(self, house: House, *, closed: bool) -> None:
        """The meter's own switch."""
        self.houses[house.name].disconnector = closed
        self._settle(house)

    def put_head(self, house: House, *, on: bool) -> None:
        """The optical head on the meter's window."""
        for control in meter_controls(self.folder, house):
            _say(control, "head", "on" if on else "off")

    def switch_uplink(self, house: House, *, on: bool) -> None:
        """The gateway's way to the broker."""
        _say(uplink_control(self.folder), "line", house.name, "on" if on else "off")

    def _settle(self, house: House) -> None:
        fate = self.houses[house.name]
        supplied = self.transformer and fate.service
        plug = supplied and fate.plug and fate.breaker and fate.disconnector
        for control in meter_controls(self.folder, house):
            _say(control, "disconnector", "closed" if fate.disconnector else "open")
            _say(control, "breaker", "closed" if fate.breaker else "open")
            _say(control, "supply", "on" if supplied else "off")
        _say(probe_control(self.folder, house), "supply", "on" if plug else "off")


def _say(control: Path, *words: str) -> None:
    tell(control, list(words))
