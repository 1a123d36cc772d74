"""What holds for every test: what is measured, what is begun first, and one Chromium for each module that needs one.

Coverage says which branches the unit tests reach; a branch that only a whole story happens to touch is not tried. So
the others run unmeasured, which also halves their time. A story in real processes mostly waits: it is begun first, on a
worker of its own, so that the rest runs in its pauses.

While Playwright's session is open its event loop counts as running in the main thread, between tests too, and no other
test of the same process can run one of its own. So the session ends with its module and not with the run.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

MEASURED = Path(__file__).parent / "unit"
STORIES = Path(__file__).parent / "scenarios"
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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Measure the unit tests alone; put the stories where the workers' shares of the list begin."""
    for item in items:
        if not item.path.is_relative_to(MEASURED):
            item.add_marker(pytest.mark.no_cover)
    stories = [item for item in items if item.path.is_relative_to(STORIES)]
    items[:] = [item for item in items if not item.path.is_relative_to(STORIES)]
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    for turn, story in enumerate(stories):
        items.insert(turn % workers * len(items) // workers, story)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail("the pages are tried in Chromium, which is not here: sudo apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()
