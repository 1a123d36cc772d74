"""Whatever is observed, in any order and any number of times, the gateway never claims what was not shown."""

from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from hypothesis import Phase, example, find, given, settings
from hypothesis import strategies as st

from gateway.core.interruption import InterruptionState, Limits, SupplyEvent, step
from gateway.core.interruption.verdict import READS_VOLTAGE
from gateway.core.observations import MeterAnswered, MeterFailed, Observation, ProbeBeat, ProbeLink, SupplyEdge, Tick
from gateway.core.remembered import recall, remember
from tests.fakes_gateway import at, edge
from tests.fakes_supply import answered, failed
from wire.events import InterruptionAssessed, SupplyDipped, SupplyLost, SupplyRestored
from wire.terms import Cause, Disconnector, Grade, LinkFault, Stage

LIMITS = Limits()

dark = st.integers(min_value=9, max_value=41)  # about the first interruption, where most depends on the order
seconds = st.one_of(dark, st.integers(min_value=0, max_value=400))
edges = st.builds(lambda number, s: edge(number, present=number % 2 == 0, s=s), st.integers(1, 6), seconds)
readings = st.builds(
    lambda s, volts, count, switch, loaded: answered(
        s, *volts, power_failures=count, disconnector=switch, loaded=loaded
    ),
    seconds,
    st.sampled_from([(230.0,), (0.0,), (120.0,), (), (230.0, 0.0, 230.0)]),
    st.sampled_from([None, 12, 13]),
    st.sampled_from(Disconnector),
    st.sampled_from([None, False, True]),
)
failures = st.builds(failed, seconds, st.sampled_from(LinkFault))
links = st.builds(ProbeLink, up=st.booleans())
beats = st.builds(ProbeBeat, present=st.booleans(), input_mv=st.integers(0, 6_000))
meter_words = st.one_of(readings, failures, links, st.just(Tick()))
without_beats = st.one_of(edges, readings, failures, links, st.just(Tick()))
Seen = tuple[int, Observation]  # handled so many seconds into the story

# Two interruptions, each lived to its end: what a disturbed story is made of.
WHOLE_STORY: tuple[Seen, ...] = (
    (0, ProbeLink(up=True)),
    (0, answered(0, 230)),
    (10, edge(1, present=False, s=10)),
    (12, Tick()),
    (14, failed(12)),
    (40, edge(2, present=True, s=40)),
    *((s + 1, answered(s, 230, power_failures=13)) for s in range(42, 112, 10)),
    (150, edge(3, present=False, s=150)),
    (152, Tick()),
    (200, edge(4, present=True, s=200)),
    *((s + 1, answered(s, 231, power_failures=14)) for s in range(202, 282, 10)),
)


TIMES, LATE_S = (1, 1, 1, 0, 2), (0, 0, 0, 5, 60)


