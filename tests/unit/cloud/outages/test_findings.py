"""Verdicts that are not an outage: kept while they stand, and all but one told to nobody."""

from dataclasses import replace

import pytest

from cloud.outages.effects import DropBreakerNotice, Retract
from cloud.outages.model import End, Phase, Remark
from cloud.outages.signs import Assessed, BreakerDue
from tests.fakes_outages import (
    DARK,
    TRIPPED,
    Home,
    at,
    at_another_meter,
    beside,
    dipped,
    found,
    heard,
    interrupted,
    lost,
    own_breaker,
    restored,
    unplugged,
)
from wire.events import Evidence
from wire.terms import Cause, EvidenceKind, Stage

PROVISIONAL, CONFIRMED, WITHDRAWN = Stage.PROVISIONAL, Stage.CONFIRMED, Stage.WITHDRAWN
DENIALS = (Cause.GATEWAY_UNPLUGGED, Cause.SWITCHED_OFF, Cause.OWN_BREAKER, Cause.PHASE_LOST)
BLIND = (Cause.CANNOT_TELL, Cause.HEAD_OFF, Cause.WAN_FAULT)
OUT, SUSPECTED, SUPPLIED, TOLD = Phase.OUT, Phase.SUSPECTED, Phase.SUPPLIED, Phase.TOLD


def in_phase(phase: Phase) -> Home:
    """A home that came to this phase by what began at 0."""
    story = {
        SUPPLIED: (),
        SUSPECTED: (lost(1, 0),),
        OUT: (lost(1, 0), interrupted(2, 0)),
        TOLD: (lost(1, 0), interrupted(2, 0)),
    }
    home = Home().see(*story[phase])
    return home.wait_until(60) if phase is TOLD else home


# Made while the supply sense is away


@pytest.mark.parametrize("cause", DENIALS)
@pytest.mark.parametrize("stage", [PROVISIONAL, CONFIRMED])
def test_what_explains_a_dark_home_is_no_suspicion_and_stands(cause: Cause, stage: Stage) -> None:
    home = Home().see(lost(1, 0), found(2, 0, cause, stage=stage)).wait_until(3_600)

    assert (home.state.phase, home.found, home.cases) == (SUPPLIED, cause, {})
    assert home.told == []


def test_a_finding_keeps_the_evidence_it_rests_on() -> None:
    home = Home().see(lost(1, 0), own_breaker(2, 0))

    finding = home.state.finding
    assert finding is not None
    assert (finding.stage, finding.evidence, finding.by.seq) == (CONFIRMED, TRIPPED, 2)
    assert (finding.began_at, finding.said_at) == (at(0), at(4))


@pytest.mark.parametrize("cause", DENIALS)
@pytest.mark.parametrize("lowest_mv", [230_600, None], ids=["proven", "unproven"])
def test_supply_that_is_back_ends_it_and_nobody_is_told(cause: Cause, lowest_mv: int | None) -> None:
    home = Home().see(lost(1, 0), found(2, 0, cause), restored(3, 0, 40, lowest_mv=lowest_mv)).wait_until(3_600)

    assert (home.state.phase, home.state.finding) == (SUPPLIED, None)
    assert home.is_told_nothing


def test_supply_that_is_lost_anew_was_back_before() -> None:
    home = Home().see(lost(1, 0), unplugged(2, 0), lost(3, 500))

    assert (home.state.phase, home.state.finding) == (SUSPECTED, None)


def test_a_return_at_another_meter_ends_nothing() -> None:
    home = Home().see(lost(1, 0), unplugged(2, 0), at_another_meter(restored(3, 0, 40)))

    assert home.found is Cause.GATEWAY_UNPLUGGED


def test_an_unproven_return_of_something_else_ends_nothing() -> None:
    home = Home().see(lost(4, 500), unplugged(5, 500), restored(3, 0, 40, off=True), restored(2, 500, 600, off=True))

    assert home.found is Cause.GATEWAY_UNPLUGGED


def test_a_verdict_that_arrives_after_supply_is_back_does_not_stand() -> None:
    proven = Home().see(lost(1, 0), restored(3, 0, 40), unplugged(2, 0, heard_s=101))
    unproven = Home().see(lost(1, 0), unplugged(2, 0), restored(4, 0, 40, off=True), found(3, 0, Cause.CANNOT_TELL))

    assert proven.state.finding is None
    assert (unproven.state.finding, unproven.remarks[-1]) == (None, Remark.HISTORY)


def test_an_interruption_replaces_what_was_found() -> None:
    home = Home().see(lost(1, 0), unplugged(2, 0), interrupted(3, 0)).wait_until(60)

    assert (home.state.phase, home.state.finding) == (TOLD, None)


def test_a_newer_finding_replaces_an_older_one_and_not_the_other_way_round() -> None:
    home = Home().see(lost(1, 0), unplugged(2, 0), found(4, 0, Cause.SWITCHED_OFF), own_breaker(3, 0))

    assert home.found is Cause.SWITCHED_OFF


