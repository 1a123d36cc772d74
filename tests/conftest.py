"""What holds for every test: none is timed, and each may type at a terminal.

How long an example takes says how busy the machine is, so no test is timed.
"""

import hypothesis
import pytest

from tests.terminal import Terminal

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Where the commands of this very process are typed."""
    return Terminal(capsys, monkeypatch)
