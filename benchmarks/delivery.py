"""Does everything that gateways made arrive, once, whatever the lines do and whoever is killed?

Twenty gateways with their real journals and forwarders say something now and then, in every lane. Their lines lose a
fifth of all messages both ways, double a fifth and delay a fifth behind up to fifty later ones; connections are reset
a hundred times. Gateways, broker and cloud are killed (-9) by a seeded plan. Then nothing new is said, the lines stay
as bad as they are, and what is under way must come to its end.

The verdict is read from files alone (`chaos.books`): the gateways' journals, a witness of what these had promised, and
the cloud's database. The long profile does it on each broker in turn, several minutes at a time.
"""

import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.chaos.books import Verdict, compare, read_made, read_stored
from benchmarks.chaos.stage import Cast, Stage
from benchmarks.report import Row, main
from simulators.scenarios import chaos
from simulators.uplink.mischief import Odds

ODDS: Final = Odds(lose=0.2, double=0.2, delay=0.2)
GATEWAYS: Final = 20
_LONGEST_DEATH_S: Final = 1.5
_LEAST: Final = 100  # events, and of each mischief on the lines: a busy machine plays on until it came to that ...
_LATER_S: Final = 60.0  # ... but no longer than that, for what does not come at all
_TURN_S: Final = 0.05
_LOOK_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """One run: so long a time of mischief, then at most so long to come to an end."""

    seed: int
    mischief_s: float
    drain_s: float
    kills: int
    cuts: int
    per_s: float
    is_embedded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a night."""

    verdict: Verdict
    kills: int
    reconnects: int
    lost_on_the_line: int
    doubled_on_the_line: int
    delayed_on_the_line: int
    drained_s: float


SHORT: Final = (Night(seed=6, mischief_s=25, drain_s=180, kills=12, cuts=110, per_s=0.5),)
LONG: Final = tuple(
    Night(seed=seed, mischief_s=180, drain_s=240, kills=60, cuts=600, per_s=0.25, is_embedded=is_embedded)
    for seed in (1, 2)
    for is_embedded in (False, True)
)


def measure(full: bool) -> list[Row]:
    """Every night's figures together; a night that goes wrong is told on standard error with its seed."""
    outcomes = [play(night) for night in (LONG if full else SHORT)]
    verdicts = [outcome.verdict for outcome in outcomes]
    return [
        _figure("events made durably by the gateways", [verdict.made for verdict in verdicts], "made"),
        _limit("events the cloud holds", [verdict.stored for verdict in verdicts], "stored", verdicts),
        _none("lost", [verdict.lost for verdict in verdicts], "lost"),
        _none("held that nobody made", [verdict.foreign for verdict in verdicts], "foreign"),
        _none("doubled, or of doubled effect", [verdict.doubled for verdict in verdicts], "doubled"),
        _none("without effect", [verdict.without_effect for verdict in verdicts], "without_effect"),
        _none("gaps in the cloud's chains", [verdict.gaps for verdict in verdicts], "gaps"),
        _none("no receipt covers", [verdict.unreceipted for verdict in verdicts], "unreceipted"),
        _none("refused", [each.refused for each in verdicts], "refused"),
        _none("gateways suspected, gaps told", [each.suspects + each.alarms for each in verdicts], "alarms"),
        _figure("processes killed (-9)", [outcome.kills for outcome in outcomes], "kills"),
        _figure("connections reset", [outcome.reconnects for outcome in outcomes], "reconnects"),
        _figure("messages lost on the lines", [outcome.lost_on_the_line for outcome in outcomes], "line_lost"),
        _figure("doubled on the lines", [outcome.doubled_on_the_line for outcome in outcomes], "line_doubled"),
        _figure("delayed on the lines", [outcome.delayed_on_the_line for outcome in outcomes], "line_delayed"),
        _figure("from the last event to the end, at most", [max(each.drained_s for each in outcomes)], "drain_s", "s"),
    ]


def play(night: Night) -> Outcome:
    """Play a night and compare the books."""
    cast = Cast(
        gateways=GATEWAYS, processes=4, odds=ODDS, per_s=night.per_s, seed=night.seed, is_embedded=night.is_embedded
    )
    with tempfile.TemporaryDirectory(prefix="lamplight-") as folder:
        stage = Stage(Path(folder), cast)
        stage.prepare()
        try:
            stage.begin(stage.mortals)
            kills, reconnects = _mischief(stage, night)
            stage.quiet.touch()
            began_s = time.monotonic()
            verdict = _drained(stage, night.drain_s)
            outcome = Outcome(
                verdict=verdict,
                kills=kills,
                reconnects=reconnects,
                lost_on_the_line=stage.lines.counts("lost"),
                doubled_on_the_line=stage.lines.counts("doubled"),
                delayed_on_the_line=stage.lines.counts("delayed"),
                drained_s=time.monotonic() - began_s,
            )
            if not verdict.is_whole:
                sys.stderr.write(f"seed {night.seed}: {verdict}\n{stage.last_words()}\n")
        finally:
            stage.close()
        return outcome


def _mischief(stage: Stage, night: Night) -> tuple[int, int]:
    """Kill and cut as planned; how many of both it came to."""
    plan = chaos.plan(
        night.seed,
        victims=stage.mortals,
        lengths_s={"mischief": night.mischief_s - _LONGEST_DEATH_S},
        crashes=night.kills,
        longest_death_s=_LONGEST_DEATH_S,
    )
    kills = chaos.Chaos(stage, list(plan))
    kills.enter("mischief")
    dice = random.Random(night.seed)
    cuts = sorted(dice.uniform(0, night.mischief_s) for _ in range(night.cuts))
    reconnects, began_s = 0, time.monotonic()
    end_s = began_s + night.mischief_s + _LATER_S
    while time.monotonic() < end_s and (cuts or not kills.is_over or not _has_seen_enough(stage)):
        kills.tick()
        while cuts and cuts[0] <= time.monotonic() - began_s and (lines := stage.lines.in_use()):
            if stage.lines.cut(dice.choice(lines)):  # who was there a moment ago may have gone by himself
                del cuts[0]
                reconnects += 1
        time.sleep(_TURN_S)
    return len(kills.done), reconnects


def _has_seen_enough(stage: Stage) -> bool:
    done = min(stage.lines.counts(of) for of in ("lost", "doubled", "delayed"))
    return done > _LEAST and len(read_made(stage.posts).events) > _LEAST


def _drained(stage: Stage, within_s: float) -> Verdict:
    """Wait until the books agree, or time is up; what they say then."""
    end_s = time.monotonic() + within_s
    while True:
        time.sleep(_LOOK_S)  # also: the gateways have seen that they are to be quiet
        verdict = compare(read_made(stage.posts), read_stored(stage.cloud_folder / "lamplight.sqlite"))
        if verdict.is_whole or time.monotonic() > end_s:
            return verdict


def _figure(what: str, counts: Sequence[float], key: str, unit: str = "") -> Row:
    return Row(what=what, ours=sum(counts), beside=0, beside_name="none", unit=unit, key=key)


def _none(what: str, counts: Sequence[float], key: str) -> Row:
    return Row(what=what, ours=sum(counts), beside=0, beside_name="none", unit="", key=key, is_limit=True)


def _limit(what: str, counts: Sequence[float], key: str, verdicts: Sequence[Verdict]) -> Row:
    made = sum(verdict.made for verdict in verdicts)
    return Row(
        what=what,
        ours=sum(counts),
        beside=made,
        beside_name="made",
        unit="",
        key=key,
        is_limit=True,
        less_is_better=False,
    )


if __name__ == "__main__":
    sys.exit(main("delivery", measure))
