"""What a case lets us say, and what it does not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cloud.kernel.facts import SourceKind
from cloud.outages import facts
from cloud.outages.model import Case
from cloud.outages.settings import OutageSettings
from tests.fakes_outages import DARK, Home, at, interrupted, lost, own_breaker, restored

SETTINGS = OutageSettings()


def closed_case() -> Case:
    return Home().see(lost(1, 0), interrupted(2, 0)).wait_until(60).see(restored(3, 0, 1_800)).case


def test_every_fact_of_a_case_names_the_events_that_prove_it() -> None:
    sheet = facts.sheet("UP-1", closed_case(), SETTINGS)

    proofs = {
        name: [source.ref.rsplit("/", 1)[1] for source in fact.sources]
        for name, fact in sheet.items()
        if fact.sources[0].kind is SourceKind.EVENT
    }
    assert proofs == {
        "began_at": ["1", "2"],
        "power_is_out": ["2"],
        "returned_at": ["3"],
        "voltage_mv": ["3"],
        "held": ["3"],
        "power_is_back": ["3"],
        "out_for": ["1", "3"],
    }


def test_the_duration_is_from_the_raw_start_to_the_raw_end() -> None:
    assert facts.sheet("UP-1", closed_case(), SETTINGS)["out_for"].value == timedelta(minutes=30)


def test_it_is_out_grows_old_and_it_went_out_does_not() -> None:
    sheet = facts.sheet("UP-1", closed_case(), SETTINGS)

    assert sheet["power_is_out"].valid_until == at(4) + timedelta(minutes=15)
    assert sheet["began_at"].ttl is None


def test_a_breaker_is_told_with_the_voltage_at_the_meter_and_of_when_it_is() -> None:
    finding = Home().see(lost(1, 0), own_breaker(2, 0)).state.finding
    assert finding is not None

    sheet = facts.own_breaker("UP-1-breaker-1", finding, SETTINGS)

    assert {name: fact.value for name, fact in sheet.items()} == {
        "case": "UP-1-breaker-1",
        "began_at": at(0),
        "measured_at": at(3),
        "voltage_mv": 230_600,
        "nothing_is_drawn": "fair",
    }
    assert sheet["nothing_is_drawn"].valid_until == at(4) + timedelta(minutes=15)


@pytest.mark.parametrize("change", [{"clock_is_good": False}, {"evidence": DARK}])
def test_a_breaker_that_cannot_be_timed_or_measured_leaves_only_its_name(change: dict) -> None:
    finding = Home().see(lost(1, 0), own_breaker(2, 0)).state.finding
    assert finding is not None

    assert set(facts.own_breaker("UP-1-breaker-1", replace(finding, **change), SETTINGS)) == {"case"}


def test_still_out_rests_on_the_neighbours_returns_and_the_case() -> None:
    case = Home().see(lost(1, 0), interrupted(2, 0)).wait_until(60).case
    around = facts.Neighbours(back_at=at(1_800), by=(restored(7, 0, 1_800).heard.event,))

    sheet = facts.still_out("UP-1", case, around, at(2_000), SETTINGS)

    assert [source.ref.rsplit("/", 1)[1] for source in sheet["neighbours_back_at"].sources] == ["7"]
    assert str(sheet["no_return_shown"].sources[0]) == "case:UP-1-1"
    assert sheet["no_return_shown"].valid_until == at(2_000) + timedelta(hours=1)
    assert sheet["began_at"].value == at(0)


@pytest.mark.parametrize(
    ("case", "unknown"),
    [
        (replace(closed_case(), clock_is_good=False), {"began_at", "power_is_out", "out_for"}),
        (replace(closed_case(), returned=None), {"returned_at", "voltage_mv", "held", "power_is_back", "out_for"}),
        (replace(closed_case(), began_at=at(9_999)), {"out_for"}),
    ],
    ids=["the gateway's clock was not set", "not back yet", "back before it began"],
)
def test_what_cannot_be_proven_is_left_out(case: Case, unknown: set[str]) -> None:
    everything = set(facts.sheet("UP-1", closed_case(), SETTINGS))

    assert everything - set(facts.sheet("UP-1", case, SETTINGS)) == unknown


def test_a_return_by_a_clock_that_was_not_set_proves_no_time() -> None:
    case = closed_case()
    assert case.returned is not None
    doubtful = replace(case, returned=replace(case.returned, clock_is_good=False))

    assert set(facts.sheet("UP-1", doubtful, SETTINGS)) == {"case", "began_at", "power_is_out"}
