"""What befell the meter: cuts, switchings, its head, its clock, its logs and its keys; kept over a kill.

A `History` is a value; each thing that happens makes the next one. It is written as JSON, whole and atomically, before
the command that changed it is answered. It remembers 1,000 of each kind of interruption and then refuses more, because
forgetting one would put energy back onto the registers that never flowed. What a state file of before does not tell
(head, breaker, counter, clock, logs, keys) has never happened.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import Any

from runtime.errors import InputRefused
from simulators import state_file
from simulators.meter.meter_clock import MeterClock, Setting
from simulators.meter.meter_log import Entry, with_entry

FORMAT = 1
MAX_SPANS = 1_000
_MAX_BYTES = 1_000_000
NOMINAL_VOLTAGE_V = 230.0
# The load profile of a new meter already holds this much.
LIVED_BEFORE = timedelta(days=60)


class SwitchState(IntEnum):
    """The state of the meter's own disconnector, by COSEM's numbers; `READY` waits, open, for a hand at the meter."""

    OPEN = 0
    CLOSED = 1
    READY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time; without an end it is still going on."""

    began_at: datetime
    ended_at: datetime | None = None

    def overlaps(self, began_at: datetime, ended_at: datetime) -> bool:
        """Whether any of it lies between two instants."""
        return self.began_at < ended_at and (self.ended_at is None or self.ended_at > began_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A meter's life so far: since when it counts, and when nothing could flow through it.

    `openings` are of its own disconnector, `trips` of the main breaker behind it, which is the customer's.
    `is_head_on` tells whether a reader's head, or the wire of its bus, is on it. `heard_counter` is as the gatekeeper
    keeps it. `entries` are of all event logs, oldest first; `new_keys` are those it was given last, by their number and
    still wrapped. The load profile captures `columns` since `columns_since`; the make's own until it is told otherwise.
    """

    serial: str
    installed_at: datetime
    cuts: tuple[Span, ...] = ()
    openings: tuple[Span, ...] = ()
    trips: tuple[Span, ...] = ()
    is_head_on: bool = True
    switch_state: SwitchState = SwitchState.CLOSED
    voltage_v: float = NOMINAL_VOLTAGE_V
    heard_counter: int = 0
    clock: MeterClock = MeterClock()
    entries: tuple[Entry, ...] = ()
    sags: int = 0
    swells: int = 0
    new_keys: tuple[tuple[int, bytes], ...] = ()
    columns: tuple[str, ...] = ()
    columns_since: datetime | None = None

    @classmethod
    def of_new_meter(cls, serial: str, now: datetime) -> "History":
        """A meter installed on a full hour, long enough ago to have a past worth reading."""
        return cls(serial=serial, installed_at=(now - LIVED_BEFORE).replace(minute=0, second=0, microsecond=0))

    @property
    def is_supplied(self) -> bool:
        return _is_over(self.cuts)

    @property
    def is_breaker_closed(self) -> bool:
        return _is_over(self.trips)

    @property
    def is_fed(self) -> bool:
        """Whether current can flow: supplied, the disconnector closed, and the customer's breaker too."""
        return self.is_supplied and self.switch_state is SwitchState.CLOSED and self.is_breaker_closed

    def with_supply(self, is_on: bool, at: datetime) -> "History":
        """The supply goes or comes; no news changes nothing."""
        if is_on == self.is_supplied:
            return self
        return replace(self, cuts=_ended(self.cuts, at) if is_on else _begun(self.cuts, at))

    def switched(self, state: SwitchState, at: datetime) -> "History":
        """The meter's own switch opens, waits for a hand (`READY`: open still) or closes."""
        was_closed, is_closed = self.switch_state is SwitchState.CLOSED, state is SwitchState.CLOSED
        openings = self.openings
        if was_closed != is_closed:
            openings = _ended(openings, at) if is_closed else _begun(openings, at)
        return replace(self, switch_state=state, openings=openings)

    def with_breaker(self, is_closed: bool, at: datetime) -> "History":
        """The customer's main breaker trips or is closed; no news changes nothing."""
        if is_closed == self.is_breaker_closed:
            return self
        return replace(self, trips=_ended(self.trips, at) if is_closed else _begun(self.trips, at))

    def with_head(self, is_on: bool) -> "History":
        """A reader's head is put on the meter, or falls off."""
        return replace(self, is_head_on=is_on)

    def with_voltage(self, voltage_v: float) -> "History":
        """The street's voltage changes."""
        return replace(self, voltage_v=voltage_v)

    def with_counter(self, heard: int) -> "History":
        """No invocation counter up to this one is taken any more."""
        return replace(self, heard_counter=heard)

    def with_clock(self, clock: MeterClock) -> "History":
        """The meter's clock is set, jumps or changes its pace."""
        return replace(self, clock=clock)

    def logged(self, log: str, code: int, stamp: datetime) -> "History":
        """One more entry in an event log, with what the meter's clock showed."""
        return replace(self, entries=with_entry(self.entries, Entry(log=log, code=code, stamp=stamp)))

    def capturing(self, columns: tuple[str, ...], at: datetime) -> "History":
        """The load profile captures other columns from now on; what it held is gone, as in a real meter."""
        return replace(self, columns=columns, columns_since=at)

    def with_new_key(self, number: int, wrapped: bytes) -> "History":
        """A key was exchanged; it is kept as it came, sealed under the master key."""
        others = tuple((known, key) for known, key in self.new_keys if known != number)
        return replace(self, new_keys=(*others, (number, wrapped)))

    def fed_spans(self, began_at: datetime, ended_at: datetime) -> list[tuple[datetime, datetime]]:
        """When between two instants current could flow."""
        fed, since = [], began_at
        for span in sorted((*self.cuts, *self.openings, *self.trips), key=lambda span: span.began_at):
            if span.began_at >= ended_at:
                break
            if span.began_at > since:
                fed.append((since, span.began_at))
            since = max(since, span.ended_at or ended_at)
        if since < ended_at:
            fed.append((since, ended_at))
        return fed


def _is_over(spans: tuple[Span, ...]) -> bool:
    return not spans or spans[-1].ended_at is not None


def _begun(spans: tuple[Span, ...], at: datetime) -> tuple[Span, ...]:
    if len(spans) == MAX_SPANS:
        raise InputRefused(f"the meter remembers {MAX_SPANS} interruptions and no more", do="start one without --state")
    return (*spans, Span(began_at=at))


def _ended(spans: tuple[Span, ...], at: datetime) -> tuple[Span, ...]:
    last = spans[-1]
    return (*spans[:-1], replace(last, ended_at=max(at, last.began_at)))


def load(path: Path, serial: str) -> History | None:
    """The history kept at `path`, or None where there is none yet.

    Raises InputRefused when the file cannot be read or belongs to another meter.
    """
    history = state_file.load(path, _from_json, refusal="this is not a meter's state", most_bytes=_MAX_BYTES)
    if history is None:
        return None
    if history.serial != serial:
        raise InputRefused(
            f"this is the state of meter {history.serial}", where=str(path), do=f"start it with --serial {serial}"
        )
    return history


def save(history: History, path: Path) -> None:
    """Write the history so that a kill or a power cut leaves the old or the new; raises EnvironmentRefused."""
    state_file.save(_to_json(history), path)


def _to_json(history: History) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "serial": history.serial,
        "installed_at": history.installed_at.isoformat(),
        "switch_state": history.switch_state.name,
        "voltage_v": history.voltage_v,
        "cuts": _spans_to_json(history.cuts),
        "openings": _spans_to_json(history.openings),
        "trips": _spans_to_json(history.trips),
        "is_head_on": history.is_head_on,
        "heard_counter": history.heard_counter,
        "clock": [
            [setting.at.isoformat(), setting.shows.isoformat(), setting.drift_ppm, setting.is_jump]
            for setting in history.clock.settings
        ],
        "entries": [[entry.log, entry.code, entry.stamp.isoformat()] for entry in history.entries],
        "sags": history.sags,
        "swells": history.swells,
        "new_keys": [[number, wrapped.hex()] for number, wrapped in history.new_keys],
        "columns": list(history.columns),
        "columns_since": history.columns_since.isoformat() if history.columns_since else None,
    }


