"""What an APDU says, in words: association, GET with the object's name, its answer's value, blocks, ciphering.

A conversation has a memory: an answer names no object, so that it is put beside what was asked for last. Keys, where a
person handed them in, open what is ciphered; whether its tag is right is told in any case. What cannot be read is said
to be so, with its first octets, and never stops the trace.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.core.dlms import association, axdr, cosem_unit, get_response
from gateway.core.dlms.association import Associated, Rejected
from gateway.core.dlms.ciphered import GENERAL_GLO_CIPHERING
from gateway.core.dlms.cosem_time import DATE_TIME_BYTES, CosemDate, CosemDateTime, CosemTime
from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.get_response import Block, Denied, ServiceRefused
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.dlms.object_names import name_of
from gateway.core.errors import Undecodable

MAX_TEXT_CHARS = 60
MAX_LIST_LINES = 40
_ITEM_BYTES = 9
_MECHANISMS = {
    0: "no secret", 1: "a password (LLS), masked", 2: "HLS", 3: "HLS-MD5", 4: "HLS-SHA1", 5: "HLS-GMAC",
    6: "HLS-SHA256", 7: "HLS-ECDSA",
}  # fmt: skip
_SERVICE_CIPHERED = {
    0xC8: "glo-get-request", 0xC9: "glo-set-request", 0xCA: "glo-event-notification", 0xCB: "glo-action-request",
    0xCC: "glo-get-response", 0xCD: "glo-set-response", 0xCF: "glo-action-response", 0xD0: "ded-get-request",
    0xD4: "ded-get-response",
}  # fmt: skip


class Seal(StrEnum):
    """What became of a ciphered APDU."""

    RIGHT = "tag right"
    UNCHECKED = "not checked: no keys were given"
    WRONG = "it does not open: wrong key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an APDU says: lines for people, and what the verdict goes by."""

    lines: tuple[str, ...]
    is_accepted: bool | None = None  # of an answer to an association request
    wants_proof: bool = False
    refusal: str = ""  # the meter's own word, where it refuses association, service or object
    seal: Seal | None = None
    is_value: bool = False


Opener = Callable[[bytes, bytes], bytes | None]


def nothing_opens(_title: bytes, _sealed: bytes) -> bytes | None:
    """The opener of whoever has no keys: never called."""
    return None


