"""The conversation with the probe: what it said becomes observations, in order, each edge once its turn has come.

The probe repeats an edge every half second until it is acknowledged, and an edge is acknowledged only when the journal
holds what followed from it. So an edge may come many times, and one may come before its elder if the elder's frame was
spoilt; the younger then waits for the next round. It waits `_ELDER_PATIENCE_S` at most: a probe in a long blackout may
have let its oldest edges go.

Times come as the probe's uptime and leave as wall-clock instants: how long ago an edge was, counted back from now.
A probe of another protocol version raises `ProbeRefused`: guessing at supply states would be worse than silence.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.core.errors import ProbeRefused
from gateway.core.observations import EdgeId, ProbeBeat, ProbeLink, ProbeObservation, SupplyEdge
from gateway.core.probe.frames import (
    PROTOCOL,
    Ack,
    Beat,
    Decoder,
    Frame,
    GatewayHello,
    Hello,
    Noise,
    Supply,
    SupplyEvent,
    ToProbe,
    encode,
)

SILENCE_S = 3.5  # three beats missed, and a little
_ELDER_PATIENCE_S = 2.0  # four rounds of repeats
_UPTIME_MODULUS_MS = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """An edge came before its elder: since when it waits, in machine seconds."""

    waiting_for: EdgeId
    since_s: float


class ProbeSession:
    """One opened port's conversation; `newest_edge` is the youngest edge the journal already knows."""

    def __init__(self, *, newest_edge: EdgeId | None) -> None:
        self._decoder = Decoder()
        self._newest = newest_edge
        self._gap: _Gap | None = None
        self._heard_s: float | None = None
        self._seq = 0
        self.firmware = ""
        self.noises = 0

    def greeting(self) -> bytes:
        """What to send when the port has been opened."""
        return self._framed(GatewayHello())

    def acknowledgement(self, edge: EdgeId) -> bytes:
        """What to send when the journal holds what followed from `edge`."""
        return self._framed(Ack(boot_id=edge.boot_id, event_id=edge.event_id))

    def receive(self, data: bytes, *, now: datetime, monotonic_s: float) -> list[ProbeObservation]:
        """What the probe's bytes say; raises ProbeRefused."""
        observations: list[ProbeObservation] = []
        for frame in self._decoder.feed(data):
            if isinstance(frame, Noise):
                self.noises += 1
                continue
            if self._heard_s is None:
                observations.append(ProbeLink(up=True))
            self._heard_s = monotonic_s
            observations += self._understood(frame, now, monotonic_s)
        return observations

    def has_fallen_silent(self, monotonic_s: float, *, opened_s: float) -> bool:
        """Whether the probe has said nothing whole for so long that it must be gone."""
        return monotonic_s - (opened_s if self._heard_s is None else self._heard_s) > SILENCE_S

    def _understood(self, frame: Frame, now: datetime, monotonic_s: float) -> list[ProbeObservation]:
        match frame:
            case Hello():
                if frame.protocol != PROTOCOL:
                    what = f"it speaks version {frame.protocol} of the link, this gateway {PROTOCOL}"
                    raise ProbeRefused(what, do="update the older of the two")
                self.firmware = frame.firmware
            case Beat():
                return [ProbeBeat(present=frame.supply_present, input_mv=frame.input_mv)]
            case SupplyEvent():
                return self._edge(frame, now, monotonic_s)
            case _:
                pass  # our own words, echoed by a loop in the cable
        return []

    def _edge(self, event: SupplyEvent, now: datetime, monotonic_s: float) -> list[ProbeObservation]:
        edge = EdgeId(boot_id=event.boot_id, event_id=event.event_id)
        if self._must_wait(edge, monotonic_s):
            return []
        if self._newest is None or self._newest.boot_id != edge.boot_id or self._newest.event_id < edge.event_id:
            self._newest = edge
        age_ms = (event.now_ms - event.occurred_ms) % _UPTIME_MODULUS_MS
        occurred_at = now - timedelta(milliseconds=age_ms)
        return [SupplyEdge(edge=edge, present=event.what is Supply.BACK, occurred_at=occurred_at)]

    def _must_wait(self, edge: EdgeId, monotonic_s: float) -> bool:
        """Whether an elder edge of the same run of the probe has still to come."""
        newest = self._newest
        if newest is None or newest.boot_id != edge.boot_id or edge.event_id <= newest.event_id + 1:
            return False
        elder = EdgeId(boot_id=edge.boot_id, event_id=newest.event_id + 1)
        if self._gap is None or self._gap.waiting_for != elder:
            self._gap = _Gap(waiting_for=elder, since_s=monotonic_s)
        return monotonic_s - self._gap.since_s < _ELDER_PATIENCE_S

    def _framed(self, frame: ToProbe) -> bytes:
        self._seq += 1
        return encode(frame, self._seq)