def test_an_older_word_on_another_loss_does_not_replace_what_was_found() -> None:
    home = Home().see(beside(9, 800, Cause.HEAD_OFF, PROVISIONAL), unplugged(5, 100))

    assert home.found is Cause.HEAD_OFF


def test_a_withdrawn_finding_is_gone() -> None:
    home = Home().see(lost(1, 0), unplugged(2, 0), unplugged(3, 0, stage=WITHDRAWN))

    assert (home.state.finding, home.remarks[-1]) == (None, Remark.FINDING_OVER)


def test_a_withdrawal_that_overtook_its_finding_still_holds() -> None:
    home = Home().see(lost(1, 0), unplugged(3, 0, stage=WITHDRAWN), unplugged(2, 0))

    assert (home.state.phase, home.state.finding) == (SUPPLIED, None)


def test_what_denies_a_told_outage_is_found_and_is_for_a_person() -> None:
    home = in_phase(TOLD).see(unplugged(3, 0, heard_s=90))

    assert (home.case.end, home.found) == (End.NO_OUTAGE, Cause.GATEWAY_UNPLUGGED)
    assert home.case.attention is not None


def test_a_denial_made_when_supply_was_back_dismisses_and_is_over() -> None:
    home = Home().see(lost(1, 0), beside(2, 0, Cause.GATEWAY_UNPLUGGED, CONFIRMED))

    assert (home.state.phase, home.state.finding, home.remarks[-1]) == (SUPPLIED, None, Remark.DISMISSED)


# Made beside a supply that is there


@pytest.mark.parametrize("cause", [*DENIALS, *BLIND])
@pytest.mark.parametrize("phase", [SUPPLIED, SUSPECTED, OUT, TOLD])
def test_what_is_found_beside_a_supply_moves_no_phase(cause: Cause, phase: Phase) -> None:
    home = in_phase(phase)
    told = list(home.told)

    home.see(beside(5, 50, cause, PROVISIONAL))

    assert (home.state.phase, home.found, home.told) == (phase, cause, told)


@pytest.mark.parametrize("cause", [*DENIALS, *BLIND])
@pytest.mark.parametrize("stage", [CONFIRMED, WITHDRAWN])
def test_confirmed_beside_a_supply_or_withdrawn_it_is_over(cause: Cause, stage: Stage) -> None:
    home = Home().see(beside(5, 50, cause, PROVISIONAL), beside(6, 50, cause, stage)).wait_until(3_600)

    assert home.state.finding is None
    assert home.remarks == [Remark.FOUND, Remark.FINDING_OVER]
    assert home.is_told_nothing


@pytest.mark.parametrize("stage", [CONFIRMED, WITHDRAWN])
def test_what_is_over_does_not_begin_again_when_its_beginning_arrives_late(stage: Stage) -> None:
    home = Home().see(beside(6, 50, Cause.HEAD_OFF, stage), beside(5, 50, Cause.HEAD_OFF, PROVISIONAL))

    assert home.state.finding is None


def test_the_end_of_one_finding_is_not_the_end_of_another() -> None:
    home = Home().see(
        beside(5, 50, Cause.HEAD_OFF, PROVISIONAL), lost(6, 90), found(7, 90, Cause.CANNOT_TELL, stage=PROVISIONAL)
    )

    home.see(beside(8, 50, Cause.HEAD_OFF, CONFIRMED))

    assert (home.found, home.remarks[-1]) == (Cause.CANNOT_TELL, Remark.HISTORY)


def test_said_over_twice_is_over_once() -> None:
    home = Home().see(beside(6, 50, Cause.HEAD_OFF, CONFIRMED), beside(5, 50, Cause.HEAD_OFF, WITHDRAWN))

    assert home.remarks == [Remark.HISTORY, Remark.REPEATED]


def test_a_withdrawal_of_what_was_never_heard_changes_nothing() -> None:
    home = Home().see(beside(5, 50, Cause.HEAD_OFF, WITHDRAWN))

    assert (home.state.finding, home.remarks) == (None, [Remark.REPEATED])


def test_a_proof_of_power_ends_what_kept_the_meter_from_being_read() -> None:
    home = Home().see(beside(5, 50, Cause.HEAD_OFF, PROVISIONAL), lost(6, 90), restored(8, 90, 200))

    assert home.state.finding is None


# Not to know is no verdict


@pytest.mark.parametrize("stage", [PROVISIONAL, CONFIRMED])
def test_cannot_tell_leaves_the_suspicion_until_power_is_proven(stage: Stage) -> None:
    home = Home().see(lost(1, 0), found(2, 0, Cause.CANNOT_TELL, stage=stage))

    assert (home.state.phase, home.found) == (SUSPECTED, Cause.CANNOT_TELL)
    home.wait_until(10_000).see(restored(3, 0, 10_000))
    assert (home.state.phase, home.state.finding) == (SUPPLIED, None)
    assert home.is_told_nothing


