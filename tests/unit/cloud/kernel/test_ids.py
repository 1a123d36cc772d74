import pytest

from cloud.kernel.errors import IdentifierRefused
from cloud.kernel.ids import EventId, MeterSerial, UsagePointId
from wire.ids import GatewayId

GATEWAY = GatewayId("7Z0M4QDA")


@pytest.mark.parametrize("text", ["UP-1", "a", "0", "LMP00000001", "x" * 32, "de:1.2_3"])
def test_a_visible_name_is_taken(text):
    assert UsagePointId.parse(text) == text


@pytest.mark.parametrize(
    "text", ["", " UP-1", "UP 1", "UP\n1", "UP\0", "-1", ".hidden", "x" * 33, "ü", "１", "a/b", "'; DROP", "UP-1\n"]
)
def test_a_name_that_would_trip_somebody_is_refused(text):
    with pytest.raises(IdentifierRefused, match="cannot be a meter's serial number"):
        MeterSerial.parse(text)


def test_an_event_is_named_by_its_place_in_the_chain():
    event = EventId(gateway=GATEWAY, gen=1, lane=0, seq=12)

    assert str(event) == "7Z0M4QDA/1/0/12"
    assert EventId.parse(str(event)) == event


def test_events_of_a_chain_sort_by_number_not_by_text():
    places = [EventId(gateway=GATEWAY, gen=1, lane=0, seq=seq) for seq in (9, 10, 2)]

    assert [event.seq for event in sorted(places)] == [2, 9, 10]


@pytest.mark.parametrize(
    "text", ["", "7Z0M4QDA", "7Z0M4QDA/1/0/x", "UUUUUUUU/1/0/1", "7Z0M4QDA/1/0/1/2", "/1/0/1", "7Z0M4QDA/-1/0/1"]
)
def test_a_text_that_names_no_event_is_refused(text):
    with pytest.raises(IdentifierRefused, match="is not an event"):
        EventId.parse(text)
