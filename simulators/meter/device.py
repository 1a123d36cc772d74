"""The meter as a whole: its life, its COSEM server, its port and its faults, joined once.

Still without I/O: octets, the time and a command's words come in; transmissions and a command's answer go out. A change
of its history is handed to `keep` before the command that made it is answered, so that a kill forgets nothing that was
said to have happened. Without supply it hears and says nothing, or not for longer than its capacitor lasts, and every
link is gone when it comes back. Without a head on it (or the wire of its bus) nothing passes either way, and the meter
knows nothing of that. Behind an open breaker, which is the customer's, nothing is drawn, and all else stands. Besides
its port, a meter may have doors to a network; what befalls it befalls them too, and each of them is associated with a
reader of its own.

What befalls it stands in its event logs, under the codes of its make. `orders` tells the words it obeys.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from simulators.meter import befalling, orders, telegrams
from simulators.meter.axdr import Value
from simulators.meter.bus_port import BusPort
from simulators.meter.clock_object import ClockObject
from simulators.meter.faults import Faults
from simulators.meter.gatekeeper import Access, Authentication, Gatekeeper
from simulators.meter.history import History
from simulators.meter.life import Life
from simulators.meter.link_parameters import LIMITS, LinkParameters
from simulators.meter.misconduct import Misconduct
from simulators.meter.objects import Locks, model_of
from simulators.meter.optical_port import OpticalPort
from simulators.meter.opto import SignOn
from simulators.meter.readout_port import ReadoutPort
from simulators.meter.server import Forms, Server
from simulators.meter.station import INACTIVITY_TIMEOUT_S, SINGLE_ADDRESS, Station
from simulators.meter.transmission import Transmission
from simulators.meter.wrapper_port import WrapperPort
from simulators.moment import Moment

SHOWN_EVENTS = 10


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
        answers = self._port.feed(faults.heard(octets), now)
        self._meter.note_failed_logins(now)
        broken_off = faults.dips_within(answers)
        if broken_off is not None:
            self._meter.lose_links()
            answers = broken_off
        return echo + faults.spoil([*map(self._meter.after_turnaround, answers[:1]), *answers[1:]], now.mono_s)

    def spoken(self, octets: bytes, baud: int, now: Moment) -> list[Transmission]:
        """What reaches the line of something the meter says unasked."""
        if self.is_silent(now.mono_s):
            return []
        return self._meter.faults.spoil([Transmission(octets=octets, baud=baud)], now.mono_s)

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
        turnaround_s: float = 0.0,
        forms: Forms | None = None,
        frames: LinkParameters = LIMITS,
        capacitor_s: float = 0.0,
    ) -> None:
        """Join it.

        Args:
            turnaround_s: how long it thinks before an answer, at least.
            forms: which general forms of messages it agrees to.
            frames: which frames it agrees to.
            capacitor_s: how long it goes on answering without supply, reading no voltage.
        """
        self.life = life
        self._keep = keep
        self._baud = fastest_baud
        self._saves_battery = saves_battery
        self._inactivity_timeout_s = inactivity_timeout_s
        self._turnaround_s = turnaround_s
        self._forms = forms
        self._frames = frames
        self._capacitor_s = capacitor_s
        self._lives_until_s = 0.0
        self.misconduct = Misconduct(idle_s=inactivity_timeout_s)
        self.keeper = self._gatekeeper(access or Access())
        self._failures_noted = 0
        self.clock = ClockObject(life, self._change)
        self.objects = model_of(life, self._locks(), clock=self.clock)
        self._servers: list[Server] = []
        self._ports: list[Port] = []
        self.faults = Faults(seed=seed)
        super().__init__(self, self._open_bus(bus_address) if bus_address is not None else self._open_head())

    def _gatekeeper(self, access: Access) -> Gatekeeper:
        history = self.life.history
        title = b"LMP" + history.serial.encode("ascii")[-5:].rjust(5, b"0")

        def keep_counter(heard: int) -> None:
            self._remember(self.life.history.with_counter(heard))

        def keep_key(number: int, wrapped: bytes) -> None:
            self._remember(self.life.history.with_new_key(number, wrapped))

        keeper = Gatekeeper(
            access,
            title,
            heard=history.heard_counter,
            keep=keep_counter,
            keep_key=keep_key,
            misconduct=self.misconduct,
        )
        keeper.remember_keys(history.new_keys)
        return keeper

    def _locks(self) -> Locks | None:
        if self.keeper.access.authentication is not Authentication.HLS_GMAC:
            return None
        return Locks(title=self.keeper.title, heard_counter=self.keeper.told_counter, take_keys=self._take_keys)

    def _take_keys(self, transfer: Value, at: datetime) -> None:
        self.keeper.take_keys(transfer)
        self._remember(self._logged(self.life.history, "keys_changed", self.life.shown(at)))

    def _open_head(self) -> Port:
        return self._opened(
            OpticalPort(
                sign_on=SignOn(
                    address=self.life.history.serial, fastest_baud=self._baud, saves_battery=self._saves_battery
                ),
                station=self._station(),
                inactivity_timeout_s=self._inactivity_timeout_s,
            )
        )

    def _open_bus(self, address: int) -> Port:
        station = self._station(address)
        return self._opened(BusPort(station=station, baud=self._baud))

    def _station(self, bus_address: int | None = None) -> Station:
        return Station(
            self._new_server(),
            physical_address=SINGLE_ADDRESS if bus_address is None else bus_address,
            inactivity_timeout_s=self._inactivity_timeout_s,
            is_alone=bus_address is None,
            addressee=self.misconduct.addressee,
            sender=self.misconduct.sender,
            limits=self._frames,
            wants_flag=lambda: self.faults.strikes("flag"),
        )

    def open_converter(self) -> Door:
        """One more door: a wire of HDLC from the first octet, behind a serial-to-network converter."""
        station = self._station()
        return Door(self, self._opened(BusPort(station=station, baud=self._baud)))

    def open_network(self) -> Door:
        """One more door: the wrapper of DLMS over TCP."""
        return Door(
            self,
            self._opened(
                WrapperPort(self._new_server(), addressee=self.misconduct.addressee, sender=self.misconduct.sender)
            ),
        )

    def open_readout(self) -> Door:
        """One more door: an optical port that gives data readouts in mode C."""
        port = ReadoutPort(
            address=self.life.history.serial,
            fastest_baud=self._baud,
            block=lambda at: telegrams.readout(self.life, at),
        )
        return Door(self, self._opened(port))

    def _new_server(self) -> Server:
        self._servers.append(Server(self.objects, self.keeper, forms=self._forms))
        return self._servers[-1]

    def _opened(self, port: Port) -> Port:
        self._ports.append(port)
        return port

    def begin(self) -> None:
        """Keep the history as it stands: a meter that was never told anything remembers its beginning too."""
        self._keep(self.life.history)

    @property
    def is_supplied(self) -> bool:
        return self.life.history.is_supplied

    def is_silent(self, mono_s: float) -> bool:
        """Whether nothing of what it says reaches any line now."""
        history = self.life.history
        is_alive = history.is_supplied or mono_s < self._lives_until_s
        return not (is_alive and history.is_head_on) or self.faults.is_silent(mono_s)

    def lose_links(self) -> None:
        """The supply was gone, if only for less than counts as a failure, and every link with it."""
        for port in self._ports:
            port.power_off()

    def command(self, words: Sequence[str], now: Moment) -> dict[str, object]:
        """Obey a command and tell how things stand then; raises InputRefused for what is not one."""
        orders.obey(self, words, now)
        return self.status(now)

    def status(self, now: Moment) -> dict[str, object]:
        """How things stand, for people and tests: what the meter would show on its display."""
        life = self.life
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
            "authentications_failed": self.keeper.failures,
            "frames_refused": sum(port.frames_refused for port in self._ports),
            "shows": life.shown(now.at).isoformat(),
            "events": [
                [entry.log, entry.code, entry.stamp.isoformat()] for entry in life.history.entries[-SHOWN_EVENTS:]
            ],
            "misconduct": self.misconduct.status(now.mono_s),
            "faults": self.faults.status(),
        }

    def after_turnaround(self, answer: Transmission) -> Transmission:
        """An answer no sooner than this meter has thought."""
        return replace(answer, after_s=max(answer.after_s, self._turnaround_s))

    def note_failed_logins(self, now: Moment) -> None:
        """Log whoever was not let in for want of the right secret."""
        while self._failures_noted < self.keeper.failures:
            self._failures_noted += 1
            self._remember(self._logged(self.life.history, "failed_login", self.life.shown(now.at)))

    def become(self, history: History, now: Moment) -> None:
        """The meter's history goes on as this one, and what befell it by that is logged."""
        if self.is_supplied and not history.is_supplied:
            self._lives_until_s = now.mono_s + self._capacitor_s
        self._change(history, now.at)

    def _change(self, history: History, at: datetime) -> None:
        before = self.life.history
        if history == before:
            return
        names = tuple(befalling.befallen(before, history, self.life.phases))
        logged = befalling.counted(before, history)
        for name in names:
            clock = before.clock if name == "clock_before" else history.clock
            logged = self._logged(logged, name, clock.shown(at))
        self._remember(logged)
        is_dark, was_dark = not logged.is_supplied, not before.is_supplied
        if (is_dark and not self._capacitor_s) or (was_dark and not is_dark):
            self.lose_links()

    def _logged(self, history: History, name: str, stamp: datetime) -> History:
        log, code = self.life.make.codes.get(name, ("", 0))
        return history.logged(log, code, stamp) if log in self.life.make.logs else history

    def _remember(self, history: History) -> None:
        self._keep(history)
        self.life.history = history
