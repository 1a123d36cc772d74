"""The enrolment: what the utility hands out so that this gateway may speak to its cloud.

A TOML file of mode 0600 with the broker's address, what opens it to this gateway, and the cloud's receipt key. It is
checked whole before anything of it is kept. A broker that is not on this machine must be reached by TLS.

What opens the broker is a password, or a certificate for the gateway's own TLS key beside the authority that signed it
and the broker's. A password is taken out before anything else looks at the file: it stands in no settings, no repr and
no error. Of a certificate the file says the first; later ones come over the broker and stand in `tls.pem` alone.
"""

import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.adapters.keys import tls_file
from runtime.durable import write_atomically
from runtime.errors import InputRefused, SettingsError
from runtime.loopback import is_loopback
from runtime.settings import from_table, read_table, setting
from wire.commands import AuthorityKey, Role
from wire.ids import GatewayId
from wire.keys import PublicKey
from wire.units import BILLING_PERIODS_S

_MODE, _OTHERS = 0o600, 0o077


class Secret:
    """A text that shows itself only when asked by name."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "***"

    def reveal(self) -> str:
        """The text, for the one place that needs it."""
        return self._text


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttTable:
    """The broker, as the file tells it."""

    host: str = setting(help="name or address of the broker")
    port: int = setting(8883, help="its port", minimum=1, maximum=65_535)
    username: str = setting(help="this gateway's user name")
    tls_ca_file: Path | None = setting(None, help="who signed the broker's certificate, PEM")
    certificate: str = setting("", help="what opens the broker with the gateway's TLS key, PEM")
    authority: str = setting("", help="who signed that certificate and the broker's, PEM")


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudTable:
    """The cloud, as the file tells it."""

    receipt_public_key: str = setting(help="the key that signs receipts, PEM")
    billing_period_s: int = setting(3_600, help="what bills are reckoned in; readings finer than it need consent")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandsTable:
    """Who may order this gateway anything, as the file tells it; nobody where it tells nothing."""

    operator: str | None = setting(None, help="the key that has meters read, PEM")
    configurer: str | None = setting(None, help="the key that changes settings, PEM")
    key_authority: str | None = setting(None, help="one of the two keys that together order what touches keys, PEM")
    second_key_authority: str | None = setting(None, help="the other one, PEM")


_ROLES = {
    "operator": Role.OPERATOR,
    "configurer": Role.CONFIGURER,
    "key_authority": Role.KEY_AUTHORITY,
    "second_key_authority": Role.KEY_AUTHORITY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentTable:
    """The file without its password."""

    gateway_id: str = setting(help="the gateway this is for")
    mqtt: MqttTable
    cloud: CloudTable
    commands: CommandsTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """Let in by a certificate: the first one, PEM, and whom to trust, PEM; `file` holds the one in use with its key."""

    first: str
    authority: str
    file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What this gateway needs to know of its cloud."""

    host: str
    port: int
    username: str
    password: Secret | None
    tls_ca_file: Path | None
    receipt_key: PublicKey
    billing_period_s: int = 3_600
    certified: Certified | None = None
    authority: tuple[AuthorityKey, ...] = ()

    @property
    def is_encrypted(self) -> bool:
        """Whether the way to the broker is TLS."""
        return self.tls_ca_file is not None or self.certified is not None


def load_enrolment(path: Path, gateway: GatewayId) -> Enrolment:
    """The enrolment kept at `path`; raises SettingsError or InputRefused, which never show the password."""
    enrolment = _checked(path, gateway)
    mode = path.stat().st_mode
    if mode & _OTHERS:
        do = f"chmod 600 {path}; if others could have read it, ask the utility to renew it"
        raise InputRefused(f"the enrolment is open to others (mode {mode & 0o777:o})", where=str(path), do=do)
    return enrolment


def _checked(path: Path, gateway: GatewayId) -> Enrolment:
    """What the file says, each part of it checked."""
    table, password = _read(path)
    found = from_table(EnrolmentTable, table, path)
    if found.gateway_id != gateway:
        do = "ask for the file made for this gateway's own public key"
        raise InputRefused(
            f"the enrolment is for gateway {found.gateway_id}, this is {gateway}", where=str(path), do=do
        )
    mqtt = found.mqtt
    certified = _certified(mqtt, path)
    if mqtt.tls_ca_file is None and certified is None and not is_loopback(mqtt.host):
        do = "add tls_ca_file to its [mqtt] table: passwords and readings do not cross a network in the clear"
        raise InputRefused(f"the broker {mqtt.host} is not on this machine and has no TLS", where=str(path), do=do)
    if mqtt.tls_ca_file is not None:
        _check_authority(mqtt.tls_ca_file)
    if found.cloud.billing_period_s not in BILLING_PERIODS_S:
        what = f"billing_period_s is none of {', '.join(map(str, BILLING_PERIODS_S))}"
        raise InputRefused(what, where=str(path), do="ask for the file again")
    return Enrolment(
        host=mqtt.host,
        port=mqtt.port,
        username=mqtt.username,
        password=password,
        tls_ca_file=mqtt.tls_ca_file,
        receipt_key=_key(found.cloud.receipt_public_key, "receipt_public_key", path),
        authority=_authority(found.commands, path),
        certified=certified,
        billing_period_s=found.cloud.billing_period_s,
    )


