"""`lamplight-sim scenario`: play a whole story with the real programs.

Live, it prints the page's address, tells what happens, and stays until Ctrl-C. With `--check` it ends with the story,
and its exit status says whether exactly the expected messages arrived, each once.
"""

import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import FrameType
from zoneinfo import ZoneInfo

from runtime.arguments import Words, whole
from runtime.clock import MAX_RATE, STORY_VARIABLE, StoryClock
from runtime.errors import InputRefused
from simulators.recorded_load import read_series
from simulators.scenarios.chaos import Chaos, Crash, plan
from simulators.scenarios.month import AFTER_IT, BACKFILL_DAYS, IN_THE_CYCLE, MonthStory, evening_of, write_load
from simulators.scenarios.neighbours import HOUSES, TIME_ZONE
from simulators.scenarios.onlooker import Onlooker
from simulators.scenarios.post import Expected, check
from simulators.scenarios.processes import Cast, StoryFailed, playing
from simulators.scenarios.street import EXPECTED, LENGTHS_S, VICTIMS, StreetStory
from simulators.scenarios.street_fate import probe_control
from simulators.scenarios.street_stage import Street, StreetPlan, found_street, gateway_of

FAILED = 1
MONTH, STORM, BOTH = "month", "storm", "both"


def main(arguments: list[str]) -> int:
    """Play it; 0 when it went as it must, 1 when not."""
    words = _parser().parse_args(arguments)
    _check(words)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    acts = words.act or (STORM if words.load_file else BOTH)
    begins = evening_of(AFTER_IT if acts == STORM else IN_THE_CYCLE)
    time_of_story = _StoryTime(clock=StoryClock(t0=begins, w0=time.time(), rate=words.rate))
    with tempfile.TemporaryDirectory(prefix="lamplight-") as folder:
        return _play(words, acts, time_of_story, Path(words.dir or folder))


@dataclass(slots=True)
class _StoryTime:
    """The story's clock, which can be put on."""

    clock: StoryClock

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, STORY_VARIABLE: self.clock.text()}

    def go_on_at(self, cast: Cast, at: datetime) -> None:
        """Let everybody sleep until then."""
        self.clock = replace(self.clock, t0=at, w0=time.time())
        cast.go_on_at(self.environment)


def _check(words: argparse.Namespace) -> None:
    """Raise InputRefused for what would end the story's first process, before there is one."""
    folder: Path | None = words.dir
    if words.load_file is not None:
        read_series(words.load_file)
        if words.act in (MONTH, BOTH):
            raise InputRefused("a recorded home has no bills", where="--act", do="play --act storm with --from")
    if words.crashes is not None and words.act == MONTH:
        raise InputRefused("nobody is killed in the month", where="--crashes", do="play the storm, or both")
    if folder is not None and folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InputRefused("there is something in that place already", where=str(folder), do="name a new folder")


