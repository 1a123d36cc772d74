"""The truth table in the words of what happened."""

import pytest

from gateway.core.interruption import Phase
from tests.fakes_supply import SupplyStory
from wire.events import (
    Disconnector,
    Evidence,
    EvidenceKind,
    InterruptionAssessed,
    LinkFault,
)


@pytest.fixture
def story() -> SupplyStory:
    """Supply is lost; the meter's count from before is 12."""
    story = SupplyStory()
    story.listen(-60)
    story.meter_reads(-60, 230, power_failures=12)
    story.supply_is_lost(0)
    return story


def test_one_silent_reading_is_weak_and_a_second_confirms(story: SupplyStory) -> None:
    story.meter_fails(3)
    story.meter_fails(8)

    assert story.verdicts == ["SUPPLY_INTERRUPTED PROVISIONAL WEAK", "SUPPLY_INTERRUPTED CONFIRMED FAIR"]


def test_a_third_silent_reading_says_nothing_new(story: SupplyStory) -> None:
    for s in (3, 8, 13, 18):
        story.meter_fails(s)

    assert len(story.verdicts) == 2


def test_a_meter_that_reads_no_voltage_confirms_at_once(story: SupplyStory) -> None:
    story.meter_reads(3, 0.4, power_failures=12)

    assert story.verdicts == ["SUPPLY_INTERRUPTED CONFIRMED STRONG"]


def test_a_healthy_voltage_now_means_the_gateway_is_unplugged(story: SupplyStory) -> None:
    story.meter_reads(3, 231)
    story.meter_reads(8, 231)

    assert story.verdicts == ["GATEWAY_UNPLUGGED PROVISIONAL WEAK", "GATEWAY_UNPLUGGED CONFIRMED FAIR"]


def test_a_healthy_voltage_read_before_the_loss_says_nothing() -> None:
    story = SupplyStory()
    story.listen()
    story.supply_falls(5)
    story.meter_reads(4.9, 230)

    story.meter_fails(6)
    story.meter_fails(7)

    assert "GATEWAY_UNPLUGGED" not in " ".join(story.verdicts)


def test_what_the_meter_says_within_the_hold_off_is_judged_with_the_loss() -> None:
    story = SupplyStory()
    story.listen()
    story.supply_falls(0)
    story.meter_reads(0.5, 0)

    story.supply_is_lost(0)

    assert story.names == ["SupplyLost", "InterruptionAssessed"]


@pytest.mark.parametrize("switch", [Disconnector.OPEN, Disconnector.READY])
def test_a_healthy_voltage_behind_an_open_disconnector_means_switched_off(
    story: SupplyStory, switch: Disconnector
) -> None:
    story.meter_reads(3, 231, disconnector=switch)
    story.meter_reads(8, 231, disconnector=switch)

    assert story.verdicts == ["SWITCHED_OFF PROVISIONAL WEAK", "SWITCHED_OFF CONFIRMED FAIR"]


def test_one_dead_phase_among_healthy_ones_is_a_lost_phase(story: SupplyStory) -> None:
    story.meter_reads(3, 230, 2, 229)
    story.meter_reads(8, 230, 2, 229)

    assert story.verdicts == ["PHASE_LOST PROVISIONAL WEAK", "PHASE_LOST CONFIRMED FAIR"]


@pytest.mark.parametrize("volts", [(120,), (120, 121, 0), (300,)])
def test_a_voltage_neither_healthy_nor_absent_leaves_the_cause_open(
    story: SupplyStory, volts: tuple[float, ...]
) -> None:
    story.meter_reads(3, *volts)

    assert story.verdicts == ["CANNOT_TELL PROVISIONAL WEAK"]


def test_a_meter_that_merely_answers_proves_nothing(story: SupplyStory) -> None:
    story.meter_reads(3)
    story.meter_reads(8)

    assert story.verdicts == ["CANNOT_TELL PROVISIONAL NONE"]


def test_what_could_not_be_told_gives_way_to_what_can(story: SupplyStory) -> None:
    story.meter_reads(3)
    story.meter_fails(8)

    assert story.verdicts == ["CANNOT_TELL PROVISIONAL NONE", "SUPPLY_INTERRUPTED PROVISIONAL WEAK"]


@pytest.mark.parametrize("fault", [LinkFault.PORT_GONE, LinkFault.GARBLED, LinkFault.REFUSED])
def test_a_faulty_link_is_not_a_silent_meter(story: SupplyStory, fault: LinkFault) -> None:
    for s in (3, 8, 13):
        story.meter_fails(s, fault)

    assert story.verdicts == ["CANNOT_TELL PROVISIONAL NONE"]


