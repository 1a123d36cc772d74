"""Captures of real meters, opened to the values their publishers give: ours, dlms-cosem's parsers and the Gurux client.

Every file of LAMPLIGHT_DATA/dlms-captures is taken. A file is decoded when every value its publisher gives came out;
refused when it gave none, by its kind; and wrong when it gave another value, or left one out. A file whose publisher
found its checksums broken ought to be refused, and counts as wrong when it is not.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.capture_peers import Told, told_by_dlms_cosem, told_by_gurux
from benchmarks.report import Matrix, Row, Skipped, main
from gateway.adapters.list_layouts import load_layouts
from gateway.core.dlms.obis import Obis
from gateway.core.dlms.push.capture import read_capture
from gateway.core.dlms.push.pushed import Push
from gateway.core.errors import CaptureRefused, Undecodable
from tests import captures

_AMOUNT = re.compile(r"^([\d:.*-]+)\(([\d.]+)\*(k?)[A-Za-z]+\)\r?$", re.MULTILINE)  # a line of one amount
_COLUMNS = ("published", "ours", "dlms-cosem", "Gurux")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One file: how many values were published, how many of each came out right, and why ours was refused."""

    name: str
    published: int
    ours: int
    dlms_cosem: int
    gurux: int
    refused: str
    ought_to_be_refused: bool

    @property
    def is_decoded(self) -> bool:
        """Whether every published value came out."""
        return not self.refused and not self.ought_to_be_refused and self.ours == self.published

    @property
    def is_wrong(self) -> bool:
        """Whether it gave something else, or what it ought not to have given."""
        return not self.is_decoded and (not self.refused or not self.ought_to_be_refused)


def measure(full: bool) -> list[Row | Matrix]:  # noqa: ARG001 - there is one profile
    """Every file that is there, once."""
    files = captures.load()
    if not files:
        raise Skipped("LAMPLIGHT_DATA names no folder with dlms-captures")
    found = [_opened(file) for file in files]
    per_file = tuple((one.published, one.ours, one.dlms_cosem, one.gurux) for one in found)
    matrix = Matrix(
        what="values that came out right, of each file",
        rows=tuple(one.name for one in found),
        columns=_COLUMNS,
        counts=per_file,
    )
    return [matrix, *_totals(found), *(_row(one) for one in found)]


def _totals(found: list[Opened]) -> list[Row]:
    decoded, wrong = sum(one.is_decoded for one in found), sum(one.is_wrong for one in found)
    deserved = sum(bool(one.refused) and one.ought_to_be_refused for one in found)
    peers = sum(one.dlms_cosem == one.published for one in found)
    gurux = sum(one.gurux == one.published for one in found)
    return [
        Row(what="files", ours=len(found), beside=len(found), beside_name="there", unit="files", key="files"),
        Row(what="decoded", ours=decoded, beside=peers, beside_name="dlms-cosem", unit="files", key="decoded"),
        Row(what="decoded", ours=decoded, beside=gurux, beside_name="Gurux", unit="files"),
        Row(what="refused as they deserve", ours=deserved, beside=0, beside_name="", unit="files", key="refused"),
        Row(what="wrong", ours=wrong, beside=0, beside_name="", unit="files", is_limit=True, key="wrong"),
    ]


def _row(one: Opened) -> Row:
    kind = f" ({one.refused})" if one.refused else ""
    name = "published" if not one.ought_to_be_refused else "to be refused"
    beside = 0 if one.ought_to_be_refused else one.published
    return Row(what=one.name + kind, ours=one.ours, beside=beside, beside_name=name, unit="values")


def _opened(file: Mapping[str, Any]) -> Opened:
    octets, keys = captures.octets(file), captures.keys(file)
    published = _published(file)
    refused, ours = "", 0
    try:
        pushes = read_capture(octets, keys, load_layouts())
        ours = sum(any(_same(_ours(push, name), value) for push in pushes) for name, value in published.items())
    except CaptureRefused as refusal:
        refused = refusal.kind
    theirs = [_right(told, published) for told in (told_by_dlms_cosem(octets, keys), told_by_gurux(octets, keys))]
    return Opened(
        name=file["id"],
        published=len(published),
        ours=ours,
        dlms_cosem=theirs[0],
        gurux=theirs[1],
        refused=refused,
        ought_to_be_refused=captures.is_damaged(file),
    )


def _published(file: Mapping[str, Any]) -> dict[str, Any]:
    """What the file's publisher gives: values by code or name, the amounts a telegram spells out, or an event."""
    if file["kind"] == "dlms-event-notification":
        return {"event": file["expected"]["event"], "sender": file["expected"]["equipment_identifier"]}
    if file["kind"] in captures.DLMS_KINDS:
        return dict(captures.published(file))
    telegram = file.get("plain_telegram") or file.get("telegram") or ""
    return {found[1]: float(found[2]) * (1000 if found[3] else 1) for found in _AMOUNT.finditer(telegram)}


def _ours(push: Push, name: str) -> object:
    if name == "event":
        return "" if push.event is None else push.event.kind.name
    if name == "sender":
        return push.sender
    try:
        name = str(Obis.parse(name)) if "-" in name else name
    except Undecodable:
        return None
    return captures.found(push, name)


def _right(told: list[Told] | None, published: Mapping[str, Any]) -> int:
    """How many published values a peer tells."""
    values = {one.code: one.value for one in told or ()}
    return sum(_same(_theirs(values, name), value) for name, value in published.items())


def _theirs(values: Mapping[str, float | str], name: str) -> float | str | None:
    groups = captures.NAMES.get(name, "").split()
    if not groups:
        return values.get(name)
    return next((value for code, value in values.items() if ".".join(code.split(".")[2:5]) in groups), None)


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) < 1e-6 * max(1.0, abs(other))
    return one == other


if __name__ == "__main__":
    sys.exit(main("captures", measure))
