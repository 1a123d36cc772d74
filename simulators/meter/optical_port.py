"""The optical port: which of its two languages it speaks now, and at what speed.

It wakes at 300 Bd in the sign-on of IEC 62056-21; an agreed change-over leads to HDLC at the agreed speed; DISC, or the
inactivity time-out, leads back. In come octets that were sent at the port's speed, out go transmissions, each with the
speed it is to be sent at and the reaction time before it. The port keeps no clock: time passes when it is told so.
"""

from simulators.meter.opto import SIGN_ON_BAUD, SignOn
from simulators.meter.station import INACTIVITY_TIMEOUT_S, Station
from simulators.meter.transmission import Transmission, frames_sent
from simulators.moment import Moment


class OpticalPort:
    """One reader's way into the meter."""

    def __init__(
        self, *, sign_on: SignOn, station: Station, inactivity_timeout_s: float = INACTIVITY_TIMEOUT_S
    ) -> None:
        self._sign_on = sign_on
        self._station = station
        self._inactivity_timeout_s = inactivity_timeout_s
        self._hdlc_baud: int | None = None
        self._changed_over_s = 0.0

    @property
    def frames_refused(self) -> int:
        """How many frames did not check out and were dropped."""
        return self._station.frames_refused

    def baud_at(self, mono_s: float) -> int:
        """The speed the port listens at."""
        self._expire(mono_s)
        return SIGN_ON_BAUD if self._hdlc_baud is None else self._hdlc_baud

    def feed(self, octets: bytes, now: Moment) -> list[Transmission]:
        """Take what was heard at the port's speed; give what to send."""
        self._expire(now.mono_s)
        if self._hdlc_baud is None:
            return self._feed_sign_on(octets, now.mono_s)
        baud, was_connected = self._hdlc_baud, self._station.is_connected
        frames = self._station.feed(octets, now)
        if was_connected and not self._station.is_connected:
            self._back_to_sign_on()
        return frames_sent(frames, baud)

    def power_off(self) -> None:
        """The supply is gone: every link and agreement with it."""
        self._back_to_sign_on()

    def hung_up(self) -> None:
        """Nothing to do: a wire does not tell that its reader is gone."""

    def _feed_sign_on(self, octets: bytes, mono_s: float) -> list[Transmission]:
        answers = self._sign_on.feed(octets, mono_s)
        for answer in answers:
            if answer.agreed_baud is not None:
                self._hdlc_baud = answer.agreed_baud
                self._changed_over_s = mono_s
        return [Transmission(octets=answer.octets, baud=SIGN_ON_BAUD, after_s=answer.after_s) for answer in answers]

    def _expire(self, mono_s: float) -> None:
        quiet_since_s = max(self._changed_over_s, self._station.last_frame_s)
        if self._hdlc_baud is not None and mono_s - quiet_since_s > self._inactivity_timeout_s:
            self._back_to_sign_on()

    def _back_to_sign_on(self) -> None:
        self._hdlc_baud = None
        self._sign_on.reset()
        self._station.reset()
