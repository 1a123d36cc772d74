"""`lamplight-sim scenario`: play a whole story with the real programs.

Live, it prints the page's address, tells what happens, and stays until Ctrl-C. With `--check` it plays without a
watcher, ten times as fast, and its exit status says whether exactly the expected messages arrived, each once.
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
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from zoneinfo import ZoneInfo

from runtime.arguments import Words, whole
from runtime.clock import MAX_RATE, STORY_VARIABLE, StoryClock
from runtime.errors import InputRefused
from simulators.recorded_load import read_series
from simulators.scenarios.chaos import Chaos, plan
from simulators.scenarios.home import HomeStory
from simulators.scenarios.processes import StoryFailed, playing
from simulators.scenarios.stage import ADDRESS, CUSTOMER, METER, TIME_ZONE, Plan, Stage, set_stage

FAILED = 1


def main(arguments: list[str]) -> int:
    """Play it; 0 when it went as it must, 1 when not."""
    words = _parser().parse_args(arguments)
    _check(words.load_file, words.dir)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    rate = words.rate or (MAX_RATE if words.check else 1.0)
    clock = StoryClock(t0=datetime.now(UTC), w0=time.time(), rate=rate)
    with tempfile.TemporaryDirectory(prefix="lamplight-") as folder:
        return _play(words, clock, Path(words.dir or folder))


def _check(load_file: Path | None, folder: Path | None) -> None:
    """Raise InputRefused for what would end the story's first process, before there is one."""
    if load_file is not None:
        read_series(load_file)
    if folder is not None and folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InputRefused("there is something in that place already", where=str(folder), do="name a new folder")


def _play(words: argparse.Namespace, clock: StoryClock, folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    say = _quiet if words.json else _teller(clock)
    stage_plan = Plan(
        load_file=words.load_file.resolve() if words.load_file else None,
        embedded_broker=words.embedded,
        is_watched=not words.check,
        notify_after_s=words.notify_after,
    )
    began = time.monotonic()
    with playing(folder, {**os.environ, STORY_VARIABLE: clock.text()}) as cast:
        try:
            stage = set_stage(cast, stage_plan)
            _introduce(stage, say)
            crashes = plan(words.crashes) if words.crashes is not None else ()
            for crash in crashes:
                say(f"(kill -9: {crash})")
            story = HomeStory(stage=stage, clock=clock, chaos=Chaos(cast, list(crashes)), say=say)
            story.play()
            story.check()
        except StoryFailed as failure:
            _outcome(words.json, str(failure), began, None)
            return FAILED
        _outcome(words.json, "", began, story)
        if not words.check:
            say("The story is over; the page stays up. Ctrl-C ends everything.")
            with contextlib.suppress(KeyboardInterrupt):
                threading.Event().wait()
            say("Ending every process ...")
    return 0


def _introduce(stage: Stage, say: Callable[[str], None]) -> None:
    say(f"One home: {CUSTOMER}, {ADDRESS}; meter {METER}, gateway {stage.gateway}.")
    say(f"  The page:     http://127.0.0.1:{stage.cloud.port}/")
    say(f"  Her mailbox:  http://127.0.0.1:{stage.mailbox.port}/messages")


def _outcome(as_json: bool, failure: str, began: float, story: HomeStory | None) -> None:
    took_s = round(time.monotonic() - began, 1)
    if as_json:
        answer = {"ok": not failure, "failure": failure, "took_s": took_s, **(_measures(story) if story else {})}
        sys.stdout.write(json.dumps(answer) + "\n")
    elif failure:
        sys.stderr.write(f"The story failed: {failure}\n")
    else:
        sys.stdout.write(f"Exactly the expected messages arrived, each once ({took_s:.0f} s).\n")
    sys.stdout.flush()


def _measures(story: HomeStory) -> dict[str, object]:
    """What a benchmark wants to know of a story that went well."""
    return {
        "crashes": [str(crash) for crash in story.chaos.done],
        "waits_s": {what: round(seconds, 2) for what, seconds in story.timings.items()},
        "gateway_peak_mb": round(story.stage.cast.peak_memory_mb("gateway"), 1),
    }


def _teller(clock: StoryClock) -> Callable[[str], None]:
    zone = ZoneInfo(TIME_ZONE)

    def say(line: str) -> None:
        sys.stdout.write(f"{clock.now().astimezone(zone):%H:%M:%S}  {line}\n")
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
    parser.add_argument("story", choices=("home",), help="home: one home's outage and restoration")
    parser.add_argument("--check", action="store_true", help="no page to watch, as fast as the story allows")
    parser.add_argument("--from", dest="load_file", type=Path, help="a real home's load, CSV or CSV.gz")
    parser.add_argument("--embedded", action="store_true", help="use the embedded broker even if mosquitto is there")
    parser.add_argument("--rate", type=_rate, help=f"story seconds per second, up to {MAX_RATE:g}")
    parser.add_argument(
        "--notify-after", type=whole(0, 3_600), default=30, help="story seconds before the customer is told"
    )
    parser.add_argument(
        "--crashes", type=int, metavar="SEED", help="kill -9 gateway, broker and cloud at seeded moments"
    )
    parser.add_argument("--dir", type=Path, help="keep the story's files and logs here")
    parser.add_argument("--json", action="store_true", help="only the outcome, as one JSON object")
    return parser
