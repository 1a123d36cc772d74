"""The values of a push, each with its code: however its maker has laid them out.

What comes in is the message's data; what goes out is a `Named` value each, in order, and those without a code beside
their place. A message may name its values in any of these ways, and a list may mix them:

    code, value                         code, value, scaler and unit
    code, attribute, value              (as one structure)
    class, code, attribute, value       value, class, scaler and unit, code
    descriptor, value                   (class, code and attribute as one structure)
    a list of descriptors, then their values in the same order, or rows of such values

In the last way a meter tells the list by which it pushes, often with the list's own object first, which has no value of
its own. Scalers and units that are sent as attributes of their own are put to their values. A push setup's own name,
which many lists begin with, names no value.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.core.dlms import cosem_unit
from gateway.core.dlms.data import NULL, Data, DataType
from gateway.core.dlms.obis import OBIS_BYTES, Obis

CLOCK_CODE = b"\x01\x00"  # C and D of 0.x.1.0.0
_PUSH_SETUP_CODE = b"\x19\x09"  # C and D of x.y.25.9.z
_CLOCK_CLASS, _PUSH_SETUP_CLASS = 8, 40
_SCALER_ATTRIBUTES = {3: 3, 4: 3, 5: 4}  # register, extended register, demand register
_MAX_CLASS = 0xFF
_PLAIN_DESCRIPTOR = 3  # class, code and attribute, without an index: nothing that could be a value itself
_MAX_MEDIUM = 15  # group A of a code; 128 and beyond are the makers' own
_MIN_OWN_MEDIUM = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One value: its code (None where it came without), its scaler and unit where they came along, its row's time."""

    code: Obis | None
    value: Data
    scaler: Data | None = None
    at: Data | None = None


_EMPTY = Named(code=None, value=NULL)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Descriptor:
    class_id: int
    code: Obis
    attribute: int

    @property
    def is_clock(self) -> bool:
        return self.class_id == _CLOCK_CLASS and self.attribute == 2

    def named(self, value: Data, at: Data | None) -> Iterator[Named]:
        """The value by this code; where the whole object was sent, what stands in its second and third place."""
        whole = value.items() if self.attribute == 0 and value.type is DataType.STRUCTURE else ()
        if len(whole) > 1:
            scaler = whole[2] if len(whole) > 2 and is_scaler_unit(whole[2]) else None
            yield Named(code=self.code, value=whole[1], scaler=scaler, at=at)
        else:
            yield Named(code=self.code, value=value, at=at)


def named_values(body: Data) -> tuple[Named, ...]:
    """Every value of the message; raises Undecodable where it is no list at all."""
    return tuple(_of_items(body.items()))


def is_code(item: Data) -> bool:
    """Whether it can be the code of a value: six octets that begin as codes do, and no push setup's name."""
    if item.type is not DataType.OCTET_STRING or len(item.octets()) != OBIS_BYTES:
        return False
    octets = item.octets()
    return (octets[0] <= _MAX_MEDIUM or octets[0] >= _MIN_OWN_MEDIUM) and not is_push_setup(item)


def is_push_setup(item: Data) -> bool:
    """Whether it is the name of the object by which a meter pushes."""
    return item.type is DataType.OCTET_STRING and item.octets()[2:4] == _PUSH_SETUP_CODE and len(item.octets()) == 6


def is_scaler_unit(item: Data) -> bool:
    """Whether it is an exponent of ten and the number of a unit."""
    return item.type is DataType.STRUCTURE and [member.type for member in item.items()] == [
        DataType.INTEGER,
        DataType.ENUM,
    ]


def _of_items(items: Sequence[Data]) -> Iterator[Named]:
    by_list = _by_descriptor_list(items)
    if by_list is not None:
        yield from by_list
        return
    if len(items) == 3 and is_code(items[0]) and _is_attribute(items[1]) and not _is_container(items[2]):
        yield Named(code=_code(items[0]), value=items[2])
        return
    at = 0
    while at < len(items):
        found, taken = _first(items[at : at + 4])
        yield from found
        at += taken


def _first(items: Sequence[Data]) -> tuple[tuple[Named, ...], int]:
    """The values that stand first in a row, and how many places they take."""
    first, behind = items[0], items[1:]
    if first.type is DataType.NULL_DATA:
        return (_EMPTY,), 1
    descriptor = _descriptor(first)
    if descriptor is not None and len(first.items()) == _PLAIN_DESCRIPTOR:
        if not behind or _descriptor(behind[0]) is not None:
            return (Named(code=None, value=first),), 1
        scaler = _scaler(behind[1:])
        named = tuple(replace(found, scaler=scaler or found.scaler) for found in descriptor.named(behind[0], None))
        return named, 3 if scaler else 2
    if is_code(first) and behind and not _is_container(behind[0]):
        scaler = _scaler(behind[1:])
        return (Named(code=_code(first), value=behind[0], scaler=scaler),), 3 if scaler else 2
    if _is_class(first) and len(items) == 4 and is_code(items[1]) and _is_attribute(items[2]):
        return (Named(code=_code(items[1]), value=items[3]),), 4
    if len(items) == 4 and _is_class(items[1]) and is_scaler_unit(items[2]) and is_code(items[3]):
        return (Named(code=_code(items[3]), value=first, scaler=items[2]),), 4
    if _is_container(first):
        return tuple(_of_items(first.items())), 1
    return (Named(code=None, value=first),), 1


