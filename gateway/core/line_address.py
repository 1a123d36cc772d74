"""Where a meter is reached, as a person writes it: a serial device here or behind a converter, or a TCP socket.

/dev/serial/by-id/usb-...   any path: a serial port, or a pty
tcp://10.0.0.7:4059         DLMS over TCP with its wrapper (4059 may be left out: it is the registered port)
hdlc+tcp://10.0.0.7:4001    HDLC through a serial-to-network converter, which has to be set to the meter's speed
rfc2217://10.0.0.7:2217     a converter that lets its speed be set from here (RFC 2217), which optical heads need
"""

from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from runtime.errors import InputRefused

REGISTERED_PORT = 4059
_SCHEMES = ("tcp", "hdlc+tcp", "rfc2217")
_DO = "give a device such as /dev/serial/by-id/..., tcp://HOST:PORT, hdlc+tcp://HOST:PORT or rfc2217://HOST:PORT"


@dataclass(frozen=True, slots=True)
class SerialAddress:
    """A serial device by its path."""

    path: str

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpAddress:
    """A TCP socket; `carries_hdlc` where a converter stands before the meter, else the wrapper is spoken."""

    host: str
    port: int
    carries_hdlc: bool

    def __str__(self) -> str:
        return f"{'hdlc+' if self.carries_hdlc else ''}tcp://{_bracketed(self.host)}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rfc2217Address:
    """A serial port behind a converter that lets its speed be set over the network."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"rfc2217://{_bracketed(self.host)}:{self.port}"


SpeedAddress: TypeAlias = SerialAddress | Rfc2217Address  # its speed is ours to set, and it may begin at a head
LineAddress: TypeAlias = SpeedAddress | TcpAddress


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def parse_line_address(text: str) -> LineAddress:
    """Read a PORT as a person gives it; raises InputRefused.

    >>> str(parse_line_address("tcp://meter.local"))
    'tcp://meter.local:4059'
    """
    if not text.isprintable():
        raise InputRefused(f"{text!a} is no port: it holds a control character", do=_DO)
    if "://" not in text:
        if not text.strip():
            raise InputRefused("the port is empty", do=_DO)
        return SerialAddress(text)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise InputRefused(f"{text!r} is no port: {error}", do=_DO) from error
    if parts.scheme not in _SCHEMES or not parts.hostname or parts.path not in ("", "/"):
        raise InputRefused(f"{text!r} is no port", do=_DO)
    if parts.scheme == "rfc2217":
        if port is None:
            raise InputRefused(f"{text!r} is no port: RFC 2217 has none of its own", do=_DO)
        return Rfc2217Address(host=parts.hostname, port=port)
    return TcpAddress(host=parts.hostname, port=port or REGISTERED_PORT, carries_hdlc=parts.scheme == "hdlc+tcp")
