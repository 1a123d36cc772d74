"""An uplink that is opened by a certificate, and asks for the next one when two thirds of its life are over.

    is it due? --request, signed by the gateway's own key--> up/csr ... down/cert --> checked and kept

It stands between the forwarder and the uplink and uses the connection that is there; the events' way does not know of
it. A request is asked again until it is answered, ever later, an hour apart at most. The connection stays as it is: the
new certificate opens the next one. What comes unasked, or is of no use, changes nothing and is told once a request.

A certificate that ended before a new one came opens nothing, and then a person has to help: the error says how.
"""

from collections.abc import Sequence

from gateway.core.arrival import Arrival
from gateway.core.errors import UplinkLost
from gateway.core.patience import Patience
from gateway.service.ports import TlsCertificate, Uplink
from runtime import logs
from runtime.clock import Clock
from runtime.errors import EnvironmentRefused, InputRefused
from wire import topics
from wire.ids import GatewayId

log = logs.get(__name__)

LOOK_EVERY_S = 3_600.0
_ASK_AGAIN = Patience(first_s=30, longest_s=LOOK_EVERY_S)


class CertifiedUplink:
    """An `Uplink` over another one, whose certificate it keeps fresh."""

    def __init__(self, uplink: Uplink, certificate: TlsCertificate, gateway: GatewayId, clock: Clock) -> None:
        self._uplink = uplink
        self._certificate = certificate
        self._gateway = gateway
        self._clock = clock
        self._look_at_s = clock.monotonic()
        self._times_asked = 0
        self._is_refusal_told = False

    def open(self) -> None:
        try:
            self._uplink.open()
        except UplinkLost as lost:
            self._tell_if_ended(lost)
            raise

    def fits(self, payload: bytes) -> bool:
        return self._uplink.fits(payload)

    def room(self) -> int:
        return self._uplink.room()

    def is_quiet(self) -> bool:
        return self._uplink.is_quiet()

    def publish(self, topic: str, payload: bytes) -> None:
        self._uplink.publish(topic, payload)

    def wait(self, timeout_s: float) -> Sequence[Arrival]:
        if self._clock.monotonic() >= self._look_at_s and self._uplink.room():
            self._look()
        came = self._uplink.wait(timeout_s)
        for arrival in came:
            if arrival.kind is topics.Kind.CERTIFICATE:
                self._keep(arrival.payload)
        return [arrival for arrival in came if arrival.kind is not topics.Kind.CERTIFICATE]

    def close(self) -> None:
        self._uplink.close()

    def _look(self) -> None:
        """Ask for the next certificate if it is time; if not, look again in an hour."""
        wait_s = LOOK_EVERY_S
        try:
            if self._certificate.standing().is_due(self._clock.now()):
                self._times_asked += 1
                wait_s = _ASK_AGAIN.wait_s(self._times_asked, chance=0.5)
                self._is_refusal_told = False
                self._uplink.publish(topics.certificate_request(self._gateway), self._certificate.request())
        except (InputRefused, EnvironmentRefused) as refused:
            log.warning("certificate_not_asked_for", reason=str(refused))
        self._look_at_s = self._clock.monotonic() + wait_s

    def _keep(self, pem: bytes) -> None:
        try:
            standing = self._certificate.take_over(pem, self._clock.now())
        except (InputRefused, EnvironmentRefused) as refused:
            if not self._is_refusal_told:
                log.warning("certificate_refused", reason=str(refused))
            self._is_refusal_told = True
            return
        self._times_asked = 0
        self._look_at_s = self._clock.monotonic() + LOOK_EVERY_S
        log.info("certificate_renewed", ends=f"{standing.ends_at:%Y-%m-%d}")

    def _tell_if_ended(self, lost: UplinkLost) -> None:
        """Raise why the broker really did not open, if it is that."""
        try:
            standing = self._certificate.standing()
        except (InputRefused, EnvironmentRefused) as refused:
            raise UplinkLost(str(refused)) from lost
        if standing.has_ended(self._clock.now()):
            what = f"the certificate that opens the broker ended on {standing.ends_at:%Y-%m-%d}"
            do = "ask the utility for a new enrolment file: lamplight-cloud gateway renew"
            raise UplinkLost(what, do=do) from lost
