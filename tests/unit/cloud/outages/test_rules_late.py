"""The rules of an outage where words come twice, late, out of order, after its end or after those of another."""

from dataclasses import replace

import pytest

from cloud.kernel.ids import EventId
from cloud.messaging.model import Announcement
from cloud.outages.model import END_UNKNOWN, WITHDRAWN, End, Remark
from cloud.outages.signs import NoticeDue
from tests.fakes_outages import Home, at, interrupted, lost, restored, unplugged, withdrawn
from wire.ids import GatewayId
from wire.terms import Cause, Stage

OUT, BACK = Announcement.POWER_OUT, Announcement.POWER_BACK


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