def _by_descriptor_list(items: Sequence[Data]) -> Iterator[Named] | None:
    """The values by the list of descriptors that stands among them; None where none does, or it does not fit."""
    for place, item in enumerate(items):
        descriptors = _descriptors(item)
        if descriptors is None:
            continue
        values = (*items[:place], *items[place + 1 :])
        rows = _rows(values)
        if rows is not None and (fitting := _fitting(descriptors, len(rows[0]))) is not None:
            return _table(fitting, rows)
        if len(values) == 1 and _is_container(values[0]):
            values = values[0].items()
        fitting = _fitting(descriptors, len(values))
        if fitting is not None:
            return _row(fitting, values)
        # A list that does not fit names nothing; alone, it may be readings whose values look like an index.
        return (Named(code=None, value=value) for value in items) if len(items) > 1 else None
    return None


def _rows(values: Sequence[Data]) -> list[tuple[Data, ...]] | None:
    """Rows of a buffer: one array whose elements are structures of the same length."""
    if len(values) != 1 or values[0].type is not DataType.ARRAY:
        return None
    rows = [row.items() for row in values[0].items() if row.type is DataType.STRUCTURE]
    is_table = bool(rows) and len(rows) == len(values[0].items()) and len({len(row) for row in rows}) == 1
    return rows if is_table else None


def _fitting(descriptors: Sequence[_Descriptor], count: int) -> Sequence[_Descriptor] | None:
    """The descriptors of as many values: without the first of them where those name the list itself."""
    surplus = len(descriptors) - count
    if surplus < 0 or any(descriptor.class_id != _PUSH_SETUP_CLASS for descriptor in descriptors[:surplus]):
        return None
    return descriptors[surplus:]


def _table(descriptors: Sequence[_Descriptor], rows: Sequence[Sequence[Data]]) -> Iterator[Named]:
    for row in rows:
        yield from _row(descriptors, row)


def _row(descriptors: Sequence[_Descriptor], values: Sequence[Data]) -> Iterator[Named]:
    pairs = list(zip(descriptors, values, strict=True))
    scalers = {
        descriptor.code: value
        for descriptor, value in pairs
        if descriptor.attribute == _SCALER_ATTRIBUTES.get(descriptor.class_id) and is_scaler_unit(value)
    }
    at = next((value for descriptor, value in pairs if descriptor.is_clock), None)
    for descriptor, value in pairs:
        if value is scalers.get(descriptor.code):
            continue
        for found in descriptor.named(value, None if descriptor.is_clock else at):
            yield replace(found, scaler=found.scaler or scalers.get(descriptor.code))


def _descriptors(item: Data) -> tuple[_Descriptor, ...] | None:
    if item.type not in (DataType.ARRAY, DataType.STRUCTURE, DataType.COMPACT_ARRAY):
        return None
    found = tuple(_descriptor(member) for member in item.items())
    whole = tuple(descriptor for descriptor in found if descriptor is not None)
    return whole if whole and len(whole) == len(found) else None


def _descriptor(item: Data) -> _Descriptor | None:
    """A class, a code and an attribute (then an index and what restricts it, which change nothing here)."""
    if item.type is not DataType.STRUCTURE:
        return None
    members = item.items()
    if not 3 <= len(members) <= 6 or not _is_class(members[0]) or not _is_attribute(members[2]):
        return None
    if len(members) > 3 and members[3].type is not DataType.LONG_UNSIGNED:
        return None
    code = members[1]
    if code.type is not DataType.OCTET_STRING or len(code.octets()) != OBIS_BYTES:
        return None
    return _Descriptor(class_id=members[0].integer(), code=_code(code), attribute=members[2].integer())


def _scaler(behind: Sequence[Data]) -> Data | None:
    return behind[0] if behind and is_scaler_unit(behind[0]) else None


def _code(item: Data) -> Obis:
    return Obis.of(item.octets())


def _is_class(item: Data) -> bool:
    return item.type is DataType.LONG_UNSIGNED and 0 < item.integer() <= _MAX_CLASS


def _is_attribute(item: Data) -> bool:
    return item.type in (DataType.INTEGER, DataType.UNSIGNED) and item.integer() >= 0


def _is_container(item: Data) -> bool:
    return item.type in (DataType.ARRAY, DataType.STRUCTURE, DataType.COMPACT_ARRAY)


def exponent_and_unit(scaler: Data) -> tuple[int, str]:
    """The exponent of ten and the unit's symbol; raises Undecodable."""
    exponent, number = cosem_unit.scaler_unit(scaler)
    return exponent, cosem_unit.symbol(number)
