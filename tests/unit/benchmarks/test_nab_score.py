"""The benchmark's score, held against cases reckoned by hand."""

from math import exp

import pytest

from benchmarks.nab import measure
from benchmarks.nab_peers import PEERS
from benchmarks.nab_score import Labelled, Profile, Tally, alarms, best, curve, sweep, together
from benchmarks.report import Skipped

STANDARD = Profile(name="standard", found=1.0, false=0.11, missed=1.0)
LOW_FN = Profile(name="low FN", found=1.0, false=0.11, missed=2.0)
SERIES = Labelled(length=100, windows=((50, 59),))


def test_the_first_value_of_a_window_is_worth_one_and_its_last_a_quarter() -> None:
    assert SERIES.tally([50]).found == pytest.approx(1.0)
    assert SERIES.tally([59]).found == pytest.approx((2 / (1 + exp(-0.5)) - 1) / 0.986614, rel=1e-5)


def test_only_the_best_of_a_window_counts_and_nothing_is_false_in_it() -> None:
    assert SERIES.tally([50, 55, 59]) == SERIES.tally([50])


def test_a_false_alarm_costs_more_the_further_it_is_behind_the_window() -> None:
    just_behind, far, before = (SERIES.tally([at]).false for at in (60, 90, 20))

    assert just_behind == pytest.approx(2 / (1 + exp(5 / 9)) - 1)
    assert (far, before) == (-1.0, -1.0)
    assert curve(2.99) > -1.0 == curve(3.0)


@pytest.mark.parametrize(("length", "begins"), [(100, 15), (5_000, 750), (20_000, 750), (1_127, 169)])
def test_what_is_heard_in_the_probation_counts_for_nothing(length: int, begins: int) -> None:
    series = Labelled(length=length, windows=())

    assert series.begins == begins
    assert series.tally([begins - 1]).false == 0.0
    assert series.tally([begins]).false == -1.0


@pytest.mark.parametrize(
    ("told", "profile", "score"),
    [
        ([50], STANDARD, 100.0),
        ([], STANDARD, 0.0),
        ([], LOW_FN, 0.0),
        ([20, 50], STANDARD, 100 * (1 - 0.11 + 1) / 2),
        ([20, 50], LOW_FN, 100 * (1 - 0.11 + 2) / 3),
        ([20], STANDARD, 100 * -0.11 / 2),
    ],
)
def test_a_score_goes_from_never_alarming_to_perfect(told: list[int], profile: Profile, score: float) -> None:
    assert SERIES.tally(told).score(profile) == pytest.approx(score)


def test_a_corpus_is_scored_as_a_whole_and_a_series_without_windows_can_only_cost() -> None:
    silent = Labelled(length=100, windows=())

    whole = together([SERIES.tally([50]), silent.tally([40, 41])])

    assert whole == Tally(found=pytest.approx(1.0), false=-2.0, missed=0, windows=1)


def test_an_alarm_is_followed_by_rest() -> None:
    scores = [(0, 9.0), (2, 9.0), (3, 9.0), (4, 1.0), (9, 9.0)]

    assert alarms(scores, 5.0, 2) == [0, 3, 9]
    assert alarms(scores, 5.0, 0) == [0, 2, 3, 9]


def test_the_threshold_is_the_best_of_the_corpus() -> None:
    scores = [0.0] * 100
    scores[50], scores[20], scores[80] = 5.0, 7.0, 2.0

    tallies = sweep([(SERIES, scores)], 0)

    assert best(tallies, STANDARD) == pytest.approx(100 * (1 - 0.11 + 1) / 2)


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_scores_a_value_before_it_learns_it(name: str) -> None:
    calm = [float(number % 7) for number in range(500)]
    detector, other = PEERS[name](), PEERS[name]()

    usual = [detector(value) for value in calm]
    again = [other(value) for value in (*calm, 1e6)]

    assert again[:-1] == usual
    assert again[-1] > max(usual[50:])


def test_without_the_data_it_says_that_it_was_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAMPLIGHT_DATA", raising=False)

    with pytest.raises(Skipped, match="LAMPLIGHT_DATA"):
        measure(False)
