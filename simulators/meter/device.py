"""The meter as a whole: its life, its COSEM server, its port and its faults, joined once.

Still without I/O: octets, the time and a command's words come in; transmissions and a command's answer go out. A change
of its history is handed to `keep` before the command that made it is answered, so that a kill forgets nothing that was
said to have happened. Without supply it hears and says nothing, and every link is gone when it comes back. Without a
head on it (or the wire of its bus) nothing passes either way, and the meter knows nothing of that. Behind an open
breaker, which is the customer's, nothing is drawn, and all else stands. Besides its port, a meter may have doors to a
network; what befalls it befalls them too, and each of them is associated with a reader of its own.

    supply on|off   disconnector open|closed|ready   breaker open|closed   voltage V   head on|off   lock S
    fault ...       status
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from runtime.errors import InputRefused
from simulators.meter.bus_port import BusPort
from simulators.meter.faults import Faults
from simulators.meter.gatekeeper import Access, Authentication, Gatekeeper
from simulators.meter.history import History, SwitchState
from simulators.meter.life import Life
from simulators.meter.objects import model_of
from simulators.meter.optical_port import OpticalPort
from simulators.meter.opto import SignOn
from simulators.meter.server import Server
from simulators.meter.station import INACTIVITY_TIMEOUT_S, Station
from simulators.meter.transmission import Transmission
from simulators.meter.wrapper_port import WrapperPort
from simulators.moment import Moment

MAX_VOLTAGE_V = 500.0
MAX_LOCK_S = 3_600.0
_DO = (
    "say supply on|off, disconnector open|closed|ready, breaker open|closed, voltage V, head on|off, lock S, "
    "fault ... or status"
)
_ON_WORDS = {"on": True, "off": False}
_BREAKER_WORDS = {"closed": True, "open": False}
_SWITCH_WORDS = {state.name.lower(): state for state in SwitchState}


class Port(Protocol):
    """A reader's way into the meter."""

    @property
    def frames_refused(self) -> int: ...

    def baud_at(self, mono_s: float) -> int: ...

    def feed(self, octets: bytes, now: Moment) -> list[Transmission]: ...

    def power_off(self) -> None: ...

    def hung_up(self) -> None: ...


class Door:
    """One way into a meter, with its faults on the way."""

    def __init__(self, meter: "Meter", port: Port) -> None:
        self._meter = meter
        self._port = port

    def is_silent(self, mono_s: float) -> bool:
        """Whether nothing of what the meter says reaches the line now."""
        return self._meter.is_silent(mono_s)

    def baud_at(self, mono_s: float) -> int:
        """The speed it listens at."""
        return self._port.baud_at(mono_s)

    def feed(self, octets: bytes, now: Moment) -> list[Transmission]:
        """Take what was heard at that speed; give what reaches the line."""
        if self.is_silent(now.mono_s):
            return []
        faults = self._meter.faults
        echo = faults.echo(octets, self._port.baud_at(now.mono_s))
        return echo + faults.spoil(self._port.feed(octets, now))

    def hung_up(self) -> None:
        """The reader has closed the connection."""
        self._port.hung_up()


