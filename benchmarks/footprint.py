"""What a gateway takes of a Pi: the peak memory of its process over the home's whole story, beside its limit.

`--full` plays the story three times and takes the worst.
"""

import sys

from benchmarks.report import Row, main
from benchmarks.story import play

LIMIT_MB = 60.0


def measure(full: bool) -> list[Row]:
    """Peak resident memory in 10^6 bytes, as the kernel counted it."""
    outcomes = [play() for _ in range(3 if full else 1)]
    failures = [outcome["failure"] for outcome in outcomes if not outcome["ok"]]
    if failures:
        sys.exit(f"the story failed: {failures[0]}")
    worst = max(float(outcome["gateway_peak_mb"]) for outcome in outcomes)
    return [Row(what="gateway, peak memory", ours=worst, beside=LIMIT_MB, beside_name="", unit="MB", is_limit=True)]


if __name__ == "__main__":
    sys.exit(main("footprint", measure))
