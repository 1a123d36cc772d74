"""How early and how rarely falsely a score for any series alarms: the Numenta Anomaly Benchmark (`nab_score`).

The series, windows and profiles are those of LAMPLIGHT_DATA/load: 51 of the benchmark's 58 files, so the figures stand
beside each other and not beside those published for all 58. Ours is the edge's `stream` score. Every detector looks
back only, at nothing of the file beforehand, not even its range. All of them rest after an alarm as ours does, since
that is worth more than the model; the windowed Gaussian also as it was published, without rest. Thresholds are the best
for the corpus and profile, as the benchmark has it; what ours gets at its own line is told too.
"""

import csv
import gzip
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Final

from benchmarks.nab_peers import PEERS
from benchmarks.nab_score import Labelled, Profile, Tally, best, sweep, together
from benchmarks.report import Row, Skipped, main
from gateway.core.consumption.stream import REST, Stream, score

AS_PUBLISHED: Final = "windowed"
LIMIT_STANDARD: Final = 60.0
LIMIT_US: Final = 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One file: its instants (Unix seconds) and values, and where its windows are."""

    at_s: tuple[int, ...]
    values: tuple[float, ...]
    labelled: Labelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What our stream made of a series: its scores, and its alarms at its own line."""

    scores: list[float]
    alarms: list[int]


def watch(series: Series) -> Ours:
    """Let the stream score a series."""
    stream = Stream()
    scores, alarms = [], []
    for place, (at_s, value) in enumerate(zip(series.at_s, series.values, strict=True)):
        stream, scored, is_alarm = score(stream, at_s, value, UTC)
        scores.append(scored)
        alarms += [place] if is_alarm else []
    return Ours(scores=scores, alarms=alarms)


def measure(_full: bool) -> Sequence[Row]:
    """Ours and the peers over the whole corpus; there is no longer profile."""
    folder = Path(os.environ.get("LAMPLIGHT_DATA", ""), "load")
    if not (folder / "nab_open.csv.gz").is_file():
        raise Skipped("LAMPLIGHT_DATA names no folder with load/nab_open.csv.gz")
    corpus = list(read(folder))
    labels = [series.labelled for series in corpus]
    began = process_time()
    ours = [watch(series) for series in corpus]
    us = 1e6 * (process_time() - began) / sum(label.length for label in labels)
    mine = sweep([(label, each.scores) for label, each in zip(labels, ours, strict=True)], REST)
    at_line = together(label.tally(each.alarms) for label, each in zip(labels, ours, strict=True))
    theirs: dict[str, list[Tally]] = {}
    for name in PEERS:
        scored = [(series.labelled, _scores(name, series)) for series in corpus]
        theirs[name] = sweep(scored, REST)
        if name == AS_PUBLISHED:
            theirs[f"{name}, no rest"] = sweep(scored, 0)
    cost = Row(what="a value", ours=us, beside=LIMIT_US, beside_name="", unit="us", is_limit=True)
    return [cost, *_compared(read_profiles(folder), mine, at_line, theirs)]


def _compared(
    profiles: Sequence[Profile], mine: Sequence[Tally], at_line: Tally, theirs: Mapping[str, Sequence[Tally]]
) -> Iterator[Row]:
    for profile in profiles:
        what = f"{profile.name} ({at_line.windows} windows)"
        found = best(mine, profile)
        if profile.name == "standard":
            yield replace(_row(what, found, LIMIT_STANDARD, ""), is_limit=True)
        for name, tallies in theirs.items():
            yield _row(what, found, best(tallies, profile), name)
        yield _row(f"{what} at its own line", at_line.score(profile), found, "ours at its best")


def read(folder: Path) -> Iterator[Series]:
    """The series of the corpus, in the order of the file."""
    windows: Mapping[str, Sequence[Sequence[str]]] = json.loads((folder / "nab_open_windows.json").read_text())
    found: dict[str, list[tuple[int, float]]] = {}
    with gzip.open(folder / "nab_open.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["file"], []).append((_at_s(row["timestamp"]), float(row["value"])))
    for name, values in found.items():
        at_s = tuple(at for at, _ in values)
        spans = tuple((at_s.index(_at_s(first)), at_s.index(_at_s(last))) for first, last in windows[name])
        labelled = Labelled(length=len(values), windows=spans)
        yield Series(at_s=at_s, values=tuple(value for _, value in values), labelled=labelled)


def read_profiles(folder: Path) -> list[Profile]:
    """The benchmark's own three."""
    told = json.loads((folder / "nab_profiles.json").read_text())
    return [
        Profile(
            name=name.replace("_", " "),
            found=profile["CostMatrix"]["tpWeight"],
            false=profile["CostMatrix"]["fpWeight"],
            missed=profile["CostMatrix"]["fnWeight"],
        )
        for name, profile in told.items()
    ]


def _scores(name: str, series: Series) -> list[float]:
    detector = PEERS[name]()
    return [detector(value) for value in series.values]


def _at_s(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def _row(what: str, ours: float, beside: float, beside_name: str) -> Row:
    return Row(what=what, ours=ours, beside=beside, beside_name=beside_name, unit="", less_is_better=False)


if __name__ == "__main__":
    sys.exit(main("nab", measure))