def _authority(table: CommandsTable, path: Path) -> tuple[AuthorityKey, ...]:
    """Who may order what; a key stands in one place, so that nobody is two."""
    pems = {name: getattr(table, name) for name in _ROLES}
    told = {name: _key(pem, f"commands.{name}", path) for name, pem in pems.items() if pem is not None}
    if len({key.key_id for key in told.values()}) < len(told):
        raise InputRefused("one key stands for two in [commands]", where=str(path), do="ask for the file again")
    return tuple(AuthorityKey(role=_ROLES[name], key=key) for name, key in told.items())


def _key(pem: str, name: str, path: Path) -> PublicKey:
    try:
        return PublicKey.from_pem(pem.encode())
    except ValueError as error:
        do = "ask for the file again"
        raise InputRefused(f"{name} is no P-256 or Ed25519 public key", where=str(path), do=do) from error


def _certified(mqtt: MqttTable, path: Path) -> Certified | None:
    if bool(mqtt.certificate) != bool(mqtt.authority):
        what = "a certificate and its authority come together"
        raise InputRefused(what, where=f"{path}: mqtt.certificate, mqtt.authority", do="ask for the file again")
    if not mqtt.certificate:
        return None
    try:
        ssl.create_default_context(cadata=mqtt.authority.encode("ascii").decode())
    except (OSError, ValueError) as error:  # an SSLError is an OSError, a UnicodeEncodeError a ValueError
        where = f"{path}: mqtt.authority"
        raise InputRefused("this is no certificate", where=where, do="ask for the file again") from error
    return Certified(first=mqtt.certificate, authority=mqtt.authority, file=tls_file(path))


def install_enrolment(source: Path, target: Path, gateway: GatewayId, now: datetime) -> Enrolment:
    """Check the enrolment at `source` and keep it as `target`, what opens the broker beside it.

    The certificate is kept first, with its key: a kill before the rest leaves an old enrolment with a pair that works.
    """
    enrolment = _checked(source, gateway)
    if (certified := enrolment.certified) is not None:
        from gateway.adapters.tls_identity import TlsIdentity  # it needs X.509, which is slow to load

        TlsIdentity(tls_file(target)).install(certified.first.encode(), certified.authority.encode(), gateway, now)
    if enrolment.tls_ca_file is not None and enrolment.tls_ca_file.is_relative_to(source.parent):
        beside = target.parent / enrolment.tls_ca_file.relative_to(source.parent)
        write_atomically(beside, enrolment.tls_ca_file.read_bytes(), mode=0o644)
    write_atomically(target, source.read_bytes(), mode=_MODE)
    return load_enrolment(target, gateway)


def _read(path: Path) -> tuple[dict[str, object], Secret | None]:
    try:
        table = read_table(path)
    except FileNotFoundError as error:
        do = "register the gateway (lamplight-cloud gateway add), then lamplight-gateway enrol DIR FILE"
        raise InputRefused("this gateway is not enrolled", where=str(path), do=do) from error
    except OSError as error:
        do = "check the file and its rights"
        raise SettingsError(f"cannot read the enrolment: {error.strerror}", where=str(path), do=do) from error
    except ValueError as error:
        # The parser's own words quote the line, which may be the password's.
        raise SettingsError("the enrolment is not valid TOML", where=str(path), do="ask for the file again") from error
    mqtt = table.get("mqtt")
    password = mqtt.pop("password", None) if isinstance(mqtt, dict) else None
    if password is None and isinstance(mqtt, dict) and "certificate" in mqtt:
        return table, None
    if not isinstance(password, str) or not password:
        raise SettingsError(
            "the password is missing or not text", where=f"{path}: mqtt.password", do="ask for it again"
        )
    return table, Secret(password)


def _check_authority(file: Path) -> None:
    if not file.is_file():
        raise InputRefused("there is no such certificate", where=str(file), do="put it beside the enrolment")
    try:
        ssl.create_default_context(cafile=str(file))
    except OSError as error:  # an SSLError is one
        raise InputRefused(f"this is no certificate: {error}", where=str(file), do="ask for the file again") from error
