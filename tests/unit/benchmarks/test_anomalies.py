"""The bench of unusual use puts faults where it says, and gives every peer the same budget."""

from datetime import UTC

import pytest

from benchmarks.anomalies import NOT_TOLD, Score
from benchmarks.use.faults import WARM_UP_H, Fault, faults_of
from benchmarks.use.homes import Home, generated
from benchmarks.use.peers import PEERS, REST_H, Alerting, alerts, threshold_for
from wire.terms import UseKind

HOME = generated(1)


class FakeWatcher:
    """Tells of every hour above a line."""

    def look(self, at: int, energy_wh: float | None) -> str | None:
        return "spike" if energy_wh is not None and energy_wh > 1e6 else None

    def fork(self) -> "FakeWatcher":
        return self


@pytest.mark.parametrize("kind", UseKind)
def test_a_fault_begins_after_the_warm_up_and_changes_its_hours_alone(kind: UseKind) -> None:
    faults = faults_of(HOME, kind, 5)

    assert faults == faults_of(HOME, kind, 5)
    for fault in faults:
        before = HOME.hours_wh[fault.first : fault.first + len(fault.hours_wh)]
        assert fault.first >= WARM_UP_H
        assert len(before) == len(fault.hours_wh)
        assert all(now != was for now, was in zip(fault.hours_wh, before, strict=True))


def test_what_is_missing_stays_missing() -> None:
    gappy = tuple(None if at % 3 == 0 else 300.0 for at in range(4_000))
    home = Home(name="gappy", zone=UTC, begins_s=0, hours_wh=gappy)

    for fault in faults_of(home, UseKind.ZERO, 3):
        assert [hour is None for hour in fault.hours_wh] == [
            hour is None for hour in gappy[fault.first : fault.first + len(fault.hours_wh)]
        ]


def test_a_score_counts_faults_found_with_their_delay_and_alerts_after_the_warm_up() -> None:
    quiet = Home(name="quiet", zone=UTC, begins_s=0, hours_wh=(2e6, *(100.0,) * (WARM_UP_H + 9), 2e6))
    found = Fault(kind=UseKind.SPIKE, first=WARM_UP_H + 1, hours_wh=(None, 5.0, 2e6))
    lost = Fault(kind=UseKind.SPIKE, first=WARM_UP_H + 1, hours_wh=(5.0,))
    score = Score()

    score.play(quiet, FakeWatcher(), [found, lost])

    assert score.clean == 1
    assert score.delays_h[UseKind.SPIKE] == [3]
    assert score.told_as[UseKind.SPIKE] == {"spike": 1, NOT_TOLD: 1}
    assert score.recall(UseKind.SPIKE) == 50


def test_a_threshold_is_the_lowest_that_keeps_to_the_budget() -> None:
    scores = [[9.0, *(0.0,) * REST_H, 5.0, 4.0, *(0.0,) * REST_H, 3.0], [1.0, 2.0]]

    chosen = [threshold_for(scores, 1, budget) for budget in (0, 1, 2, 3)]

    assert chosen == [6.0, 4.0, 3.0, 2.0]
    assert alerts(scores[0], 3.0, 1) == [REST_H + 1, 2 * REST_H + 3]


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_looks_back_only(name: str) -> None:
    peer, longer = PEERS[name](), PEERS[name]()

    scores = [peer.score(at, hour) for at, hour in enumerate(HOME.hours_wh[:2_000])]
    again = [longer.score(at, hour) for at, hour in enumerate((*HOME.hours_wh[:2_000], 9e9, None))]

    assert again[:2_000] == scores
    assert max(scores) > 0


def test_what_is_forked_leaves_the_other_as_it_was() -> None:
    watcher = Alerting(PEERS["hour z"](), 3.0, 0)
    for at in range(400):
        watcher.look(at, 100.0 + at % 7)

    told = watcher.fork().look(400, 9e6)

    assert told
    assert watcher.look(400, 9e6)
