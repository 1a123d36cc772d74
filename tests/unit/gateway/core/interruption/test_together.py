"""Whether the meter fell silent together with the supply sense: the one thing that makes silence evidence."""

import pytest

from gateway.core.interruption import Attention, Phase
from gateway.core.observations import ProbeLink, Tick
from tests.fakes_gateway import edge
from tests.fakes_supply import SupplyStory, failed
from wire.terms import LinkFault

INTERRUPTED = ["SUPPLY_INTERRUPTED PROVISIONAL WEAK", "SUPPLY_INTERRUPTED CONFIRMED FAIR"]
CANNOT_TELL = ["CANNOT_TELL PROVISIONAL WEAK"]


@pytest.fixture
def story() -> SupplyStory:
    """A quiet home: the probe senses supply, the meter answers, its count is 12."""
    story = SupplyStory()
    story.is_quiet(0)
    return story


def falls_silent(story: SupplyStory, *seconds: float) -> None:
    for s in seconds:
        story.meter_fails(s)


@pytest.mark.parametrize("fault", LinkFault)
def test_a_meter_that_had_failed_before_the_sense_fell_cannot_tell_an_interruption(
    story: SupplyStory, fault: LinkFault
) -> None:
    story.meter_fails(60, fault)
    story.supply_is_lost(70)

    falls_silent(story, 75, 80, 85)

    assert story.verdicts == CANNOT_TELL


def test_one_reading_that_failed_long_ago_counts_no_more_once_the_meter_answered(story: SupplyStory) -> None:
    story.meter_fails(60)
    story.meter_reads(65, 230)
    story.supply_is_lost(70)

    falls_silent(story, 75, 80)

    assert story.verdicts == INTERRUPTED


def test_a_session_under_way_as_the_sense_fell_may_fail_because_of_it(story: SupplyStory) -> None:
    story.supply_falls(70)
    story.see(75, failed(69))
    story.see(75, Tick())

    falls_silent(story, 76, 81)

    assert story.verdicts == INTERRUPTED


def test_a_session_that_failed_before_the_edge_was_told_but_after_it_happened_counts_neither(
    story: SupplyStory,
) -> None:
    story.see(68, ProbeLink(up=False))
    story.see(75, failed(69))
    story.see(76, ProbeLink(up=True))
    story.see(76, edge(1, present=False, s=70))
    story.see(77, Tick())

    falls_silent(story, 78, 83)

    assert story.verdicts == INTERRUPTED


def test_a_probe_that_began_anew_in_the_dark_leaves_the_two_together(story: SupplyStory) -> None:
    story.see(69, ProbeLink(up=False))
    falls_silent(story, 71, 78)
    story.see(90, ProbeLink(up=True))
    for s in (90, 91, 92, 93, 95):
        story.beat(s, present=False)
    story.see(96, Tick())

    falls_silent(story, 97, 102)

    assert story.verdicts == INTERRUPTED


def test_a_probe_that_began_anew_in_the_dark_does_not_hide_that_the_head_was_off_before(story: SupplyStory) -> None:
    story.meter_fails(60)
    story.beat(61, present=True)
    story.see(69, ProbeLink(up=False))
    story.restart(80)
    story.see(90, ProbeLink(up=True))
    for s in (90, 91, 92, 93, 95):
        story.beat(s, present=False)
    story.see(96, Tick())

    falls_silent(story, 97, 102)

    assert story.phase is Phase.LOST
    assert story.verdicts == CANNOT_TELL


def test_that_the_meter_had_failed_before_outlives_a_restart(story: SupplyStory) -> None:
    story.meter_fails(60)
    story.restart(61)
    story.listen(62)
    story.supply_is_lost(70)
    story.restart(73)
    story.listen(74)

    falls_silent(story, 75, 80)

    assert story.verdicts == CANNOT_TELL


def test_a_dip_does_not_make_a_head_that_was_off_fall_with_the_sense(story: SupplyStory) -> None:
    story.meter_fails(60)
    story.supply_falls(70)
    story.supply_rises(70.8)
    story.supply_is_lost(75)

    falls_silent(story, 78, 83)

    assert story.verdicts == CANNOT_TELL


def test_a_session_disturbed_by_a_dip_does_not_part_the_two(story: SupplyStory) -> None:
    story.supply_falls(70)
    story.supply_rises(70.8)
    story.see(74, failed(69))
    story.supply_is_lost(75)

    falls_silent(story, 78, 83)

    assert story.verdicts == INTERRUPTED


@pytest.mark.parametrize("volts", [(230.0,), (150.0,), (230.0, 0.0, 230.0)])
def test_a_meter_that_has_read_a_voltage_since_is_silent_on_its_own(
    story: SupplyStory, volts: tuple[float, ...]
) -> None:
    story.supply_is_lost(70)
    story.meter_reads(73, *volts, loaded=True)

    falls_silent(story, 78, 83, 88)

    assert not any(verdict.startswith("SUPPLY_INTERRUPTED") for verdict in story.verdicts)


def test_a_meter_that_reads_a_dead_line_and_then_dies_of_it_was_there(story: SupplyStory) -> None:
    story.supply_is_lost(70)
    story.meter_reads(73, 0)

    falls_silent(story, 78, 83)

    assert story.verdicts == ["SUPPLY_INTERRUPTED CONFIRMED STRONG"]


