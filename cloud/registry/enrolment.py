"""The enrolment file: all a gateway needs to enter the broker and to know the cloud's receipts for what they are.

Where a password opens the broker the file holds it, so it is readable by its owner only, written once, and never shown;
and where that broker speaks TLS, its authority's certificate lies beside the file under the name the file gives. Where
a certificate opens it, the file holds no secret and is one: the certificate works with the gateway's TLS key alone,
which never leaves the gateway, any more than the key it signs with.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from cloud.broker.settings import MqttSettings
from runtime.settings import quoted
from wire.ids import GatewayId
from wire.keys import PublicKey


@dataclass(frozen=True, slots=True)
class ByPassword:
    """Let in by a password."""

    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ByCertificate:
    """Let in by this certificate; the broker's own is signed by `authority`. Both PEM."""

    certificate: bytes
    authority: bytes


Admission: TypeAlias = ByPassword | ByCertificate


def authority_beside(out: Path) -> Path:
    """Where the certificate of the broker's authority goes when the enrolment file is `out` and holds a password."""
    return out.with_name(f"{out.stem}-ca.pem")


def enrolment_text(
    gateway: GatewayId,
    admission: Admission,
    mqtt: MqttSettings,
    receipt_key: PublicKey,
    billing_period_s: int,
    commanders: Mapping[str, PublicKey],
    out: Path,
) -> str:
    """The file for this gateway, TOML, as it shall lie at `out`; `commanders` are the keys that may order it things."""
    lines = [
        *_heading(admission),
        f"gateway_id = {quoted(gateway)}",
        "",
        "[mqtt]",
        f"host = {quoted(mqtt.host)}",
        f"port = {mqtt.port}",
        f"username = {quoted(gateway)}",
    ]
    match admission:
        case ByPassword(password):
            lines.append(f"password = {quoted(password)}")
            if mqtt.tls_ca_file is not None:
                lines.append(f"tls_ca_file = {quoted(authority_beside(out).name)}")
        case ByCertificate(certificate, authority):
            lines += [_block("certificate", certificate), _block("authority", authority)]
    cloud = [_block("receipt_public_key", receipt_key.to_pem()), f"billing_period_s = {billing_period_s}"]
    commands = ["", "[commands]", *(_block(name, key.to_pem()) for name, key in commanders.items())]
    return "\n".join([*lines, "", "[cloud]", *cloud, *(commands if commanders else []), ""])


def _heading(admission: Admission) -> list[str]:
    hand_over = "# Hand this to `lamplight-gateway enrol DIR FILE`"
    if isinstance(admission, ByPassword):
        return [f"{hand_over}, then delete it: it holds a password."]
    return [f"{hand_over}. It holds no secret: only this gateway can use it."]


def _block(name: str, pem: bytes) -> str:
    return f'{name} = """\n{pem.decode()}"""'