def _from_json(document: dict[str, Any]) -> History:
    if document["format"] != FORMAT:
        raise ValueError("another format")
    return History(
        serial=str(document["serial"]),
        installed_at=_instant(document["installed_at"]),
        switch_state=SwitchState[document["switch_state"]],
        voltage_v=float(document["voltage_v"]),
        cuts=_spans_from_json(document["cuts"]),
        openings=_spans_from_json(document["openings"]),
        trips=_spans_from_json(document.get("trips", [])),
        is_head_on=bool(document.get("is_head_on", True)),
        heard_counter=int(document.get("heard_counter", 0)),
        clock=MeterClock(settings=tuple(_setting(*row) for row in document.get("clock", []))),
        entries=tuple(_entry(*row) for row in document.get("entries", [])),
        sags=int(document.get("sags", 0)),
        swells=int(document.get("swells", 0)),
        new_keys=tuple((int(number), bytes.fromhex(key)) for number, key in document.get("new_keys", [])),
        columns=tuple(str(name) for name in document.get("columns", [])),
        columns_since=_instant(since) if (since := document.get("columns_since")) else None,
    )


def _spans_to_json(spans: tuple[Span, ...]) -> list[list[str | None]]:
    return [[span.began_at.isoformat(), span.ended_at.isoformat() if span.ended_at else None] for span in spans]


def _spans_from_json(rows: list[list[str]]) -> tuple[Span, ...]:
    return tuple(Span(began_at=_instant(began), ended_at=_instant(ended) if ended else None) for began, ended in rows)


def _setting(at: str, shows: str, drift_ppm: float, is_jump: bool) -> Setting:
    return Setting(at=_instant(at), shows=_instant(shows), drift_ppm=float(drift_ppm), is_jump=bool(is_jump))


def _entry(log: str, code: int, stamp: str) -> Entry:
    return Entry(log=str(log), code=int(code), stamp=_instant(stamp))


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant without its offset")
    return instant.astimezone(UTC)
