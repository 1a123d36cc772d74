"""A-XDR as some meters write it in their pushes, where they do not keep to it.

What comes in is octets that `axdr` has refused; what goes out is the same `Data`, as if they had kept to it. Two habits
are known. A code is tagged the wrong way round (06 09 for 09 06, which begins a number); and what an attribute is
(interface class, code, attribute number, sometimes an index into it) stands without any tag before its value, or in a
list of its own. Such a descriptor comes out as a structure, tagged.

A habit is believed only where the octets look like an OBIS code of the kind that meters have, and the whole of them
comes out without one left over: what is merely damaged stays refused, as Undecodable.
"""

import re
from dataclasses import dataclass
from itertools import product

from gateway.core.dlms import axdr
from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.obis import OBIS_BYTES
from gateway.core.errors import Undecodable

MAX_VALUES = 10_000  # a day of load profile is five hundred; more would cost who listens too much time
_SWAPPED_CODE = bytes([OBIS_BYTES, DataType.OCTET_STRING])
_CLASS_BYTES, _INDEX_BYTES = 2, 2
_DESCRIPTOR_BYTES = _CLASS_BYTES + OBIS_BYTES + 1
_CODE_NOW = 0xFF  # group F of nearly everything a meter sends
_MAX_MEDIUM = 15
_MAX_ATTRIBUTE = 30
# A code tagged the wrong way round, or a descriptor without tags.
_A_HABIT = re.compile(rb"\x06\x09[\x00-\x0f].{4}\xff|\x00[\x01-\xff][\x00-\x0f].{4}\xff[\x01-\x1e]", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Habit:
    """How descriptors without tags stand in a list: counted among its elements or not, with an index or without."""

    is_counted: bool
    has_index: bool


_HABITS = tuple(_Habit(is_counted=counted, has_index=index) for counted, index in product((False, True), (False, True)))


def decode(octets: bytes) -> Data:
    """Exactly one value with nothing behind it, strictly where that can be; raises Undecodable."""
    try:
        return axdr.decode(octets, MAX_VALUES)
    except Undecodable as error:
        if not _A_HABIT.search(octets):
            raise
        refused = error
    for habit in _HABITS:
        reader = _LooseReader(octets, habit)
        try:
            data = reader.data(0)
        except Undecodable:
            continue
        if reader.at == len(octets):
            return data
    raise refused


class _LooseReader(axdr.Reader):
    """A reader that takes a habit for what it means."""

    def __init__(self, octets: bytes, habit: _Habit) -> None:
        super().__init__(octets, MAX_VALUES)
        self._habit = habit
        self._all = octets

    def elements(self, count: int, depth: int) -> tuple[Data, ...]:
        found: list[Data] = []
        counted = 0
        while counted < count:
            descriptor = self._descriptor()
            if descriptor is not None:
                found.append(descriptor)
                counted += self._habit.is_counted
                continue
            found.append(self.data(depth))
            counted += 1
        return tuple(found)

    def data(self, depth: int) -> Data:
        begin = self.at
        if self._all[begin : begin + 2] == _SWAPPED_CODE and _is_code(self._all[begin + 2 : begin + 2 + OBIS_BYTES]):
            self.take(2)
            return Data(DataType.OCTET_STRING, self.take(OBIS_BYTES))
        return super().data(depth)

    def _descriptor(self) -> Data | None:
        head = self._all[self.at : self.at + _DESCRIPTOR_BYTES]
        class_id, code, attribute = head[:_CLASS_BYTES], head[_CLASS_BYTES:-1], head[-1:]
        if len(head) < _DESCRIPTOR_BYTES or class_id[0] or not class_id[1] or not _is_code(code):
            return None
        if not 0 < attribute[0] <= _MAX_ATTRIBUTE:
            return None
        self.take(_DESCRIPTOR_BYTES + (_INDEX_BYTES if self._habit.has_index else 0))
        members = (
            Data(DataType.LONG_UNSIGNED, class_id[1]),
            Data(DataType.OCTET_STRING, code),
            Data(DataType.INTEGER, attribute[0]),
        )
        return Data(DataType.STRUCTURE, members)


def _is_code(octets: bytes) -> bool:
    return len(octets) == OBIS_BYTES and octets[0] <= _MAX_MEDIUM and octets[-1] == _CODE_NOW
