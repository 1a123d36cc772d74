"""What is held of a home reads back as it was written."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from cloud.kernel.db import Database
from cloud.kernel.ids import UsagePointId
from cloud.outages import store
from cloud.outages.effects import Noted
from cloud.outages.model import Remark, State
from tests.fakes_cloud import fresh_database
from tests.fakes_outages import OWN_METER, Home, at, interrupted, lost, restored
from tests.properties.test_outages import Story, live, tended_stories

UP = UsagePointId("UP-1")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with fresh_database(tmp_path) as database:
        yield database


def test_a_home_never_heard_of_is_supplied(database: Database) -> None:
    with database.read() as connection:
        assert store.load_state(connection, UP, OWN_METER) == State(meter=OWN_METER)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tended_stories)
def test_a_state_survives_a_restart_whatever_its_story(database: Database, story: Story) -> None:
    home, _ = live(story)

    with database.transaction() as connection:
        for case in home.cases.values():
            store.save_case(connection, UP, case)
        store.save_state(connection, UP, home.state)

    with database.read() as connection:
        assert store.load_state(connection, UP, OWN_METER) == home.state
        assert {number: store.find(connection, UP, number) for number in home.cases} == home.cases


def test_a_new_meter_is_the_homes_own_from_now_on(database: Database) -> None:
    with database.transaction() as connection:
        store.save_state(connection, UP, State(meter=OWN_METER, dips=3))
        assert store.load_state(connection, UP, "LMP00000002") == State(meter="LMP00000002", dips=3)


def test_cases_are_listed_newest_first_and_page_by_page(database: Database) -> None:
    case = Home().see(lost(1, 0), interrupted(2, 0), restored(3, 0, 900)).case
    with database.transaction() as connection:
        for number, home in ((1, "UP-1"), (1, "UP-2"), (2, "UP-1")):
            store.save_case(connection, UsagePointId(home), replace(case, number=number))

    with database.read() as connection:
        newest = store.newest(connection, limit=2)
        rest = store.newest(connection, before=newest[-1].id, limit=2)
        of_home = store.of_home(connection, "UP-1", limit=10)

    assert [(found.usage_point, found.case.number) for found in newest + rest] == [
        ("UP-1", 2),
        ("UP-2", 1),
        ("UP-1", 1),
    ]
    assert [case.number for case in of_home] == [2, 1]


def test_the_timeline_keeps_every_line_with_its_event(database: Database) -> None:
    seen = lost(1, 0)
    with database.transaction() as connection:
        store.add_line(connection, UP, Noted(remark=Remark.SUSPECTED, case_number=None, heard=seen.heard), at(2))
        store.add_line(connection, UP, Noted(remark=Remark.TOLD, case_number=1, heard=None), at(60))

    with database.read() as connection:
        newest, oldest = store.timeline(connection, UP, limit=10)

    assert (newest.remark, newest.case_number, newest.event) == (Remark.TOLD, 1, None)
    assert (oldest.remark, oldest.event, oldest.at) == (Remark.SUSPECTED, seen.heard.event, at(2))
