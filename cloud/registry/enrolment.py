"""The enrolment file: all a gateway needs to enter the broker and to know the cloud's receipts for what they are.

It holds a password, so it is readable by its owner only, written once, and never shown. The gateway's key is not in
it: that never leaves the gateway. Where the broker speaks TLS, its authority's certificate lies beside the file under
the name the file gives, so that the two can travel together.
"""

from pathlib import Path

from cloud.broker.settings import MqttSettings
from runtime.settings import quoted
from wire.ids import GatewayId
from wire.keys import PublicKey


def authority_beside(out: Path) -> Path:
    """Where the certificate of the broker's authority goes when the enrolment file is `out`."""
    return out.with_name(f"{out.stem}-ca.pem")


def enrolment_text(gateway: GatewayId, password: str, mqtt: MqttSettings, receipt_key: PublicKey, out: Path) -> str:
    """The file for this gateway, TOML, as it shall lie at `out`."""
    lines = [
        "# Hand this to `lamplight-gateway enrol DIR FILE`, then delete it: it holds a password.",
        f"gateway_id = {quoted(gateway)}",
        "",
        "[mqtt]",
        f"host = {quoted(mqtt.host)}",
        f"port = {mqtt.port}",
        f"username = {quoted(gateway)}",
        f"password = {quoted(password)}",
    ]
    if mqtt.tls_ca_file is not None:
        lines.append(f"tls_ca_file = {quoted(authority_beside(out).name)}")
    pem = receipt_key.to_pem().decode()
    return "\n".join([*lines, "", "[cloud]", f'receipt_public_key = """\n{pem}"""', ""])
