"""SET and ACTION: a change too long for one request, in blocks, and what a meter answers (Green Book 9.3.7 and 9.3.8).

What comes in is one APDU, deciphered; what goes out says that it is done (with what an action returns), which block
the meter has, why it is denied, or that the service itself is refused. What is none of these is Undecodable. Nothing is
guessed about a change whose answer never came: it may have been made, and who asked for it must look.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from gateway.core.dlms import axdr, get_response
from gateway.core.dlms.data import Data
from gateway.core.dlms.get_response import Denied, ServiceRefused
from gateway.core.errors import Undecodable

SET_REQUEST, SET_RESPONSE, ACTION_RESPONSE = 0xC1, 0xC5, 0xC7
BLOCK_HEADER_BYTES = 3 + 9 + 1 + 1 + 4 + 3
_NORMAL, _WITH_BLOCK, _WITH_LAST_BLOCK = 1, 2, 3
_FIRST_BLOCK, _NEXT_BLOCK = 2, 3
_IS_DATA, _IS_ERROR = 0, 1


@dataclass(frozen=True, slots=True)
class Done:
    """The meter has done it; an action may give something back."""

    returned: Data | None = None


@dataclass(frozen=True, slots=True)
class BlockTaken:
    """The meter has this block of a long change and waits for the next."""

    number: int


ChangeResponse: TypeAlias = Done | BlockTaken | Denied | ServiceRefused


def set_blocks(set_request: bytes, block_bytes: int) -> Iterator[bytes]:
    """A SET that is too long as the requests that carry it in blocks, each with so many octets of the value.

    >>> [apdu.hex(" ") for apdu in set_blocks(bytes.fromhex("c101c1 0001 0000600100ff 02 00 0902aabb"), 3)]
    ['c1 02 c1 00 01 00 00 60 01 00 ff 02 00 00 00 00 00 01 03 09 02 aa', 'c1 03 c1 01 00 00 00 02 01 bb']
    """
    head, value = set_request[:13], set_request[13:]
    parts = [value[at : at + block_bytes] for at in range(0, len(value), block_bytes)]
    for number, part in enumerate(parts, start=1):
        choice = _FIRST_BLOCK if number == 1 else _NEXT_BLOCK
        descriptor = head[3:] if number == 1 else b""
        block = bytes([number == len(parts)]) + number.to_bytes(4, "big") + axdr.encode_length(len(part)) + part
        yield bytes([SET_REQUEST, choice, head[2]]) + descriptor + block


def parse_set(apdu: bytes) -> ChangeResponse:
    """The answer to a SET; raises Undecodable.

    >>> parse_set(bytes.fromhex("c501c100")), parse_set(bytes.fromhex("c501c103"))
    (Done(returned=None), Denied(reason='read-write-denied'))
    """
    refused = get_response.service_refused(apdu)
    if refused is not None:
        return refused
    if apdu[:1] != bytes([SET_RESPONSE]) or len(apdu) < 4:
        raise Undecodable(f"no answer to a SET begins with {apdu[:3].hex() or 'nothing'}")
    choice, body = apdu[1], apdu[3:]
    if choice == _NORMAL and len(body) == 1:
        return _outcome(body[0])
    if choice == _WITH_BLOCK and len(body) == 4:
        return BlockTaken(int.from_bytes(body, "big"))
    if choice == _WITH_LAST_BLOCK and len(body) == 5:
        return _outcome(body[0])
    raise Undecodable(f"{apdu[:8].hex()} is no answer to a SET")


def parse_action(apdu: bytes) -> ChangeResponse:
    """The answer to an ACTION; raises Undecodable.

    >>> parse_action(bytes.fromhex("c701c10001001105")).returned.value
    5
    """
    refused = get_response.service_refused(apdu)
    if refused is not None:
        return refused
    if apdu[:1] != bytes([ACTION_RESPONSE]) or len(apdu) < 4 or apdu[1] != _NORMAL:
        raise Undecodable(f"no answer to an ACTION begins with {apdu[:3].hex() or 'nothing'}")
    outcome, returned = _outcome(apdu[3]), apdu[4:]
    if isinstance(outcome, Denied) or returned in (b"", b"\x00"):
        return outcome
    if returned[:2] == bytes([1, _IS_DATA]):
        return Done(axdr.decode(returned[2:]))
    if returned[:2] == bytes([1, _IS_ERROR]) and len(returned) == 3:
        return Denied(get_response.access_result(returned[2]))
    raise Undecodable(f"what an ACTION gives back begins with {returned[:3].hex()}")


def _outcome(result: int) -> Done | Denied:
    return Denied(get_response.access_result(result)) if result else Done()
