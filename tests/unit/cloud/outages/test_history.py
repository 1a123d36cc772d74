"""What is over when we learn of it: recorded, completed, and told to nobody but who is still owed it."""

import pytest

from cloud.messaging.model import Announcement
from cloud.outages.effects import Retract
from cloud.outages.model import END_UNKNOWN, WITHDRAWN, End, Phase, Remark
from cloud.outages.signs import ClosedByOperator
from tests.fakes_outages import (
    COUNTED,
    Home,
    at,
    beside,
    in_hindsight,
    interrupted,
    lost,
    own_breaker,
    restored,
    unplugged,
)
from wire.terms import Cause, Stage

OUT, BACK = Announcement.POWER_OUT, Announcement.POWER_BACK
CLOSE = ClosedByOperator(who="Rosa", reason="The customer called: power is on")


# In hindsight


def test_an_interruption_that_the_meter_tells_of_afterwards_is_recorded_and_told_to_nobody() -> None:
    home = Home().see(in_hindsight(7, 100, 900)).wait_until(10_000)

    case = home.case
    assert (home.state.phase, home.is_told_nothing, home.remarks) == (Phase.SUPPLIED, True, [Remark.HISTORY])
    assert (case.began_at, case.end, case.attention) == (at(100), End.RESTORED, END_UNKNOWN)
    assert case.returned is not None
    assert (case.returned.at, case.returned.lowest_mv, case.returned.proven_by.seq) == (at(899), 230_600, 7)


def test_the_proof_of_return_completes_the_record_with_its_exact_end() -> None:
    home = Home().see(in_hindsight(7, 100, 900), restored(8, 100, 840))

    case = home.case
    assert case.returned is not None
    assert (case.returned.at, case.attention, case.end_by and case.end_by.seq) == (at(840), None, 8)
    assert home.is_told_nothing


def test_the_proof_of_a_loss_within_the_record_completes_it() -> None:
    home = Home().see(beside(3, 100, Cause.HEAD_OFF, Stage.PROVISIONAL), lost(4, 300), in_hindsight(7, 100, 900))

    home.see(restored(8, 300, 840))

    assert home.case.returned is not None
    assert (home.case.returned.at, home.case.attention) == (at(840), None)


def test_the_proof_of_another_loss_completes_nothing() -> None:
    home = Home().see(in_hindsight(7, 100, 900), restored(9, 2_000, 2_400))

    assert home.case.attention == END_UNKNOWN


def test_a_second_proof_changes_no_exact_end() -> None:
    home = Home().see(in_hindsight(7, 100, 900), restored(8, 100, 840), restored(9, 100, 870))

    assert home.case.returned is not None
    assert home.case.returned.at == at(840)


def test_the_voltage_in_hindsight_ends_the_suspicion_and_the_question() -> None:
    home = Home().see(lost(4, 300), in_hindsight(7, 100, 900))

    assert (home.state.phase, home.state.suspicion) == (Phase.SUPPLIED, None)
    assert Retract(only=Announcement.POWER_CHECK) in home.effects


def test_a_word_from_before_the_suspicion_records_and_leaves_it() -> None:
    home = Home().see(lost(9, 2_000), in_hindsight(7, 100, 900, heard_s=2_010))

    assert (home.state.phase, len(home.cases)) == (Phase.SUSPECTED, 1)


def test_a_word_from_before_an_open_case_records_and_leaves_it() -> None:
    home = Home().see(interrupted(9, 2_000), in_hindsight(7, 100, 900, heard_s=2_010)).wait_until(2_060)

    assert home.told == [(1, OUT)]
    assert home.state.open_case == home.cases[1]
    assert home.cases[2].began_at == at(100)


def test_a_word_about_the_open_case_only_strengthens_it_and_takes_its_notice_back() -> None:
    home = Home().see(lost(1, 0), interrupted(2, 0), interrupted(3, 0, evidence=COUNTED, heard_s=30)).wait_until(3_600)

    assert (home.told, home.case.is_open, home.case.evidence) == ([], True, COUNTED)


def test_a_word_about_a_told_case_only_strengthens_it() -> None:
    home = Home().see(lost(1, 0), interrupted(2, 0)).wait_until(60)

    home.see(in_hindsight(3, 0, 900), restored(4, 0, 890))

    assert home.told == [(1, OUT), (1, BACK)]
    assert list(home.cases) == [1]