def _play(words: argparse.Namespace, acts: str, story_time: _StoryTime, folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    say = _quiet if words.json else _teller(story_time)
    began = time.monotonic()
    with playing(folder, story_time.environment) as cast:
        try:
            onlooker = _play_acts(words, acts, story_time, cast, say)
        except StoryFailed as failure:
            _outcome(words.json, str(failure), began, None)
            return FAILED
        _outcome(words.json, "", began, onlooker)
        if not words.check:
            say("The story is over; the page stays up. What happens next is yours to say, for instance:")
            say(f"  lamplight-sim tell {probe_control(folder, HOUSES[0])} supply off")
            say("Ctrl-C ends everything.")
            with contextlib.suppress(KeyboardInterrupt):
                threading.Event().wait()
            say("Ending every process ...")
    return 0


def _play_acts(
    words: argparse.Namespace, acts: str, story_time: _StoryTime, cast: Cast, say: Callable[[str], None]
) -> Onlooker:
    """Play what is wanted, and check the post."""
    street = found_street(cast, _plan(words, acts, cast), say)
    say("Six houses on one transformer: eight homes, four languages.")
    if not words.check:
        _tell_doors(street, say)
    crashes = _crashes(words) if acts != MONTH else ()
    for crash in crashes:
        say(f"(kill -9: {crash})")
    chaos = Chaos(cast, list(crashes))
    onlooker = Onlooker(cast=cast, cloud=street.cloud, mailbox=street.mailbox, chaos=chaos)
    expected: Expected = Counter()
    if acts != STORM:
        month = MonthStory(street=street, onlooker=onlooker, go_on_at=lambda at: story_time.go_on_at(cast, at), say=say)
        month.play()
        expected += MonthStory.EXPECTED
    if acts != MONTH:
        say("Meters, probes and gateways start in every house ...")
        street.settle(HOUSES if acts == STORM else HOUSES[1:])
        StreetStory(fate=street.fate, clock=story_time.clock, onlooker=onlooker, say=say).play()
        expected += EXPECTED
    check(onlooker, expected)
    return onlooker


def _plan(words: argparse.Namespace, acts: str, cast: Cast) -> StreetPlan:
    ana = HOUSES[0].name
    recorded = ("--from", str(words.load_file.resolve())) if words.load_file else ()
    loads = {ana: recorded if acts == STORM else write_load(cast)}
    return StreetPlan(
        loads=loads,
        backfill_days={} if acts == STORM else {ana: BACKFILL_DAYS},
        embedded_broker=words.embedded,
        is_watched=not words.check,
        is_disturbed=bool(words.crashes is not None or words.lose or words.double),
        lost=words.lose,
        doubled=words.double,
        seed=words.crashes or 1,
    )


def _crashes(words: argparse.Namespace) -> tuple[Crash, ...]:
    if words.crashes is None:
        return ()
    return plan(words.crashes, victims=VICTIMS, lengths_s=LENGTHS_S, crashes=words.kills)


def _tell_doors(street: Street, say: Callable[[str], None]) -> None:
    say(f"  The page:     http://127.0.0.1:{street.cloud.port}/")
    say(f"  Ana's own:    {street.customer_link('UP-0001')}")
    say(f"  The mailbox:  http://127.0.0.1:{street.mailbox.port}/messages")


def _outcome(as_json: bool, failure: str, began: float, onlooker: Onlooker | None) -> None:
    took_s = round(time.monotonic() - began, 1)
    if as_json:
        answer = {"ok": not failure, "failure": failure, "took_s": took_s, **(_measures(onlooker) if onlooker else {})}
        sys.stdout.write(json.dumps(answer) + "\n")
    elif failure:
        sys.stderr.write(f"The story failed: {failure}\n")
    else:
        sys.stdout.write(f"Exactly the expected messages arrived, each once ({took_s:.0f} s).\n")
    sys.stdout.flush()


def _measures(onlooker: Onlooker) -> dict[str, object]:
    """What a benchmark wants to know of a story that went well."""
    cast = onlooker.cast
    return {
        "crashes": [str(crash) for crash in onlooker.chaos.done],
        "waits_s": {what: round(seconds, 2) for what, seconds in onlooker.timings.items()},
        "gateway_peak_mb": max(
            round(cast.peak_memory_mb(gateway_of(house)), 1) for house in HOUSES if cast.plays(gateway_of(house))
        ),
    }


def _teller(story_time: _StoryTime) -> Callable[[str], None]:
    zone = ZoneInfo(TIME_ZONE)

    def say(line: str) -> None:
        sys.stdout.write(f"{story_time.clock.now().astimezone(zone):%d %b %H:%M:%S}  {line}\n")
        sys.stdout.flush()

    return say


def _quiet(_line: str) -> None:
    """Programs want the outcome alone."""


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate <= MAX_RATE:
        raise ValueError(text)
    return rate


def _parser() -> Words:
    parser = Words(prog="lamplight-sim scenario", description="Play a story with the real programs.")
    parser.add_argument(
        "story", choices=("street",), help="street: a winter month in one home, and a storm night over six houses"
    )
    parser.add_argument("--act", choices=(MONTH, STORM, BOTH), help=f"what of it ({BOTH}; {STORM} with --from)")
    parser.add_argument("--check", action="store_true", help="without a page to watch; say at the end how it went")
    parser.add_argument("--from", dest="load_file", type=Path, help="a real home's load for Ana, CSV or CSV.gz")
    parser.add_argument("--embedded", action="store_true", help="use the embedded broker even if mosquitto is there")
    parser.add_argument("--rate", type=_rate, default=MAX_RATE, help=f"story seconds per second, up to {MAX_RATE:g}")
    parser.add_argument("--crashes", type=int, metavar="SEED", help="kill -9 processes at seeded moments")
    parser.add_argument("--kills", type=whole(1, 100), default=5, metavar="N", help="how many (5)")
    parser.add_argument("--lose", type=whole(0, 50), default=0, metavar="PERCENT", help="MQTT messages that get lost")
    parser.add_argument("--double", type=whole(0, 50), default=0, metavar="PERCENT", help="and that come twice")
    parser.add_argument("--dir", type=Path, help="keep the story's files and logs here")
    parser.add_argument("--json", action="store_true", help="only the outcome, as one JSON object")
    return parser
