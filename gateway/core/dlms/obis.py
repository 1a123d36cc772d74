"""OBIS codes: the six numbers that name what a meter can tell (IEC 62056-61), and the attribute of an object.

Text comes in two spellings, `1-0:1.8.0*255` as people write it and `1.0.1.8.0.255` as programs do; both are read,
the second is written. F may be left out and is then 255, "now".
"""

import re
from dataclasses import dataclass

from gateway.core.errors import Undecodable

_TEXT = re.compile(r"(\d{1,3})[-.](\d{1,3})[:.](\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[*.](\d{1,3}))?", re.ASCII)
OBIS_BYTES = 6


@dataclass(frozen=True, slots=True, order=True)
class Obis:
    """One OBIS code, A to F, as its six octets.

    >>> str(Obis.parse("1-0:32.7.0"))
    '1.0.32.7.0.255'
    """

    octets: bytes

    @classmethod
    def parse(cls, text: str) -> "Obis":
        """Read either spelling; raises Undecodable."""
        match = _TEXT.fullmatch(text)
        groups = [int(group or 255) for group in match.groups()] if match else [256]
        if max(groups) > 255:
            raise Undecodable(f"{text!r} is no OBIS code", do="write it as 1.0.1.8.0.255 or 1-0:1.8.0")
        return cls(bytes(groups))

    @classmethod
    def of(cls, octets: bytes) -> "Obis":
        """The code a meter sent as a six-byte octet-string; raises Undecodable."""
        if len(octets) != OBIS_BYTES:
            raise Undecodable(f"an OBIS code has 6 octets, not {len(octets)}")
        return cls(octets)

    def __str__(self) -> str:
        return ".".join(str(octet) for octet in self.octets)


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Attribute:
    """One attribute of one COSEM object: interface class, logical name, attribute number.

    >>> str(Attribute(class_id=3, obis=Obis.parse("1.0.1.8.0.255"), index=2))
    '3:1.0.1.8.0.255:2'
    """

    class_id: int
    obis: Obis
    index: int

    def sibling(self, index: int) -> "Attribute":
        """Another attribute of the same object."""
        return Attribute(class_id=self.class_id, obis=self.obis, index=index)

    def __str__(self) -> str:
        return f"{self.class_id}:{self.obis}:{self.index}"
