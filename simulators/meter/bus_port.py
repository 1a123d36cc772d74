"""The wire of a bus: HDLC at one speed from the first octet, shared with other meters, each called by its address.

No sign-on, no agreement on speed: what is heard goes to the station, which answers to its own address and to no other.
"""

from simulators.meter.station import Station
from simulators.meter.transmission import Transmission, frames_sent
from simulators.moment import Moment


class BusPort:
    """One meter's place on the wire."""

    def __init__(self, *, station: Station, baud: int) -> None:
        self._station = station
        self._baud = baud

    @property
    def frames_refused(self) -> int:
        """How many frames did not check out and were dropped."""
        return self._station.frames_refused

    def baud_at(self, mono_s: float) -> int:
        """The speed of the bus."""
        self._station.expire(mono_s)
        return self._baud

    def feed(self, octets: bytes, now: Moment) -> list[Transmission]:
        """Take what was heard on the wire; give what to send."""
        return frames_sent(self._station.feed(octets, now), self._baud)

    def power_off(self) -> None:
        """The supply is gone, and the link with it."""
        self._station.reset()

    def hung_up(self) -> None:
        """Nothing to do: a wire does not tell that its reader is gone."""
