"""What a meter can be asked for: one COSEM object (IEC 62056-62), and all of them, found by name.

An object is a class, a logical name (OBIS) and a reader per attribute; a reader takes the time and gives A-XDR. A few
have a writer or a method: it takes a value and the time, and what it cannot do with them it refuses.
In comes the target of a GET, SET or ACTION, out goes its data, or `AccessDenied` with the result that says why there is
none: no such object, the object is of another class, no such attribute, not for you, or a selection where there is
nothing to select.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from simulators.meter import axdr, profile
from simulators.meter.apdu import AccessDenied, DataAccessResult, Selection, Target
from simulators.meter.axdr import Value
from simulators.meter.profile import CLOCK_OBIS

DATA, REGISTER, PROFILE_GENERIC, ASSOCIATION_LN, SECURITY_SETUP, DISCONNECT_CONTROL = 1, 3, 7, 15, 64, 70
Reader = Callable[[datetime], bytes]
SelectiveReader = Callable[[Selection | None, datetime], bytes]
Writer = Callable[[Value, datetime], None]

_READ_ONLY, _READ_AND_WRITE = 1, 3
_MAY_BE_CALLED = 1
_ASSOCIATED = 2
_PUBLIC_CLIENT, _MANAGEMENT_LOGICAL_DEVICE = 16, 1


def obis(text: str) -> bytes:
    """A logical name.

    >>> obis("1.0.99.1.0.255").hex(".")
    '01.00.63.01.00.ff'
    """
    return bytes(int(part) for part in text.split("."))


CURRENT_ASSOCIATION = obis("0.0.40.0.0.255")
INVOCATION_COUNTER = obis("0.0.43.1.0.255")
# What a meter with locks still shows to everybody: what it takes to come in.
PUBLIC_OBJECTS = frozenset({CLOCK_OBIS, obis("0.0.42.0.0.255"), CURRENT_ASSOCIATION, INVOCATION_COUNTER})


@dataclass(frozen=True, slots=True, kw_only=True)
class CosemObject:
    """One object: what it is called, and how each of its attributes is read; the logical name is always attribute 1."""

    class_id: int
    obis: bytes
    attributes: dict[int, Reader]
    selective: dict[int, SelectiveReader] = field(default_factory=dict)
    writers: dict[int, Writer] = field(default_factory=dict)
    methods: dict[int, Writer] = field(default_factory=dict)
    version: int = 0

    def read(self, attribute: int, selection: Selection | None, at: datetime) -> bytes:
        """One attribute in A-XDR; raises AccessDenied."""
        if attribute in self.selective:
            return self.selective[attribute](selection, at)
        if selection is not None:
            raise AccessDenied(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
        if attribute == 1:
            return axdr.octet_string(self.obis)
        if attribute not in self.attributes:
            raise AccessDenied(DataAccessResult.READ_WRITE_DENIED)
        return self.attributes[attribute](at)

    def list_element(self) -> bytes:
        """The object as it stands in the association's object list, with what may be done with it."""
        methods = (axdr.structure(axdr.integer(number), axdr.enumerated(_MAY_BE_CALLED)) for number in self.methods)
        return axdr.structure(
            axdr.long_unsigned(self.class_id),
            axdr.unsigned(self.version),
            axdr.octet_string(self.obis),
            axdr.structure(axdr.array(self._access_rights()), axdr.array(methods)),
        )

    def _access_rights(self) -> Iterable[bytes]:
        for attribute in sorted({1, *self.attributes, *self.selective}):
            selectors = axdr.NULL
            if attribute in self.selective:
                selectors = axdr.array((axdr.integer(profile.BY_RANGE), axdr.integer(profile.BY_ENTRY)))
            rights = _READ_AND_WRITE if attribute in self.writers else _READ_ONLY
            yield axdr.structure(axdr.integer(attribute), axdr.enumerated(rights), selectors)


class ObjectModel:
    """Every object of the meter, found by its logical name."""

    def __init__(self, objects: Iterable[CosemObject]) -> None:
        self._objects = {item.obis: item for item in objects}
        association = _association(self._objects.values())
        self._objects[association.obis] = association
        self.denied: dict[bytes, DataAccessResult] = {}
        """By logical name: what this meter refuses to tell, on command."""

    def has(self, class_id: int, name: bytes) -> bool:
        return name in self._objects and self._objects[name].class_id == class_id

    def read(self, target: Target, at: datetime, *, sees_all: bool = True) -> bytes:
        """One attribute of one object in A-XDR; raises AccessDenied."""
        if not sees_all and target.obis not in PUBLIC_OBJECTS:
            raise AccessDenied(DataAccessResult.READ_WRITE_DENIED)
        return self._found(target).read(target.member, target.selection, at)

    def write(self, target: Target, value: Value, at: datetime, *, may_change: bool = True) -> None:
        """SET of one attribute; raises AccessDenied."""
        self._change(self._found(target).writers, target, value, at, may_change=may_change)

    def call(self, target: Target, value: Value, at: datetime, *, may_change: bool = True) -> None:
        """ACTION: one method of one object; raises AccessDenied."""
        self._change(self._found(target).methods, target, value, at, may_change=may_change)

    def _found(self, target: Target) -> CosemObject:
        found = self._objects.get(target.obis)
        if found is None:
            raise AccessDenied(DataAccessResult.OBJECT_UNDEFINED)
        if found.class_id != target.class_id:
            raise AccessDenied(DataAccessResult.OBJECT_CLASS_INCONSISTENT)
        if target.obis in self.denied:
            raise AccessDenied(self.denied[target.obis])
        return found

    def _change(
        self, changers: dict[int, Writer], target: Target, value: Value, at: datetime, *, may_change: bool
    ) -> None:
        if not may_change or target.member not in changers:
            raise AccessDenied(DataAccessResult.READ_WRITE_DENIED)
        try:
            changers[target.member](value, at)
        except TypeError as error:
            raise AccessDenied(DataAccessResult.TYPE_UNMATCHED) from error
        except ValueError as error:
            raise AccessDenied(DataAccessResult.OTHER_REASON) from error


def _association(objects: Iterable[CosemObject]) -> CosemObject:
    """The association itself; `objects` is a live view, in which this object will stand too."""
    partners = axdr.structure(axdr.integer(_PUBLIC_CLIENT), axdr.long_unsigned(_MANAGEMENT_LOGICAL_DEVICE))
    return CosemObject(
        class_id=ASSOCIATION_LN,
        version=1,
        obis=CURRENT_ASSOCIATION,
        attributes={
            2: lambda _: axdr.array(item.list_element() for item in objects),
            3: lambda _: partners,
            8: lambda _: axdr.enumerated(_ASSOCIATED),
        },
    )
