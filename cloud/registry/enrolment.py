"""The enrolment file: all a gateway needs to enter the broker and to know the cloud's receipts for what they are.

It holds a password, so it is readable by its owner only, written once, and never shown. The gateway's key is not in
it: that never leaves the gateway.
"""

from cloud.broker.settings import MqttSettings
from wire.ids import GatewayId
from wire.keys import PublicKey


def enrolment_text(gateway: GatewayId, password: str, mqtt: MqttSettings, receipt_key: PublicKey) -> str:
    """The file for this gateway, TOML."""
    lines = [
        "# Hand this to `lamplight-gateway init DIR --enrolment FILE` and delete it: it holds a password.",
        f"gateway_id = {_quoted(gateway)}",
        "",
        "[mqtt]",
        f"host = {_quoted(mqtt.host)}",
        f"port = {mqtt.port}",
        f"username = {_quoted(gateway)}",
        f"password = {_quoted(password)}",
    ]
    if mqtt.tls_ca_file is not None:
        lines.append(f"tls_ca_file = {_quoted(str(mqtt.tls_ca_file.resolve()))}")
    pem = receipt_key.to_pem().decode()
    return "\n".join([*lines, "", "[cloud]", f'receipt_public_key = """\n{pem}"""', ""])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
