"""The signed originals in a file that left the house: a CloudEvent, a batch of them, or an EndDeviceEvents message.

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
from typing import Any, Final
from xml.parsers import expat

from cloud.outward.cim_message import EVIDENCE, NAMESPACE
from runtime.errors import InputRefused

MOST_BYTES: Final = 100_000_000
_MOST_EVIDENCE: Final = 100_000
_MOST_DEPTH: Final = 16
_MOST_TEXT_CHARS: Final = 200_000  # base64 of the largest envelope, and room
_DO: Final = "hand in a CloudEvent, a batch of them, or an EndDeviceEvents message of Lamplight's"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An event in a file: the original, and what the file says of it, by the names of our own forms."""

    said: Mapping[str, Any]
    sealed: bytes


def is_one(data: bytes) -> bool:
    """Whether it looks like JSON or XML; an envelope does not, nor does its hexadecimal text."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[", b"<")


def claims(data: bytes) -> list[Claim]:
    """Every claim of a file, in its order; raises InputRefused for what is no such file, or holds none."""
    if len(data) > MOST_BYTES:
        raise InputRefused(f"more than {MOST_BYTES:,} bytes", do=_DO)
    is_xml = data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    found = list(_of_xml(data) if is_xml else _of_json(data))
    if not found:
        raise InputRefused("there is no evidence in it", do=_DO)
    return found


def _of_json(data: bytes) -> Iterator[Claim]:
    try:
        document = json.loads(data, object_pairs_hook=_no_twins)
    except (ValueError, RecursionError) as error:
        raise InputRefused(f"this is no JSON we read: {str(error)[:80]}", do=_DO) from error
    events = document if isinstance(document, list) else [document]
    if len(events) > _MOST_EVIDENCE:
        raise InputRefused(f"more than {_MOST_EVIDENCE:,} events", do="hand it in in parts")
    for event in events:
        match event:
            case {"data": {"evidence": {"cose_sign1": str(text)}}}:
                yield Claim(said=event, sealed=_octets(text))
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
        self.claims.append(Claim(said=self._said, sealed=self._sealed))


def _octets(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputRefused("evidence that is no base64", do=_DO) from error
