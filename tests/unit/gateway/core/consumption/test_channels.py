"""One suite for every channel and its alarm: what holds for each, whatever it watches."""

from dataclasses import dataclass
from functools import cache

import pytest

from tests.fakes_consumption import DAY_H, Watched, home, hours_after, more, nothing
from wire.terms import UseKind, UseStage

USUAL_DAYS = 70
ONSET_H = USUAL_DAYS * DAY_H + 10


@dataclass(frozen=True, kw_only=True)
class Case:
    """What its channel must notice, for how long it goes on, and how soon it is told."""

    kind: UseKind
    for_h: int
    within_h: float
    extra_wh: float | None  # None: nothing is drawn

    def hours(self, *, onset_h: int = ONSET_H, days_after: int = 12) -> list[float]:
        hours = home((onset_h + self.for_h) // DAY_H + days_after)
        if self.extra_wh is None:
            return nothing(hours, onset_h, self.for_h)
        return more(hours, onset_h, self.for_h, self.extra_wh)


CASES = [
    Case(kind=UseKind.SPIKE, for_h=1, within_h=1, extra_wh=9_000.0),
    Case(kind=UseKind.SUSTAINED, for_h=6 * DAY_H, within_h=24, extra_wh=600.0),
    Case(kind=UseKind.BASE_LOAD, for_h=12 * DAY_H, within_h=6 * DAY_H, extra_wh=180.0),
    Case(kind=UseKind.ZERO, for_h=3 * DAY_H, within_h=24, extra_wh=None),
]


@cache
def whole(case: Case) -> Watched:
    """The case's home, watched to its end; only to be looked at."""
    return Watched().see(case.hours())


every_channel = pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind.name.lower())


@every_channel
def test_what_it_watches_for_is_noticed_in_time(case: Case) -> None:
    (raised,) = whole(case).raised(case.kind)

    assert 0 < hours_after(raised, ONSET_H) <= case.within_h
    assert raised.score_milli >= 1000


@every_channel
def test_it_is_told_once_and_so_is_its_end(case: Case) -> None:
    watched = whole(case)

    stages = [event.stage for event in watched.told if event.kind is case.kind]
    began = {event.began_at_ms for event in watched.told if event.kind is case.kind}

    assert stages == [UseStage.RAISED, UseStage.ENDED]
    assert len(began) == 1


@every_channel
def test_in_the_first_two_weeks_nothing_is_told(case: Case) -> None:
    hours = case.hours(onset_h=6 * DAY_H)[: 14 * DAY_H]

    assert Watched().see(hours).told == []


@every_channel
def test_scores_do_not_know_what_comes_after(case: Case) -> None:
    hours = case.hours()
    half = ONSET_H + 5

    assert whole(case).scores[:half] == Watched().see(hours[:half]).scores


@every_channel
def test_nothing_is_learnt_while_its_alarm_is_open(case: Case) -> None:
    watched = whole(case)
    (raised,), (ended,) = watched.raised(case.kind), watched.ended(case.kind)
    open_h = int(hours_after(raised, 0)), int(hours_after(ended, 0))
    seen = Watched().see(case.hours()[: open_h[0]])
    before = seen.bank

    seen.see(case.hours()[open_h[0] : open_h[1] - 1])

    assert usual_of(seen.bank, case.kind) == usual_of(before, case.kind)


@every_channel
def test_missing_hours_are_not_zero_and_raise_nothing(case: Case) -> None:
    hours = home(USUAL_DAYS + 10)
    gap = [None if ONSET_H <= number < ONSET_H + 4 * DAY_H else wh for number, wh in enumerate(hours)]

    assert Watched().see(gap).raised(case.kind) == []


def test_a_home_as_usual_is_left_alone() -> None:
    assert Watched().see(home(150, seed=7)).told == []


def usual_of(bank, kind):
    """What the channel holds to be usual."""
    return {
        UseKind.SPIKE: lambda: bank.spike.highest_wh,
        UseKind.SUSTAINED: lambda: (bank.sustained.week, bank.sustained.breadth),
        UseKind.BASE_LOAD: lambda: bank.base_load.usual,
        UseKind.ZERO: lambda: bank.zero.usual,
    }[kind]()
