"""Which hosts are this machine: what passes between its own programs needs no TLS, and nobody else can listen there."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine can reach `host`; no name but `localhost` is believed to be.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
