"""Messages lost or doubled when gateway, broker and cloud are killed (-9) at seeded moments of the home's story.

The limit is none. The short profile plays one seed with each broker; `--full` plays twenty with each.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.report import Row, main


def measure(full: bool) -> list[Row]:
    """Each run is the whole story in real processes, ten times as fast."""
    seeds = range(1, 21) if full else range(1, 2)
    rows = []
    for broker, options in (("mosquitto, if it is there", ()), ("embedded broker", ("--embedded",))):
        outcomes = [_play(seed, options) for seed in seeds]
        failures = [f"seed {seed}: {o['failure']}" for seed, o in zip(seeds, outcomes, strict=True) if not o["ok"]]
        for failure in failures:
            sys.stderr.write(failure + "\n")
        kills = sum(len(outcome["crashes"]) for outcome in outcomes)
        what = f"stories gone wrong of {len(seeds)}, {kills} kills, {broker}"
        rows.append(Row(what=what, ours=len(failures), beside=0, beside_name="", unit="", is_limit=True))
    return rows


def _play(seed: int, options: tuple[str, ...]) -> dict[str, Any]:
    command = Path(sys.executable).with_name("lamplight-sim")
    words = ("scenario", "home", "--check", "--json", "--crashes", str(seed), *options)
    done = subprocess.run([command, *words], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    outcome: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return outcome or {"ok": False, "failure": done.stderr.strip(), "crashes": []}


if __name__ == "__main__":
    sys.exit(main("crash", measure))
