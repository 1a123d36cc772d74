"""What holds for every test: what is measured, what is begun first, and one Chromium for each module that needs one.

Coverage says which branches the unit tests reach; a branch that only a whole story happens to touch is not tried. So
the others run unmeasured, which also halves their time. Tests of whole processes mostly wait: each worker begins with
its share of them, module by module, so that the rest runs in their pauses and not after them. No test is timed: how
long an example takes says how busy the machine is.

While Playwright's session is open its event loop counts as running in the main thread, between tests too, and no other
test of the same process can run one of its own. So the session ends with its module and not with the run.
"""

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import hypothesis
import pytest
from playwright.sync_api import Browser, sync_playwright

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

MEASURED = Path(__file__).parent / "unit"
WAITING = [Path(__file__).parent / folder for folder in ("scenarios", "integration", "browser")]
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Measure the unit tests alone; let each worker's share of the list begin with tests that wait."""
    for item in items:
        if not item.path.is_relative_to(MEASURED):
            item.add_marker(pytest.mark.no_cover)
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    items[:] = [item for share in _shares(items, workers) for item in share]


def _shares(items: Sequence[pytest.Item], workers: int) -> list[list[pytest.Item]]:
    """The items in shares of one size, as xdist will cut them, each with as many modules that wait at its beginning."""
    waits = {item.path for item in items if any(item.path.is_relative_to(folder) for folder in WAITING)}
    modules = sorted(waits, key=lambda path: ([not path.is_relative_to(folder) for folder in WAITING], path))
    shares = [
        [item for path in modules[number::workers] for item in items if item.path == path] for number in range(workers)
    ]
    others = iter([item for item in items if item.path not in waits])
    for number, share in enumerate(shares):
        end = len(items) * (number + 1) // workers - len(items) * number // workers
        share.extend(islice(others, max(0, end - len(share))))
    shares[-1].extend(others)
    return shares


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail("the pages are tried in Chromium, which is not here: sudo apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()