class Meter(Door):
    """One simulated meter: behind an optical port, or on a bus where it has an address."""

    def __init__(
        self,
        life: Life,
        *,
        keep: Callable[[History], None],
        fastest_baud: int = 9600,
        inactivity_timeout_s: float = INACTIVITY_TIMEOUT_S,
        seed: int = 1,
        bus_address: int | None = None,
        access: Access | None = None,
        saves_battery: bool = False,
    ) -> None:
        self._life = life
        self._keep = keep
        self._baud = fastest_baud
        self._saves_battery = saves_battery
        self._inactivity_timeout_s = inactivity_timeout_s
        self._keeper = self._gatekeeper(access or Access())
        has_keys = self._keeper.access.authentication is Authentication.HLS_GMAC
        self._objects = model_of(life, (lambda: self._keeper.heard) if has_keys else None)
        self._servers: list[Server] = []
        self._ports: list[Port] = []
        self.faults = Faults(seed=seed)
        super().__init__(self, self._open_bus(bus_address) if bus_address is not None else self._open_head())

    def _gatekeeper(self, access: Access) -> Gatekeeper:
        history = self._life.history
        title = b"LMP" + history.serial.encode("ascii")[-5:].rjust(5, b"0")

        def keep_counter(heard: int) -> None:
            self._become(self._life.history.with_counter(heard))

        return Gatekeeper(access, title, heard=history.heard_counter, keep=keep_counter)

    def _open_head(self) -> Port:
        return self._opened(
            OpticalPort(
                sign_on=SignOn(
                    address=self._life.history.serial, fastest_baud=self._baud, saves_battery=self._saves_battery
                ),
                station=Station(self._new_server(), inactivity_timeout_s=self._inactivity_timeout_s),
                inactivity_timeout_s=self._inactivity_timeout_s,
            )
        )

    def _open_bus(self, address: int) -> Port:
        station = Station(
            self._new_server(),
            physical_address=address,
            inactivity_timeout_s=self._inactivity_timeout_s,
            is_alone=False,
        )
        return self._opened(BusPort(station=station, baud=self._baud))

    def open_converter(self) -> Door:
        """One more door: a wire of HDLC from the first octet, behind a serial-to-network converter."""
        station = Station(self._new_server(), inactivity_timeout_s=self._inactivity_timeout_s)
        return Door(self, self._opened(BusPort(station=station, baud=self._baud)))

    def open_network(self) -> Door:
        """One more door: the wrapper of DLMS over TCP."""
        return Door(self, self._opened(WrapperPort(self._new_server())))

    def _new_server(self) -> Server:
        self._servers.append(Server(self._objects, self._keeper))
        return self._servers[-1]

    def _opened(self, port: Port) -> Port:
        self._ports.append(port)
        return port

    def begin(self) -> None:
        """Keep the history as it stands: a meter that was never told anything remembers its beginning too."""
        self._keep(self._life.history)

    @property
    def is_supplied(self) -> bool:
        return self._life.history.is_supplied

    def is_silent(self, mono_s: float) -> bool:
        """Whether nothing of what it says reaches any line now."""
        history = self._life.history
        return not (history.is_supplied and history.is_head_on) or self.faults.is_silent(mono_s)

    def command(self, words: Sequence[str], now: Moment) -> dict[str, object]:
        """Obey a command and tell how things stand then; raises InputRefused for what is not one."""
        history = self._life.history
        match tuple(words):
            case ("supply", word) if word in _ON_WORDS:
                self._become(history.with_supply(_ON_WORDS[word], now.at))
            case ("disconnector", word) if word in _SWITCH_WORDS:
                self._become(history.switched(_SWITCH_WORDS[word], now.at))
            case ("breaker", word) if word in _BREAKER_WORDS:
                self._become(history.with_breaker(_BREAKER_WORDS[word], now.at))
            case ("head", word) if word in _ON_WORDS:
                self._become(history.with_head(_ON_WORDS[word]))
            case ("voltage", volts):
                self._become(history.with_voltage(_bounded(volts, MAX_VOLTAGE_V, "V")))
            case ("lock", seconds):
                self._keeper.lock(now.mono_s + _bounded(seconds, MAX_LOCK_S, "s"))
            case ("fault", *fault):
                self.faults.command(fault, now.mono_s)
            case ("status",):
                pass
            case _:
                raise InputRefused(f"a meter does not know {' '.join(words)!r}", do=_DO)
        return self.status(now)

    def status(self, now: Moment) -> dict[str, object]:
        """How things stand, for people and tests: what the meter would show on its display."""
        life = self._life
        return {
            "serial": life.history.serial,
            "at": now.at.isoformat(),
            "supply": "on" if self.is_supplied else "off",
            "disconnector": life.history.switch_state.name.lower(),
            "breaker": "closed" if life.history.is_breaker_closed else "open",
            "head": "on" if life.history.is_head_on else "off",
            "energy_import_wh": life.energy_import_wh(now.at),
            "energy_export_wh": life.energy_export_wh(now.at),
            "power_import_w": life.power_import_w(now.at),
            "voltages_v": [round(life.voltage_v(phase, now.at), 1) for phase in range(1, life.phases + 1)],
            "power_failures": life.power_failures(),
            "baud": self._port.baud_at(now.mono_s),
            "is_associated": any(server.is_associated for server in self._servers),
            "authentications_failed": self._keeper.failures,
            "frames_refused": sum(port.frames_refused for port in self._ports),
            "faults": self.faults.status(),
        }

    def _become(self, history: History) -> None:
        if history == self._life.history:
            return
        self._keep(history)
        self._life.history = history
        if not history.is_supplied:
            for port in self._ports:
                port.power_off()


def _bounded(text: str, maximum: float, unit: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= maximum:
        raise InputRefused(f"{text!r} is not from 0 to {maximum:g} {unit}")
    return value
