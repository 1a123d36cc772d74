"""What holds for every test: none is timed, a property is tried on thirty examples, and each may type at a terminal.

How long an example takes says how busy the machine is, so no test is timed. Thirty examples are for every day; `make
check` tries ten, for an answer within a minute, and `make soak` five hundred. What is dear to try says itself how many
it takes.

What was imported and collected before the first test stays to the end. Looking through all of it for garbage again and
again would take an eighth of a run, so Python looks seldom, and only through what tests have made.
"""

import gc

import hypothesis
import pytest

from runtime.program import NEW_BEFORE_COLLECTED
from tests.terminal import Terminal

for name, examples in (("quick", 10), ("daily", 30), ("soak", 500)):
    hypothesis.settings.register_profile(name, deadline=None, max_examples=examples)
hypothesis.settings.load_profile("daily")

gc.set_threshold(NEW_BEFORE_COLLECTED)


def pytest_collection_finish() -> None:
    gc.freeze()


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Where the commands of this very process are typed."""
    return Terminal(capsys, monkeypatch)
