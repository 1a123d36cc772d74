"""A meter's logs are read in the association that reads its registers; one that is not to be had spoils nothing."""

from datetime import timedelta

from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.meter_logs.event_log import LogSpan
from gateway.core.meter_logs.log_progress import fresh_progress
from tests.builders_meter import a_profile
from tests.fakes_event_log import CODE
from tests.fakes_meter import (
    CLOCK,
    NOON,
    FakeLine,
    FakeMeter,
    array,
    capture_object,
    home_meter,
    octets,
    stamp,
    structure,
    u8,
)
from tests.fakes_meter_session import reading_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BUFFER = Attribute(class_id=7, obis=Obis.parse("0.0.99.98.0.255"), index=2)
FIFO, LIFO = 1, 2


def profile(**log):
    return a_profile(logs={"standard": {"obis": "0.0.99.98.0.255", "family": "dsmr"} | log})


def meter(*rows, order=FIFO, **habits):
    log = {
        BUFFER: array(*(structure(stamp(at), u8(code)) for at, code in rows)),
        BUFFER.sibling(3): array(*map(capture_object, (CLOCK, CODE))),
        BUFFER.sibling(5): Data(DataType.ENUM, order),
    }
    return FakeLine(meter=FakeMeter(objects=home_meter() | log, **habits))


def read(line, read_by=None, **span):
    """The pages of one session over this line."""
    read_by = profile() if read_by is None else read_by
    (log,) = read_by.logs
    progress = fresh_progress(log, NOON, 1)
    spans = [LogSpan(log=log, since=progress.through - DAY, **span)]
    seen = []
    reading_of(line, read_by).read_on(None, lambda snapshot, _rows: seen.append(snapshot), spans)
    (snapshot,) = seen
    return snapshot.logs


def codes(pages):
    (page,) = pages
    return [entry.code for entry in page.entries]


def test_a_log_comes_along_with_the_registers_in_one_association():
    line = meter((NOON - HOUR, 40), (NOON, 41))

    pages = read(line)

    assert codes(pages) == [40, 41]
    assert [apdu[0] for apdu in line.meter.requests].count(0x60) == 1


def test_what_the_meter_lists_newest_first_is_turned_round():
    assert codes(read(meter((NOON, 41), (NOON - HOUR, 40), order=LIFO))) == [40, 41]


def test_a_log_that_is_only_given_whole_is_read_whole():
    line = meter((NOON - 90 * DAY, 1), (NOON, 41))

    assert codes(read(line, profile(reads="whole"))) == [1, 41]


def test_a_log_the_meter_does_not_have_is_a_page_that_says_why():
    line = FakeLine(meter=FakeMeter(objects=home_meter()))

    (page,) = read(line)

    assert page.entries == ()
    assert page.why_not == "the meter does not tell how it is laid out: object-undefined"


def test_a_log_that_captures_nothing_we_read_is_a_page_that_says_why():
    line = meter()
    line.meter.objects[BUFFER.sibling(3)] = array(capture_object(CLOCK))
    line.meter.objects[BUFFER] = array()

    (page,) = read(line)

    assert "neither an event code nor a duration" in page.why_not


def test_no_log_is_begun_when_half_the_sessions_time_is_gone():
    line = meter((NOON, 41))

    def slowly(_apdu):
        line.clock.seconds += 16

    line.meter.answer_to = slowly

    assert read(line) == ()


def test_a_log_the_meter_does_not_have_is_asked_for_once_a_day():
    line = FakeLine(meter=FakeMeter(objects=home_meter()))
    session, (log,) = reading_of(line, profile()), profile().logs
    asked = []

    for day in (0, 0, 2):
        line.clock.seconds, line.is_closed = day * 86_400.0, False
        line.meter.requests.clear()
        session.read_on(None, lambda *_: None, [LogSpan(log=log, since=NOON - DAY)])
        asked.append(any(BUFFER.obis.octets in request for request in line.meter.requests))

    assert asked == [True, False, True]


def test_a_clock_at_the_end_of_all_time_spoils_no_log():
    line = meter((NOON, 7))
    line.meter.objects[CLOCK] = octets(bytes.fromhex("270f0c1f0517000000000000"))

    assert codes(read(line)) == [7]
