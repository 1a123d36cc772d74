from datetime import timedelta

import pytest

from cloud.ingest.store import StoredEvent
from cloud.kernel.ids import EventId, MeterSerial
from cloud.readings import service, store
from tests.fakes_cloud import METER, NOON, FakeGateway, fresh_database
from wire.events import IntervalReadings, RegisterReadings, SupplyLost
from wire.units import Quantity

HOUR = timedelta(hours=1)
NOON_MS = 1_795_262_400_000
MONTH = timedelta(days=31)
WH = Quantity.ENERGY_IMPORT_WH


@pytest.fixture
def connection(tmp_path):
    with fresh_database(tmp_path) as database, database.transaction() as connection:
        yield connection


def hear(connection, event, *, seq=1, at=NOON, subject=METER):
    fake = FakeGateway()
    record = fake.record(event, seq=seq, prev=bytes(16), at=at, subject=subject)
    id_ = EventId(gateway=record.link.gateway, gen=1, lane=1, seq=seq)
    service.on_event(connection, StoredEvent(arrival=seq, id=id_, record=record, received_at=at), at)


def hours(*values, start_ms=NOON_MS):
    return IntervalReadings.of(start_ms, 3600, WH, values)


def values(connection, since=NOON, until=NOON + MONTH, meter=METER):
    return [reading.value for reading in store.intervals(connection, MeterSerial(meter), since, until)]


def test_a_batch_becomes_one_reading_an_interval_each_with_its_source(connection):
    hear(connection, hours(200, 220, 150), seq=7)

    readings = store.intervals(connection, MeterSerial(METER), NOON, NOON + MONTH)

    assert [(r.start_at, r.value) for r in readings] == [(NOON, 200), (NOON + HOUR, 220), (NOON + 2 * HOUR, 150)]
    assert {(r.period_s, r.quantity, r.source.seq, r.as_of) for r in readings} == {(3600, WH, 7, NOON)}
    assert store.newest_start_at(connection, MeterSerial(METER)) == NOON + 2 * HOUR


def test_a_period_holds_its_beginning_and_not_its_end(connection):
    hear(connection, hours(1, 2, 3))

    assert values(connection, NOON, NOON + HOUR) == [1]
    assert values(connection, NOON + timedelta(milliseconds=1), NOON + 2 * HOUR) == [2]


def test_a_later_word_replaces_an_earlier_one_and_never_the_other_way(connection):
    hear(connection, hours(1, 2), at=NOON + 2 * HOUR)
    hear(connection, hours(9, 9), seq=2, at=NOON + HOUR)
    assert values(connection) == [1, 2]

    hear(connection, hours(5), seq=3, at=NOON + 3 * HOUR)

    assert values(connection) == [5, 2]


def test_the_same_batch_again_changes_nothing(connection):
    hear(connection, hours(1, 2))
    hear(connection, hours(1, 2))

    assert values(connection) == [1, 2]


def test_a_batch_as_long_as_can_be_is_kept_whole(connection):
    hear(connection, hours(*range(1000)))

    assert values(connection, until=NOON + 2 * MONTH) == list(range(1000))


def test_readings_of_another_meter_or_quantity_stay_apart(connection):
    hear(connection, hours(1))
    hear(connection, hours(2), subject="LMP00000002")
    hear(connection, IntervalReadings.of(NOON_MS, 3600, Quantity.ENERGY_EXPORT_WH, (3,)))

    assert values(connection) == [1]
    assert values(connection, meter="LMP00000002") == [2]


def test_the_latest_registers_carry_their_instant_and_their_source(connection):
    registers = RegisterReadings(at_ms=NOON_MS, values=((Quantity.VOLTAGE_L1_MV, 229_900), (WH, 2**62)))

    hear(connection, registers, seq=4)

    assert [(r.quantity, r.value, r.as_of, r.source.seq) for r in store.latest(connection, MeterSerial(METER))] == [
        (WH, 2**62, NOON, 4),
        (Quantity.VOLTAGE_L1_MV, 229_900, NOON, 4),
    ]


def test_an_older_register_reading_does_not_turn_the_page_back(connection):
    hear(connection, RegisterReadings(at_ms=NOON_MS, values=((WH, 10),)))
    hear(connection, RegisterReadings(at_ms=NOON_MS - 1, values=((WH, 9),)), seq=2)
    hear(connection, RegisterReadings(at_ms=NOON_MS, values=()), seq=3)

    assert [r.value for r in store.latest(connection, MeterSerial(METER))] == [10]


def test_what_is_no_reading_or_of_no_meter_is_passed_over(connection):
    hear(connection, SupplyLost(began_at_ms=NOON_MS, input_mv=0))
    hear(connection, hours(1), subject="")

    assert values(connection) == values(connection, meter="") == []
    assert store.newest_start_at(connection, MeterSerial(METER)) is None
    assert store.latest(connection, MeterSerial(METER)) == []
