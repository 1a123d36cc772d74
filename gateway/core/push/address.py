"""Where a meter's pushes arrive, as a person writes it: a serial device it speaks at, or an address it connects to.

/dev/serial/by-id/usb-...    any path: the customer port (HAN, P1, TIC) on a serial adapter, or a pty
tcp-listen://HOST:PORT       the meter connects to us; HOST is our own address, 127.0.0.1 or 0.0.0.0 among them
udp-listen://HOST:PORT       the same by datagrams, as a last gasp is often sent

Several meters may share a listening address: who speaks is told by what is said, never by who connects. A serial device
is one meter's alone.
"""

import ipaddress
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from gateway.core.line_address import SerialAddress
from runtime.errors import InputRefused

_SCHEMES = {"tcp-listen": "tcp", "udp-listen": "udp"}
_DO = "give a device such as /dev/serial/by-id/..., tcp-listen://HOST:PORT or udp-listen://HOST:PORT"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenAddress:
    """An address of our own that meters connect to (`tcp`) or send datagrams to (`udp`)."""

    transport: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport}-listen://{host}:{self.port}"


PushAddress: TypeAlias = SerialAddress | ListenAddress


def parse_push_address(text: str) -> PushAddress:
    """Read an ADDRESS as a person gives it; raises InputRefused.

    >>> str(parse_push_address("tcp-listen://[::1]:4059"))
    'tcp-listen://[::1]:4059'
    """
    if not text.isprintable() or not text.strip():
        raise InputRefused(f"{text!a} is no push port", do=_DO)
    if "://" not in text:
        return SerialAddress(text)
    try:
        parts = urlsplit(text)
        port, host = parts.port, f"{ipaddress.ip_address(parts.hostname or '')}"
    except ValueError as error:
        raise InputRefused(f"{text!r} is no push port: {error}", do=_DO) from error
    if parts.scheme not in _SCHEMES or parts.path not in ("", "/") or not port:
        raise InputRefused(f"{text!r} is no push port", do=_DO)
    return ListenAddress(transport=_SCHEMES[parts.scheme], host=host, port=port)