def test_a_faulty_link_takes_nothing_from_what_the_meter_said(story: SupplyStory) -> None:
    story.meter_fails(3)
    story.meter_fails(8, LinkFault.GARBLED)
    story.meter_fails(13)

    assert story.verdicts[-1] == "SUPPLY_INTERRUPTED CONFIRMED FAIR"


def test_one_healthy_voltage_does_not_overrule_a_confirmed_interruption_and_two_do(story: SupplyStory) -> None:
    story.meter_fails(3)
    story.meter_fails(8)

    story.meter_reads(13, 230)
    after_one = len(story.verdicts)
    story.meter_reads(18, 230)

    assert after_one == 2
    assert story.verdicts[2:] == ["SUPPLY_INTERRUPTED WITHDRAWN FAIR", "GATEWAY_UNPLUGGED CONFIRMED FAIR"]


def test_the_count_that_moved_confirms_as_soon_as_it_is_read(story: SupplyStory) -> None:
    story.meter_fails(3)
    story.supply_rises(600)

    story.meter_reads(605, 230, power_failures=13)

    assert story.phase is Phase.RETURNING
    assert story.verdicts[-1] == "SUPPLY_INTERRUPTED CONFIRMED STRONG"


def test_the_count_that_moved_decides_against_a_gateway_thought_unplugged(story: SupplyStory) -> None:
    story.meter_reads(3, 230)
    story.meter_reads(8, 230)
    story.supply_rises(600)

    story.meter_reads(605, 230, power_failures=13)

    assert story.verdicts[3:] == ["GATEWAY_UNPLUGGED WITHDRAWN STRONG", "SUPPLY_INTERRUPTED CONFIRMED STRONG"]


def test_a_count_that_did_not_move_withdraws_the_interruption_when_supply_is_proved(story: SupplyStory) -> None:
    story.meter_fails(3)
    story.meter_fails(8)
    story.supply_rises(60)

    story.meter_reads_in_band(65, 95)
    before = story.verdicts[-1]
    story.meter_reads_in_band(125)

    assert before == "SUPPLY_INTERRUPTED CONFIRMED FAIR"
    assert story.verdicts[-1] == "SUPPLY_INTERRUPTED WITHDRAWN FAIR"
    assert story.names[-2:] == ["InterruptionAssessed", "SupplyRestored"]


def test_a_count_that_did_not_move_confirms_a_gateway_thought_unplugged_in_silence(story: SupplyStory) -> None:
    story.meter_reads(3, 230)
    story.meter_reads(8, 230)
    story.supply_rises(60)
    told = story.verdicts

    story.meter_reads_in_band(65, 95, 125)

    assert story.verdicts == told
    assert story.names[-1] == "SupplyRestored"


def test_a_meter_asked_too_late_still_tells_that_it_never_lost_its_line(story: SupplyStory) -> None:
    story.supply_rises(4)

    story.meter_reads_in_band(5, 35, 65)

    assert story.verdicts == ["GATEWAY_UNPLUGGED CONFIRMED FAIR"]


def test_a_switched_off_home_stays_so_when_its_count_did_not_move(story: SupplyStory) -> None:
    story.meter_reads(3, 230, disconnector=Disconnector.OPEN)
    story.meter_reads(8, 230, disconnector=Disconnector.OPEN)
    story.supply_rises(60)

    story.meter_reads_in_band(65, 95, 125)

    assert story.verdicts[-1] == "SWITCHED_OFF CONFIRMED FAIR"


def test_a_lost_phase_stays_so_when_the_count_did_not_move(story: SupplyStory) -> None:
    story.meter_reads(3, 230, 0, 230)
    story.meter_reads(8, 230, 0, 230)
    story.supply_rises(60)

    story.meter_reads_in_band(65, 95, 125)

    assert story.verdicts[-1] == "PHASE_LOST CONFIRMED FAIR"


@pytest.mark.parametrize("count", [None, 3])
def test_a_meter_without_a_usable_count_changes_no_verdict(story: SupplyStory, count: int | None) -> None:
    story.meter_fails(3)
    story.meter_fails(8)
    story.supply_rises(60)

    story.meter_reads_in_band(65, 95, 125, power_failures=count)

    assert story.verdicts[-1] == "SUPPLY_INTERRUPTED CONFIRMED FAIR"
    assert story.names[-1] == "SupplyRestored"