def befallen(fates: bytes) -> list[Seen]:
    """The whole story with what its fate does to each observation: lost or doubled, and each copy on time or late."""
    return [
        (s + LATE_S[fate // 5 ** (1 + copy) % 5], observation)
        for fate, (s, observation) in zip(fates, WHOLE_STORY, strict=True)
        for copy in range(TIMES[fate % 5])
    ]


def disturbed(others: st.SearchStrategy[Observation]) -> st.SearchStrategy[list[Seen]]:
    """The whole story with observations lost, doubled, late, and strange ones in between."""
    told = st.binary(min_size=len(WHOLE_STORY), max_size=len(WHOLE_STORY)).map(befallen)
    return st.builds(told_in_turn, told, st.lists(st.tuples(seconds, others), max_size=8))


def told_in_turn(told: list[Seen], strange: list[Seen]) -> list[Seen]:
    """Both, as they are heard."""
    return sorted([*told, *((s, none_from_the_future(s, seen)) for s, seen in strange)], key=lambda pair: pair[0])


def none_from_the_future(s: int, observation: Observation) -> Observation:
    """Nothing is told before it happened or asked after it was answered."""
    match observation:
        case SupplyEdge():
            return replace(observation, occurred_at=min(observation.occurred_at, at(s)))
        case MeterAnswered() | MeterFailed():
            return replace(observation, asked_at=min(observation.asked_at, at(s)))
        case _:
            return observation


def play(seen: list[Seen]) -> list[tuple[Observation, tuple[SupplyEvent, ...]]]:
    """What was said at each observation."""
    state, told = InterruptionState(), []
    for s, observation in seen:
        state, events = step(state, observation, at(s), LIMITS)
        told.append((observation, events))
    return told


@given(disturbed(st.one_of(without_beats, beats)))
def test_after_a_loss_comes_its_restoration_or_once_the_meter_read_a_voltage_another_loss(seen: list[Seen]) -> None:
    told = play(seen)

    turns = [
        (index, event)
        for index, (_, events) in enumerate(told)
        for event in events
        if isinstance(event, (SupplyLost, SupplyRestored))
    ]
    assert all(isinstance(event, SupplyLost) for _, event in turns[:1])
    for (index, event), (later, following) in pairwise(turns):
        assert may_follow(event, following, [observation for observation, _ in told[index + 1 : later]])


def may_follow(
    event: SupplyLost | SupplyRestored, following: SupplyLost | SupplyRestored, between: list[Observation]
) -> bool:
    """Whether the second may be said after the first and what was observed between them."""
    match event, following:
        case SupplyLost(), SupplyRestored():
            return following.began_at_ms == event.began_at_ms
        case SupplyLost(), SupplyLost():
            words = {LIMITS.word(seen.voltages_mv) for seen in between if isinstance(seen, MeterAnswered)}
            return following.began_at_ms >= event.began_at_ms and not words.isdisjoint(READS_VOLTAGE)
        case SupplyRestored(), SupplyLost():
            return True
        case _:
            return False


def test_a_story_can_be_disturbed_and_still_come_to_both_restorations() -> None:
    """What the next test looks at does occur, beyond the undisturbed story."""

    def tells_both(seen: list[Seen]) -> bool:
        said = [event for _, events in play(seen) for event in events]
        return seen != list(WHOLE_STORY) and sum(isinstance(event, SupplyRestored) for event in said) == 2

    found = find(disturbed(without_beats), tells_both, settings=settings(max_examples=1_000, phases=[Phase.generate]))

    assert tells_both(found)


@given(disturbed(without_beats))
@example(list(WHOLE_STORY))
def test_every_restoration_has_its_proof(seen: list[Seen]) -> None:
    told = play(seen)

    for index, (_, events) in enumerate(told):
        restored = [event for event in events if isinstance(event, SupplyRestored)]
        assert all(is_proved([observation for observation, _ in told[: index + 1]]) for _ in restored)


@given(disturbed(st.one_of(without_beats, beats)), st.integers(0, 40))
def test_whatever_was_concluded_survives_a_restart(seen: list[Seen], cut: int) -> None:
    state = InterruptionState()
    for s, observation in seen[:cut]:
        state, _ = step(state, observation, at(s), LIMITS)

    again = recall(InterruptionState, remember(state))

    assert again == replace(state, link_up=None, input_seen=None, contradiction=None, input_turn=None)


def test_the_undisturbed_story_is_told_whole() -> None:
    said = [type(event).__name__ for _, events in play(list(WHOLE_STORY)) for event in events]

    assert said == [
        "SupplyLost",
        "InterruptionAssessed",
        "InterruptionAssessed",
        "InterruptionAssessed",
        "SupplyRestored",
        "SupplyLost",
        "InterruptionAssessed",
        "SupplyRestored",
    ]


def is_proved(history: list[Observation]) -> bool:
    """Judged anew from the whole history: the sense, the run of readings in band, and the disconnector."""
    present, since = sense_after(history)
    run: list[MeterAnswered] = []
    for observation in history:
        match observation:
            case MeterAnswered(asked_at=asked_at) if asked_at >= since:
                run = [*run, observation] if LIMITS.word(observation.voltages_mv).name == "IN_BAND" else []
            case MeterFailed(asked_at=asked_at) if asked_at >= since:
                run = []
    last = run[-1]
    span = last.asked_at - min(answer.asked_at for answer in run)
    return present and span >= LIMITS.restored_hold and last.disconnector is Disconnector.CLOSED


def sense_after(history: list[Observation]) -> tuple[bool, datetime]:
    """What the newest edge said, and when that became so."""
    newest, present, since = 0, True, at(0)
    for observation in history:
        if isinstance(observation, SupplyEdge) and observation.edge.event_id > newest:
            newest = observation.edge.event_id
            since = max(since, observation.occurred_at) if present is not observation.present else since
            present = observation.present
    return present, since


@given(disturbed(st.one_of(without_beats, beats)))
def test_an_edge_told_twice_changes_nothing(seen: list[Seen]) -> None:
    twice = [twin for s, seen_then in seen for twin in [(s, seen_then)] * (1 + isinstance(seen_then, SupplyEdge))]

    assert [events for _, events in play(twice) if events] == [events for _, events in play(seen) if events]


@given(disturbed(meter_words))
@example(list(WHOLE_STORY))
def test_every_interruption_that_is_told_has_its_witness(seen: list[Seen]) -> None:
    told = [
        (index, event)
        for index, (_, events) in enumerate(play(seen))
        for event in events
        if isinstance(event, InterruptionAssessed)
    ]
    for number, (index, event) in enumerate(told):
        # The edge of a return may bring the loss before it, judged by what had been seen until then.
        known = (seen[:index], seen[: index + 1])
        is_claim = event.cause is Cause.SUPPLY_INTERRUPTED and event.stage is not Stage.WITHDRAWN
        is_anew = claim_of(event) in [claim_of(before) for _, before in told[:number][-1:]]
        assert not is_claim or is_anew or any(is_witnessed(history, event.stage) for history in known)


def claim_of(event: InterruptionAssessed) -> tuple[Cause, Stage, Grade, int]:
    """What it says, whatever it rests on: said anew it needs no new witness."""
    return event.cause, event.stage, event.grade, event.began_at_ms


def is_witnessed(history: list[Seen], stage: Stage) -> bool:
    """Judged anew from the whole history: a dead line, a count that rose, or two witnesses who fell silent together."""
    observations = [observation for _, observation in history]
    present, since = sense_after(observations)
    answers = [seen for seen in observations if isinstance(seen, MeterAnswered)]
    counts = [answer.power_failures for answer in answers if answer.power_failures is not None]
    # What the meter reads before the edge is heard that dates the fall to before it is taken for a supply there.
    heard_after = [seen for seen in observations[newest_edge(observations) :] if isinstance(seen, MeterAnswered)]
    words = [LIMITS.word(answer.voltages_mv).name for answer in heard_after if answer.asked_at >= since]
    silent = [
        seen
        for seen in observations
        if isinstance(seen, MeterFailed) and seen.fault is LinkFault.SILENT and seen.asked_at >= since
    ]
    reads_voltage = {"IN_BAND", "OUT_OF_BAND", "PART_ABSENT"} & set(words)
    fell_together = not present and not reads_voltage and not had_failed(history, since)
    return (
        any(after > before for index, before in enumerate(counts) for after in counts[index:])
        or (not present and "ABSENT" in words)
        or (fell_together and len(silent) >= stage)  # provisional by one silent reading, confirmed by two
    )


def newest_edge(observations: list[Observation]) -> int:
    """Where the newest edge was first heard."""
    numbers = [seen.edge.event_id if isinstance(seen, SupplyEdge) else 0 for seen in observations]
    return numbers.index(max(numbers)) if numbers else 0


def had_failed(history: list[Seen], since: datetime) -> bool:
    """Whether a reading had failed before the sense fell, with no answer and no change of the sense after it."""
    before = [observation for s, observation in history if at(s) < since]
    heard = [index for index, seen in enumerate(before) if isinstance(seen, (MeterAnswered, SupplyEdge))]
    return any(isinstance(seen, MeterFailed) for seen in before[heard[-1] + 1 if heard else 0 :])


@given(disturbed(st.one_of(without_beats, beats)))
@example([(0, ProbeLink(up=True)), (0, ProbeBeat(present=True, input_mv=0)), (1, failed(1)), (2, failed(2))])
def test_whatever_is_told_while_supply_is_sensed_ends_when_all_is_well(seen: list[Seen]) -> None:
    all_is_well: list[Seen] = [
        (1_000, ProbeLink(up=True)),
        (1_000, edge(99, present=True, s=1_000)),
        *((s, ProbeBeat(present=True, input_mv=5_080)) for s in range(1_001, 1_006)),
        *((s, answered(s, 230, power_failures=14)) for s in range(1_010, 1_100, 10)),
    ]

    said = [event for _, events in play([*seen, *all_is_well]) for event in events]

    head_off: dict[int, list[Stage]] = {}
    for event in said:
        if isinstance(event, InterruptionAssessed) and event.cause is Cause.HEAD_OFF:
            head_off.setdefault(event.began_at_ms, []).append(event.stage)
    assert all(len(stages) % 2 == 0 for stages in head_off.values())
    assert all(set(stages[::2]) == {Stage.PROVISIONAL} for stages in head_off.values())
    assert state_after([*seen, *all_is_well]).troubles == ()


def state_after(seen: list[Seen]) -> InterruptionState:
    state = InterruptionState()
    for s, observation in seen:
        state, _ = step(state, observation, at(s), LIMITS)
    return state


dips = st.tuples(st.floats(0.1, 1.9), st.sampled_from(["answers", "is silent", "is cut off", "answers late"]))


@given(st.lists(dips, min_size=1, max_size=6))
def test_dips_are_counted_and_never_told_whatever_the_meter_does(drawn: list[tuple[float, str]]) -> None:
    told: list[tuple[float, Observation]] = [(0, ProbeLink(up=True)), (0, answered(0, 230))]
    for number, (duration_s, meter) in enumerate(drawn):
        s = 10.0 * (number + 1)
        told += [
            (s, edge(2 * number + 1, present=False, s=s)),
            (s + duration_s, edge(2 * number + 2, present=True, s=s + duration_s)),
            *((s + beat, ProbeBeat(present=True, input_mv=5_080)) for beat in (3, 4, 5)),
            {
                "answers": (s + 6, answered(s + 4, 230, power_failures=13 + number)),
                "is silent": (s + 6, failed(s + 3)),
                "is cut off": (s + 6, failed(s - 1)),
                "answers late": (s + 2, answered(s - 1, 230, power_failures=12 + number)),
            }[meter],
        ]

    state, said = InterruptionState(), list[SupplyEvent]()
    for s, observation in sorted(told, key=lambda pair: pair[0]):
        state, events = step(state, observation, at(s), LIMITS)
        said += events

    assert sum(isinstance(event, SupplyDipped) for event in said) == len(drawn)
    verdicts = {event.cause for event in said if isinstance(event, InterruptionAssessed)}
    assert verdicts <= {Cause.HEAD_OFF}
    assert not any(isinstance(event, SupplyLost) for event in said)