def test_an_earlier_start_of_what_is_still_open_changes_nothing() -> None:
    home = Home().see(lost(4, 300), interrupted(5, 300)).wait_until(360).see(in_hindsight(7, 100, 900))

    assert (list(home.cases), home.remarks[-1]) == ([1], Remark.REPEATED)


def test_a_record_withdrawn_says_so_and_asks_nobody() -> None:
    home = Home().see(in_hindsight(7, 100, 900), interrupted(8, 100, stage=Stage.WITHDRAWN, heard_s=950))

    assert (home.case.end_cause, home.case.attention) == (Cause.SUPPLY_INTERRUPTED, END_UNKNOWN)


def test_the_beginning_of_a_head_off_that_arrives_after_its_record_does_not_stand() -> None:
    home = Home().see(in_hindsight(7, 100, 900), beside(3, 100, Cause.HEAD_OFF, Stage.PROVISIONAL))

    assert (home.state.finding, home.remarks[-1]) == (None, Remark.HISTORY)


@pytest.mark.parametrize("stage", Stage)
def test_a_verdict_made_when_supply_was_sensed_sets_no_notice(stage: Stage) -> None:
    home = Home().see(lost(1, 0), interrupted(2, 0, stage=stage, evidence=COUNTED[:1])).wait_until(3_600)

    assert (home.notices, home.told) == ({}, [])


# Closed by a person


def told_and_closed() -> Home:
    return Home().see(lost(1, 0), interrupted(2, 0)).wait_until(60).see(CLOSE, now=at(500))


def test_a_person_closes_a_case_and_says_why() -> None:
    case = told_and_closed().case

    assert (case.end, case.closed_by, case.close_reason) == (End.OPERATOR, "Rosa", "The customer called: power is on")
    assert (case.closed_at, case.returned, case.end_by) == (at(500), None, None)


def test_a_case_closed_before_its_notice_is_never_told() -> None:
    home = Home().see(lost(1, 0), interrupted(2, 0)).see(CLOSE, now=at(30)).wait_until(3_600)

    assert home.see(restored(3, 0, 3_700)).told == []
    assert home.case.returned is not None


def test_a_closed_case_tells_back_only_when_the_meter_proves_it_and_once() -> None:
    home = told_and_closed()
    assert home.told == [(1, OUT)]

    home.see(restored(3, 0, 700), restored(4, 0, 760))

    assert home.told == [(1, OUT), (1, BACK)]
    assert (home.case.end, home.case.closed_by, home.case.end_by and home.case.end_by.seq) == (End.OPERATOR, "Rosa", 3)


def test_more_evidence_does_not_open_again_what_a_person_closed() -> None:
    home = told_and_closed().see(interrupted(3, 0, heard_s=600), lost(4, 0, heard_s=601)).wait_until(3_600)

    assert (home.told, list(home.cases), home.case.is_open) == ([(1, OUT)], [1], False)
    assert home.case.verdict_by.seq == 3


def test_a_denial_after_a_person_closed_is_found_and_is_for_a_person() -> None:
    home = told_and_closed().see(own_breaker(3, 0, heard_s=600))

    assert (home.case.attention, home.found) == (WITHDRAWN, Cause.OWN_BREAKER)


def test_the_next_outage_is_a_case_of_its_own() -> None:
    home = told_and_closed().see(lost(3, 1_000), interrupted(4, 1_000)).wait_until(1_060)

    assert home.told == [(1, OUT), (2, OUT)]


def test_back_is_not_told_of_a_closed_case_once_supply_is_lost_anew() -> None:
    home = told_and_closed().see(lost(4, 1_000), restored(3, 0, 700, heard_s=1_010))

    assert home.told == [(1, OUT)]
    assert home.case.returned is not None


@pytest.mark.parametrize("story", [(), (lost(1, 0),), (lost(1, 0), unplugged(2, 0))])
def test_there_is_nothing_to_close_without_an_open_case(story: tuple) -> None:
    home = Home().see(*story)
    before = home.state

    home.see(CLOSE, now=at(500))

    assert home.state == before
