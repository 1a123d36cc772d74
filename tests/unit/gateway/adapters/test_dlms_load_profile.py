"""A load profile by time or by number, and one that was laid out anew: no row is lost, doubled or misread."""

from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.obis import Attribute, Obis
from tests.builders_meter import a_profile
from tests.fakes_entries import ENTRY, RANGE, EntryMeter
from tests.fakes_meter import (
    CLOCK,
    IMPORT,
    LOAD_PROFILE,
    NOON,
    STATUS,
    FakeLine,
    FakeMeter,
    array,
    capture_object,
    scaler_unit,
    stamp,
    structure,
    u8,
    u32,
)
from tests.fakes_meter_session import HOUR, long_meter, reading_of, used
from wire.units import Quantity

EXPORT = Attribute(class_id=3, obis=Obis.parse("1.0.2.8.0.255"), index=2)
BY_ENTRY = a_profile(load_profile={"access": "entry"})
BOTH_WAYS = a_profile(load_profile={"energy_export_wh": {"obis": "1.0.2.8.0.255"}})
A_DAY = [(NOON + (n - 23) * HOUR, 500) for n in range(24)]


class TestByEntry:
    def test_a_profile_may_ask_for_rows_by_number(self):
        meter = EntryMeter(400)

        _, rows = reading_of(FakeLine(meter=meter), BY_ENTRY).read_all(NOON - 24 * HOUR, NOON)

        assert used(rows) == A_DAY
        assert set(meter.selections()) == {ENTRY}

    def test_a_meter_that_refuses_times_is_asked_by_number_from_then_on(self):
        meter, told = EntryMeter(400, refuses=(RANGE,)), []
        line = FakeLine(meter=meter)
        session = reading_of(line, report=told.append)

        _, rows = session.read_all(NOON - 24 * HOUR, NOON)
        line.is_closed = False
        _, again = session.read_all(NOON - 24 * HOUR, NOON)

        assert used(rows) == used(again) == A_DAY
        assert meter.selections() == [RANGE, ENTRY, ENTRY]
        assert any("by entry" in words for words in told)

    def test_a_meter_that_refuses_both_keeps_its_load_profile_and_says_why(self):
        meter = EntryMeter(400, refuses=(RANGE, ENTRY))

        snapshot, rows = reading_of(FakeLine(meter=meter)).read_all(NOON - HOUR, NOON)

        assert rows == ()
        assert "scope-of-access-violated" in snapshot.denied[LOAD_PROFILE]

    def test_a_month_is_caught_up_piece_by_piece_without_a_row_lost_or_doubled(self):
        line = FakeLine(meter=EntryMeter(720))
        session, found = reading_of(line, BY_ENTRY), []

        for day in range(29, -1, -1):
            _, rows = session.read_all(NOON - (day + 1) * 24 * HOUR, NOON - day * 24 * HOUR)
            found += rows
            line.is_closed = False

        assert [row.ends_at for row in found] == [NOON + (n - 719) * HOUR for n in range(720)]


class TestLaidOutAnew:
    """A meter whose columns change while it is read by the same session."""

    def read_twice(self, second_columns, second_rows, profile=BOTH_WAYS):
        line, told = FakeLine(meter=FakeMeter(objects=long_meter(3))), []
        line.meter.objects |= {EXPORT: u32(0), EXPORT.sibling(3): scaler_unit(2, 30)}
        line.meter.objects[LOAD_PROFILE.sibling(3)] = array(*map(capture_object, (CLOCK, STATUS, IMPORT, EXPORT)))
        line.meter.objects[LOAD_PROFILE] = array(*(_row(n, 100 + n, 7 + n) for n in (-2, -1, 0)))
        session = reading_of(line, profile, report=told.append)
        session.read_all(NOON - HOUR, NOON)
        line.meter.objects[LOAD_PROFILE.sibling(3)] = array(*map(capture_object, second_columns))
        line.meter.objects[LOAD_PROFILE] = array(*second_rows)
        line.is_closed = False

        snapshot, rows = session.read_all(NOON, NOON + 2 * HOUR)

        return snapshot, rows, told

    def test_columns_that_changed_places_are_noticed_before_a_row_is_believed(self):
        swapped = (CLOCK, STATUS, EXPORT, IMPORT)

        _, rows, told = self.read_twice(swapped, [_row(n, 7 + n, 100 + n) for n in (-1, 0, 1, 2)])

        assert [row.value(Quantity.ENERGY_IMPORT_WH) for row in rows] == [100, 100]
        assert [row.value(Quantity.ENERGY_EXPORT_WH) for row in rows] == [100, 100]
        assert any("laid out anew" in words for words in told)

    def test_columns_that_changed_places_in_a_buffer_that_began_anew_are_noticed(self):
        swapped = (CLOCK, STATUS, EXPORT, IMPORT)

        _, rows, told = self.read_twice(swapped, [_row(1, 50, 1_000), _row(2, 53, 1_009)])

        assert [dict(row.values) for row in rows] == [
            {},
            {Quantity.ENERGY_IMPORT_WH: 900, Quantity.ENERGY_EXPORT_WH: 300},
        ]
        assert any("laid out anew" in words for words in told)

    def test_a_column_more_is_noticed(self):
        wider = (CLOCK, STATUS, IMPORT, STATUS, EXPORT)
        rows_now = [structure(stamp(NOON + n * HOUR), u8(0), u32(100 + n), u8(9), u32(7 + n)) for n in (0, 1, 2)]

        _, rows, _ = self.read_twice(wider, rows_now)

        assert [row.value(Quantity.ENERGY_EXPORT_WH) for row in rows] == [100, 100]

    def test_another_type_in_a_column_makes_the_columns_be_asked_for_again(self):
        narrower = [structure(stamp(NOON + n * HOUR), u8(0), Data(DataType.LONG_UNSIGNED, 5 + n)) for n in (1, 2)]

        _, rows, told = self.read_twice((CLOCK, STATUS, EXPORT), narrower)

        assert [dict(row.values) for row in rows] == [{}, {Quantity.ENERGY_EXPORT_WH: 100}]
        assert told

    def test_rows_that_fit_no_columns_are_refused(self):
        snapshot, rows, _ = self.read_twice((CLOCK, STATUS), [_row(1, 1, 1)])

        assert rows == ()
        assert "columns" in snapshot.denied[LOAD_PROFILE]

    def test_a_meter_that_stays_as_it_is_is_not_asked_again(self):
        line = FakeLine(meter=FakeMeter(objects=long_meter(48)))
        session = reading_of(line)
        for ends in range(4):
            session.read_all(NOON - (5 - ends) * HOUR, NOON - (4 - ends) * HOUR)
            line.is_closed = False

        asked = [request for request in line.meter.requests if capture_objects_of(request)]

        assert len(asked) == 1


def capture_objects_of(request):
    return bytes.fromhex("00070100630100ff03") in request


def _row(hour, import_, export):
    return structure(stamp(NOON + hour * HOUR), u8(0), u32(import_), u32(export))
