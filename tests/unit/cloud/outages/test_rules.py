"""The rules of an outage, as stories of one home."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cloud.kernel.ids import EventId
from cloud.messaging.model import Announcement
from cloud.outages.model import END_UNKNOWN, NO_EVIDENCE, UNPROVEN, WITHDRAWN, End, Phase, Remark
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
from wire.events import Cause, Grade, Stage
from wire.ids import GatewayId

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


# Twice, late, out of order


def test_every_event_twice_is_every_event_once() -> None:
    story = (lost(1, 0), interrupted(2, 0), interrupted(3, 0, stage=Stage.CONFIRMED), restored(4, 0, 900))

    home = Home()
    for seen in story:
        home.see(seen).wait_until(60).see(seen)

    assert home.told == [(1, OUT), (1, BACK)]
    assert list(home.cases) == [1]


def test_a_whole_outage_that_arrives_after_the_fact_is_recorded_and_told_to_nobody() -> None:
    burst = (lost(1, 0, heard_s=7_200), interrupted(2, 0, heard_s=7_200), restored(3, 0, 1_800, heard_s=7_200))

    home = Home().see(*burst).wait_until(20_000)

    assert home.told == []
    assert (home.case.began_at, home.case.returned and home.case.returned.at) == (at(0), at(1_800))


def test_a_late_verdict_waits_for_the_proof_of_return_that_needs_its_minute() -> None:
    home = Home().see(lost(1, 0, heard_s=7_200), interrupted(2, 0, heard_s=7_200)).wait_until(7_319)

    assert home.told == []
    assert home.see(restored(3, 0, 7_190, heard_s=7_319)).wait_until(20_000).told == []


def test_an_outage_that_is_still_on_when_the_uplink_returns_is_told_after_the_rest_had_its_time() -> None:
    home = Home().see(lost(1, 0, heard_s=100), interrupted(2, 0, heard_s=100)).wait_until(220)

    assert home.told == [(1, OUT)]


@pytest.mark.parametrize(("heard_s", "due_s"), [(64, 64), (65, 185)])
def test_a_verdict_is_late_when_it_is_older_than_the_minute_a_proof_of_return_takes(heard_s: int, due_s: int) -> None:
    assert Home().see(interrupted(2, 0, heard_s=heard_s)).notices == {1: at(due_s)}


def test_a_fresh_verdict_after_a_late_one_need_not_wait() -> None:
    home = Home().see(interrupted(2, 0, heard_s=100))

    home.see(replace(interrupted(3, 0), heard=interrupted(3, 116).heard))

    assert home.notices == {1: at(120)}


def test_a_verdict_that_arrives_after_its_end_becomes_a_case_open_and_shut() -> None:
    home = Home().see(restored(3, 0, 900), interrupted(2, 0, heard_s=1_000), lost(1, 0, heard_s=1_001))

    assert home.told == []
    assert (home.case.end, home.case.attention) == (End.RESTORED, None)
    assert home.remarks[1:] == [Remark.HISTORY, Remark.HISTORY]


def test_history_whose_end_was_lost_says_so() -> None:
    home = Home().see(restored(9, 5_000, 5_900), interrupted(2, 0, heard_s=6_000))

    assert home.case.attention == END_UNKNOWN


def test_history_does_not_disturb_an_open_case() -> None:
    home = Home().see(restored(3, 0, 900), lost(4, 2_000), interrupted(5, 2_000), interrupted(2, 0, heard_s=2_010))

    home.wait_until(2_060)

    assert home.told == [(1, OUT)]
    assert home.state.open_case == home.cases[1]
    assert home.cases[2].began_at == at(0)


def test_a_verdict_overtaken_by_a_newer_one_changes_nothing() -> None:
    home = Home().see(interrupted(2, 0), interrupted(4, 0, stage=Stage.CONFIRMED), withdrawn(3, 0)).wait_until(60)

    assert home.told == [(1, OUT)]
    assert home.case.stage is Stage.CONFIRMED


def test_a_withdrawal_that_overtook_its_verdict_still_holds() -> None:
    home = Home().see(lost(1, 0), withdrawn(3, 0), interrupted(2, 0)).wait_until(3_600)

    assert (home.told, home.cases) == ([], {})


def test_an_earlier_return_does_not_close_a_later_outage() -> None:
    home = Home().see(lost(4, 2_000), interrupted(5, 2_000)).wait_until(2_060).see(restored(3, 0, 900, heard_s=2_100))

    assert home.told == [(1, OUT)]
    assert home.case.is_open


def test_supply_that_goes_again_before_it_was_back_stays_one_outage() -> None:
    home = Home().see(lost(1, 0), interrupted(2, 0)).wait_until(60).see(lost(3, 300), interrupted(4, 300))

    home.see(restored(5, 300, 900))

    assert home.told == [(1, OUT), (1, BACK)]
    assert (home.case.began_at, home.case.latest_loss_at) == (at(0), at(300))


def test_a_confirmation_after_the_end_completes_the_record() -> None:
    home = Home().see(interrupted(2, 0)).wait_until(60)

    home.see(restored(3, 0, 900), interrupted(4, 0, stage=Stage.CONFIRMED, heard_s=961))

    assert home.told == [(1, OUT), (1, BACK)]
    assert home.case.stage is Stage.CONFIRMED


def test_a_withdrawal_after_the_end_is_for_a_person_if_the_customer_was_told() -> None:
    home = Home().see(interrupted(2, 0)).wait_until(60)

    home.see(restored(3, 0, 900), unplugged(4, 0, heard_s=961))

    assert (home.case.attention, home.case.end_cause) == (WITHDRAWN, Cause.GATEWAY_UNPLUGGED)


def test_a_new_outage_soon_after_is_a_new_case() -> None:
    home = Home().see(interrupted(1, 0)).wait_until(60).see(restored(2, 0, 900))

    home.see(lost(3, 1_000), interrupted(4, 1_000)).wait_until(1_060).see(restored(5, 1_000, 1_900))

    assert home.told == [(1, OUT), (1, BACK), (2, OUT), (2, BACK)]


def test_a_clock_set_back_between_two_outages_does_not_hide_the_second() -> None:
    home = Home().see(interrupted(1, 1_000)).wait_until(1_060).see(restored(2, 1_000, 1_900))

    home.see(lost(3, 500), interrupted(4, 500)).wait_until(5_000)

    assert home.told[-1] == (2, OUT)


def test_a_notice_for_a_case_that_is_over_says_nothing() -> None:
    home = Home().see(interrupted(1, 0), restored(2, 0, 20), interrupted(3, 200))

    home.see(NoticeDue(case_number=1), now=at(260))

    assert home.told == []


def test_a_replaced_gateway_is_believed() -> None:
    home = Home().see(interrupted(7, 0)).wait_until(60)
    back = restored(1, 0, 900)

    home.see(
        replace(back, heard=replace(back.heard, event=EventId(gateway=GatewayId("0ABCDEFG"), gen=1, lane=0, seq=1)))
    )

    assert home.told == [(1, OUT), (1, BACK)]


def test_what_is_remembered_of_a_home_is_bounded() -> None:
    home = Home()
    for round_ in range(100):
        start = 10_000 * round_
        home.see(
            lost(3 * round_ + 1, start), interrupted(3 * round_ + 2, start), restored(3 * round_ + 3, start, start + 9)
        )

    assert (len(home.state.seen), len(home.state.endings)) == (64, 16)
    assert home.state.cases == 100


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
