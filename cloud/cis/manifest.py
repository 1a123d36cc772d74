"""The manifest of a drop: which files belong to it, what each holds, and how to see that it is whole.

    {"drop": "2026-08-03", "made_at": "2026-08-03T02:00:00-03:00",
     "files": [{"name": "bills.csv", "entity": "bills", "rows": 1, "sha256": "9f86d0..."}]}

A drop that is half there would be believed whole: last month's bills would seem to be missing. So the manifest is the
last thing that is written, and a drop that is not to the byte what it says is refused, all of it. In go the bytes of
`manifest.json`; out comes the list of files, whose names cannot lead out of the folder, or `DropRefused`.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NoReturn

from runtime.errors import InputRefused

NAME: Final = "manifest.json"
MAX_BYTES: Final = 1_000_000
MAX_FILES: Final = 100
MAX_ROWS: Final = 500_000
"""How many rows a drop may hold: all of it is kept in one transaction, and others wait for it."""

_NO_COUNT: Final = 10**12
"""No file has so many rows, and a number without an end is not repeated to anybody."""
_KEYS: Final = frozenset({"drop", "made_at", "files"})
_FILE_KEYS: Final = frozenset({"name", "entity", "rows", "sha256"})
_DROP_FORM: Final = re.compile(r"[A-Za-z0-9][\w.:-]{0,63}", re.ASCII)
_FILE_FORM: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,99}", re.ASCII)  # no slash: it stays in the folder
_SHA256_FORM: Final = re.compile(r"[0-9a-f]{64}")


class Entity(StrEnum):
    """What a file of a drop holds, in the order in which one hangs on another."""

    CUSTOMERS = "customers"
    ACCOUNTS = "accounts"
    USAGE_POINTS = "usage_points"
    DAILY_USE = "daily_use"
    CONTRACTS = "contracts"
    BILLS = "bills"
    PAYMENTS = "payments"
    HOUSEHOLDS = "households"
    CONSENTS = "consents"


class DropRefused(InputRefused):
    """The drop is not what its manifest says: nothing of it was kept, and the other system must write it anew."""

    def __init__(self, what: str, *, where: str = "") -> None:
        super().__init__(what, where=where, do="have the drop written again; nothing of it was kept")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A file as the manifest lists it; `rows` leaves the heading out."""

    name: str
    entity: Entity
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a drop is called, when it was made, and its files."""

    drop: str
    made_at: datetime
    files: tuple[Listed, ...]


def parse(data: bytes) -> Manifest:
    """What a manifest says; raises DropRefused, whatever the bytes are."""
    told = _table(_json(data), _KEYS, "the manifest")
    files = told["files"]
    if not isinstance(files, list) or not 0 < len(files) <= MAX_FILES:
        _refuse(f"'files' must list 1 to {MAX_FILES} files")
    listed = tuple(_listed(number, each) for number, each in enumerate(files, start=1))
    doubled = [name for name, times in Counter(each.name.casefold() for each in listed).items() if times > 1]
    if doubled:
        _refuse(f"{doubled[0]!r} is listed twice")
    if (rows := sum(each.rows for each in listed)) > MAX_ROWS:
        _refuse(f"{rows} rows in one drop; at most {MAX_ROWS} are taken, so let it be several drops")
    return Manifest(drop=_matching(_DROP_FORM, told["drop"], "drop"), made_at=_instant(told["made_at"]), files=listed)


def _listed(number: int, told: object) -> Listed:
    place = f"file {number}"
    table = _table(told, _FILE_KEYS, place)
    name = _matching(_FILE_FORM, table["name"], f"name of {place}")
    if name.casefold() == NAME:
        _refuse(f"{place} is the manifest itself")
    rows = table["rows"]
    if not isinstance(rows, int) or isinstance(rows, bool) or not 0 <= rows < _NO_COUNT:
        _refuse(f"'rows' of {name} must be a whole number")
    return Listed(
        name=name,
        entity=_entity(table["entity"], name),
        rows=rows,
        sha256=_matching(_SHA256_FORM, table["sha256"], f"sha256 of {name}"),
    )


def _json(data: bytes) -> object:
    try:
        return json.loads(data.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise DropRefused(f"the manifest is not JSON: {error}"[:200], where=NAME) from error


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _table(told: object, keys: frozenset[str], place: str) -> Mapping[str, object]:
    if not isinstance(told, dict):
        _refuse(f"{place} must be an object with {', '.join(sorted(keys))}")
    if missing := sorted(keys - told.keys()):
        _refuse(f"{place} lacks {missing[0]!r}")
    if unknown := sorted(told.keys() - keys):
        _refuse(f"{place} has the unknown key {unknown[0][:40]!r}")
    return told


def _matching(form: re.Pattern[str], told: object, what: str) -> str:
    if not isinstance(told, str) or not form.fullmatch(told):
        _refuse(f"the {what} cannot be {str(told)[:80]!r}")
    return told


def _instant(told: object) -> datetime:
    try:
        at = datetime.fromisoformat(_matching(re.compile(r"[0-9T:.+Z -]{10,40}"), told, "instant 'made_at'"))
        if at.utcoffset() is None:
            raise ValueError(told)
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        _refuse(
            f"'made_at' must be an instant with its offset, as in 2026-08-03T02:00:00-03:00, not {str(told)[:40]!r}"
        )


def _entity(told: object, name: str) -> Entity:
    try:
        return Entity(str(told))
    except ValueError:
        _refuse(f"{name} holds {str(told)[:40]!r}, which nobody here knows; one of: {', '.join(Entity)}")


def _refuse(what: str) -> NoReturn:
    raise DropRefused(what, where=NAME)
