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
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from zoneinfo import ZoneInfo

from runtime.arguments import Words, whole
from runtime.clock import MAX_RATE, STORY_VARIABLE, StoryClock
from runtime.errors import InputRefused
from simulators.recorded_load import read_series
from simulators.scenarios.chaos import Chaos, Crash, plan
from simulators.scenarios.neighbours import HOUSES, TIME_ZONE
from simulators.scenarios.onlooker import Onlooker
from simulators.scenarios.processes import StoryFailed, playing
from simulators.scenarios.street import LENGTHS_S, VICTIMS, StreetStory
from simulators.scenarios.street_stage import Street, StreetPlan, gateway_of, set_street

FAILED = 1


def main(arguments: list[str]) -> int:
    """Play it; 0 when it went as it must, 1 when not."""
    words = _parser().parse_args(arguments)
    _check(words.load_file, words.dir)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    clock = StoryClock(t0=datetime.now(UTC), w0=time.time(), rate=words.rate)
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
    began = time.monotonic()
    with playing(folder, {**os.environ, STORY_VARIABLE: clock.text()}) as cast:
        try:
            street = set_street(cast, _plan(words), say)
            _introduce(street, say)
            crashes = _crashes(words)
            for crash in crashes:
                say(f"(kill -9: {crash})")
            chaos = Chaos(cast, list(crashes))
            onlooker = Onlooker(cast=cast, cloud=street.cloud, mailbox=street.mailbox, chaos=chaos)
            story = StreetStory(fate=street.fate, clock=clock, onlooker=onlooker, say=say)
            story.play()
            story.check()
        except StoryFailed as failure:
            _outcome(words.json, str(failure), began, None)
            return FAILED
        _outcome(words.json, "", began, story)
        if not words.check:
            say("The story is over; the page stays up. What happens next is yours to say, for instance:")
            say(f"  lamplight-sim tell {folder}/house-1.probe.sock supply off")
            say("Ctrl-C ends everything.")
            with contextlib.suppress(KeyboardInterrupt):
                threading.Event().wait()
            say("Ending every process ...")
    return 0


def _plan(words: argparse.Namespace) -> StreetPlan:
    return StreetPlan(
        load_file=words.load_file.resolve() if words.load_file else None,
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


def _introduce(street: Street, say: Callable[[str], None]) -> None:
    say("Six houses on one transformer: eight homes, four languages.")
    say(f"  The page:     http://127.0.0.1:{street.cloud.port}/")
    say(f"  Ana's own:    {street.customer_link('UP-0001')}")
    say(f"  The mailbox:  http://127.0.0.1:{street.mailbox.port}/messages")


def _outcome(as_json: bool, failure: str, began: float, story: StreetStory | None) -> None:
    took_s = round(time.monotonic() - began, 1)
    if as_json:
        answer = {"ok": not failure, "failure": failure, "took_s": took_s, **(_measures(story) if story else {})}
        sys.stdout.write(json.dumps(answer) + "\n")
    elif failure:
        sys.stderr.write(f"The story failed: {failure}\n")
    else:
        sys.stdout.write(f"Exactly the expected messages arrived, each once ({took_s:.0f} s).\n")
    sys.stdout.flush()


def _measures(story: StreetStory) -> dict[str, object]:
    """What a benchmark wants to know of a story that went well."""
    cast = story.onlooker.cast
    return {
        "crashes": [str(crash) for crash in story.onlooker.chaos.done],
        "waits_s": {what: round(seconds, 2) for what, seconds in story.onlooker.timings.items()},
        "gateway_peak_mb": max(round(cast.peak_memory_mb(gateway_of(house)), 1) for house in HOUSES),
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
    parser.add_argument("story", choices=("street",), help="street: a storm night over six houses on one transformer")
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