@dataclass(slots=True)
class ApduWords:
    """One conversation."""

    opener: Opener | None = None
    _asked: tuple[Attribute, ...] = ()
    _titles: dict[bool, bytes] = field(default_factory=dict)  # by whether it is the meter's
    _scales: dict[Obis, tuple[int, str]] = field(default_factory=dict)

    def told(self, apdu: bytes, *, is_answer: bool) -> Told:
        """What this APDU says."""
        try:
            return self._told(apdu, is_answer)
        except (Undecodable, IndexError) as error:
            why = error.what if isinstance(error, Undecodable) else "it breaks off"
            return Told(lines=(f"an APDU that cannot be read ({apdu[:4].hex(' ')}): {why}",))

    def _told(self, apdu: bytes, is_answer: bool) -> Told:
        tag = apdu[0] if apdu else -1
        if tag in _SERVICE_CIPHERED or tag in (GENERAL_GLO_CIPHERING, 0xDC):
            return self._ciphered(apdu, is_answer)
        readers: dict[int, Callable[[bytes], Told]] = {
            0x60: self._association_request,
            0x61: self._association_response,
            0xC0: self._get_request,
            0xC4: self._get_response,
            0xD8: self._refused,
            0x0E: self._refused,
        }
        if tag in readers:
            return readers[tag](apdu)
        plain = {
            0x62: "RLRQ: gives the association back", 0x63: "RLRE: the association is over",
            0x0F: "DataNotification: a push", 0xC2: "EventNotification", 0xC1: "SET request", 0xC5: "SET response",
            0xC3: "ACTION request", 0xC7: "ACTION response", 0xE0: "general block transfer", 0xDD: "general-ciphering",
        }  # fmt: skip
        if tag in plain:
            return Told(lines=(plain[tag],))
        return Told(lines=(f"an APDU nobody knows ({apdu[:4].hex(' ')})",))

    # ---- association ------------------------------------------------------------------------------------------------

    def _association_request(self, apdu: bytes) -> Told:
        mechanism, fields = 0, _fields(apdu)
        if 0x8B in fields:
            mechanism = fields[0x8B][-1]
        if 0xA6 in fields:
            self._titles[False] = fields[0xA6][2:]
        is_ciphered = fields.get(0xA1, b"")[-1:] in (b"\x03", b"\x04")
        words = f"AARQ: asks for an association with {_MECHANISMS.get(mechanism, f'mechanism {mechanism}')}"
        title = f", system title {fields[0xA6][2:].hex()}" if 0xA6 in fields else ""
        return Told(lines=(words + title + (", ciphered" if is_ciphered else ""),))

    def _association_response(self, apdu: bytes) -> Told:
        response = association.parse(apdu)
        if isinstance(response, ServiceRefused):
            return self._refused(apdu)
        if isinstance(response, Rejected):
            return Told(lines=(f"AARE: refused: {response.reason}",), is_accepted=False, refusal=response.reason)
        self._titles[True] = response.title
        return self._accepted(response)

    def _accepted(self, response: Associated) -> Told:
        seal, information = None, response.information
        sealed = association.opened_initiate(information)
        lines = ["AARE: accepted, once both have proved that they have the keys"] if response.wants_proof else []
        lines = lines or ["AARE: accepted"]
        if response.title:
            lines[0] += f"; system title {response.title.hex()}"
        if sealed is not None:
            seal, opened = self._opened(response.title, sealed)
            lines.append(f"ciphered: {seal}")
            information = opened or b""
        if information:
            agreed = association.parse_agreement(information)
            lines.append(f"agrees to PDUs of {agreed.max_pdu_bytes} octets, services {agreed.conformance.hex()}")
        return Told(lines=tuple(lines), is_accepted=True, wants_proof=response.wants_proof, seal=seal)

    def _refused(self, apdu: bytes) -> Told:
        refused = get_response.service_refused(apdu)
        reason = refused.reason if refused else apdu.hex()
        return Told(lines=(f"the service is refused: {reason}",), refusal=reason)

    # ---- asking -----------------------------------------------------------------------------------------------------

    def _get_request(self, apdu: bytes) -> Told:
        choice, body = apdu[1], apdu[3:]
        if choice == 2:
            return Told(lines=(f"GET: the next block, after {int.from_bytes(body[:4], 'big')}",))
        if choice == 1:
            self._asked = (_attribute(body),)
            selected = ", a selection of it" if body[_ITEM_BYTES : _ITEM_BYTES + 1] == b"\x01" else ""
            return Told(lines=(f"GET {name_of(self._asked[0])}{selected}",))
        count, rest = axdr.decode_length(body)
        items = [_attribute(rest[at:]) for at in range(0, min(count * (_ITEM_BYTES + 1), len(rest)), _ITEM_BYTES + 1)]
        self._asked = tuple(items)
        return Told(lines=(f"GET of {count} objects:", *(f"  {name_of(each)}" for each in items[:MAX_LIST_LINES])))

    def _get_response(self, apdu: bytes) -> Told:
        response = get_response.parse(apdu)
        if isinstance(response, ServiceRefused):
            return Told(lines=(f"GET: refused: {response.reason}",), refusal=response.reason)
        if isinstance(response, Block):
            last = ", the last" if response.is_last else ""
            return Told(lines=(f"block {response.number}{last}: {len(response.octets)} octets",), is_value=True)
        lines = self._value_lines(response.items)
        denied = [item.reason for item in response.items if isinstance(item, Denied)]
        refusal = denied[0] if len(denied) == len(response.items) and denied else ""
        return Told(lines=tuple(lines), refusal=refusal, is_value=not refusal)

    def _value_lines(self, items: Sequence[Data | Denied]) -> list[str]:
        asked = self._asked if len(self._asked) == len(items) else (None,) * len(items)
        for attribute, item in zip(asked, items, strict=True):
            self._learn_scale(attribute, item)
        lines = [
            f"{f'{name_of(attribute)}: ' if attribute else ''}{self._value(attribute, item)}"
            for attribute, item in zip(asked, items, strict=True)
        ]
        return (
            lines if len(lines) == 1 else [f"{len(lines)} values:", *(f"  {line}" for line in lines[:MAX_LIST_LINES])]
        )

    def _learn_scale(self, attribute: Attribute | None, item: Data | Denied) -> None:
        if attribute is None or attribute.class_id not in (3, 4) or attribute.index != 3 or isinstance(item, Denied):
            return
        try:
            exponent, unit = cosem_unit.scaler_unit(item)
        except Undecodable:
            return
        self._scales[attribute.obis] = (exponent, cosem_unit.symbol(unit))

    def _value(self, attribute: Attribute | None, item: Data | Denied) -> str:
        if isinstance(item, Denied):
            return f"not given: {item.reason}"
        if attribute is None:
            return in_words(item)
        if attribute.class_id in (3, 4):
            return self._register(attribute, item)
        return in_words(item, is_time=attribute.class_id == 8 and attribute.index == 2)

    def _register(self, attribute: Attribute, item: Data) -> str:
        if attribute.index == 3:
            scale = self._scales.get(attribute.obis)
            return in_words(item) if scale is None else f"10^{scale[0]} {scale[1]}".rstrip()
        words = in_words(item)
        scale = self._scales.get(attribute.obis)
        if scale is None or not isinstance(item.value, int):
            return words
        scaled = f" = {cosem_unit.scaled(item.value, scale[0]):,f}" if scale[0] else ""
        return f"{words}{scaled} {scale[1]}".rstrip()

    # ---- ciphering --------------------------------------------------------------------------------------------------

    def _ciphered(self, apdu: bytes, is_answer: bool) -> Told:
        name = _SERVICE_CIPHERED.get(apdu[0], "general-glo-ciphering" if apdu[0] == 0xDB else "general-ded-ciphering")
        if apdu[0] in _SERVICE_CIPHERED:
            title, rest = self._titles.get(is_answer, b""), apdu[1:]
        else:
            length, rest = axdr.decode_length(apdu[1:])
            title, rest = rest[:length] or self._titles.get(is_answer, b""), rest[length:]
        length, sealed = axdr.decode_length(rest)
        counter = int.from_bytes(sealed[1:5], "big")
        head = f"{name} of {title.hex() or 'an unnamed sender'}, counter {counter}, {length} octets"
        seal, opened = self._opened(title, sealed[:length])
        lines = [head, f"{seal}"]
        inner = Told(lines=())
        if opened is not None:
            inner = self.told(opened, is_answer=is_answer)
        return Told(
            lines=(*lines, *inner.lines),
            is_accepted=inner.is_accepted,
            refusal=inner.refusal,
            seal=seal,
            is_value=inner.is_value,
        )

    def _opened(self, title: bytes, sealed: bytes) -> tuple[Seal, bytes | None]:
        if self.opener is None:
            return Seal.UNCHECKED, None
        opened = self.opener(title, sealed)
        return (Seal.WRONG, None) if opened is None else (Seal.RIGHT, opened)


