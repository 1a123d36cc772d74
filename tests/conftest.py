"""What holds for every test: none is timed, each may type at a terminal, and a module that needs it has a Chromium.

How long an example takes says how busy the machine is, so no test is timed.

While Playwright's session is open its event loop counts as running in the main thread, between tests too, and no other
test of the same process can run one of its own. So the session ends with its module and not with the run.
Playwright is imported where a browser is wanted: few of the parts that run side by side want one.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.terminal import Terminal

if TYPE_CHECKING:
    from playwright.sync_api import Browser

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Where the commands of this very process are typed."""
    return Terminal(capsys, monkeypatch)


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright

    if not CHROMIUM.exists():
        pytest.fail("the pages are tried in Chromium, which is not here: sudo apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()
