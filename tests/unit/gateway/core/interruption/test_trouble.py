"""What is wrong while supply is sensed: told while it lasts, and once more when it is over."""

import pytest

from gateway.core.interruption import Attention, Phase
from gateway.core.observations import ProbeLink
from tests.fakes_supply import SupplyStory, answered, failed
from wire.events import Evidence, InterruptionAssessed, SupplyDipped
from wire.terms import Cause, Disconnector, EvidenceKind, LinkFault, Stage


@pytest.fixture
def story() -> SupplyStory:
    """A quiet home: the probe senses supply, the meter answers, its count is 12."""
    story = SupplyStory()
    story.is_quiet(0)
    return story


def head_falls_off(story: SupplyStory, s: float = 60) -> None:
    story.meter_fails(s)
    story.beat(s + 6, present=True)
    story.meter_fails(s + 10)


def last(story: SupplyStory) -> InterruptionAssessed:
    assessed = [event for event in story.said if isinstance(event, InterruptionAssessed)]
    return assessed[-1]


def shown(event: InterruptionAssessed, kind: EvidenceKind) -> int | None:
    return {item.kind: item.value for item in event.evidence}.get(kind)


def test_a_meter_silent_twice_while_supply_is_sensed_has_its_head_off(story: SupplyStory) -> None:
    story.meter_fails(60)
    once = list(story.verdicts)
    story.beat(66, present=True)
    story.meter_fails(70)

    event = last(story)
    assert once == []
    assert story.verdicts == ["HEAD_OFF PROVISIONAL FAIR"]
    assert event.began_at_ms == 1_795_284_060_000
    assert event.evidence == (
        Evidence(kind=EvidenceKind.SUPPLY_SENSE, value=1, age_ms=4_000),
        Evidence(kind=EvidenceKind.INPUT_VOLTAGE, value=5_100, age_ms=4_000),
        Evidence(kind=EvidenceKind.METER_ANSWERS, value=0, age_ms=0),
    )


def test_a_head_that_stays_off_is_told_once(story: SupplyStory) -> None:
    head_falls_off(story)
    for s in range(100, 2_000, 300):
        story.meter_fails(s)

    assert story.verdicts == ["HEAD_OFF PROVISIONAL FAIR"]


@pytest.mark.parametrize("fault", [LinkFault.PORT_GONE, LinkFault.GARBLED, LinkFault.REFUSED])
def test_a_faulty_link_is_no_head_that_is_off(story: SupplyStory, fault: LinkFault) -> None:
    for s in (60, 70, 80, 90):
        story.meter_fails(s, fault)

    assert story.verdicts == []


def test_one_silent_reading_is_chance(story: SupplyStory) -> None:
    for s in (60, 120, 180):
        story.meter_fails(s)
        story.meter_reads(s + 5, 230)

    assert story.verdicts == []


def test_without_a_probe_nobody_speaks_of_the_head() -> None:
    story = SupplyStory()
    story.meter_reads(0, 230)

    for s in (60, 70, 80, 200):
        story.meter_fails(s)

    assert story.verdicts == []


def test_while_the_probe_is_not_heard_nobody_speaks_of_the_head_and_then_somebody_does(story: SupplyStory) -> None:
    story.see(30, ProbeLink(up=False))
    head_silent = [story.meter_fails(s) for s in (60, 70)]
    story.listen(80)
    unsensed = story.meter_fails(81)
    story.beat(82, present=True)

    story.meter_fails(90)

    assert [*head_silent, unsensed] == [(), (), ()]
    assert story.verdicts == ["HEAD_OFF PROVISIONAL FAIR"]
    assert last(story).began_at_ms == 1_795_284_060_000


def test_beats_that_begin_to_deny_the_supply_keep_the_head_out_of_it(story: SupplyStory) -> None:
    story.meter_fails(60)
    story.beat(69, present=False)

    story.meter_fails(70)

    assert story.verdicts == []


def test_a_head_put_back_with_the_count_unmoved_had_been_off(story: SupplyStory) -> None:
    head_falls_off(story)
    story.beat(600, present=True)

    story.meter_reads(600, 230)

    event = last(story)
    assert story.verdicts[1:] == ["HEAD_OFF CONFIRMED FAIR"]
    assert event.began_at_ms == 1_795_284_060_000
    assert (shown(event, EvidenceKind.SUPPLY_SENSE), shown(event, EvidenceKind.METER_ANSWERS)) == (1, 1)
    assert shown(event, EvidenceKind.POWER_FAILURES) == 0


def test_a_meter_that_counted_a_failure_meanwhile_tells_an_interruption_in_hindsight(story: SupplyStory) -> None:
    head_falls_off(story)

    story.meter_reads(600, 230, power_failures=13)
    story.meter_reads(660, 230, power_failures=13)

    event = last(story)
    assert story.verdicts[1:] == ["HEAD_OFF WITHDRAWN STRONG", "SUPPLY_INTERRUPTED CONFIRMED STRONG"]
    assert event.began_at_ms == 1_795_284_060_000
    assert (shown(event, EvidenceKind.METER_VOLTAGE), shown(event, EvidenceKind.POWER_FAILURES)) == (230_000, 1)
    assert "SupplyLost" not in story.names


