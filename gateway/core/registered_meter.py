"""A meter this gateway reads, as the technician registered it and as it named itself; and which two can stand together.

A port is one meter's alone, unless each of the meters on it has an address of its own there. A serial port at which a
meter pushes is that meter's alone; an address that meters connect to is for all of them.
"""

from dataclasses import dataclass

from gateway.core.disclosure import FineConsent

MAX_SERIAL_CHARS = 32  # what the subject of a record can hold


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredMeter:
    """`number` counts the gateway's meters from 1; `serial` is empty until the meter was read or a person gave it.

    `address` is its lower HDLC address on a line that it shares with others; None where it is alone. `push` is where it
    pushes, empty where it does not; `port` is empty where it cannot be asked. One of the two it has. `consent` is the
    customer's yes to finer readings than billing needs.
    """

    number: int
    port: str
    profile: str
    serial: str = ""
    address: int | None = None
    push: str = ""
    consent: FineConsent | None = None

    @property
    def place(self) -> str:
        """Where it is, for people.

        >>> RegisteredMeter(number=1, port="/dev/ttyUSB0", profile="cosem-meter", address=17).place
        '/dev/ttyUSB0 address 17'
        """
        asked = self.port if self.address is None else f"{self.port} address {self.address}"
        return ", ".join(part for part in (asked, f"pushes at {self.push}" if self.push else "") if part)


def clash(meter: RegisteredMeter, other: RegisteredMeter) -> str:
    """Why `meter` cannot stand beside `other`, which is there already; empty when it can.

    >>> there = RegisteredMeter(number=1, port="/dev/ttyUSB0", profile="cosem-meter", address=17)
    >>> clash(RegisteredMeter(number=2, port="/dev/ttyUSB0", profile="cosem-meter", address=18), there)
    ''
    """
    if meter.serial and meter.serial == other.serial:
        return f"meter {other.number} has this serial number"
    if meter.push and meter.push in (other.port, other.push) and "-listen://" not in meter.push:
        return f"meter {other.number} is on this push port"
    if meter.port and meter.port == other.push:
        return f"meter {other.number} pushes at this port"
    if meter.port != other.port or not meter.port:
        return ""
    if meter.address is None or other.address is None:
        return f"meter {other.number} is on this port, and meters share one only if each has an address"
    return f"meter {other.number} has this address on this port" if meter.address == other.address else ""
