"""The meter as a whole: its life, its COSEM server, its port and its faults, joined once.

Still without I/O: octets, the time and a command's words come in; transmissions and a command's answer go out. A change
of its history is handed to `keep` before the command that made it is answered, so that a kill forgets nothing that was
said to have happened. Without supply it hears and says nothing, and every link is gone when it comes back. Without a
head on it (or the wire of its bus) nothing passes either way, and the meter knows nothing of that. Behind an open
breaker, which is the customer's, nothing is drawn, and all else stands.

    supply on|off   disconnector open|closed|ready   breaker open|closed   voltage V   head on|off   fault ...   status
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from runtime.errors import InputRefused
from simulators.meter.bus_port import BusPort
from simulators.meter.faults import Faults
from simulators.meter.history import History, SwitchState
from simulators.meter.life import Life
from simulators.meter.objects import model_of
from simulators.meter.optical_port import OpticalPort
from simulators.meter.opto import SignOn
from simulators.meter.server import Server
from simulators.meter.station import INACTIVITY_TIMEOUT_S, Station
from simulators.meter.transmission import Transmission
from simulators.moment import Moment

MAX_VOLTAGE_V = 500.0
_DO = (
    "say supply on|off, disconnector open|closed|ready, breaker open|closed, voltage V, head on|off, fault ... "
    "or status"
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


class Meter:
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
    ) -> None:
        self._life = life
        self._keep = keep
        self._server = Server(model_of(life))
        self._port = self._open_port(fastest_baud, inactivity_timeout_s, bus_address)
        self._faults = Faults(seed=seed)

    def _open_port(self, baud: int, inactivity_timeout_s: float, bus_address: int | None) -> Port:
        if bus_address is not None:
            station = Station(
                self._server,
                physical_address=bus_address,
                inactivity_timeout_s=inactivity_timeout_s,
                is_alone=False,
            )
            return BusPort(station=station, baud=baud)
        return OpticalPort(
            sign_on=SignOn(address=self._life.history.serial, fastest_baud=baud),
            station=Station(self._server, inactivity_timeout_s=inactivity_timeout_s),
            inactivity_timeout_s=inactivity_timeout_s,
        )

    def begin(self) -> None:
        """Keep the history as it stands: a meter that was never told anything remembers its beginning too."""
        self._keep(self._life.history)

    @property
    def is_supplied(self) -> bool:
        return self._life.history.is_supplied

    def is_silent(self, mono_s: float) -> bool:
        """Whether nothing of what it says reaches the line now."""
        history = self._life.history
        return not (history.is_supplied and history.is_head_on) or self._faults.is_silent(mono_s)

    def baud_at(self, mono_s: float) -> int:
        """The speed it listens at."""
        return self._port.baud_at(mono_s)

    def feed(self, octets: bytes, now: Moment) -> list[Transmission]:
        """Take what was heard at that speed; give what reaches the line."""
        if self.is_silent(now.mono_s):
            return []
        echo = self._faults.echo(octets, self._port.baud_at(now.mono_s))
        return echo + self._faults.spoil(self._port.feed(octets, now))

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
                self._become(history.with_voltage(_voltage(volts)))
            case ("fault", *fault):
                self._faults.command(fault, now.mono_s)
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
            "is_associated": self._server.is_associated,
            "frames_refused": self._port.frames_refused,
            "faults": self._faults.status(),
        }

    def _become(self, history: History) -> None:
        if history == self._life.history:
            return
        self._keep(history)
        self._life.history = history
        if not history.is_supplied:
            self._port.power_off()


def _voltage(text: str) -> float:
    try:
        volts = float(text)
    except ValueError:
        volts = -1.0
    if not 0 <= volts <= MAX_VOLTAGE_V:
        raise InputRefused(f"{text!r} is not a voltage from 0 to {MAX_VOLTAGE_V:g} V")
    return volts