@pytest.mark.parametrize(("volts", "count"), [(230.0, None), (230.0, 3), (120.0, 13)])
def test_a_count_that_tells_nothing_withdraws_the_head(story: SupplyStory, volts: float, count: int | None) -> None:
    head_falls_off(story)

    story.meter_reads(600, volts, power_failures=count)

    assert story.verdicts[1:] == ["HEAD_OFF WITHDRAWN FAIR"]


def test_the_sense_falling_ends_it_before_its_own_interruption_begins(story: SupplyStory) -> None:
    head_falls_off(story)
    story.supply_is_lost(300)

    assert story.names == ["InterruptionAssessed", "InterruptionAssessed", "SupplyLost"]
    assert story.verdicts[1:] == ["HEAD_OFF WITHDRAWN FAIR"]


def test_a_dip_does_not_end_it(story: SupplyStory) -> None:
    head_falls_off(story)
    story.supply_falls(300)
    story.supply_rises(300.8)
    story.beat(301, present=True)
    story.meter_fails(310)

    assert story.verdicts == ["HEAD_OFF PROVISIONAL FAIR"]
    assert isinstance(story.said[-1], SupplyDipped)


def test_it_outlives_a_restart(story: SupplyStory) -> None:
    head_falls_off(story)
    story.restart(100)
    story.meter_fails(110)

    story.meter_reads(600, 230)

    assert story.verdicts[1:] == ["HEAD_OFF CONFIRMED FAIR"]
    assert shown(last(story), EvidenceKind.SUPPLY_SENSE) == 1


def test_the_meter_is_asked_again_soon_after_its_first_failed_readings_and_then_less_often(story: SupplyStory) -> None:
    seen = []
    for s in (60, 70, 90, 130):
        story.meter_fails(s)
        seen.append(story.state.attention)

    assert seen == [Attention.CLOSE] * 3 + [Attention.ROUTINE]


def test_a_switch_read_open_twice_while_supply_is_sensed_is_told_until_it_is_closed(story: SupplyStory) -> None:
    story.meter_reads(60, 230, disconnector=Disconnector.OPEN)
    once = list(story.verdicts)
    story.meter_reads(120, 230, disconnector=Disconnector.READY)
    story.meter_reads(180, 230, disconnector=Disconnector.OPEN)
    while_open = list(story.verdicts)
    story.meter_reads(240, 230)

    assert once == []
    assert while_open == ["SWITCHED_OFF PROVISIONAL FAIR"]
    assert story.verdicts[1:] == ["SWITCHED_OFF CONFIRMED FAIR"]
    assert last(story).began_at_ms == 1_795_284_060_000
    assert shown(last(story), EvidenceKind.SUPPLY_SENSE) == 1


def test_a_switch_that_is_not_told_changes_nothing(story: SupplyStory) -> None:
    for s, switch in ((60, Disconnector.OPEN), (120, Disconnector.UNKNOWN), (180, Disconnector.OPEN)):
        story.meter_reads(s, 230, disconnector=switch)

    assert story.verdicts == ["SWITCHED_OFF PROVISIONAL FAIR"]


def test_an_input_gone_for_three_beats_while_supply_is_sensed_is_a_plug_pulled(story: SupplyStory) -> None:
    for s in (60, 61):
        story.beat(s, present=True, input_mv=0)
    after_two = list(story.verdicts)
    story.beat(62, present=True, input_mv=0)
    story.beat(63, present=True, input_mv=0)
    while_gone = list(story.verdicts)
    for s in (300, 301, 302, 303):
        story.beat(s, present=True)

    assert after_two == []
    assert while_gone == ["GATEWAY_UNPLUGGED PROVISIONAL FAIR"]
    assert story.verdicts[1:] == ["GATEWAY_UNPLUGGED CONFIRMED FAIR"]
    assert last(story).began_at_ms == 1_795_284_060_000
    assert shown(last(story), EvidenceKind.INPUT_VOLTAGE) == 5_100


def test_an_input_that_sags_for_two_beats_is_nothing(story: SupplyStory) -> None:
    for s, input_mv in enumerate((0, 3_999, 4_000, 0, 0, 5_100)):
        story.beat(60 + s, present=True, input_mv=input_mv)

    assert story.verdicts == []


def test_several_troubles_at_a_time_each_have_their_end(story: SupplyStory) -> None:
    for s in (20, 40):
        story.meter_reads(s, 230, disconnector=Disconnector.OPEN)
    head_falls_off(story)
    for s in (80, 81, 82):
        story.beat(s, present=True, input_mv=0)
    began = {trouble.cause for trouble in story.state.told_troubles}
    story.supply_is_lost(100)

    ended = [
        event.cause
        for event in story.said
        if isinstance(event, InterruptionAssessed) and event.stage is Stage.WITHDRAWN
    ]
    assert began == {Cause.SWITCHED_OFF, Cause.HEAD_OFF, Cause.GATEWAY_UNPLUGGED} == set(ended)
    assert story.state.troubles == ()


def test_what_the_meter_was_asked_before_a_dip_is_passed_over(story: SupplyStory) -> None:
    story.supply_falls(60)
    story.supply_rises(60.8)

    story.see(61, answered(59, 230, power_failures=12))
    story.see(62, failed(60.5))

    assert story.phase is Phase.PRESENT
    assert story.state.power_failures is None
    assert story.state.failing is None
