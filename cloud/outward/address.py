"""Where events may be posted to, and where never: the rules against being led astray (SSRF).

The address comes from the settings, so its writer is trusted; what the name stands for at the moment of a post is not.
So the name is looked up for every connection, each address it stands for is looked at, and the connection goes to an
address that was looked at and to no other: a name that changes its mind between the two (DNS rebinding) gains nothing.

Off this machine it must be https, checked against the name in the address. Refused besides: this machine under any
other name than its own, addresses of the link (169.254.0.0/16 and fe80::/10, where clouds keep their secrets), those
of nobody or of everybody, and a user's name or a fragment in the address. Private networks are allowed: an outage
management system stands in one. Redirects are followed by nobody here (`post`).
"""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from runtime.errors import LamplightError, SettingsError
from runtime.loopback import is_loopback

_WHERE = "outward.url"
_MAX_URL_CHARS = 2_000
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
_PORTS = {"https": 443, "http": 80}


class AddressRefused(LamplightError):
    """The receiver's name stands for no address a post may go to now; look it up again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A receiver's address taken apart; `target` is its path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def is_local(self) -> bool:
        """Whether it is a program of this machine by its own name."""
        return is_loopback(self.host)

    @property
    def is_encrypted(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """Host and port as they stand in a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str) -> Address:
    """Take the address in the settings apart; raises SettingsError for one that nothing may be posted to."""
    do = "write it as in https://oms.example/lamplight"
    if len(url) > _MAX_URL_CHARS or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise SettingsError("the address is no address", where=_WHERE, do=do)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingsError(f"the address is no address: {error}", where=_WHERE, do=do) from error
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise SettingsError("the address is no address", where=_WHERE, do=do)
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise SettingsError(
            "a user's name, a password or a fragment in an address is seen by many", where=_WHERE, do=do
        )
    address = Address(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )
    if not address.is_encrypted and not address.is_local:
        raise SettingsError("events would travel in the clear", where=_WHERE, do="write https://")
    if (literal := _literal(address.host)) is not None and (why := why_not(literal, is_local=address.is_local)):
        raise SettingsError(f"nothing is posted to {why}", where=_WHERE, do=do)
    return address


def connect(address: Address, remaining_s: Callable[[], float]) -> socket.socket:
    """A connection to an address the name stands for now; raises AddressRefused, or OSError when nobody is there.

    `remaining_s` says how long it may still take, and raises TimeoutError when that is over.
    """
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    refusal, last_error = "", OSError("no address is known")
    for family, kind, protocol, _, where in found:
        if why := why_not(ipaddress.ip_address(where[0]), is_local=address.is_local):
            refusal = f"{address.host} is {where[0]}: {why}"
            continue
        door = socket.socket(family, kind, protocol)
        try:
            door.settimeout(remaining_s())
            door.connect(where)
        except OSError as error:
            door.close()
            last_error = error
            continue
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return door
    if refusal:
        raise AddressRefused(refusal)
    raise last_error


def why_not(ip: ipaddress.IPv4Address | ipaddress.IPv6Address, *, is_local: bool) -> str:
    """Why nothing is posted to this address; empty where it may be.

    >>> why_not(ipaddress.ip_address("169.254.169.254"), is_local=False)
    'an address of the link'
    >>> why_not(ipaddress.ip_address("10.1.2.3"), is_local=False)
    ''
    """
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or _behind(ip) or ip
    if ip.is_loopback != is_local:
        return "this machine" if ip.is_loopback else "another machine"
    if ip.is_link_local:
        return "an address of the link"
    if ip.is_unspecified or ip.is_multicast or (ip.version == 4 and ip.is_reserved):
        return "nobody's address, or everybody's"
    return ""


def _behind(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a network's translator (NAT64, RFC 6052) reaches by this one."""
    return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in _TRANSLATED else None


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