@pytest.mark.parametrize("loaded", [True, None])
def test_an_unplugged_gateway_whose_meter_falls_silent_later_keeps_its_verdict(
    story: SupplyStory, loaded: bool | None
) -> None:
    story.supply_is_lost(70)
    story.meter_reads_in_band(73, 78, loaded=loaded)

    falls_silent(story, 300, 360, 420)

    assert story.verdicts == ["GATEWAY_UNPLUGGED PROVISIONAL WEAK", "GATEWAY_UNPLUGGED CONFIRMED FAIR"]


def test_silence_then_keeps_it_also_when_supply_is_proved_back_and_the_count_did_not_move(story: SupplyStory) -> None:
    story.supply_is_lost(70)
    story.meter_reads_in_band(73, 78, loaded=True)
    falls_silent(story, 300, 360)
    story.supply_rises(400)

    story.meter_reads_in_band(405, 435, 465)

    assert story.verdicts[-1] == "GATEWAY_UNPLUGGED CONFIRMED FAIR"
    assert story.names[-1] == "SupplyRestored"


def test_a_supply_that_flickers_without_a_word_from_the_meter_leaves_the_two_together(story: SupplyStory) -> None:
    story.supply_is_lost(70)
    story.meter_fails(73)
    story.supply_rises(80)
    story.see(81, failed(79))
    story.supply_falls(82)

    falls_silent(story, 83, 88)

    assert story.verdicts == [INTERRUPTED[0], *INTERRUPTED]  # the first one anew, as the supply was sensed


def test_a_transformer_that_fails_just_after_a_plug_was_put_back_is_found(story: SupplyStory) -> None:
    story.supply_is_lost(70)
    story.meter_reads_in_band(73, 78, loaded=True)
    story.supply_rises(200)
    story.meter_reads_in_band(205)
    story.supply_falls(220)

    falls_silent(story, 223, 228)

    assert story.verdicts[2:] == ["GATEWAY_UNPLUGGED CONFIRMED FAIR", *INTERRUPTED]


def test_a_head_that_fell_off_after_the_plug_was_put_back_is_not(story: SupplyStory) -> None:
    story.supply_is_lost(70)
    story.meter_reads_in_band(73, 78, loaded=True)
    story.supply_rises(200)
    falls_silent(story, 205, 210)
    story.supply_falls(220)

    falls_silent(story, 223, 228)

    assert story.verdicts[2:] == ["GATEWAY_UNPLUGGED CONFIRMED FAIR", *CANNOT_TELL]


def test_a_recloser_that_tries_once_and_fails_leaves_an_outage_of_its_own_to_be_found(story: SupplyStory) -> None:
    story.supply_is_lost(10)
    story.supply_rises(12.2)
    story.meter_reads(14, 230, power_failures=13)
    story.supply_falls(28)

    falls_silent(story, 30, 36)

    assert story.names.count("SupplyLost") == 2
    assert story.verdicts == ["SUPPLY_INTERRUPTED CONFIRMED STRONG", *INTERRUPTED]


def test_two_readings_lost_by_chance_are_put_right_while_the_meter_is_still_watched_closely(story: SupplyStory) -> None:
    story.supply_is_lost(70)
    falls_silent(story, 73, 78)
    watched = story.state.attention

    story.meter_reads_in_band(83, 88, loaded=True)

    assert watched is Attention.CLOSE
    assert story.verdicts[2:] == ["SUPPLY_INTERRUPTED WITHDRAWN FAIR", "GATEWAY_UNPLUGGED CONFIRMED FAIR"]


def test_what_the_meter_says_after_a_restart_waits_until_the_probe_is_heard(story: SupplyStory) -> None:
    story.supply_is_lost(70)
    story.restart(75)
    story.meter_reads_in_band(7_200, 7_205, power_failures=13)
    unheard = story.verdicts

    story.listen(7_206)
    story.beat(7_206, present=False)
    story.meter_reads_in_band(7_210, 7_215, loaded=True)

    assert unheard == []
    assert story.verdicts[-1] == "GATEWAY_UNPLUGGED CONFIRMED FAIR"


def test_what_the_meter_says_while_the_beats_contradict_the_edges_is_no_plug_pulled(story: SupplyStory) -> None:
    story.supply_is_lost(70)
    story.restart(75)
    story.listen(7_200)
    for s in (7_200.5, 7_201.5):
        story.beat(s, present=True)
        story.meter_reads(s, 230, power_failures=13, loaded=True)
    story.beat(7_202.5, present=True)

    story.meter_reads_in_band(7_205, 7_235, 7_265, power_failures=13)

    assert story.verdicts == ["SUPPLY_INTERRUPTED CONFIRMED STRONG"]
    assert story.names[-1] == "SupplyRestored"


def test_what_the_meter_said_after_a_return_whose_edge_came_late_is_forgotten(story: SupplyStory) -> None:
    story.supply_is_lost(70)
    story.meter_fails(81)

    story.see(84, edge(2, present=True, s=80))
    story.meter_reads_in_band(85, 115, 145)

    assert story.verdicts[2:] == ["SUPPLY_INTERRUPTED WITHDRAWN FAIR", "GATEWAY_UNPLUGGED CONFIRMED FAIR"]
