"""From events of several homes to outages on the tree, and to their timers, in one transaction each."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from cloud.grid import store as grid
from cloud.kernel import tasks
from cloud.kernel.ids import UsagePointId
from cloud.outages import area_store
from cloud.outages.area_evidence import homes_of
from cloud.outages.area_model import Mark, Standing
from cloud.outages.settings import OutageSettings
from cloud.outages.signs import LIVE_MV
from tests.fakes_cloud import NOON
from tests.fakes_feeder import device, feeder_of, homes_at
from tests.fakes_six_homes import FEEDER, STREET, Street, street_in
from tests.fakes_town import ms
from wire.events import SupplyLost, SupplyRestored
from wire.instants import unix_ms
from wire.terms import Disconnector


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    with street_in(tmp_path) as street:
        yield street


@contextmanager
def counted_statements() -> Iterator[Counter[str]]:
    counts: Counter[str] = Counter()

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        counts[statement.split(maxsplit=1)[0]] += 1

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield counts
    finally:
        event.remove(Engine, "before_cursor_execute", count)


def test_a_dark_street_becomes_one_outage_after_the_gathering_time(street: Street) -> None:
    street.lose("UP-1", "UP-2", "UP-3", "UP-4")
    assert street.outages() == []

    street.wait_until(6)

    (outage,) = street.outages()
    assert (outage.device, outage.began_at) == ("T-0101", NOON)
    assert [street.standing(home) for home in STREET] == [Standing.OUT] * 4 + [Standing.UNVERIFIED] * 2


def test_of_each_home_it_is_known_when_its_sense_fell_and_which_case_is_over(street: Street) -> None:
    street.hear("UP-1", SupplyLost(began_at_ms=ms(0), input_mv=0))
    street.lose("UP-2").wait_until(600).restore("UP-2")

    with street.database.read() as connection:
        homes = homes_of(connection, FEEDER, street.clock.now(), OutageSettings())

    assert [homes[UsagePointId(name)].suspected_at for name in ("UP-1", "UP-2", "UP-3")] == [NOON, None, None]
    back = homes[UsagePointId("UP-2")]
    assert (back.out_since, back.was_out_since, back.returned_case) == (None, NOON, 1)


def test_a_burst_costs_one_survey(street: Street) -> None:
    street.lose(*STREET)

    with street.database.read() as connection:
        due = tasks.due(connection, ["area.look"], NOON + timedelta(seconds=60), 100)
    assert [task.key for task in due] == [FEEDER]


def test_a_survey_asks_the_same_number_of_questions_whatever_its_homes(street: Street) -> None:
    street.lose("UP-1")
    with street.database.transaction() as connection, counted_statements() as of_one:
        street.areas._survey(connection, FEEDER, street.clock.now())
    street.wait_until(600).lose(*STREET[1:]).restore("UP-1")

    with street.database.transaction() as connection, counted_statements() as of_all:
        street.areas._survey(connection, FEEDER, street.clock.now())

    assert of_one["SELECT"] <= of_all["SELECT"] <= 9


@pytest.mark.parametrize(("voltage_mv", "standing"), [(LIVE_MV, Standing.BACK), (LIVE_MV - 1, Standing.UNVERIFIED)])
def test_power_to_the_case_book_is_power_to_an_outage(street: Street, voltage_mv: int, standing: Standing) -> None:
    street.lose(*STREET[:5]).wait_until(600)

    street.read("UP-6", voltage_mv)
    street.wait_until(610)

    assert street.standing("UP-6") is standing


def test_a_return_timed_by_a_clock_that_was_not_set_is_no_younger_than_when_it_was_heard(street: Street) -> None:
    street.lose("UP-1").wait_until(600)
    heard_at, early = street.clock.now(), timedelta(minutes=20)
    back = SupplyRestored(
        began_at_ms=ms(0),
        restored_at_ms=unix_ms(heard_at + early),
        held_s=60,
        voltages_mv=(230_600,),
        disconnector=Disconnector.CLOSED,
        power_failures=4,
    )

    street.hear("UP-1", back, ahead=early)

    with street.database.read() as connection:
        homes = homes_of(connection, FEEDER, heard_at + 2 * early, OutageSettings())
    proof = homes[UsagePointId("UP-1")].proof
    assert proof is not None
    assert proof.at == heard_at


def test_a_home_that_moves_to_another_feeder_takes_its_outage_along(street: Street) -> None:
    street.lose("UP-1").wait_until(600)
    other = feeder_of([device("T-9", "F-9")], homes_at("T-9", "UP-1"), "F-9")
    rest = feeder_of([device("T-0101", "F-1")], homes_at("T-0101", *STREET[1:]))
    street.connect(rest)

    street.connect(other)
    street.wait_until(620)

    assert street.outages() == []
    assert street.outage(2).feeder == "F-9"


def test_a_feeder_that_becomes_a_part_of_another_leaves_no_outage_behind(street: Street) -> None:
    street.lose(*STREET).wait_until(600)
    whole = feeder_of([device("F-1", "F-9"), device("T-0101", "F-1")], homes_at("T-0101", *STREET), "F-9")

    street.connect(whole)
    street.wait_until(620)

    assert street.outages() == []
    assert (street.marks(1)[-1], street.outage(2).feeder) == (Mark.CLOSED, "F-9")


def test_nothing_is_left_to_wake_for_once_all_is_over(street: Street) -> None:
    street.lose("UP-1", "UP-2").wait_until(600)
    street.restore("UP-1", "UP-2")
    for home in STREET[2:]:
        street.read(home)
    street.wait_until(620)

    assert street.outages() == []
    with street.database.read() as connection:
        assert tasks.next_due_at(connection, street.areas.handlers()) is None


def test_a_reading_without_a_voltage_worth_the_name_verifies_nothing(street: Street) -> None:
    street.lose(*STREET[:5]).wait_until(600)
    street.restore(*STREET[:5]).wait_until(610)

    street.read("UP-6", voltage_mv=3_000)
    street.wait_until(620)
    assert street.standing("UP-6") is Standing.UNVERIFIED

    street.read("UP-6")
    street.wait_until(630)
    assert street.outages() == []


def test_a_reading_of_a_member_who_is_verified_costs_no_survey(street: Street) -> None:
    street.lose(*STREET[:5]).wait_until(600)
    street.restore(*STREET[:5]).wait_until(610)

    street.read("UP-1")

    with street.database.read() as connection:
        assert tasks.due(connection, ["area.look"], NOON + timedelta(days=1), 10) == []


def test_an_unchanged_world_writes_nothing(street: Street) -> None:
    street.lose(*STREET[:5]).wait_until(600)
    known, lines = street.outage(1), street.marks(1)

    with street.database.transaction() as connection:
        street.areas.look_again(connection, UsagePointId("UP-1"), street.clock.now())
    with counted_statements() as counts:
        street.wait_until(610)

    assert (street.outage(1), street.marks(1)) == (known, lines)
    assert counts["INSERT"] == 0


def test_homes_without_a_place_on_the_grid_have_cases_and_no_outage(street: Street) -> None:
    tree = feeder_of([device("T-0101", "F-1")], homes_at("T-0101", *STREET[1:]))
    with street.database.transaction() as connection:
        grid.keep_trees(connection, [tree])

    street.lose("UP-1").wait_until(600)

    assert street.outages() == []
    assert street.told() == [("UP-1", "power_out")]


def test_the_outage_of_a_home_is_the_one_it_is_in_now(street: Street) -> None:
    street.lose("UP-1", "UP-2", "UP-3", "UP-4").wait_until(600)
    street.restore("UP-1", "UP-3", "UP-4").wait_until(1_000)

    with street.database.read() as connection:
        found = {home: area_store.of_home(connection, home) for home in ("UP-1", "UP-2", "UP-9")}
        newest = [outage.number for outage in area_store.newest(connection, limit=5)]

    assert {home: outage and outage.number for home, outage in found.items()} == {"UP-1": 1, "UP-2": 2, "UP-9": None}
    assert newest == [2, 1]
