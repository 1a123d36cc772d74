"""The signed originals in a file that left the house: a CloudEvent, a batch of them, an EndDeviceEvents message, or
the journal of a gateway as `lamplight-gateway journal export` writes it, one JSON object a line.

For whoever was handed such a file and wants to know whether it is true. Only the original proves anything; what stands
around it is compared with the original afterwards (`explain`). The file may come from anybody, so it is read strictly:
bounded in size, in depth and in how much evidence it holds, without entities or a document type (XML), without
duplicate names (JSON).
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final
from xml.parsers import expat

from cloud.outward.cim_message import EVIDENCE, NAMESPACE
from runtime.errors import InputRefused

MOST_BYTES: Final = 100_000_000
_MOST_EVIDENCE: Final = 100_000
_MOST_DEPTH: Final = 16
_MOST_TEXT_CHARS: Final = 200_000  # base64 of the largest envelope, and room
_BLANK: Final = b"\xef\xbb\xbf \t\r\n"
_MOST_HEAD_BYTES: Final = 1_000
_DO: Final = "hand in a CloudEvent, a batch of them, an EndDeviceEvents message, or an exported journal of Lamplight's"


class Form(Enum):
    """What kind of file it is; what an event in it says is compared as that, whatever names it uses."""

    CLOUDEVENTS = auto()
    CIM = auto()
    JOURNAL = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An event in a file: the original, and what the file says of it, by the names of its form."""

    said: Mapping[str, Any]
    sealed: bytes
    form: Form


def is_one(data: bytes) -> bool:
    """Whether it looks like JSON or XML; an envelope does not, nor does its hexadecimal text."""
    return data.lstrip(_BLANK)[:1] in (b"{", b"[", b"<")


def claims(data: bytes) -> list[Claim]:
    """Every claim of a file, in its order; raises InputRefused for what is no such file, or holds none."""
    if len(data) > MOST_BYTES:
        raise InputRefused(f"more than {MOST_BYTES:,} bytes", do=_DO)
    read = _of_xml if data.lstrip(_BLANK).startswith(b"<") else _of_journal if _is_journal(data) else _of_json
    found = list(read(data))
    if not found:
        raise InputRefused("there is no evidence in it", do=_DO)
    return found


def _is_journal(data: bytes) -> bool:
    """Whether its first line says whose journal it is."""
    first = data.lstrip(_BLANK)[:_MOST_HEAD_BYTES].partition(b"\n")[0]
    try:
        head = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(head, dict) and head.keys() >= {"gateway", "gen", "boots"}


def _of_journal(data: bytes) -> Iterator[Claim]:
    """Every row that was sealed; what was set aside before it could be sealed has nothing that proves it."""
    _, *lines = data.lstrip(_BLANK).split(b"\n", _MOST_EVIDENCE + 1)
    if len(lines) > _MOST_EVIDENCE and lines[-1].strip():
        raise InputRefused(f"more than {_MOST_EVIDENCE:,} events", do="export one lane at a time: --lane")
    for line in filter(bytes.strip, lines):
        match _loaded(line):
            case {"envelope": str(text)} as row:
                yield Claim(said=row, sealed=_octets(text), form=Form.JOURNAL)
            case {"set_aside": str(), "seq": None}:
                continue
            case _:
                raise InputRefused("an event without evidence", do=_DO)


def _loaded(data: bytes) -> Any:
    try:
        return json.loads(data, object_pairs_hook=_no_twins)
    except (ValueError, RecursionError) as error:
        raise InputRefused(f"this is no JSON we read: {str(error)[:80]}", do=_DO) from error


def _of_json(data: bytes) -> Iterator[Claim]:
    document = _loaded(data)
    events = document if isinstance(document, list) else [document]
    if len(events) > _MOST_EVIDENCE:
        raise InputRefused(f"more than {_MOST_EVIDENCE:,} events", do="hand it in in parts")
    for event in events:
        match event:
            case {"data": {"evidence": {"cose_sign1": str(text)}}}:
                yield Claim(said=event, sealed=_octets(text), form=Form.CLOUDEVENTS)
            case _:
                raise InputRefused("an event without evidence", do=_DO)


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _of_xml(data: bytes) -> list[Claim]:
    reader = _Reader()
    parser = expat.ParserCreate("UTF-8", " ")  # whatever it says of its own encoding
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise InputRefused(f"this is no XML: {error}", do=_DO) from error
    return reader.claims


class _Reader:
    """Collects the evidence of each EndDeviceEvent."""

    def __init__(self) -> None:
        self.claims: list[Claim] = []
        self._path: list[str] = []
        self._text: list[str] = []
        self._chars = 0
        self._said: dict[str, str] = {}
        self._detail = ""
        self._sealed: bytes | None = None

    def doctype(self, *_: object) -> None:
        raise InputRefused("a document type is read from nobody", do=_DO)

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        self._path.append(tag.removeprefix(f"{NAMESPACE} "))
        if len(self._path) > _MOST_DEPTH:
            raise InputRefused("its elements are nested too deeply", do=_DO)
        self._text, self._chars = [], 0
        if len(self._path) == 2:
            self._said, self._sealed = {}, None
        if self._path[1:] == ["EndDeviceEvent", "EndDeviceEventType"]:
            self._said["EndDeviceEventType"] = attributes.get("ref", "")

    def text(self, text: str) -> None:
        self._chars += len(text)
        if self._chars > _MOST_TEXT_CHARS:
            raise InputRefused("a text in it is too long", do=_DO)
        self._text.append(text)

    def end(self, _tag: str) -> None:
        text, path = "".join(self._text).strip(), self._path[1:]
        match path:
            case ["EndDeviceEvent", ("issuerTrackingID" | "createdDateTime") as name]:
                self._said[name] = text
            case ["EndDeviceEvent", "EndDeviceEventDetails", "name"]:
                self._detail = text
            case ["EndDeviceEvent", "EndDeviceEventDetails", "value"] if self._detail == EVIDENCE:
                self._sealed = _octets(text)
            case ["EndDeviceEvent"]:
                self._event_ended()
        self._path.pop()
        self._text, self._chars = [], 0

    def _event_ended(self) -> None:
        if self._sealed is None:
            raise InputRefused("an event without evidence", do=_DO)
        if len(self.claims) >= _MOST_EVIDENCE:
            raise InputRefused(f"more than {_MOST_EVIDENCE:,} events", do="hand it in in parts")
        self.claims.append(Claim(said=self._said, sealed=self._sealed, form=Form.CIM))


def _octets(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputRefused("evidence that is no base64", do=_DO) from error
