"""How protected octets travel: as general-glo-ciphering, or as the ciphered form of one service (Green Book 9.3.3).

    db  title  octets                   general-glo-ciphering: any APDU, and whose it is
    c8 c9 cb  octets                    glo-get-request, glo-set-request, glo-action-request
    cc cd cf  octets                    their responses

What is protected is the same: security control, counter, ciphered text and tag. The general form takes ten octets more
each way and is taken only by meters that agree to general protection; the older form names its service in clear, and
has to hold what it names. Neither is any proof of who speaks: only opening it is.
"""

from dataclasses import dataclass
from enum import Enum

from gateway.core.dlms import axdr
from gateway.core.errors import Undecodable

GENERAL_GLO_CIPHERING = 0xDB
_REQUESTS = {0xC0: 0xC8, 0xC1: 0xC9, 0xC3: 0xCB}
_RESPONSES = {0xCC: 0xC4, 0xCD: 0xC5, 0xCF: 0xC7}


class Ciphering(Enum):
    """Which form our requests take, by the name in a profile."""

    AS_AGREED = "as-agreed"
    GENERAL = "general-glo"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """Protected octets; `title` is empty where nobody is named, `holds` None where anything may be inside."""

    octets: bytes
    title: bytes = b""
    holds: int | None = None


def wrap(title: bytes, sealed: bytes) -> bytes:
    """Protected octets in general-glo-ciphering.

    >>> wrap(b"MMM00001", bytes(200))[:12].hex()
    'db084d4d4d303030303181c8'
    """
    return bytes([GENERAL_GLO_CIPHERING, len(title)]) + title + axdr.encode_length(len(sealed)) + sealed


def wrap_service(request_tag: int, sealed: bytes) -> bytes:
    """Protected octets of a GET, SET or ACTION in that service's own ciphered form.

    >>> wrap_service(0xC0, bytes(3)).hex()
    'c803000000'
    """
    return bytes([_REQUESTS[request_tag]]) + axdr.encode_length(len(sealed)) + sealed


def unwrap(apdu: bytes) -> Sealed:
    """The protected octets of an answer in either form; raises Undecodable."""
    if apdu[:1] == bytes([GENERAL_GLO_CIPHERING]):
        title, rest = axdr.counted(apdu[1:])
        return Sealed(octets=_last(rest), title=title)
    if apdu and apdu[0] in _RESPONSES:
        return Sealed(octets=_last(apdu[1:]), holds=_RESPONSES[apdu[0]])
    raise Undecodable(f"a ciphered answer begins with {apdu[:3].hex() or 'nothing'}")


def _last(octets: bytes) -> bytes:
    sealed, rest = axdr.counted(octets)
    if rest:
        raise Undecodable(f"{len(rest)} octets are left over behind a ciphered answer")
    return sealed
