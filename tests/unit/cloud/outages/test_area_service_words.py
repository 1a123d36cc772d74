"""What the customers of a dark street are asked and told, and what a person may close."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.outages.area_model import Mark, Standing
from cloud.outages.service import CloseRefused, NoOpenCase
from tests.fakes_six_homes import STREET, Street, street_in


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    with street_in(tmp_path) as street:
        yield street


def test_the_night_of_the_street(street: Street) -> None:
    street.lose("UP-1", "UP-2", "UP-3", "UP-4").wait_until(600).deliver()
    street.restore("UP-1", "UP-3", "UP-4").wait_until(1_000).deliver()

    assert [outage.device for outage in street.outages()] == ["T-0101", "UP-2"]
    assert street.outages()[1].within == 1
    assert street.standing("UP-2", 1) is Standing.ELSEWHERE

    street.restore("UP-2")
    street.read("UP-5")
    street.read("UP-6")
    street.wait_until(1_100)

    assert street.outages() == []
    assert street.told() == [
        ("UP-1", "power_back"),
        ("UP-1", "power_out"),
        ("UP-2", "power_back"),
        ("UP-2", "power_out"),
        ("UP-2", "still_out"),
        ("UP-3", "power_back"),
        ("UP-3", "power_out"),
        ("UP-4", "power_back"),
        ("UP-4", "power_out"),
        ("UP-5", "power_check"),
        ("UP-6", "power_check"),
    ]
    assert street.marks(1) == [
        Mark.OPENED,
        Mark.FIRST_BACK,
        Mark.FOUND_WITHIN,
        Mark.RESTORED,
        Mark.ASKED,
        Mark.ASKED,
        Mark.CLOSED,
    ]
    assert street.marks(2) == [Mark.OPENED, Mark.STILL_OUT, Mark.FIRST_BACK, Mark.CLOSED]


def test_a_customer_who_was_never_reached_is_not_noted_as_told_that_it_goes_on(street: Street) -> None:
    street.lose("UP-1", "UP-2", "UP-3", "UP-4").wait_until(600)

    street.restore("UP-1", "UP-3", "UP-4").wait_until(1_000)

    assert ("UP-2", "still_out") not in street.told()
    assert Mark.STILL_OUT not in street.marks(2)


def test_a_question_that_waits_is_void_once_the_meter_shows_a_voltage(street: Street) -> None:
    street.lose(*STREET[:5]).wait_until(600)
    street.restore(*STREET[:5]).wait_until(1_000)
    (question,) = [message for message in street.messages() if message.usage_point == "UP-6"]
    assert question.overtaken_at is None

    street.read("UP-6")
    street.wait_until(1_010)

    (question,) = [message for message in street.messages() if message.usage_point == "UP-6"]
    assert question.overtaken_at is not None


def test_a_question_that_waits_is_void_once_a_person_closes_the_home(street: Street) -> None:
    street.lose(*STREET[:5]).wait_until(600)
    street.restore(*STREET[:5]).wait_until(1_000)

    street.close("UP-6")

    (question,) = [message for message in street.messages() if message.usage_point == "UP-6"]
    assert question.overtaken_at is not None


def test_a_person_closes_an_unverified_home_with_a_reason(street: Street) -> None:
    street.lose(*STREET[:5]).wait_until(600)
    street.restore(*STREET[:5]).wait_until(610)

    street.close("UP-6")
    street.wait_until(620)

    (member,) = street.outage(1).of(Standing.CLOSED)
    assert (member.usage_point, member.closed_by, member.close_reason) == ("UP-6", "Rui", "seen from the street")
    assert street.outages() == []
    assert street.marks(1)[-2:] == [Mark.MEMBER_CLOSED, Mark.CLOSED]


def test_a_person_closes_a_homes_own_case(street: Street) -> None:
    street.lose("UP-1", "UP-2").wait_until(600)

    street.close("UP-1")
    street.wait_until(610)

    assert street.standing("UP-1") is Standing.CLOSED


def test_a_home_with_nothing_open_is_not_closed(street: Street) -> None:
    with pytest.raises(NoOpenCase):
        street.close("UP-1")


def test_an_unverified_home_is_not_closed_without_a_reason(street: Street) -> None:
    street.lose(*STREET[:5]).wait_until(600)

    with pytest.raises(CloseRefused):
        street.close("UP-6", reason=" ")
