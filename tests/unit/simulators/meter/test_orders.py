"""What a meter does when it is told, as a reader sees it afterwards."""

from datetime import timedelta

import pytest

from runtime.errors import InputRefused
from simulators.meter.apdu import AccessDenied, DataAccessResult, Target
from simulators.meter.axdr import Cursor, Value
from simulators.meter.cosem_object import obis
from simulators.meter.device import Meter
from simulators.meter.history import History
from tests.fakes_simulators import NOW, a_life, moment


class Shelf:
    def __init__(self) -> None:
        self.kept: list[History] = []


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def meter(shelf: Shelf) -> Meter:
    return Meter(a_life(phases=3), keep=shelf.kept.append)


def tell(meter: Meter, words: str, at_s: float = 0.0) -> dict[str, object]:
    return meter.command(words.split(), moment(at=NOW + timedelta(seconds=at_s)))


def read(meter: Meter, class_id: int, name: str, attribute: int = 2, at_s: float = 0.0) -> Value:
    target = Target(class_id=class_id, obis=obis(name), member=attribute)
    return Cursor(meter.objects.read(target, NOW + timedelta(seconds=at_s))).value()


def codes(meter: Meter, log: int) -> list[Value]:
    rows = read(meter, 7, f"0.0.99.98.{log}.255")
    assert isinstance(rows, tuple)
    return [row[1] for row in rows if isinstance(row, tuple)]


def test_a_cut_stands_in_the_standard_log_and_its_last_code_in_its_object(meter: Meter) -> None:
    tell(meter, "supply off")
    tell(meter, "supply on", 30)

    assert codes(meter, 0) == [1, 2]
    assert read(meter, 1, "0.0.96.11.0.255") == 2


def test_the_disconnector_has_a_log_of_its_own(meter: Meter) -> None:
    tell(meter, "disconnector open")
    tell(meter, "disconnector closed")

    assert codes(meter, 2) == [62, 63]


def test_a_sag_is_logged_for_each_phase_and_counted_once(meter: Meter) -> None:
    tell(meter, "voltage 200")
    tell(meter, "voltage 190")
    tell(meter, "voltage 230")

    assert codes(meter, 5) == [76, 77, 78, 85, 86, 87]
    assert read(meter, 1, "1.0.52.32.0.255") == 1
    assert read(meter, 1, "1.0.52.36.0.255") == 0


def test_a_swell_is_counted_apart(meter: Meter) -> None:
    tell(meter, "voltage 260")

    assert codes(meter, 5) == [79, 80, 81]
    assert read(meter, 1, "1.0.32.36.0.255") == 1


@pytest.mark.parametrize(
    ("words", "log", "code"),
    [("event cover_opened", 1, 44), ("event magnet_on", 1, 42), ("event 255", 0, 255), ("event 90 quality", 5, 90)],
)
def test_an_event_is_logged_by_name_or_by_code(meter: Meter, words: str, log: int, code: int) -> None:
    told = tell(meter, words)

    assert codes(meter, log) == [code]
    assert told["events"] == [[{0: "standard", 1: "fraud", 5: "quality"}[log], code, NOW.isoformat()]]


def test_a_log_forgets_its_oldest_entry(meter: Meter) -> None:
    for code in range(101):
        tell(meter, f"event {code} fraud")
    tell(meter, "event 7")

    assert codes(meter, 1) == list(range(1, 101))
    assert codes(meter, 0) == [7]


def test_a_clock_that_jumps_shows_it_and_logs_both_times(meter: Meter) -> None:
    told = tell(meter, "clock jump 90")

    assert told["shows"] == (NOW + timedelta(seconds=90)).isoformat()
    rows = read(meter, 7, "0.0.99.98.0.255")
    assert rows == (
        (bytes.fromhex("07ea0b1506121e0000000000"), 4),
        (bytes.fromhex("07ea0b1506121f1e00000000"), 5),
    )


def test_a_clock_that_drifts_logs_nothing(meter: Meter) -> None:
    tell(meter, "clock drift 1000")

    assert codes(meter, 0) == []
    assert tell(meter, "status", 1_000)["shows"] == (NOW + timedelta(seconds=1_001)).isoformat()


@pytest.mark.parametrize(
    ("manner", "shown"),
    [
        ("no-deviation", "07ea0b1506121e0000800000"),
        ("no-status", "07ea0b1506121e00000000ff"),
        ("no-hundredths", "07ea0b15ff121e00ff000000"),
        ("no-seconds", "07ea0b1506121effff000000"),
        ("no-date", "ffffffffff121e0000000000"),
        ("invalid", "07ea0b1506121e0000000001"),
        ("wrong-sign", "07ea0b1506121e0000000000"),
        ("plain", "07ea0b1506121e0000000000"),
    ],
)
def test_a_clock_tells_the_time_in_its_manner(meter: Meter, manner: str, shown: str) -> None:
    tell(meter, f"clock manner {manner}")

    assert read(meter, 8, "0.0.1.0.0.255") == bytes.fromhex(shown)


def test_other_columns_begin_with_an_empty_buffer(meter: Meter) -> None:
    tell(meter, "columns clock export")

    columns = read(meter, 7, "1.0.99.1.0.255", 3)
    assert isinstance(columns, tuple)
    assert [column[1] for column in columns if isinstance(column, tuple)] == [
        obis("0.0.1.0.0.255"),
        obis("1.0.2.8.0.255"),
    ]
    assert read(meter, 7, "1.0.99.1.0.255", 2) == ()
    assert read(meter, 7, "1.0.99.1.0.255", 7, at_s=3_600) == 1


def test_an_object_is_denied_and_granted_again(meter: Meter) -> None:
    tell(meter, "deny 1.0.1.8.0.255 11")

    with pytest.raises(AccessDenied) as denied:
        read(meter, 3, "1.0.1.8.0.255")

    assert denied.value.result is DataAccessResult.OBJECT_UNAVAILABLE
    tell(meter, "grant 1.0.1.8.0.255")
    assert read(meter, 3, "1.0.1.8.0.255")


@pytest.mark.parametrize(
    "words",
    [
        "event",
        "event nothing",
        "event -1",
        "event 70000",
        "event 1 nowhere",
        "clock",
        "clock jump far",
        "clock drift 1e9",
        "clock manner rude",
        "columns",
        "columns import",
        "columns clock clock",
        "columns clock weather",
        "deny",
        "deny 1.2.3",
        "deny 1.0.1.8.0.255 0",
        "deny 1.0.1.8.0.999",
        "grant",
        "misbehave",
        "misbehave refuse for-ever",
        "misbehave told -1",
    ],
)
def test_what_it_does_not_know_is_refused_and_nothing_has_changed(meter: Meter, shelf: Shelf, words: str) -> None:
    with pytest.raises(InputRefused):
        tell(meter, words)

    assert shelf.kept == []
