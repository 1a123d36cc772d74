"""The file of list layouts: what a maker has published of the lists its meters push, for those that do not say it.

The files stand in gateway/profiles/lists. Each has a title and its source, and a table for each list. What a file says
is checked when it is read; a wrong code, type or unit is refused by name.
"""

from dataclasses import dataclass

from gateway.core.dlms import cosem_unit
from gateway.core.dlms.data import DataType
from gateway.core.dlms.obis import Obis
from gateway.core.dlms.push.list_layout import ListLayout, Scale
from gateway.core.errors import Undecodable
from runtime.settings import setting

_TYPES = {str(type_): type_ for type_ in DataType}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSettings:
    """One list."""

    list_id: str = setting("", help="how the list's first value begins, which is its name; empty, it has none")
    values: int = setting(0, help="how many values it has; 0, any number", minimum=0, maximum=255)
    order: tuple[str, ...] = setting((), help="the codes of its values, from the first on; empty for one with its own")
    last: str = setting("", help="the code of its last value, where it comes without")
    types: tuple[str, ...] = setting((), help="the types of its values, from the first on, as far as they tell it")
    scales: tuple[str, ...] = setting((), help='numbers that come without scaler, as "1.0.31.7.0.255 -3 A"')
    type_code: str = setting("", help="the code of the meter's type, where that changes a scale")
    type_scales: tuple[str, ...] = setting((), help='what it changes, as "685 1.1.31.7.0.255 -3 A"')


def layout_of(name: str, settings: ListSettings) -> ListLayout:
    """The list as its file tells it; raises Undecodable, which names what cannot be."""
    by_type: dict[str, dict[Obis, Scale]] = {}
    for line in settings.type_scales:
        begin, _, scale = line.partition(" ")
        by_type.setdefault(begin, {}).update([_scale(scale)])
    return ListLayout(
        name=name,
        list_id=settings.list_id,
        counts=(settings.values,) if settings.values else (),
        order=tuple(Obis.parse(code) if code else None for code in settings.order),
        types=tuple(map(_type, settings.types)),
        last=Obis.parse(settings.last) if settings.last else None,
        scales=dict(map(_scale, settings.scales)),
        type_code=Obis.parse(settings.type_code) if settings.type_code else None,
        scales_by_type=by_type,
    )


def _type(name: str) -> DataType:
    if name not in _TYPES:
        raise Undecodable(f"{name!r} is no data type of COSEM", do=f"one of: {', '.join(_TYPES)}")
    return _TYPES[name]


def _scale(line: str) -> tuple[Obis, Scale]:
    """A code, an exponent of ten and a unit.

    >>> _scale("1.0.31.7.0.255 -3 A")[1]
    Scale(exponent=-3, unit='A')
    """
    match line.split(" "):
        case [code, exponent, unit] if exponent.removeprefix("-").isdecimal() and len(exponent) <= 3:
            if cosem_unit.number(unit) is None:
                raise Undecodable(f"{unit!r} is no unit that is known here")
            return Obis.parse(code), Scale(exponent=int(exponent), unit=unit)
    raise Undecodable(f"{line!r} is no scale", do='write it as "1.0.31.7.0.255 -3 A"')
