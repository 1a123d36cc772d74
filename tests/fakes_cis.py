"""A customer system that writes drops: Ana's, as they should be, and whatever a test wants otherwise."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

Row = dict[str, str]

CUSTOMER = {
    "customer": "C-1", "name": "Ana Souza", "email": "ana@example.com", "phone": "+5541999990001", "language": "pt-BR",
}  # fmt: skip
ACCOUNT = {"account": "A-1", "customer": "C-1", "currency": "BRL"}
HOME = {
    "usage_point": "UP-0001", "meter": "LMP00000001", "account": "A-1", "time_zone": "America/Sao_Paulo",
    "address": "Rua das Flores 12",
}  # fmt: skip
DAY = {"usage_point": "UP-0001", "day": "2026-05-31", "energy_wh": "10000"}
CONTRACT = {
    "contract": "K-1", "account": "A-1", "usage_point": "UP-0001", "tariff": "rede-acacias-b1",
    "valid_from": "2025-01-01", "valid_to": "", "cycle_day": "1", "weather_station": "curitiba",
}  # fmt: skip
MAY = {
    "bill": "B-05", "account": "A-1", "contract": "K-1", "first_day": "2026-05-01", "last_day": "2026-05-31",
    "energy_wh": "310000", "total": "284.12", "currency": "BRL", "quality": "actual", "issued_on": "2026-06-02",
    "due_on": "2026-06-12",
}  # fmt: skip
JUNE = MAY | {
    "bill": "B-06", "first_day": "2026-06-01", "last_day": "2026-06-30", "issued_on": "2026-07-02",
    "due_on": "2026-07-12",
}  # fmt: skip
PAYMENT = {"payment": "P-05", "account": "A-1", "amount": "284.12", "currency": "BRL", "paid_on": "2026-06-10"}
FACT = {"customer": "C-1", "fact": "household_size", "value": "3", "as_of": "2026-03-01"}
CONSENT = {
    "customer": "C-1", "purpose": "billing", "channel": "email", "given_at": "2026-01-05T10:00:00-03:00",
    "evidence": "form 12", "withdrawn_at": "",
}  # fmt: skip

WHOLE: Mapping[str, Sequence[Row]] = {
    "customers": [CUSTOMER],
    "accounts": [ACCOUNT],
    "usage_points": [HOME],
    "daily_use": [DAY],
    "contracts": [CONTRACT],
    "bills": [MAY, JUNE],
    "payments": [PAYMENT],
    "households": [FACT],
    "consents": [CONSENT],
}


def csv_of(rows: Sequence[Row]) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, rows[0])  # ends lines with CR LF, so that it quotes either
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def listed(entity: str, data: bytes, rows: int) -> dict[str, object]:
    """A file as the manifest lists it."""
    digest = hashlib.sha256(data).hexdigest()
    return {"name": f"{entity}.csv", "entity": entity, "rows": rows, "sha256": digest}


def manifest_of(files: Iterable[Mapping[str, object]], *, drop: str = "D-1", day: int = 1) -> bytes:
    made_at = f"2026-11-{day:02}T02:00:00-03:00"
    return json.dumps({"drop": drop, "made_at": made_at, "files": list(files)}).encode()


def write_drop(folder: Path, entities: Mapping[str, Sequence[Row]], *, drop: str = "D-1", day: int = 1) -> Path:
    """A drop with these rows, as it should be."""
    path = folder / drop
    path.mkdir()
    files = []
    for entity, rows in entities.items():
        data = csv_of(rows)
        (path / f"{entity}.csv").write_bytes(data)
        files.append(listed(entity, data, len(rows)))
    (path / "manifest.json").write_bytes(manifest_of(files, drop=drop, day=day))
    return path
