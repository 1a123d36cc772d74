"""Registering gateways: which key speaks for which meters, and who may enter the broker.

Three things change together: the registry, the enrolment file, and the broker's passwords or list of the revoked. The
file is written inside the registry's transaction, so that neither stands without the other; what the broker reads is
written whole from the registry afterwards, and again whenever a broker starts, so that a crash in between mends itself.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from sqlalchemy import Connection

from cloud.broker import passwords
from cloud.broker.folder import BrokerFolder
from cloud.broker.settings import MqttSettings
from cloud.kernel.db import Database
from cloud.kernel.errors import DatabaseError
from cloud.kernel.ids import MeterSerial, UsagePointId
from cloud.registry import certificate_store, key_store, store
from cloud.registry.enrolment import Admission, ByCertificate, ByPassword, authority_beside, enrolment_text
from cloud.registry.model import Gateway, Place, Status
from runtime.clock import Clock
from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused, InputRefused
from wire.ids import GatewayId, gateway_id_of
from wire.key_life import Cut, SigningKey
from wire.keys import PublicKey

if TYPE_CHECKING:
    from cloud.registry.certifier import Certifier  # it needs X.509, which is slow to load

NO_PASSWORD: Final = ""
"""Instead of a hash: the gateway enters by certificate."""

MAX_PLACES: Final = 64
"""How many meters a gateway speaks for at most; an RS-485 bus carries 32 of them without a repeater."""


class Registrar:
    """Adds gateways, gives them new passwords, and takes them out."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        broker: BrokerFolder,
        mqtt: MqttSettings,
        receipt_key: PublicKey,
        certifier: "Certifier | None" = None,
        billing_period_s: int = 3_600,
        commanders: Mapping[str, PublicKey] = MappingProxyType({}),
    ) -> None:
        """With a `certifier` certificates open the broker, else passwords."""
        self._billing_period_s = billing_period_s
        self._database = database
        self._clock = clock
        self._broker = broker
        self._mqtt = mqtt
        self._receipt_key = receipt_key
        self._certifier = certifier
        self._commanders = commanders

    def add(
        self, *, public_key: PublicKey, places: Sequence[Place], out: Path, handed_in: bytes | None = None
    ) -> Gateway:
        """Register the gateway that holds this key for its meters, and write its enrolment file to `out`.

        Args:
            handed_in: where the request stands that it signed to be given a certificate (`gateway.pub.pem`); needed
                where certificates open the broker.

        Raises: InputRefused when the key or a meter is taken, a home or meter stands twice, the request is not this
        gateway's, or `out` exists; EnvironmentRefused.
        """
        _refuse_odd(places)
        gateway = Gateway(
            id=gateway_id_of(public_key.spki),
            key=public_key,
            places=tuple(places),
            status=Status.ACTIVE,
            status_reason="",
            added_at=self._clock.now(),
        )
        _refuse_existing(out)
        try:
            with self._database.transaction() as connection:
                _refuse_known(store.get(connection, gateway.id))
                _refuse_known(store.by_key_id(connection, [public_key.key_id]).get(public_key.key_id))
                for place in places:
                    _refuse_taken(place.meter, store.of_meter(connection, place.meter))
                store.add(connection, gateway, NO_PASSWORD)
                self._write_enrolment(gateway.id, self._admit(connection, gateway, handed_in), out)
                added = _known(store.get(connection, gateway.id), gateway.id)
        except DatabaseError:
            out.unlink(missing_ok=True)
            raise
        self.write_broker_access()
        return added

    def renew(self, gateway: GatewayId, out: Path, handed_in: bytes | None = None) -> None:
        """Give a gateway a new password or certificate and write a new enrolment file; an old password ends at once.

        With nothing handed in its certificate is of the TLS key it had; a request for another key ends those of the
        older. Raises: InputRefused when there is no such gateway, it is revoked, or `out` exists.
        """
        _refuse_existing(out)
        try:
            with self._database.transaction() as connection:
                known = _known(store.get(connection, gateway), gateway)
                if known.status is Status.REVOKED:
                    raise InputRefused(f"gateway {gateway} is revoked", do="give it a new key and add that")
                self._write_enrolment(gateway, self._admit(connection, known, handed_in), out)
        except DatabaseError:
            out.unlink(missing_ok=True)
            raise
        self.write_broker_access()

    def revoke(self, gateway: GatewayId, reason: str, until: Cut | None = None) -> None:
        """Believe a gateway no more, for good; what lies before `until`, where given, is believed whenever it comes.

        Raises: InputRefused when there is no such gateway.
        """
        with self._database.transaction() as connection:
            known = _known(store.get(connection, gateway), gateway)
            store.set_status(connection, gateway, Status.REVOKED, reason, self._clock.now())
            if until is not None or known.keys:
                key_store.replace(connection, gateway, _ended(known, until))
            certificate_store.revoke(connection, gateway, self._clock.now())
        self.write_broker_access()

    def speaking_for(self, gateway: GatewayId, meter: str) -> Gateway:
        """The gateway, if it is active and reads this meter; raises InputRefused, which says what it is instead."""
        with self._database.read() as connection:
            known = _known(store.get(connection, gateway), gateway)
        if known.status is not Status.ACTIVE:
            raise InputRefused(f"gateway {gateway} is {known.status}", do="give it a new key and add that")
        if known.place_of(meter) is None:
            meters = ", ".join(place.meter for place in known.places)
            raise InputRefused(f"gateway {gateway} does not read meter {meter!r:.40}", do=f"it reads {meters}")
        return known

    def everything(self) -> list[Gateway]:
        """All gateways, the longest known first."""
        with self._database.read() as connection:
            return store.everything(connection)

    def certificate_ends(self) -> dict[GatewayId, datetime]:
        """Until when each gateway that has a certificate can enter the broker with it."""
        with self._database.read() as connection:
            return certificate_store.ends(connection)

    def write_broker_access(self) -> None:
        """Let exactly the gateways into the broker that are not revoked, at once if it runs."""
        now = self._clock.now()
        with self._database.read() as connection:
            hashes = store.password_hashes(connection)
            revoked = store.revoked(connection)
            if self._certifier is not None:
                self._certifier.tend(self._mqtt.host, now)
                self._certifier.write_revoked(connection, now)
        self._broker.write_access(hashes, revoked)
        self._broker.tell_running_broker()

    def _admit(self, connection: Connection, gateway: Gateway, handed_in: bytes | None) -> Admission:
        """What opens the broker to this gateway from now on."""
        if self._certifier is None:
            password = passwords.new_password()
            store.set_password_hash(connection, gateway.id, passwords.hashed(password))
            return ByPassword(password)
        store.set_password_hash(connection, gateway.id, NO_PASSWORD)
        pem = self._certifier.admit(connection, gateway, handed_in, self._clock.now())
        authority = self._certifier.authority_pem
        if self._mqtt.tls_ca_file is not None:
            authority = _read_authority(self._mqtt.tls_ca_file)
        return ByCertificate(pem, authority)

    def _write_enrolment(self, gateway: GatewayId, admission: Admission, out: Path) -> None:
        if isinstance(admission, ByPassword) and self._mqtt.tls_ca_file is not None:
            write_atomically(authority_beside(out), _read_authority(self._mqtt.tls_ca_file), mode=0o644)
        text = enrolment_text(
            gateway, admission, self._mqtt, self._receipt_key, self._billing_period_s, self._commanders, out
        )
        write_atomically(out, text.encode(), mode=0o600)


