"""From what is seen to what is said: lost, dipped, restored."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.core.interruption import Attention, InterruptionState, Limits, Phase
from gateway.core.observations import ProbeLink, Tick
from gateway.core.remembered import recall, remember
from tests.fakes_gateway import at, edge
from tests.fakes_supply import SupplyStory, answered, failed
from wire.events import SupplyDipped, SupplyLost, SupplyRestored
from wire.terms import Disconnector, LinkFault


@pytest.fixture
def story() -> SupplyStory:
    """A meter whose count is known and whose probe is heard."""
    story = SupplyStory()
    story.listen(-60)
    story.meter_reads(-60, 230)
    return story


def test_a_supply_that_stays_away_past_the_hold_off_is_lost_at_once(story: SupplyStory) -> None:
    story.supply_falls(0)

    before = story.see(1.999, Tick())
    after = story.see(2, Tick())

    assert before == ()
    assert after == (SupplyLost(began_at_ms=1_795_284_000_000, input_mv=0),)


def test_the_loss_tells_the_input_voltage_last_heard(story: SupplyStory) -> None:
    story.beat(0.5, present=True, input_mv=4_870)

    (lost,) = story.supply_is_lost(1)

    assert lost == SupplyLost(began_at_ms=1_795_284_001_000, input_mv=4_870)


def test_a_supply_back_within_the_hold_off_only_dipped(story: SupplyStory) -> None:
    story.supply_falls(0)

    said = story.supply_rises(1.999)

    assert said == (SupplyDipped(began_at_ms=1_795_284_000_000, duration_ms=1_999),)
    assert story.phase is Phase.PRESENT


def test_back_after_exactly_the_hold_off_is_a_loss_even_when_both_edges_come_together(story: SupplyStory) -> None:
    story.see(3, edge(1, present=False, s=0))

    said = story.see(3, edge(2, present=True, s=2))

    assert [type(event) for event in said] == [SupplyLost]
    assert story.phase is Phase.RETURNING


def test_an_edge_that_comes_late_waits_for_the_one_that_may_follow(story: SupplyStory) -> None:
    story.see(3600, edge(1, present=False, s=0))

    waiting = story.see(3600.5, Tick())
    dip = story.see(3600.6, edge(2, present=True, s=0.3))

    assert waiting == ()
    assert [type(event) for event in dip] == [SupplyDipped]


def test_after_a_restart_nothing_is_lost_until_the_probe_was_heard(story: SupplyStory) -> None:
    story.supply_falls(0)
    story.state = recall(InterruptionState, remember(story.state))

    unheard = story.see(600, Tick())
    story.see(601, ProbeLink(up=True))
    too_soon = story.see(601.9, Tick())
    lost = story.see(602, Tick())

    assert unheard == too_soon == ()
    assert [type(event) for event in lost] == [SupplyLost]


def test_a_probe_that_dies_with_the_supply_is_believed(story: SupplyStory) -> None:
    story.supply_falls(0)
    story.see(1, ProbeLink(up=False))

    said = story.see(2, Tick())

    assert [type(event) for event in said] == [SupplyLost]


def test_the_same_edge_told_twice_is_one_edge(story: SupplyStory) -> None:
    story.supply_is_lost(0)

    again = story.see(2.5, edge(1, present=False, s=0))

    assert again == ()
    assert story.names.count("SupplyLost") == 1


def test_an_elder_edge_after_a_younger_one_is_passed_over(story: SupplyStory) -> None:
    story.see(0, edge(2, present=True, s=0))

    story.see(0.5, edge(1, present=False, s=-5))

    assert story.phase is Phase.PRESENT


def test_edges_of_a_probe_that_began_anew_count_again(story: SupplyStory) -> None:
    story.supply_is_lost(0)

    story.see(60, edge(1, present=True, s=60, boot_id=8))

    assert story.phase is Phase.RETURNING


def test_two_beats_do_not_overrule_the_edges_and_three_do(story: SupplyStory) -> None:
    story.beat(0, present=False)
    story.beat(1, present=False)
    after_two = story.phase

    story.beat(2, present=False)
    story.see(3, Tick())
    story.see(4, Tick())

    assert after_two is Phase.PRESENT
    assert story.said == [SupplyLost(began_at_ms=1_795_284_000_000, input_mv=5_100)]


def test_a_beat_that_agrees_again_clears_the_contradiction(story: SupplyStory) -> None:
    for s, present in enumerate((False, False, True, False, False)):
        story.beat(s, present=present)

    assert story.phase is Phase.PRESENT


def test_three_beats_tell_of_a_return_whose_edge_was_lost(story: SupplyStory) -> None:
    story.supply_is_lost(0)

    for s in (60, 61, 62):
        story.beat(s, present=True)

    assert story.phase is Phase.RETURNING
    assert story.state.changed_at == at(60)


def restored_in(story: SupplyStory) -> list[SupplyRestored]:
    return [event for event in story.said if isinstance(event, SupplyRestored)]


def test_restored_needs_the_voltage_in_band_for_the_whole_hold(story: SupplyStory) -> None:
    story.supply_is_lost(0)
    story.supply_rises(600)

    story.meter_reads_in_band(605, 620, 635, 650, 664.999)
    too_soon = restored_in(story)
    story.meter_reads(665, 229.5, power_failures=13)

    assert too_soon == []
    assert restored_in(story) == [
        SupplyRestored(
            began_at_ms=1_795_284_000_000,
            restored_at_ms=1_795_284_600_000,
            held_s=60,
            voltages_mv=(229_500,),
            disconnector=Disconnector.CLOSED,
            power_failures=13,
        )
    ]
    assert story.phase is Phase.PRESENT


def test_a_reading_asked_for_before_the_return_proves_nothing(story: SupplyStory) -> None:
    story.supply_is_lost(0)
    story.supply_rises(600)

    story.see(603, answered(599, 230))
    story.meter_reads_in_band(640, 661)

    assert restored_in(story) == []


@pytest.mark.parametrize("volts", [206.999, 253.001, 0])
def test_one_reading_out_of_band_begins_the_hold_anew(story: SupplyStory, volts: float) -> None:
    story.supply_is_lost(0)
    story.supply_rises(600)

    story.meter_reads_in_band(605, 635)
    story.meter_reads(650, volts)
    story.meter_reads_in_band(660, 690, 719)
    too_soon = restored_in(story)
    story.meter_reads_in_band(720)

    assert too_soon == []
    assert [event.restored_at_ms - event.began_at_ms for event in restored_in(story)] == [660_000]


def test_one_silent_reading_begins_the_hold_anew_but_not_the_return(story: SupplyStory) -> None:
    story.supply_is_lost(0)
    story.supply_rises(600)

    story.meter_reads_in_band(605)
    story.meter_fails(630)
    story.meter_reads_in_band(640, 665)
    too_soon = restored_in(story)
    story.meter_reads_in_band(700)

    assert too_soon == []
    assert [event.restored_at_ms - event.began_at_ms for event in restored_in(story)] == [600_000]


def test_two_readings_far_apart_prove_nothing_about_the_time_between(story: SupplyStory) -> None:
    story.supply_is_lost(0)
    story.supply_rises(600)

    story.meter_reads_in_band(605, 665.001)

    assert restored_in(story) == []


def test_a_meter_that_answers_without_a_voltage_never_proves_a_restoration(story: SupplyStory) -> None:
    story.supply_is_lost(0)
    story.supply_rises(600)

    for s in range(605, 800, 5):
        story.meter_reads(s)

    assert restored_in(story) == []


@pytest.mark.parametrize("switch", [Disconnector.OPEN, Disconnector.READY, Disconnector.UNKNOWN])
def test_nothing_is_restored_behind_a_disconnector_that_is_not_closed(story: SupplyStory, switch: Disconnector) -> None:
    story.supply_is_lost(0)
    story.supply_rises(600)

    for s in range(605, 700, 5):
        story.meter_reads(s, 230, disconnector=switch)
    while_open = restored_in(story)
    story.meter_reads(700, 230, disconnector=Disconnector.CLOSED)

    assert while_open == []
    assert [event.held_s for event in restored_in(story)] == [95]


def test_a_meter_that_never_told_of_a_disconnector_has_none_to_be_open() -> None:
    story = SupplyStory()
    story.listen()
    story.supply_is_lost(0)
    story.supply_rises(600)

    for s in (605, 640, 665):
        story.meter_reads(s, 230, disconnector=Disconnector.UNKNOWN)

    assert [event.disconnector for event in restored_in(story)] == [Disconnector.UNKNOWN]


def test_every_phase_must_be_in_band(story: SupplyStory) -> None:
    story.supply_is_lost(0)
    story.supply_rises(600)

    for s in range(605, 700, 5):
        story.meter_reads(s, 230, 231, 180)

    assert restored_in(story) == []


@pytest.mark.parametrize("seen", ["nothing", "a silence", "an answer", "a dead line"])
def test_supply_lost_again_before_the_meter_read_a_voltage_is_the_same_interruption(
    story: SupplyStory, seen: str
) -> None:
    story.supply_is_lost(0)
    story.supply_rises(600)
    at_605 = {"nothing": Tick(), "a silence": failed(605), "an answer": answered(605), "a dead line": answered(605, 0)}
    story.see(605, at_605[seen])

    story.supply_falls(610)
    story.meter_reads_in_band(651, 671)
    story.supply_rises(700)
    story.meter_reads_in_band(705, 735, 765)

    assert story.names.count("SupplyLost") == 1
    assert [event.restored_at_ms - event.began_at_ms for event in restored_in(story)] == [700_000]


def test_supply_lost_again_after_the_meter_read_a_voltage_is_another_interruption_at_once(story: SupplyStory) -> None:
    story.supply_is_lost(0)
    story.supply_rises(600)
    story.meter_reads_in_band(605, 640)

    said = story.supply_falls(650)
    story.supply_rises(700)
    story.meter_reads_in_band(705, 735, 765)

    assert said == (SupplyLost(began_at_ms=1_795_284_650_000, input_mv=0),)
    assert [event.restored_at_ms - event.began_at_ms for event in restored_in(story)] == [50_000]


def test_a_dead_line_read_as_it_goes_again_does_not_hide_that_it_had_been_back(story: SupplyStory) -> None:
    story.supply_is_lost(0)
    story.supply_rises(600)
    story.meter_reads(605, 230)
    story.meter_reads(651, 0)

    said = story.see(653, edge(3, present=False, s=650))

    assert [type(event) for event in said] == [SupplyLost]


def test_an_answer_asked_for_before_the_last_one_proves_nothing_more(story: SupplyStory) -> None:
    story.supply_is_lost(0)
    story.supply_rises(600)
    story.meter_reads_in_band(605, 640)

    story.see(664, failed(663))
    story.meter_reads_in_band(664)
    story.see(730, answered(650, 230))
    too_soon = restored_in(story)
    story.meter_reads_in_band(724)

    assert too_soon == []
    assert [event.held_s for event in restored_in(story)] == [60]


def test_nothing_is_restored_while_the_probe_is_not_heard(story: SupplyStory) -> None:
    story.supply_is_lost(0)
    story.supply_rises(600)
    story.see(610, ProbeLink(up=False))

    story.meter_reads_in_band(615, 645, 680)
    unheard = restored_in(story)
    story.see(681, ProbeLink(up=True))
    story.meter_reads_in_band(685)

    assert unheard == []
    assert len(restored_in(story)) == 1


def test_a_restored_supply_can_be_lost_again(story: SupplyStory) -> None:
    story.supply_is_lost(0)
    story.supply_rises(600)
    story.meter_reads_in_band(605, 635, 665)

    said = story.supply_is_lost(900)

    assert [type(event) for event in said] == [SupplyLost]


def test_the_hold_off_and_the_hold_are_settings(story: SupplyStory) -> None:
    story.limits = Limits(hold_off=timedelta(seconds=10), restored_hold=timedelta(seconds=5))
    story.supply_falls(0)

    early = story.see(9.9, Tick())
    story.see(10, Tick())
    story.supply_rises(20)
    story.meter_reads_in_band(21, 26)

    assert early == ()
    assert [event.held_s for event in restored_in(story)] == [5]


def test_the_meter_is_watched_closely_only_while_its_word_is_awaited(story: SupplyStory) -> None:
    seen = [story.state.attention]

    story.supply_is_lost(0)
    seen.append(story.state.attention)
    for s in (3, 8, 13, 18, 23):
        story.meter_fails(s)
    seen.append(story.state.attention)
    story.meter_fails(28)
    seen.append(story.state.attention)
    story.supply_rises(600)
    seen.append(story.state.attention)

    assert seen == [Attention.ROUTINE, Attention.CLOSE, Attention.CLOSE, Attention.ROUTINE, Attention.CLOSE]


def test_a_state_in_the_middle_of_everything_survives_a_restart(story: SupplyStory) -> None:
    story.supply_is_lost(0)
    story.meter_fails(3, LinkFault.SILENT)
    story.see(8, failed(8))
    story.supply_rises(600)
    story.meter_reads_in_band(605)

    again = recall(InterruptionState, remember(story.state))

    assert again == replace(story.state, link_up=None, input_seen=None, contradiction=None)
