"""The buffer of a profile-generic object, as rows of plain values (Blue Book 4.3.6).

Meters save line time by what they leave out: null-data for "as in the row before", for the clock column "one capture
period later", and differences instead of values. Those are made whole here, so that every row has all its columns; a
row that leaves out what no row before has said keeps null-data there, and the reader of that column decides.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from gateway.core.dlms.cosem_time import local_octets
from gateway.core.dlms.data import NULL, Data, DataType
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.errors import Undecodable

MAX_COLUMNS = 64
_NOTHING = DataType.NULL_DATA
_DELTAS = frozenset(type_ for type_ in DataType if type_.is_delta)
_NULL, _FIRST_DELTA = int(DataType.NULL_DATA), int(DataType.DELTA_INTEGER)
_TAIL_BYTES = 3  # deviation and status, behind the local time
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
    clocks = [_ClockColumn(capture_period_s) if column == CLOCK else None for column in columns]
    for item in buffer.items():
        cells = item.items()
        if len(cells) != len(columns):
            raise Undecodable(f"a row has {len(cells)} cells where the profile has {len(columns)} columns")
        before = tuple([
            cell if _NULL < cell.type < _FIRST_DELTA else _whole(cell, earlier, clock)
            for cell, earlier, clock in zip(cells, before, clocks, strict=True)
        ])  # fmt: skip
        complete.append(before)
    return tuple(complete)


def _whole(cell: Data, before: Data, clock: "_ClockColumn | None") -> Data:
    if cell.type is _NOTHING:
        return clock.one_period_after(before) if clock and before.type is not _NOTHING else before
    if cell.type in _DELTAS and isinstance(cell.value, int):
        told = before.value
        return Data(before.type, (told if type(told) is int else before.integer()) + cell.value)
    return cell


class _ClockColumn:
    """Counts a clock on, from the last one the meter told; the octets of that are read once for all that follow."""

    def __init__(self, capture_period_s: int) -> None:
        self._period_s = capture_period_s
        self._period = timedelta()
        self._counted: Data | None = None
        self._local = datetime.min.replace(tzinfo=UTC)
        self._tail = b""

    def one_period_after(self, before: Data) -> Data:
        if before is not self._counted:
            moment = before.date_time()
            # Its own deviation and status stay, so that the count is one of local time.
            to_utc = timedelta(minutes=moment.deviation_in_force(0))
            self._local = moment.to_utc(unspecified_deviation_min=0) - to_utc
            self._tail = moment.encode()[-_TAIL_BYTES:]
        try:
            self._period = self._period or timedelta(seconds=self._period_s)
            self._local += self._period
        except OverflowError as error:
            raise Undecodable("a clock is counted on beyond the year 9999") from error
        self._counted = Data(DataType.OCTET_STRING, local_octets(self._local) + self._tail)
        return self._counted
