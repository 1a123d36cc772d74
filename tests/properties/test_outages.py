"""Laws of telling about outages, whatever a gateway says and in whatever order it arrives."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from cloud.messaging.model import Announcement
from cloud.outages.effects import CaseChanged, Effect, Tell, TellOfBreaker
from cloud.outages.model import End, Phase
from cloud.outages.signs import ClosedByOperator, Observation, Saying, Sign, live_voltage, senses_supply, sign_of
from tests.fakes_outages import (
    COUNTED,
    COUNTED_AWAY,
    DARK,
    OWN_METER,
    TRIPPED,
    Home,
    at,
    at_another_meter,
    beside,
    dipped,
    found,
    in_hindsight,
    interrupted,
    lost,
    own_breaker,
    restored,
    unplugged,
    withdrawn,
)
from wire.terms import Cause, Grade, Stage

starts = st.sampled_from((0, 100, 200, 3_000))
seqs = st.integers(1, 12)
stages = st.sampled_from(tuple(Stage))
others = st.sampled_from([cause for cause in Cause if cause is not Cause.SUPPLY_INTERRUPTED])
saying = st.one_of(
    st.builds(lost, seqs, starts),
    st.builds(interrupted, seqs, starts, stage=st.sampled_from((Stage.PROVISIONAL, Stage.CONFIRMED))),
    st.builds(interrupted, seqs, starts, grade=st.just(Grade.NONE), evidence=st.just(())),
    st.builds(withdrawn, seqs, starts),
    st.builds(unplugged, seqs, starts),
    st.builds(found, seqs, starts, others, stage=stages, evidence=st.sampled_from((DARK, TRIPPED))),
    st.builds(own_breaker, seqs, starts, stage=stages),
    st.builds(beside, seqs, starts, others, stages),
    st.builds(interrupted, seqs, starts, stage=stages, evidence=st.sampled_from((COUNTED, COUNTED[:1], COUNTED_AWAY))),
    st.builds(lambda seq, start, lasts: in_hindsight(seq, start, start + lasts), seqs, starts, st.integers(5, 4_000)),
    st.builds(dipped, seqs, starts),
    st.builds(lambda seq, start, lasts: restored(seq, start, start + lasts), seqs, starts, st.integers(5, 4_000)),
    st.builds(lambda seq, start: restored(seq, start, start + 50, off=True), seqs, starts),
    st.builds(lambda seq, start: at_another_meter(restored(seq, start, start + 50)), seqs, starts),
)
pauses_s = st.sampled_from((0, 1, 30, 59, 61, 200, 1_000))
stories = st.lists(st.tuples(saying, pauses_s), max_size=12)
closing = st.builds(ClosedByOperator, who=st.just("Rosa"), reason=st.just("by telephone"))
tended_stories = st.lists(st.tuples(saying | closing, pauses_s), max_size=12)
Story = Sequence[tuple[Saying | ClosedByOperator, int]]


@dataclass(frozen=True, slots=True)
class Moment:
    """What was seen (None: time passed) and what it made the rules ask for."""

    seen: Observation | None
    effects: list[Effect]


def live(story: Story, *, times: int = 1) -> tuple[Home, list[Moment]]:
    """Live a story in which everything is said `times` times."""
    home, moments, now_s = Home(), [], 0.0
    for seen, pause_s in story:
        now_s += pause_s
        moments.append(Moment(None, effects_of(home, lambda now_s=now_s: home.wait_until(now_s))))
        heard = heard_at(seen, now_s)
        moments += [
            Moment(heard, effects_of(home, lambda heard=heard, now_s=now_s: home.see(heard, now=at(now_s))))
            for _ in range(times)
        ]
    end_s = now_s + 10_000
    moments.append(Moment(None, effects_of(home, lambda: home.wait_until(end_s))))
    return home, moments


def heard_at(seen: Saying | ClosedByOperator, now_s: float) -> Saying | ClosedByOperator:
    """What was seen, as it is heard at that instant."""
    match seen:
        case ClosedByOperator():
            return seen
        case _:
            return replace(seen, heard=replace(seen.heard, heard_at=at(now_s)))


def effects_of(home: Home, happen: Callable[[], Home]) -> list[Effect]:
    known = len(home.effects)
    return happen().effects[known:]


@given(tended_stories)
def test_no_message_is_told_twice_and_no_end_without_its_beginning(story: Story) -> None:
    home, _ = live(story)

    assert max(Counter(home.told).values(), default=0) <= 1
    for number, announcement in home.told:
        beginning = (number, Announcement.POWER_OUT)
        assert announcement is Announcement.POWER_OUT or home.told.index(beginning) < home.told.index(
            (number, announcement)
        )


@given(tended_stories)
def test_power_back_is_told_only_on_the_word_of_the_homes_own_meter(story: Story) -> None:
    _, moments = live(story)

    for moment in moments:
        told = [effect.announcement for effect in moment.effects if isinstance(effect, Tell)]
        is_proof = moment.seen is not None and sign_of(moment.seen, OWN_METER) is Sign.RESTORED
        assert is_proof or Announcement.POWER_BACK not in told


@given(tended_stories)
def test_nobody_is_told_out_but_on_a_confirmed_interruption_with_the_supply_sense_away(story: Story) -> None:
    home, _ = live(story)

    for effect in home.effects:
        if isinstance(effect, Tell) and effect.announcement is Announcement.POWER_OUT:
            rests_on = effect.case.evidence
            assert effect.case.stage is Stage.CONFIRMED
            assert (senses_supply(rests_on), live_voltage(rests_on)) == (False, None)


@given(tended_stories)
def test_the_breaker_is_told_once_each_time_and_only_where_the_meter_reads_power(story: Story) -> None:
    home, _ = live(story)

    assert max(Counter(home.told_of_breaker).values(), default=0) <= 1
    for effect in home.effects:
        if isinstance(effect, TellOfBreaker):
            assert (effect.finding.cause, effect.finding.stage) == (Cause.OWN_BREAKER, Stage.CONFIRMED)
            assert effect.finding.evidence == TRIPPED


@given(tended_stories)
def test_a_finding_never_stands_beside_the_verdict_it_contradicts(story: Story) -> None:
    home, _ = live(story)

    finding, case = home.state.finding, home.state.open_case
    assert finding is None or case is None or finding.by != case.verdict_by
    assert finding is None or finding.cause is not Cause.SUPPLY_INTERRUPTED
    assert finding is None or finding.stage is not Stage.WITHDRAWN


@given(tended_stories)
def test_what_a_person_closed_keeps_their_word_and_is_told_back_only_by_proof(story: Story) -> None:
    home, moments = live(story)

    for case in home.cases.values():
        assert (case.end is End.OPERATOR) == (case.closed_by is not None) == (case.close_reason is not None)
    for moment in moments:
        if isinstance(moment.seen, ClosedByOperator):
            assert not any(isinstance(effect, Tell) for effect in moment.effects)
            assert sum(isinstance(effect, CaseChanged) for effect in moment.effects) <= 1


@given(tended_stories)
def test_nothing_is_told_of_a_case_once_it_was_no_outage(story: Story) -> None:
    home, _ = live(story)

    for effect in home.effects:
        assert not isinstance(effect, Tell) or effect.case.end is not End.NO_OUTAGE
    for case in home.cases.values():
        is_withdrawn = case.end is End.NO_OUTAGE
        assert not is_withdrawn or (case.number, Announcement.POWER_BACK) not in home.told
        assert not (is_withdrawn and case.told_at and case.attention is None)


@given(tended_stories)
def test_saying_everything_twice_changes_nothing(story: Story) -> None:
    once, _ = live(story)
    twice, _ = live(story, times=2)

    assert twice.state == once.state
    assert twice.told == once.told


@given(tended_stories)
def test_the_phase_and_the_case_never_disagree(story: Story) -> None:
    home, _ = live(story)

    case = home.state.open_case
    assert (case is not None) == (home.state.phase in {Phase.OUT, Phase.TOLD})
    assert case is None or (case.is_open and (case.told_at is not None) == (home.state.phase is Phase.TOLD))
    assert sum(case.is_open for case in home.cases.values()) == (case is not None)
    assert home.state.cases == len(home.cases)
