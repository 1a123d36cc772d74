"""Part of a profile by the numbers of its entries (Blue Book 4.3.6.2.1, entry_descriptor).

Entries are counted from 1, in the order the profile is sorted; 0 as the last entry or column means "to the end".
"""

import struct
from dataclasses import dataclass

# That something is selected, by entry; a structure of four; first and last entry; first and last column.
_ENTRY_DESCRIPTOR = struct.Struct(">4BBIBIBHBH")
_HEAD, _U32, _U16 = (1, 2, 2, 4), 6, 18
_FIRST_COLUMN, _TO_THE_END = 1, 0


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries `first` to `last`, both included, with all their columns."""

    first: int
    last: int

    def encode(self) -> bytes:
        """The access selection as it stands behind the attribute of a GET.

        >>> Entries(5, 8).encode().hex(" ", -1)
        '01 02 02 04 06 00 00 00 05 06 00 00 00 08 12 00 01 12 00 00'
        """
        return _ENTRY_DESCRIPTOR.pack(*_HEAD, _U32, self.first, _U32, self.last, _U16, _FIRST_COLUMN, _U16, _TO_THE_END)