def test_cannot_tell_takes_back_the_notice_of_a_case_and_leaves_it_open() -> None:
    home = in_phase(OUT).see(found(3, 0, Cause.CANNOT_TELL)).wait_until(3_600)

    assert (home.told, home.case.is_open, home.found) == ([], True, Cause.CANNOT_TELL)


def test_a_confirmation_after_cannot_tell_sets_the_notice_anew() -> None:
    home = in_phase(OUT).see(found(3, 0, Cause.CANNOT_TELL), interrupted(4, 0)).wait_until(3_600)

    assert len(home.told) == 1


def test_supply_that_is_sensed_again_takes_back_the_notice() -> None:
    home = in_phase(OUT).see(beside(3, 20, Cause.HEAD_OFF, PROVISIONAL)).wait_until(3_600)

    assert (home.told, home.case.is_open) == ([], True)


def test_a_fault_of_the_uplink_takes_nothing_back() -> None:
    home = in_phase(OUT).see(beside(3, 20, Cause.WAN_FAULT, PROVISIONAL)).wait_until(60)

    assert len(home.told) == 1


def test_what_is_older_than_the_verdict_of_the_case_doubts_nothing() -> None:
    home = Home().see(lost(1, 0), interrupted(4, 0), found(3, 0, Cause.CANNOT_TELL)).wait_until(60)

    assert (len(home.told), home.state.finding, home.remarks[2]) == (1, None, Remark.REPEATED)


# The home's own breaker


def test_the_customer_is_told_of_their_own_breaker_once_it_has_lasted() -> None:
    home = Home().see(lost(1, 0), own_breaker(2, 0))

    assert home.wait_until(59.999).told_of_breaker == []
    assert home.wait_until(60).told_of_breaker == [1]
    assert (home.told, home.remarks[-1]) == ([], Remark.BREAKER_TOLD)


def test_the_same_breaker_is_told_once_however_often_it_is_said() -> None:
    home = Home().see(lost(1, 0), own_breaker(2, 0)).wait_until(60)

    home.see(own_breaker(3, 0, heard_s=100), own_breaker(4, 0, stage=WITHDRAWN), own_breaker(5, 0)).wait_until(3_600)

    assert home.told_of_breaker == [1]


def test_the_next_time_is_another_time() -> None:
    home = Home().see(lost(1, 0), own_breaker(2, 0)).wait_until(60).see(restored(3, 0, 200))

    home.see(lost(4, 1_000), own_breaker(5, 1_000)).wait_until(1_060)

    assert home.told_of_breaker == [1, 2]


@pytest.mark.parametrize(
    "then",
    [restored(3, 0, 20, heard_s=50), interrupted(3, 0), unplugged(3, 0), own_breaker(3, 0, stage=WITHDRAWN)],
    ids=["power is back", "it is an outage", "it is the plug", "withdrawn"],
)
def test_a_breaker_that_is_over_before_its_notice_is_told_to_nobody(then: Assessed) -> None:
    home = Home().see(lost(1, 0), own_breaker(2, 0), then).wait_until(3_600)

    assert home.told_of_breaker == []
    assert DropBreakerNotice(occurrence=1) in home.effects
    assert any(isinstance(effect, Retract) and effect.only == "check_breaker" for effect in home.effects)


@pytest.mark.parametrize(
    "seen",
    [
        own_breaker(2, 0, stage=PROVISIONAL),
        own_breaker(2, 0, heard_s=65),
        found(2, 0, Cause.OWN_BREAKER, evidence=DARK),
        found(2, 0, Cause.OWN_BREAKER, evidence=(Evidence(kind=EvidenceKind.METER_VOLTAGE, value=230_000, age_ms=0),)),
        beside(2, 0, Cause.OWN_BREAKER, PROVISIONAL),
    ],
    ids=["provisional", "late", "no voltage read", "the sense does not say", "supply is sensed"],
)
def test_a_breaker_that_may_not_be_so_now_is_told_to_nobody(seen: Assessed) -> None:
    home = Home().see(lost(1, 0), seen).wait_until(3_600)

    assert home.told_of_breaker == []


def test_a_breaker_that_is_said_freshly_after_a_late_word_is_told() -> None:
    fresh = replace(own_breaker(3, 0), heard=heard(3, 100))

    home = Home().see(lost(1, 0), own_breaker(2, 0, heard_s=90), fresh).wait_until(3_600)

    assert home.told_of_breaker == [1]


def test_a_notice_that_is_not_of_this_breaker_says_nothing() -> None:
    other = Home().see(lost(1, 0), own_breaker(2, 0)).see(BreakerDue(occurrence=2), now=at(60))
    doubted = Home().see(lost(1, 0), own_breaker(2, 0), own_breaker(3, 0, stage=PROVISIONAL)).wait_until(60)
    none = Home().see(BreakerDue(occurrence=1), now=at(60))

    assert [home.told_of_breaker for home in (other, doubted, none)] == [[], [], []]


def test_a_dip_ends_no_finding() -> None:
    home = Home().see(lost(1, 0), own_breaker(2, 0), dipped(3, 20)).wait_until(60)

    assert home.told_of_breaker == [1]
