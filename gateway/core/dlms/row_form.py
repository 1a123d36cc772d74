"""The form of a profile's row, so that the rows that follow are read in one step each.

A buffer is hundreds of structures of one form: the same types in the same order, and octet-strings of the same length.
What comes in is a structure that was read value by value, out goes its form as a `struct`; the next structure is of
that form if every tag and length in it is the same octet at the same place, and then its values are taken at once.
Structures that hold anything but null-data, numbers and short octet-strings have no form, and are read value by value.
"""

import struct
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from gateway.core.dlms.data import NULL, Data, DataType

_SHORT = 0x80  # from here on a length takes more than one octet


class RowForm:
    """One form; see the module."""

    __slots__ = ("_cells", "_heads", "_heads_of", "_row", "cells")

    def __init__(self, row: Data, number_formats: Mapping[DataType, str]) -> None:
        """The form of a structure; raises ValueError where it has none."""
        members = row.items()
        form, heads, places = [">BB"], [(0, int(DataType.STRUCTURE)), (1, len(members))], []
        at = 2
        if len(members) >= _SHORT:
            raise ValueError("too many members")
        for member in members:
            form.append("B")
            heads.append((at, int(member.type)))
            at += 1
            if member.type is DataType.NULL_DATA:
                places.append((DataType.NULL_DATA, 0))
                continue
            if member.type is DataType.OCTET_STRING:
                length = len(member.octets())
                if length >= _SHORT:
                    raise ValueError("a long octet-string")
                form.append(f"B{length}s")
                heads.append((at, length))
                at += 1
            elif member.type in number_formats:
                form.append(number_formats[member.type].removeprefix(">"))
            else:
                raise ValueError("a value that is no number")
            places.append((member.type, at))
            at += 1
        self._row = struct.Struct("".join(form))
        self._heads_of = itemgetter(*(place for place, _ in heads))
        self._heads: tuple[Any, ...] = tuple(head for _, head in heads)
        self._cells = tuple(places)
        self.cells = len(places)

    @property
    def size(self) -> int:
        """Octets of one structure."""
        return self._row.size

    def read(self, octets: bytes, at: int) -> Data | None:
        """The structure at this place, None where it is of another form; there are `size` octets."""
        found = self._row.unpack_from(octets, at)
        if self._heads_of(found) != self._heads:
            return None
        return Data(
            DataType.STRUCTURE,
            tuple([Data(type_, found[place]) if place else NULL for type_, place in self._cells]),
        )
