"""Captures of real meters in `LAMPLIGHT_DATA/dlms-captures`, and what their publishers say is in them."""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.pushed import Push
from runtime.secret import Secret

DLMS_KINDS = ("dlms-push", "dlms-event-notification")
# What amshan calls values, by the three groups of a code that tell a quantity.
NAMES = {
    "list_ver_id": "0.2.129", "meter_type": "96.1.7 96.1.1", "meter_id": "96.1.0 0.0.5 0.0.1",
    "active_power_import": "1.7.0", "active_power_export": "2.7.0",
    "reactive_power_import": "3.7.0", "reactive_power_export": "4.7.0",
    "current_l1": "31.7.0", "current_l2": "51.7.0", "current_l3": "71.7.0",
    "voltage_l1": "32.7.0", "voltage_l2": "52.7.0", "voltage_l3": "72.7.0",
    "active_power_import_total": "1.8.0", "active_power_export_total": "2.8.0",
    "reactive_power_import_total": "3.8.0", "reactive_power_export_total": "4.8.0",
}  # fmt: skip
NOT_SENT = ("meter_manufacturer", "meter_datetime")  # the one is in no message, the other is told as its time
WITHOUT_CODE = "0.0.0.0.0.0"  # dlms_parser's stand-in for the name of a list
# dlms_parser takes the index of each descriptor of a self-describing list for its value; these are the values.
CORRECTED = {
    "dlmsparser-raw_energomera": {
        "0.0.96.5.134.255": 1.0,
        "0.0.42.0.0.255": "EMR0222173608710",
        "0.0.96.1.0.255": "012415173608710",
        "0.0.97.98.0.255": 16.0,
        "0.0.97.98.10.255": 65535.0,
    }
}


def load(folder: str = "dlms-captures") -> list[dict[str, Any]]:
    """Every capture of the folder, as its file tells it; none where LAMPLIGHT_DATA is not set."""
    data = os.environ.get("LAMPLIGHT_DATA", "")
    return [json.loads(file.read_text()) for file in sorted(Path(data, folder).glob("*.json"))] if data else []


def octets(capture: Mapping[str, Any]) -> bytes:
    """The capture as it passed on the line."""
    text: str = capture.get("telegram", "")
    return bytes.fromhex(capture["raw_hex"]) if "raw_hex" in capture else text.encode("latin-1")


def keys(capture: Mapping[str, Any]) -> PushKeys | None:
    """The keys that were published with it."""
    key, auth_key = capture.get("encryption_key_hex"), capture.get("authentication_key_hex")
    if not key:
        return None
    return PushKeys(key=Secret(bytes.fromhex(key)), auth_key=Secret(bytes.fromhex(auth_key)) if auth_key else None)


def is_damaged(capture: Mapping[str, Any]) -> bool:
    """Whether its publisher's own check found that its checksums do not hold."""
    return False in (capture.get("verified", {}).get(name) for name in ("hcs_ok", "fcs_ok", "checksum_ok"))


def published(capture: Mapping[str, Any]) -> dict[str, object]:
    """Its values as published, by code or by name; those that no message holds are left out."""
    values = CORRECTED.get(capture["id"], capture.get("expected", {}))
    return {name: _comparable(value) for name, value in values.items() if name not in NOT_SENT}


def found(push: Push, name: str) -> object:
    """What a push says under a published name or code, None where it says nothing."""
    values = {str(reading.obis): _comparable(reading.value) for reading in push.readings}
    if name[0].isdigit():
        return values.get(name if name != WITHOUT_CODE else "1.1.0.2.129.255")
    wanted = NAMES[name].split()
    return next((value for code, value in values.items() if ".".join(code.split(".")[2:5]) in wanted), None)


def _comparable(value: float | Decimal | str) -> object:
    if isinstance(value, (int, float, Decimal)):
        return round(float(value), 6)
    try:
        return datetime.fromisoformat(value).replace(tzinfo=None)
    except ValueError:
        return value
