"""What a meter answers to a GET: values, an error for each, or the next block of a long answer (Green Book 9.3.6).

What comes in is one APDU, deciphered; what goes out keeps values as their A-XDR octets, to be read by `axdr`. Kept
apart from the answers is a refusal of the service itself (exception-response, confirmed-service-error), because asking
for the next attribute is then no use. What is none of these is Undecodable.
"""

from dataclasses import dataclass
from typing import TypeAlias

from gateway.core.dlms import axdr
from gateway.core.dlms.data import Data
from gateway.core.errors import Undecodable

_GET_RESPONSE, _EXCEPTION, _CONFIRMED_SERVICE_ERROR = 0xC4, 0xD8, 0x0E
_NORMAL, _WITH_BLOCK, _WITH_LIST = 1, 2, 3
_IS_DATA, _IS_ERROR = 0, 1
_ACCESS_RESULTS = {
    1: "hardware-fault",
    2: "temporary-failure",
    3: "read-write-denied",
    4: "object-undefined",
    9: "object-class-inconsistent",
    11: "object-unavailable",
    12: "type-unmatched",
    13: "scope-of-access-violated",
    14: "data-block-unavailable",
    15: "long-get-aborted",
    16: "no-long-get-in-progress",
    19: "data-block-number-invalid",
    250: "other-reason",
}
_STATE_ERRORS = {1: "service-not-allowed", 2: "service-unknown"}
_SERVICE_ERRORS = {
    1: "operation-not-possible",
    2: "service-not-supported",
    3: "other-reason",
    4: "pdu-too-long",
    5: "deciphering-error",
    6: "invocation-counter-error",
}


@dataclass(frozen=True, slots=True)
class Denied:
    """The meter's own word for why it does not give one attribute."""

    reason: str


@dataclass(frozen=True, slots=True)
class Values:
    """One answer for each attribute asked for, in the order asked."""

    items: tuple[Data | Denied, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of a long answer; the parts together are what `values_of_blocks` reads."""

    number: int
    is_last: bool
    octets: bytes


@dataclass(frozen=True, slots=True)
class ServiceRefused:
    """The meter refuses the service itself."""

    reason: str


GetResponse: TypeAlias = Values | Block | ServiceRefused


def parse(apdu: bytes) -> GetResponse:
    """The answer in one APDU; raises Undecodable.

    >>> parse(bytes.fromhex("c401c10012000d"))
    Values(items=(Data(type=<DataType.LONG_UNSIGNED: 18>, value=13),))
    >>> parse(bytes.fromhex("c401c10104"))
    Values(items=(Denied(reason='object-undefined'),))
    """
    refused = service_refused(apdu)
    if refused is not None:
        return refused
    if apdu[:1] != bytes([_GET_RESPONSE]) or len(apdu) < 3:
        raise Undecodable(f"no answer to a GET begins with {apdu[:3].hex() or 'nothing'}")
    choice, body = apdu[1], apdu[3:]  # between them the invoke id, which a strictly alternating link does not need
    if choice == _NORMAL:
        item, rest = _result(body)
        return Values((_alone(item, rest),))
    if choice == _WITH_BLOCK:
        return _block(body)
    if choice == _WITH_LIST:
        return Values(_results(body))
    raise Undecodable(f"{choice} is no kind of answer to a GET")


def service_refused(apdu: bytes) -> ServiceRefused | None:
    """The refusal of the service itself, where it is one: then nothing was read or changed.

    >>> service_refused(bytes.fromhex("d80203"))
    ServiceRefused(reason='service-unknown, other-reason')
    """
    if apdu[:1] == bytes([_EXCEPTION]):
        return ServiceRefused(_exception(apdu[1:]))
    if apdu[:1] == bytes([_CONFIRMED_SERVICE_ERROR]):
        return ServiceRefused(f"confirmed-service-error {apdu[1:].hex()}")
    return None


def values_of_blocks(octets: bytes, *, is_list: bool) -> Values:
    """The answers whose octets came in blocks; raises Undecodable."""
    return Values(_results(octets) if is_list else (axdr.decode(octets),))


def access_result(number: int) -> str:
    """The standard's word for why something is not given.

    >>> access_result(4), access_result(77)
    ('object-undefined', 'access-result-77')
    """
    return _ACCESS_RESULTS.get(number, f"access-result-{number}")


def _block(body: bytes) -> Block | Values:
    if len(body) < 6:
        raise Undecodable("a block breaks off in its header")
    number, choice, rest = int.from_bytes(body[1:5], "big"), body[5], body[6:]
    if choice == _IS_ERROR:
        return Values((_denied(rest),))
    length, octets = axdr.decode_length(rest)
    if choice != _IS_DATA or length != len(octets):
        raise Undecodable(f"a block promises {length} octets and holds {len(octets)}")
    return Block(number=number, is_last=bool(body[0]), octets=octets)


def _results(octets: bytes) -> tuple[Data | Denied, ...]:
    count, rest = axdr.decode_length(octets)
    if count > len(rest):
        raise Undecodable(f"{count} answers are promised in {len(rest)} octets")
    items = []
    for _ in range(count):
        item, rest = _result(rest)
        items.append(item)
    if rest:
        raise Undecodable(f"{len(rest)} octets are left over behind the answers")
    return tuple(items)


def _result(octets: bytes) -> tuple[Data | Denied, bytes]:
    if octets[:1] == bytes([_IS_DATA]):
        return axdr.decode_first(octets[1:])
    if octets[:1] == bytes([_IS_ERROR]):
        return _denied(octets[1:2]), octets[2:]
    raise Undecodable("an answer is neither data nor an error")


def _alone(item: Data | Denied, rest: bytes) -> Data | Denied:
    if rest:
        raise Undecodable(f"{len(rest)} octets are left over behind an answer")
    return item


def _denied(octets: bytes) -> Denied:
    if not octets:
        raise Undecodable("an error does not say which")
    return Denied(access_result(octets[0]))


def _exception(octets: bytes) -> str:
    state, service = (*octets[:2], 0, 0)[:2]
    return f"{_STATE_ERRORS.get(state, state)}, {_SERVICE_ERRORS.get(service, service)}"
