"""The buffer of a profile-generic object, as rows of plain values (Blue Book 4.3.6).

Meters save line time by what they leave out: null-data for "as in the row before", for the clock column "one capture
period later", and differences instead of values. Those are made whole here, so that every row has all its columns; a
row that leaves out what no row before has said keeps null-data there, and the reader of that column decides.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from gateway.core.dlms.cosem_time import from_utc
from gateway.core.dlms.data import NULL, Data, DataType
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.errors import Undecodable

MAX_COLUMNS = 64
CLOCK = Attribute(class_id=8, obis=Obis.parse("0.0.1.0.0.255"), index=2)


def capture_objects(data: Data) -> tuple[Attribute, ...]:
    """The columns, from attribute 3 of the profile; raises Undecodable."""
    columns = tuple(_capture_object(item.items()) for item in data.items())
    if not 0 < len(columns) <= MAX_COLUMNS:
        raise Undecodable(f"a profile of {len(columns)} columns is not read")
    return columns


def _capture_object(members: Sequence[Data]) -> Attribute:
    if len(members) != 4:
        raise Undecodable(f"a capture object has 4 members, not {len(members)}")
    class_id, obis, index, _data_index = members
    return Attribute(class_id=class_id.integer(), obis=Obis.of(obis.octets()), index=index.integer())


def rows(buffer: Data, columns: Sequence[Attribute], capture_period_s: int) -> tuple[tuple[Data, ...], ...]:
    """The rows of the buffer, each as long as `columns`, nothing left out; raises Undecodable."""
    complete: list[tuple[Data, ...]] = []
    before: tuple[Data, ...] = (NULL,) * len(columns)
    for item in buffer.items():
        cells = item.items()
        if len(cells) != len(columns):
            raise Undecodable(f"a row has {len(cells)} cells where the profile has {len(columns)} columns")
        before = tuple(map(_whole, cells, before, columns, (capture_period_s,) * len(columns)))
        complete.append(before)
    return tuple(complete)


def _whole(cell: Data, before: Data, column: Attribute, capture_period_s: int) -> Data:
    if cell.type is DataType.NULL_DATA and before.type is not DataType.NULL_DATA:
        return _one_period_later(before, capture_period_s) if column == CLOCK else before
    if cell.type.is_delta and isinstance(cell.value, int):
        return Data(before.type, before.integer() + cell.value)
    return cell


def _one_period_later(before: Data, capture_period_s: int) -> Data:
    moment = before.date_time()
    later = moment.to_utc(unspecified_deviation_min=0) + timedelta(seconds=capture_period_s)
    moved = from_utc(later, deviation_min=moment.deviation_min or 0)
    return Data(DataType.DATE_TIME, replace(moment, date=moved.date, time=moved.time))
