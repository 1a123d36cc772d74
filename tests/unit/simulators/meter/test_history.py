import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from runtime.errors import InputRefused
from simulators.meter import history
from simulators.meter.history import MAX_SPANS, History, Span, SwitchState
from simulators.meter.meter_clock import MeterClock
from tests.fakes_simulators import NOW

HOUR = timedelta(hours=1)


def a_history() -> History:
    return History.of_new_meter("LMP10000001", NOW)


def test_a_new_meter_has_a_past_of_sixty_days_from_a_full_hour() -> None:
    new = a_history()

    assert new.installed_at == (NOW - timedelta(days=60)).replace(minute=0)
    assert new.is_supplied


def test_a_cut_lasts_until_the_supply_is_back() -> None:
    cut = a_history().with_supply(False, NOW)
    back = cut.with_supply(True, NOW + HOUR)

    assert not cut.is_supplied
    assert back.cuts == (Span(began_at=NOW, ended_at=NOW + HOUR),)
    assert back.is_supplied


def test_no_news_changes_nothing() -> None:
    cut = a_history().with_supply(False, NOW)

    assert cut.with_supply(False, NOW + HOUR) == cut
    assert a_history().with_supply(True, NOW) == a_history()


def test_a_switch_that_waits_for_a_hand_is_still_open() -> None:
    opened = a_history().switched(SwitchState.OPEN, NOW)
    waiting = opened.switched(SwitchState.READY, NOW + HOUR)
    closed = waiting.switched(SwitchState.CLOSED, NOW + 2 * HOUR)

    assert waiting.openings == (Span(began_at=NOW),)
    assert closed.openings == (Span(began_at=NOW, ended_at=NOW + 2 * HOUR),)


def test_current_flows_only_while_supplied_and_closed() -> None:
    lived = (
        a_history()
        .with_supply(False, NOW)
        .switched(SwitchState.OPEN, NOW + HOUR)
        .with_supply(True, NOW + 2 * HOUR)
        .switched(SwitchState.CLOSED, NOW + 3 * HOUR)
        .with_supply(False, NOW + 4 * HOUR)
    )

    fed = lived.fed_spans(NOW - HOUR, NOW + 5 * HOUR)

    assert fed == [(NOW - HOUR, NOW), (NOW + 3 * HOUR, NOW + 4 * HOUR)]


def test_current_flows_only_while_the_customers_breaker_is_closed() -> None:
    lived = a_history().with_breaker(False, NOW).with_breaker(True, NOW + HOUR)

    assert lived.fed_spans(NOW - HOUR, NOW + 2 * HOUR) == [(NOW - HOUR, NOW), (NOW + HOUR, NOW + 2 * HOUR)]
    assert lived.is_fed


@pytest.mark.parametrize(
    "lived",
    [
        a_history().with_supply(False, NOW),
        a_history().switched(SwitchState.READY, NOW),
        a_history().with_breaker(False, NOW),
    ],
    ids=["cut", "switched off", "tripped"],
)
def test_any_one_interruption_ends_the_flow(lived: History) -> None:
    assert not lived.is_fed


def test_a_breaker_that_is_told_twice_trips_once() -> None:
    tripped = a_history().with_breaker(False, NOW)

    assert tripped.with_breaker(False, NOW + HOUR) == tripped
    assert a_history().with_breaker(True, NOW) == a_history()


def test_a_stretch_without_interruption_is_fed_whole() -> None:
    assert a_history().fed_spans(NOW, NOW + HOUR) == [(NOW, NOW + HOUR)]
    assert a_history().fed_spans(NOW, NOW) == []


def test_a_clock_set_back_makes_no_cut_of_negative_length() -> None:
    back = a_history().with_supply(False, NOW).with_supply(True, NOW - HOUR)

    assert back.cuts == (Span(began_at=NOW, ended_at=NOW),)


def test_the_meter_refuses_to_remember_more_than_it_can() -> None:
    lived = a_history()
    for count in range(MAX_SPANS):
        lived = lived.with_supply(False, NOW + count * HOUR).with_supply(True, NOW + count * HOUR)

    with pytest.raises(InputRefused, match="remembers 1000"):
        lived.with_supply(False, NOW + MAX_SPANS * HOUR)


def test_a_history_survives_a_kill(tmp_path: Path) -> None:
    lived = (
        a_history()
        .with_supply(False, NOW)
        .switched(SwitchState.OPEN, NOW + HOUR)
        .with_breaker(False, NOW)
        .with_head(False)
        .with_voltage(180.0)
        .with_clock(MeterClock().drifting(50.0, NOW).jumped(-HOUR, NOW + HOUR))
        .logged("fraud", 44, NOW)
        .with_new_key(0, bytes(24))
        .with_new_key(0, bytes(range(24)))
        .capturing(("clock", "import"), NOW)
    )
    lived = replace(lived, sags=2, swells=1)

    history.save(lived, tmp_path / "meter.json")

    assert history.load(tmp_path / "meter.json", "LMP10000001") == lived


def test_a_state_of_before_heads_and_breakers_has_both_in_place(tmp_path: Path) -> None:
    path = tmp_path / "meter.json"
    history.save(a_history(), path)
    document = json.loads(path.read_text())
    del document["trips"], document["is_head_on"]
    path.write_text(json.dumps(document))

    assert history.load(path, "LMP10000001") == a_history()


def test_without_a_file_there_is_no_history_yet(tmp_path: Path) -> None:
    assert history.load(tmp_path / "none.json", "LMP10000001") is None


def test_another_meters_history_is_refused(tmp_path: Path) -> None:
    history.save(a_history(), tmp_path / "meter.json")

    with pytest.raises(InputRefused, match="state of meter LMP10000001"):
        history.load(tmp_path / "meter.json", "LMP2")


def test_an_instant_without_its_offset_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "meter.json"
    history.save(a_history(), path)
    path.write_text(path.read_text().replace("+00:00", ""))

    with pytest.raises(InputRefused, match="not a meter's state"):
        history.load(path, "LMP10000001")


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"format": 2}', "{", "\x00", "[" * 9_999])
def test_a_file_that_is_no_history_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "meter.json"
    path.write_text(text)

    with pytest.raises(InputRefused, match="not a meter's state"):
        history.load(path, "LMP10000001")


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="not a meter's state"):
        history.load(tmp_path, "LMP10000001")
