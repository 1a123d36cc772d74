"""Where the broker is, and where the one we start ourselves listens."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from runtime.errors import SettingsError
from runtime.loopback import is_loopback
from runtime.settings import setting


class Entrance(StrEnum):
    """What opens the broker to gateways and to the cloud."""

    PASSWORD = "password"  # noqa: S105 - a word, and none that opens anything
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSettings:
    """How gateways and the cloud reach the broker."""

    host: str = setting("127.0.0.1", help="the broker's name or address, as gateways and the cloud reach it")
    port: int = setting(18_830, help="the broker's port", minimum=1, maximum=65_535)
    entrance: str = setting(
        Entrance.PASSWORD,
        help="what opens the broker: a password, or a certificate of the cloud's own authority (mutual TLS)",
        choices=tuple(Entrance),
    )
    tls_ca_file: Path | None = setting(
        None,
        help="the authority that signed the broker's certificate, PEM; needed unless host is this machine, or the"
        " entrance is by certificate and the broker's own is of the cloud's authority too",
    )

    @property
    def is_by_certificate(self) -> bool:
        """Whether the broker is opened by certificates, and by nothing else."""
        return self.entrance == Entrance.CERTIFICATE

    def check(self) -> None:
        """Raise SettingsError when passwords would travel in the clear."""
        if not is_loopback(self.host) and self.tls_ca_file is None and not self.is_by_certificate:
            raise SettingsError(
                f"the broker at {self.host} would be reached without TLS",
                where="mqtt.tls_ca_file",
                do="name the authority that signed the broker's certificate, or use a broker on this machine",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings:
    """The broker that `lamplight-cloud broker` starts; it listens on mqtt.port."""

    listen: str = setting("127.0.0.1", help="the address the broker listens on")
    certificate_file: Path | None = setting(None, help="the broker's certificate chain, PEM")
    key_file: Path | None = setting(None, help="the private key of the broker's certificate, PEM")
    certificate_days: int = setting(
        90, help="how long a gateway's certificate lives; it is renewed after two thirds", minimum=1, maximum=825
    )

    def check(self, *, is_tls_our_own: bool = False) -> None:
        """Raise SettingsError unless the broker is on this machine only or speaks TLS."""
        if (self.certificate_file is None) is not (self.key_file is None):
            raise SettingsError(
                "a certificate needs its private key",
                where="broker.certificate_file, broker.key_file",
                do="give both or neither",
            )
        if not is_loopback(self.listen) and self.certificate_file is None and not is_tls_our_own:
            raise SettingsError(
                f"the broker would listen on {self.listen} without TLS",
                where="broker.listen",
                do="give broker.certificate_file and broker.key_file, or listen on 127.0.0.1",
            )
