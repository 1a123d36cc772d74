"""What a meter's list means where the list does not say it: which value stands where, and in which unit.

Some meters push their values without codes, in an order their maker has published; some with codes and without
scalers. A `ListLayout` is what such a document says, read from a file of gateway/profiles/lists. It is chosen by the
list's own name, by how many values it has and by their types, never by how much they are; what no layout is for stays
raw, with an empty unit. A scale may depend on the meter's type, where one with current transformers uses the same name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway.core.dlms import cosem_unit
from gateway.core.dlms.cosem_time import DATE_TIME_BYTES
from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.obis import Obis
from gateway.core.dlms.push.pushed_values import CLOCK_CODE, Named
from gateway.core.errors import Undecodable


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What a number that comes without scaler is to be taken for: an exponent of ten, and a unit by its symbol."""

    exponent: int
    unit: str

    def as_data(self) -> Data:
        """The same as a meter would send it; raises Undecodable for a unit that is not known."""
        number = cosem_unit.number(self.unit)
        if number is None:
            raise Undecodable(f"{self.unit!r} is no unit that is known here")
        return Data(DataType.STRUCTURE, (Data(DataType.INTEGER, self.exponent), Data(DataType.ENUM, number)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLayout:
    """One published list.

    `order` names the values from the first on and `last` the last one, where they have no code of their own; None in
    `order` stands for a value that has one. `list_id` is how the list's name begins, its first value; empty for a list
    without a name, which then has to come in the types of `order`. `counts` are the numbers of values it may have,
    empty for any.
    """

    name: str
    list_id: str
    counts: tuple[int, ...]
    order: tuple[Obis | None, ...]
    types: tuple[DataType, ...] = ()
    last: Obis | None = None
    scales: Mapping[Obis, Scale] = field(default_factory=dict)
    type_code: Obis | None = None  # where the meter's type stands, which may change a scale
    scales_by_type: Mapping[str, Mapping[Obis, Scale]] = field(default_factory=dict)

    def fits(self, body: Data, values: Sequence[Named]) -> bool:
        """Whether this is the list."""
        items = body.items()
        if self.counts and len(items) not in self.counts:
            return False
        if self.list_id and not _text(values[0].value).startswith(self.list_id):
            return False
        if [item.type for item in items[: len(self.types)]] != list(self.types):
            return False
        if len(values) < len(self.order) or (self.last is not None and not self._ends(values)):
            return False
        return all(_may_be(value, code) for value, code in zip(values, self.order, strict=False))

    def _ends(self, values: Sequence[Named]) -> bool:
        """Whether the last value is a text without a code, and those between it and the order have codes."""
        between = values[len(self.order) : -1]
        has_text = values[-1].code is None and bool(_text(values[-1].value))
        return has_text and bool(between) and all(value.code is not None for value in between)

    def applied(self, values: Sequence[Named]) -> tuple[Named, ...]:
        """The values by their codes, each number in its unit; raises Undecodable for a unit that is not known."""
        codes = [*self.order, *[None] * (len(values) - len(self.order))]
        if self.last is not None:
            codes[-1] = self.last
        named = [replace(value, code=value.code or code) for value, code in zip(values, codes, strict=True)]
        scales = self._scales(named)
        return tuple(_scaled(value, scales) for value in named)

    def _scales(self, values: Sequence[Named]) -> Mapping[Obis, Scale]:
        meter_type = next((_text(value.value) for value in values if value.code and value.code == self.type_code), "")
        own = [scales for begin, scales in self.scales_by_type.items() if meter_type.startswith(begin)]
        return {code: scale for scales in (self.scales, *own) for code, scale in scales.items()}


def laid_out(body: Data, values: Sequence[Named], layouts: Sequence[ListLayout]) -> tuple[Named, ...]:
    """The values, by the first layout that fits; as they are where none does."""
    if not values or len(body.items()) < 1:
        return tuple(values)
    layout = next((layout for layout in layouts if layout.fits(body, values)), None)
    return tuple(values) if layout is None else layout.applied(values)


def _may_be(value: Named, code: Obis | None) -> bool:
    """Whether a value can have this code: one of its own where None, else none of its own, and a clock has a time."""
    if (value.code is None) is (code is None):
        return False
    if code is None or code.octets[2:4] != CLOCK_CODE:
        return True
    return value.value.type is DataType.OCTET_STRING and len(value.value.octets()) == DATE_TIME_BYTES


def _scaled(value: Named, scales: Mapping[Obis, Scale]) -> Named:
    if value.code is None or value.code not in scales or value.scaler is not None:
        return value
    return replace(value, scaler=scales[value.code].as_data())


def _text(item: Data) -> str:
    return item.text() if isinstance(item.value, (str, bytes)) else ""