def parse_public_key(pem: bytes, where: str) -> PublicKey:
    """The key in a PEM file somebody handed in; raises InputRefused with what to hand in instead."""
    do = "hand in the file gateway.pub.pem that `lamplight-gateway init` wrote"
    if b"PRIVATE KEY" in pem:
        raise InputRefused("this is a private key, which must never leave its gateway", where=where, do=do)
    try:
        return PublicKey.from_pem(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputRefused("this is not a P-256 or Ed25519 public key in PEM form", where=where, do=do) from error


def parse_places(usage_points: Sequence[str], meters: Sequence[str]) -> list[Place]:
    """Homes and their meters as somebody typed them, in matching order; raises InputRefused."""
    if len(usage_points) != len(meters):
        what = f"{len(usage_points)} usage points and {len(meters)} meters"
        raise InputRefused(what, do="give --usage-point UP --meter SERIAL once for each meter, in matching order")
    pairs = zip(usage_points, meters, strict=True)
    return [Place(usage_point=UsagePointId.parse(home), meter=MeterSerial.parse(meter)) for home, meter in pairs]


def parse_gateway_id(text: str) -> GatewayId:
    """A gateway's identifier somebody typed; raises InputRefused."""
    try:
        return GatewayId.parse(text.strip().upper())
    except ValueError as error:
        raise InputRefused(f"{text[:40]!r} is not a gateway", do="see `lamplight-cloud gateway list`") from error


def _known(gateway: Gateway | None, asked: GatewayId) -> Gateway:
    if gateway is None:
        raise InputRefused(f"there is no gateway {asked}", do="see `lamplight-cloud gateway list`")
    return gateway


def _ended(gateway: Gateway, until: Cut | None) -> list[SigningKey]:
    """Its keys, none of which signs anything past `until`."""
    keys = gateway.signing_keys
    if until is None:
        return [*keys[:-1], replace(keys[-1], until=None)]
    return [replace(key, until=until.earlier(key.until)) for key in keys]


def _refuse_odd(places: Sequence[Place]) -> None:
    if not 1 <= len(places) <= MAX_PLACES:
        raise InputRefused(f"a gateway cannot speak for {len(places)} meters", do=f"name 1 to {MAX_PLACES} of them")
    if meter := _twice(place.meter for place in places):
        raise InputRefused(f"meter {meter} stands twice", do="name each meter once")
    if home := _twice(place.usage_point for place in places):
        raise InputRefused(f"usage point {home} stands twice", do="a home has one meter: name each home once")


def _twice(names: Iterable[str]) -> str | None:
    return next((name for name, times in Counter(names).items() if times > 1), None)


def _refuse_known(same: Gateway | None) -> None:
    if same is not None and same.status is Status.ACTIVE:
        do = f"for a new enrolment file run `lamplight-cloud gateway renew {same.id}`"
        raise InputRefused(f"gateway {same.id} is registered already", do=do)
    if same is not None:
        raise InputRefused(f"gateway {same.id} is {same.status}: its key is not believed", do="give it a new key")


def _refuse_taken(meter: MeterSerial, holder: Gateway | None) -> None:
    if holder is not None:
        do = f"run `lamplight-cloud gateway revoke {holder.id}` first if that one is out of service"
        raise InputRefused(f"gateway {holder.id} already speaks for meter {meter}", do=do)


def _read_authority(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        do = "check mqtt.tls_ca_file in cloud.toml"
        raise EnvironmentRefused(f"cannot read: {error.strerror}", where=str(file), do=do) from error


def _refuse_existing(out: Path) -> None:
    if out.exists():
        raise InputRefused("the enrolment file exists already", where=str(out), do="name another file, or remove it")
