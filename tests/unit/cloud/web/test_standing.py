"""Is the power on? Only from evidence, only while it is fresh."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cloud.kernel.ids import EventId
from cloud.outages.model import UNPROVEN, Case, Finding, Phase, Return, State, Suspicion
from cloud.outages.signs import LIVE_MV
from cloud.readings.store import RegisterReading
from cloud.web.standing import Note, Standing, supply_of
from tests.fakes_cloud import NOON
from wire.events import Evidence
from wire.ids import GatewayId
from wire.terms import Cause, EvidenceKind, Grade, Stage
from wire.units import Quantity

FRESH_FOR = timedelta(minutes=15)


def event(seq=1):
    return EventId(gateway=GatewayId("7Z0M4QDA"), gen=1, lane=0, seq=seq)


def voltage(value_mv, *, ago_s=0, quantity=Quantity.VOLTAGE_L1_MV, seq=9):
    return RegisterReading(quantity=quantity, value=value_mv, source=event(seq), as_of=NOON - timedelta(seconds=ago_s))


def case(*, began_ago_s=600, sense=0, attention=None, returned=None):
    began_at = NOON - timedelta(seconds=began_ago_s)
    return Case(
        number=1,
        meter="M-1",
        began_at=began_at,
        latest_loss_at=began_at,
        clock_is_good=True,
        stage=Stage.CONFIRMED,
        grade=Grade.STRONG,
        evidence=(Evidence(kind=EvidenceKind.SUPPLY_SENSE, value=sense, age_ms=0),),
        verdict_by=event(2),
        verdict_at=began_at + timedelta(seconds=7),
        sources=(event(1), event(2), event(3)),
        opened_at=began_at + timedelta(seconds=8),
        attention=attention,
        returned=returned,
    )


def returned(*, ago_s):
    at = NOON - timedelta(seconds=ago_s)
    return Return(at=at, held_s=60, lowest_mv=228_000, proven_by=event(4), said_at=at, clock_is_good=True)


def judged(state, *registers, **around):
    return supply_of(state, registers, NOON, fresh_for=FRESH_FOR, **around)


def found(cause, *, ago_s=60, voltage_mv=None, stage=Stage.CONFIRMED, phase=Phase.SUPPLIED):
    """A home with a finding, which may rest on a voltage."""
    at = NOON - timedelta(seconds=ago_s)
    seen = () if voltage_mv is None else (Evidence(kind=EvidenceKind.METER_VOLTAGE, value=voltage_mv, age_ms=500),)
    held = Finding(
        cause=cause,
        stage=stage,
        grade=Grade.STRONG,
        evidence=seen,
        by=event(7),
        began_at=at,
        said_at=at,
        clock_is_good=True,
    )
    return State(meter="M-1", phase=phase, finding=held)


SUPPLIED = State(meter="M-1")


def test_nothing_heard_is_not_power():
    assert judged(SUPPLIED).standing is Standing.UNHEARD


@pytest.mark.parametrize(("ago_s", "standing"), [(900, Standing.ON), (901, Standing.STALE)])
def test_a_voltage_speaks_for_power_for_a_quarter_of_an_hour(ago_s, standing):
    supply = judged(SUPPLIED, voltage(229_000, ago_s=ago_s))

    assert supply.standing is standing
    assert (supply.voltage_mv, supply.proven_by) == (229_000, (event(9),))


def test_readings_without_a_voltage_say_nothing_about_power():
    energy = voltage(12_345, quantity=Quantity.ENERGY_IMPORT_WH)

    assert judged(SUPPLIED, energy).standing is Standing.UNHEARD


@pytest.mark.parametrize(("voltage_mv", "standing"), [(LIVE_MV, Standing.ON), (LIVE_MV - 1, Standing.LOW)])
def test_what_is_power_to_the_case_book_is_power_to_the_page(voltage_mv, standing):
    assert judged(SUPPLIED, voltage(voltage_mv)).standing is standing


def test_the_lowest_phase_of_the_newest_reading_counts():
    phases = [
        voltage(231_000),
        voltage(2_000, quantity=Quantity.VOLTAGE_L2_MV),
        voltage(1_000, quantity=Quantity.VOLTAGE_L3_MV, ago_s=60),
    ]

    supply = judged(SUPPLIED, *phases)

    assert (supply.standing, supply.voltage_mv) == (Standing.LOW, 2_000)


def test_a_fall_of_the_sense_is_a_suspicion_since_then():
    state = State(meter="M-1", phase=Phase.SUSPECTED, suspicion=Suspicion(began_at=NOON, by=event(1)))

    supply = judged(state, voltage(229_000, ago_s=60))

    assert (supply.standing, supply.since) == (Standing.LOST, NOON)


@pytest.mark.parametrize("phase", [Phase.OUT, Phase.TOLD])
def test_an_open_case_is_dark_by_its_verdict(phase):
    supply = judged(State(meter="M-1", phase=phase, case=case()), voltage(229_000, ago_s=700))

    assert (supply.standing, supply.proven_by) == (Standing.OUT, (event(2),))
    assert supply.since == NOON - timedelta(seconds=600)


def test_a_voltage_after_the_loss_is_a_return_to_be_verified():
    supply = judged(State(meter="M-1", phase=Phase.TOLD, case=case()), voltage(229_000, ago_s=30))

    assert (supply.standing, supply.proven_by) == (Standing.RETURNING, (event(9),))


def test_a_meter_that_answers_without_a_voltage_keeps_the_home_dark():
    supply = judged(State(meter="M-1", phase=Phase.TOLD, case=case()), voltage(3_000, ago_s=30))

    assert supply.standing is Standing.OUT


def test_a_sense_that_is_back_in_the_verdict_is_a_return_to_be_verified():
    assert judged(State(meter="M-1", phase=Phase.OUT, case=case(sense=1))).standing is Standing.RETURNING


def test_an_unproven_return_is_told_by_the_event_that_claims_it():
    supply = judged(State(meter="M-1", phase=Phase.OUT, case=case(attention=UNPROVEN)))

    assert (supply.standing, supply.proven_by) == (Standing.RETURNING, (event(3),))


def test_a_proven_return_is_the_evidence_until_a_newer_reading():
    state = State(meter="M-1", case=case(returned=returned(ago_s=120)))

    by_return = judged(state, voltage(229_000, ago_s=500))
    by_reading = judged(state, voltage(229_000, ago_s=60))

    assert (by_return.standing, by_return.proven_by) == (Standing.ON, (event(4),))
    assert (by_reading.standing, by_reading.proven_by) == (Standing.ON, (event(9),))


class TestFindings:
    def test_an_unplugged_gateway_whose_meter_reads_a_voltage_is_a_home_with_power(self):
        supply = judged(found(Cause.GATEWAY_UNPLUGGED, voltage_mv=229_000))

        assert (supply.standing, supply.notes, supply.proven_by) == (Standing.ON, (Note.UNPLUGGED,), (event(7),))

    def test_a_voltage_in_a_finding_grows_old_as_any_other(self):
        assert judged(found(Cause.GATEWAY_UNPLUGGED, voltage_mv=229_000, ago_s=901)).standing is Standing.STALE

    def test_a_home_whose_head_is_off_cannot_be_read(self):
        supply = judged(found(Cause.HEAD_OFF), voltage(229_000, ago_s=120))

        assert (supply.standing, supply.notes) == (Standing.STALE, (Note.HEAD_OFF,))

    def test_a_voltage_read_after_the_head_was_off_counts(self):
        assert judged(found(Cause.HEAD_OFF), voltage(229_000)).standing is Standing.ON

    @pytest.mark.parametrize(
        ("cause", "standing"),
        [(Cause.SWITCHED_OFF, Standing.SWITCHED_OFF), (Cause.OWN_BREAKER, Standing.OWN_BREAKER)],
    )
    def test_a_home_dark_by_itself_says_so_whatever_its_meter_reads(self, cause, standing):
        supply = judged(found(cause, voltage_mv=229_000), voltage(229_000))

        assert (supply.standing, supply.since) == (standing, NOON - timedelta(seconds=60))

    def test_what_cannot_be_told_is_not_verified(self):
        state = found(Cause.CANNOT_TELL)
        suspected = replace(
            state, phase=Phase.SUSPECTED, suspicion=Suspicion(began_at=state.finding.began_at, by=event())
        )

        assert judged(state, voltage(229_000, ago_s=90)).standing is Standing.UNVERIFIED
        assert judged(suspected).standing is Standing.UNVERIFIED

    def test_a_loss_after_the_finding_is_a_new_one(self):
        state = replace(found(Cause.CANNOT_TELL), phase=Phase.SUSPECTED, suspicion=Suspicion(began_at=NOON, by=event()))

        assert judged(state).standing is Standing.LOST

    def test_a_withdrawn_finding_says_nothing(self):
        assert judged(found(Cause.SWITCHED_OFF, stage=Stage.WITHDRAWN)).finding is None

    def test_an_open_case_outweighs_a_finding(self):
        state = replace(found(Cause.HEAD_OFF), phase=Phase.TOLD, case=case())

        assert judged(state).standing is Standing.OUT


class TestSurroundings:
    BEGAN = NOON - timedelta(seconds=300)

    def test_a_home_that_gives_no_sign_in_an_outage_is_not_verified_whatever_was_read_before(self):
        supply = judged(SUPPLIED, voltage(229_000, ago_s=400), unverified_since=self.BEGAN)

        assert (supply.standing, supply.since) == (Standing.UNVERIFIED, self.BEGAN)

    def test_a_voltage_read_since_verifies_it(self):
        assert judged(SUPPLIED, voltage(229_000), unverified_since=self.BEGAN).standing is Standing.ON

    def test_the_newest_evidence_of_an_unverified_home_may_be_a_finding(self):
        supply = judged(found(Cause.HEAD_OFF), voltage(229_000, ago_s=400), unverified_since=self.BEGAN)

        assert (supply.standing, supply.proven_by) == (Standing.UNVERIFIED, (event(7),))
        assert supply.as_of == NOON - timedelta(seconds=60)

    def test_silence_makes_power_a_memory(self):
        supply = judged(SUPPLIED, voltage(229_000, ago_s=400), silent_since=self.BEGAN)

        assert (supply.standing, supply.notes) == (Standing.STALE, (Note.SILENT,))

    def test_a_dark_home_is_expected_to_be_silent(self):
        supply = judged(State(meter="M-1", phase=Phase.TOLD, case=case()), silent_since=self.BEGAN)

        assert (supply.standing, supply.notes) == (Standing.OUT, ())
