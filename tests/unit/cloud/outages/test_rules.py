"""The rules of an outage, as stories of one home whose every word comes when it is said; and their table."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cloud.messaging.model import Announcement
from cloud.outages.model import NO_EVIDENCE, UNPROVEN, WITHDRAWN, End, Phase, Remark
from cloud.outages.rules import TABLE
from cloud.outages.settings import OutageSettings
from cloud.outages.signs import NoticeDue, Sign
from tests.fakes_outages import (
    BESIDE_SUPPLY,
    Home,
    at,
    at_another_meter,
    dipped,
    heard,
    interrupted,
    lost,
    restored,
    unplugged,
    withdrawn,
)
from wire.terms import Grade, Stage

OUT, BACK = Announcement.POWER_OUT, Announcement.POWER_BACK


# The plain story


def test_the_customer_is_told_after_a_minute_and_told_when_power_is_back() -> None:
    home = Home().see(lost(1, 0), interrupted(2, 0)).wait_until(60).see(restored(3, 0, 1_800))

    assert home.told == [(1, OUT), (1, BACK)]
    assert home.remarks == [Remark.SUSPECTED, Remark.OPENED, Remark.TOLD, Remark.RESTORED]
    assert home.state.phase is Phase.SUPPLIED


def test_the_case_keeps_the_raw_start_and_end_and_all_it_rests_on() -> None:
    home = Home().see(lost(1, 0), interrupted(2, 0)).wait_until(60).see(restored(3, 0, 1_800.5))

    case = home.case
    assert (case.began_at, case.returned and case.returned.at) == (at(0), at(1_800.5))
    assert [event.seq for event in case.sources] == [1, 2, 3]
    assert (case.end, case.end_by and case.end_by.seq, case.attention) == (End.RESTORED, 3, None)


def test_nobody_is_told_of_a_suspicion() -> None:
    home = Home().see(lost(1, 0)).wait_until(100_000)

    assert home.state.phase is Phase.SUSPECTED
    assert home.told == []
    assert home.cases == {}


@pytest.mark.parametrize(("seconds", "told"), [(59.999, []), (60, [(1, OUT)])])
def test_a_minute_is_a_minute(seconds: float, told: list[tuple[int, Announcement]]) -> None:
    assert Home().see(lost(1, 0), interrupted(2, 0)).wait_until(seconds).told == told


def test_an_outage_shorter_than_the_notice_is_recorded_and_told_to_nobody() -> None:
    home = Home().see(lost(1, 0), interrupted(2, 0), restored(3, 0, 20, heard_s=50)).wait_until(3_600)

    assert home.told == []
    assert home.case.end is End.RESTORED


def test_a_verdict_without_the_loss_before_it_opens_a_case_too() -> None:
    home = Home().see(interrupted(2, 0)).wait_until(60)

    assert home.told == [(1, OUT)]
    assert [event.seq for event in home.case.sources] == [2]


def test_a_verdict_that_took_its_time_is_told_at_once() -> None:
    home = Home().see(lost(1, 0), interrupted(2, 0, heard_s=20)).see(NoticeDue(case_number=1), now=at(61))

    slow = Home().see(lost(1, 0), replace(interrupted(2, 0), heard=interrupted(2, 96).heard))

    assert home.told == [(1, OUT)]
    assert slow.notices == {1: at(100)}


def test_a_start_in_the_far_future_does_not_put_the_notice_off() -> None:
    early = interrupted(2, 10_000)

    home = Home().see(replace(early, heard=replace(early.heard, said_at=at(4), heard_at=at(4))))

    assert home.notices == {1: at(64)}


def test_nobody_is_told_on_a_provisional_verdict() -> None:
    home = Home().see(lost(1, 0), interrupted(2, 0, stage=Stage.PROVISIONAL)).wait_until(3_600)

    assert (home.notices, home.told) == ({}, [])


def test_a_confirmation_sets_the_notice_that_the_provisional_verdict_did_not() -> None:
    home = Home().see(interrupted(2, 0, stage=Stage.PROVISIONAL), interrupted(3, 0, stage=Stage.CONFIRMED))

    assert home.notices == {1: at(60)}


def test_the_newest_verdict_replaces_the_one_before() -> None:
    home = Home().see(interrupted(2, 0, grade=Grade.WEAK, stage=Stage.PROVISIONAL))

    home.see(interrupted(3, 0, stage=Stage.CONFIRMED, grade=Grade.STRONG))

    assert (home.case.stage, home.case.grade, home.case.verdict_by.seq) == (Stage.CONFIRMED, Grade.STRONG, 3)
    assert home.notices == {1: at(60)}


def test_said_anew_with_supply_sensed_it_is_told_to_nobody_until_it_is_said_again_without() -> None:
    home = Home().see(lost(1, 0), interrupted(2, 0), interrupted(3, 0, evidence=BESIDE_SUPPLY)).wait_until(3_600)
    told_before = home.told

    home.see(replace(interrupted(4, 0), heard=heard(4, 3_600))).wait_until(3_600)

    assert told_before == []
    assert home.told == [(1, OUT)]
    assert home.case.number == 1


@pytest.mark.parametrize(("heard_s", "told"), [(125, []), (135, [(1, OUT)])])
def test_unless_told_otherwise_a_return_within_a_minute_may_take_a_minute_to_be_heard(
    heard_s: float, told: list[tuple[int, Announcement]]
) -> None:
    home = Home(settings=OutageSettings()).see(lost(1, 0), interrupted(2, 0))
    anew = replace(interrupted(3, 0, evidence=BESIDE_SUPPLY), heard=heard(3, heard_s - 60, heard_s=heard_s))

    home.wait_until(heard_s).see(anew).wait_until(3_600)

    assert home.told == told


@pytest.mark.parametrize("verdict", [withdrawn, unplugged])
def test_supply_that_goes_again_for_another_reason_makes_no_mistake_of_what_was_told_before(verdict: type) -> None:
    home = Home().see(lost(1, 0), interrupted(2, 0)).wait_until(60)

    home.see(lost(3, 900), verdict(4, 900))
    then = home.case
    home.see(restored(5, 900, 1_000))

    assert (then.is_open, then.attention) == (True, None)
    assert home.told == [(1, OUT), (1, BACK)]
    assert home.state.finding is None


def test_supply_that_goes_again_for_another_reason_before_anybody_was_told_is_told_to_nobody() -> None:
    home = Home().see(lost(1, 0), interrupted(2, 0), lost(3, 30), unplugged(4, 30)).wait_until(3_600)

    home.see(restored(5, 30, 3_700))

    assert home.told == []
    assert home.case.end is End.RESTORED


def test_who_was_told_of_the_second_loss_in_error_is_a_matter_for_a_person() -> None:
    home = Home().see(interrupted(1, 0), lost(2, 20), interrupted(3, 20)).wait_until(80)

    home.see(withdrawn(4, 20, heard_s=120))

    assert home.case.attention == WITHDRAWN


def test_a_dip_is_counted_and_changes_nothing() -> None:
    home = Home().see(dipped(1, 0), lost(2, 10), dipped(3, 11), interrupted(4, 10), dipped(5, 20))

    assert home.state.dips == 3
    assert home.state.phase is Phase.OUT


# No outage after all


@pytest.mark.parametrize("verdict", [withdrawn, unplugged])
def test_a_verdict_of_something_else_closes_the_case_before_anybody_is_told(verdict: type) -> None:
    home = Home().see(lost(1, 0), interrupted(2, 0), verdict(3, 0)).wait_until(3_600)

    assert home.told == []
    assert (home.case.end, home.case.attention) == (End.NO_OUTAGE, None)


@pytest.mark.parametrize("verdict", [withdrawn, unplugged])
def test_a_customer_who_was_told_in_error_is_a_matter_for_a_person(verdict: type) -> None:
    home = Home().see(lost(1, 0), interrupted(2, 0)).wait_until(60).see(verdict(3, 0, heard_s=90))

    assert home.told == [(1, OUT)]
    assert (home.case.end, home.case.attention) == (End.NO_OUTAGE, WITHDRAWN)
    assert home.remarks[-1] is Remark.WITHDRAWN_AFTER_TELLING


def test_power_back_is_never_told_of_a_case_that_was_no_outage() -> None:
    home = Home().see(interrupted(2, 0)).wait_until(60).see(withdrawn(3, 0, heard_s=90), restored(4, 0, 100))

    assert home.told == [(1, OUT)]


def test_a_suspicion_that_was_something_else_is_dismissed() -> None:
    home = Home().see(lost(1, 0), unplugged(2, 0)).wait_until(3_600)

    assert (home.state.phase, home.cases) == (Phase.SUPPLIED, {})


def test_a_gateway_may_change_its_mind_twice() -> None:
    home = Home().see(lost(1, 0), unplugged(2, 0), interrupted(3, 0)).wait_until(60)

    assert home.told == [(1, OUT)]


def test_a_dismissed_case_that_turns_real_is_a_new_case() -> None:
    home = Home().see(interrupted(2, 0), withdrawn(3, 0), interrupted(4, 0)).wait_until(60)

    assert home.told == [(2, OUT)]
    assert home.cases[1].end is End.NO_OUTAGE


def test_a_verdict_without_evidence_is_told_to_nobody_and_shown_to_a_person() -> None:
    home = Home().see(interrupted(2, 0, grade=Grade.NONE, evidence=())).wait_until(3_600)

    assert home.told == []
    assert home.case.attention == NO_EVIDENCE


def test_evidence_that_comes_later_lets_the_customer_be_told() -> None:
    home = Home().see(interrupted(2, 0, grade=Grade.NONE, evidence=()), interrupted(3, 0, heard_s=20))

    home.wait_until(60)

    assert home.told == [(1, OUT)]
    assert home.case.attention is None


# Only the own meter proves power


@pytest.mark.parametrize(
    "unproven",
    [
        at_another_meter(restored(3, 0, 900)),
        restored(3, 0, 900, lowest_mv=None),
        restored(3, 0, 900, lowest_mv=0),
        restored(3, 0, 900, off=True),
    ],
    ids=["another meter", "no voltage read", "no voltage", "switched off"],
)
def test_a_return_that_proves_nothing_leaves_the_case_open_and_asks_a_person(unproven: object) -> None:
    home = Home().see(lost(1, 0), interrupted(2, 0)).wait_until(60).see(unproven)  # type: ignore[arg-type] # a Returned

    assert home.told == [(1, OUT)]
    assert home.case.is_open
    assert home.case.attention == UNPROVEN


def test_proof_settles_what_was_doubted() -> None:
    home = Home().see(interrupted(2, 0)).wait_until(60).see(restored(3, 0, 900, off=True), restored(4, 0, 1_000))

    assert home.told == [(1, OUT), (1, BACK)]
    assert home.case.attention is None


# The table itself


def test_every_phase_can_be_left_and_no_rule_leads_nowhere() -> None:
    assert {phase for phase, _ in TABLE} == set(Phase) == {phase for phase, _ in TABLE.values()}


def test_only_a_notice_tells_of_an_outage_and_only_proof_a_verdict_or_a_person_ends_one() -> None:
    into_told = {sign for (phase, sign), (after, _) in TABLE.items() if after is Phase.TOLD and phase is not Phase.TOLD}
    out_of_told = {sign for (phase, sign), (after, _) in TABLE.items() if phase is Phase.TOLD and after is not phase}

    assert into_told == {Sign.NOTICE_DUE}
    assert out_of_told == {Sign.RESTORED, Sign.NO_OUTAGE, Sign.CLOSED}


def test_a_policy_may_tell_at_once() -> None:
    home = Home()
    home.settings = replace(home.settings, notify_after_s=0)

    assert home.see(interrupted(2, 0)).wait_until(4).told == [(1, OUT)]
    assert home.settings.notify_after == timedelta(0)