def test_where_nothing_was_ever_known_it_says_so(story: SupplyStory) -> None:
    story.supply_rises(4)

    story.meter_reads_in_band(5, 35, 65, power_failures=None)

    assert story.verdicts == ["CANNOT_TELL PROVISIONAL NONE"]


def test_a_dip_the_meter_may_have_counted_is_no_proof_of_the_next_loss() -> None:
    story = SupplyStory()
    story.listen()
    story.meter_reads(0, 230, power_failures=12)
    story.supply_falls(10)
    story.supply_rises(11)

    story.supply_is_lost(20)
    story.meter_reads(23, 230, power_failures=13)
    story.meter_reads(28, 230, power_failures=13)

    assert story.verdicts[-1] == "GATEWAY_UNPLUGGED CONFIRMED FAIR"


def test_a_verdict_carries_everything_that_was_looked_at(story: SupplyStory) -> None:
    story.beat(2.5, present=False, input_mv=3_900)
    story.meter_reads(3, 230, 0.2, 231, power_failures=12)

    event = story.said[-1]

    assert isinstance(event, InterruptionAssessed)
    assert event.evidence == (
        Evidence(kind=EvidenceKind.SUPPLY_SENSE, value=0, age_ms=3_000),
        Evidence(kind=EvidenceKind.INPUT_VOLTAGE, value=3_900, age_ms=500),
        Evidence(kind=EvidenceKind.METER_ANSWERS, value=1, age_ms=0),
        Evidence(kind=EvidenceKind.METER_VOLTAGE, value=200, age_ms=0),
        Evidence(kind=EvidenceKind.POWER_FAILURES, value=0, age_ms=0),
        Evidence(kind=EvidenceKind.DISCONNECTOR, value=Disconnector.CLOSED, age_ms=0),
    )


@pytest.mark.parametrize(
    ("fault", "kind", "value"),
    [
        (LinkFault.SILENT, EvidenceKind.METER_ANSWERS, 0),
        (LinkFault.PORT_GONE, EvidenceKind.METER_LINK, LinkFault.PORT_GONE),
    ],
)
def test_a_fault_is_evidence_of_its_own_kind(
    story: SupplyStory, fault: LinkFault, kind: EvidenceKind, value: int
) -> None:
    story.meter_fails(3, fault)

    event = story.said[-1]

    assert isinstance(event, InterruptionAssessed)
    assert event.evidence[-1] == Evidence(kind=kind, value=value, age_ms=0)


def test_nothing_drawn_where_something_was_means_the_homes_own_breaker() -> None:
    story = SupplyStory()
    story.is_lived_in(-60)
    story.supply_is_lost(0)

    story.meter_reads_in_band(3, 8, loaded=False)

    assert story.verdicts == ["OWN_BREAKER PROVISIONAL WEAK", "OWN_BREAKER CONFIRMED FAIR"]


def test_an_own_breaker_put_back_stays_what_it_was(story: SupplyStory) -> None:
    story.supply_rises(5)
    story.meter_reads_in_band(10, 40, 70, 75)
    story.is_lived_in(195)
    story.supply_is_lost(200)
    story.meter_reads_in_band(203, 208, loaded=False)
    story.supply_rises(300)

    story.meter_reads_in_band(305, 335, 365, loaded=True)

    assert story.verdicts[-1] == "OWN_BREAKER CONFIRMED FAIR"
    assert story.names[-1] == "SupplyRestored"


@pytest.mark.parametrize(
    "before",
    [
        {},
        {-120: False, -60: False, -10: False},
        {-60: True, -10: True},
        {-120: True, -90: True, -60: True, -10: False},
        {-120: True, -90: False, -60: True, -10: True},
        {-320: True, -260: True, -200: True, -181: True},
    ],
    ids=["untold", "nothing", "too few readings", "a fridge that stopped", "not in a row", "too long ago"],
)
def test_nothing_drawn_where_little_is_known_of_before_cannot_be_told(before: dict[int, bool]) -> None:
    story = SupplyStory()
    story.listen(-400)
    for s, loaded in before.items():
        story.meter_reads(s, 230, loaded=loaded)
    story.supply_is_lost(0)

    story.meter_reads_in_band(3, 8, loaded=False)

    assert story.verdicts == ["CANNOT_TELL PROVISIONAL WEAK"]


def test_nothing_drawn_some_minutes_after_the_sense_fell_is_no_sign_of_a_breaker() -> None:
    story = SupplyStory()
    story.is_lived_in(-5)
    story.supply_is_lost(0)

    story.meter_reads_in_band(61, 66, loaded=False)

    assert story.verdicts == ["CANNOT_TELL PROVISIONAL WEAK"]