def in_words(data: Data, *, is_time: bool = False) -> str:
    """A value for people, shortened."""
    value = data.value
    if is_time and isinstance(value, bytes) and len(value) == DATE_TIME_BYTES:
        return data.date_time().text()
    match value:
        case None:
            return str(data.type)
        case CosemDateTime():
            return value.text()
        case CosemDate() | CosemTime():
            return value.encode().hex()
        case bytes() | str():
            return _shortened(f'"{data.text()}"' if value else "empty")
        case tuple() if data.type is DataType.BIT_STRING:
            return "".join("1" if bit else "0" for bit in value)
        case tuple():
            return f"{data.type} of {len(value)}"
        case int() if not isinstance(value, bool):
            return f"{value:,}"
    return str(value).lower()


def _shortened(words: str) -> str:
    return words if len(words) <= MAX_TEXT_CHARS else f"{words[:MAX_TEXT_CHARS]}..."


def _attribute(octets: bytes) -> Attribute:
    obis = Obis.of(octets[2:8])
    return Attribute(class_id=int.from_bytes(octets[:2], "big"), obis=obis, index=octets[8])


def _fields(apdu: bytes) -> dict[int, bytes]:
    length, rest = axdr.decode_length(apdu[1:])
    fields, rest = {}, rest[:length]
    while rest:
        tag = rest[0]
        size, rest = axdr.decode_length(rest[1:])
        fields[tag], rest = rest[:size], rest[size:]
    return fields
