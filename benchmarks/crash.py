"""Messages lost or doubled when gateway, broker and cloud are killed (-9) at seeded moments of the home's story.

The limit is none. The short profile plays one seed with each broker; `--full` plays twenty with each.
"""

import sys

from benchmarks.report import Row, main
from benchmarks.story import play


def measure(full: bool) -> list[Row]:
    """Each run is the whole story; one that goes wrong is told on standard error with its seed."""
    seeds = range(1, 21) if full else range(1, 2)
    rows = []
    for broker, options in (("mosquitto if here", ()), ("embedded", ("--embedded",))):
        outcomes = {seed: play("--crashes", str(seed), *options) for seed in seeds}
        failures = {seed: outcome["failure"] for seed, outcome in outcomes.items() if not outcome["ok"]}
        for seed, failure in failures.items():
            sys.stderr.write(f"{broker}, seed {seed}: {failure}\n")
        kills = sum(len(outcome.get("crashes", [])) for outcome in outcomes.values())
        what = f"{broker}: stories gone wrong of {len(seeds)} with {kills} kills"
        rows.append(Row(what=what, ours=len(failures), beside=0, beside_name="", unit="", is_limit=True))
    return rows


if __name__ == "__main__":
    sys.exit(main("crash", measure))