def test_what_was_drawn_before_an_absence_says_nothing_of_the_load_after_it() -> None:
    story = SupplyStory()
    story.is_lived_in(-60)
    story.supply_is_lost(0)
    story.meter_reads_in_band(3, 8, loaded=True)
    story.supply_rises(20)
    story.meter_reads_in_band(25, loaded=False)
    story.supply_falls(30)

    story.meter_reads_in_band(33, 38, loaded=False)

    assert story.verdicts[-1] == "CANNOT_TELL PROVISIONAL WEAK"


def test_what_cannot_be_told_for_want_of_load_stays_so_when_the_count_did_not_move(story: SupplyStory) -> None:
    story.meter_reads_in_band(3, 8, loaded=False)
    story.supply_rises(60)

    story.meter_reads_in_band(65, 95, 125)

    assert story.verdicts == [*["CANNOT_TELL PROVISIONAL WEAK"] * 2, "CANNOT_TELL PROVISIONAL FAIR"]


def test_load_drawn_since_the_sense_fell_shows_that_no_breaker_took_the_supply() -> None:
    story = SupplyStory()
    story.is_quiet(-60)
    story.supply_is_lost(0)

    story.meter_reads_in_band(3, loaded=True)
    story.meter_reads_in_band(8, 13, 18, loaded=False)

    assert story.verdicts == ["GATEWAY_UNPLUGGED PROVISIONAL WEAK", "GATEWAY_UNPLUGGED CONFIRMED FAIR"]


def test_the_load_is_evidence_and_never_in_watts(story: SupplyStory) -> None:
    story.meter_reads(3, 230, loaded=True)

    event = story.said[-1]

    assert isinstance(event, InterruptionAssessed)
    assert Evidence(kind=EvidenceKind.METER_LOAD, value=1, age_ms=0) in event.evidence


@pytest.mark.parametrize(
    ("switch", "loaded", "standing"),
    [
        (Disconnector.CLOSED, True, "GATEWAY_UNPLUGGED"),
        (Disconnector.OPEN, False, "SWITCHED_OFF"),
        (Disconnector.CLOSED, False, "OWN_BREAKER"),
    ],
)
def test_an_outage_while_something_else_keeps_the_sense_away_is_told_in_hindsight(
    switch: Disconnector, loaded: bool, standing: str
) -> None:
    story = SupplyStory()
    story.is_lived_in(-60)
    story.supply_is_lost(0)
    for s in (3, 8):
        story.meter_reads(s, 230, disconnector=switch, loaded=loaded)
    for s in (300, 360):
        story.meter_fails(s)

    for s in (600, 660):
        story.meter_reads(s, 230, disconnector=switch, loaded=loaded, power_failures=13)

    event = story.said[-1]
    assert isinstance(event, InterruptionAssessed)
    assert story.verdicts[1:] == [f"{standing} CONFIRMED FAIR", "SUPPLY_INTERRUPTED CONFIRMED STRONG"]
    assert event.began_at_ms == 1_795_284_300_000
    assert Evidence(kind=EvidenceKind.METER_VOLTAGE, value=230_000, age_ms=0) in event.evidence
    assert story.state.verdict is not None
    assert story.state.verdict.cause.name == standing


def test_without_a_silent_reading_the_hindsight_begins_where_the_sense_fell(story: SupplyStory) -> None:
    story.meter_reads(60, 230, power_failures=13, loaded=True)

    assert story.verdicts == ["SUPPLY_INTERRUPTED CONFIRMED STRONG", "GATEWAY_UNPLUGGED PROVISIONAL WEAK"]
    assert [event.began_at_ms for event in story.said[1:] if isinstance(event, InterruptionAssessed)] == [
        1_795_284_000_000,
        1_795_284_000_000,
    ]


def test_an_interruption_whose_count_moved_is_not_withdrawn_by_a_voltage_that_is_back(story: SupplyStory) -> None:
    story.meter_fails(3)
    story.meter_fails(8)

    story.meter_reads_in_band(600, 605, 610, power_failures=13, loaded=True)

    assert story.verdicts[2:] == ["SUPPLY_INTERRUPTED CONFIRMED STRONG"]


def test_a_count_told_without_a_voltage_decides_as_ever(story: SupplyStory) -> None:
    story.meter_reads_in_band(3, 8)

    story.meter_reads(600, power_failures=13)

    assert story.verdicts[2:] == ["GATEWAY_UNPLUGGED WITHDRAWN STRONG", "SUPPLY_INTERRUPTED CONFIRMED STRONG"]
