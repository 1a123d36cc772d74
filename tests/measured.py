"""Tests run with every branch they reach written down, and the report of what nothing reached.

    python -m tests.measured run FILE.json PYTEST-WORDS...     as pytest, and its exit status
    python -m tests.measured report FILE.json FILE.json ...    of all of them together; 1 where too little was reached

Which branches a test reaches is known from marks that slipcover puts into our own code as it is imported. Others watch
each line of every library as well, which takes as long as the tests. Putting them there takes as long as a dozen tests,
so only those of our packages are marked that are among the words: their own tests stand beside them, and each of their
modules is imported for its examples. Only unit tests are measured: a branch that only a whole story happens to touch is
not tried. What only lives in processes of its own (commands, stories, the pty) is tried
there and not counted.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from slipcover import FileMatcher, ImportManager, Slipcover, merge_coverage, print_coverage

OURS = ["wire", "runtime", "gateway", "cloud", "simulators"]
NOT_MEANT_TO_RUN = [r"^\s*\.\.\.$", r"raise AssertionError"]
LEAST_PERCENT = 92.0
MARKS_LEFT_IN = 2_000  # taking marks out goes through everything that is loaded: dearer than passing them often


def run(file: Path, words: list[str]) -> int:
    """Run pytest with these words and write down what was reached."""
    reached = Slipcover(branch=True, exclude_also=NOT_MEANT_TO_RUN, d_miss_threshold=MARKS_LEFT_IN)
    with ImportManager(reached, FileMatcher(sources=[word for word in words if word in OURS])):
        status = pytest.main(["-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning", *words])
    file.write_text(json.dumps(reached.get_coverage()))
    return int(status)


def report(files: list[Path]) -> int:
    """Print what no test reached; 1 where that is too much."""
    parts: list[dict[str, Any]] = [json.loads(file.read_text()) for file in files]
    whole = parts[0]
    for part in parts[1:]:
        merge_coverage(whole, part)
    print_coverage(whole, skip_covered=True, missing_width=60)
    percent = float(whole["summary"]["percent_covered"])
    sys.stdout.write(f"{percent:.2f} % of all lines and branches are reached; {LEAST_PERCENT:g} % is the least.\n")
    return int(percent < LEAST_PERCENT)


if __name__ == "__main__":
    _, act, first, *rest = sys.argv
    sys.exit(run(Path(first), rest) if act == "run" else report([Path(first), *map(Path, rest)]))
