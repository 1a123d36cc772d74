"""Pages opened as people have them, and real servers on loopback to look at.

While Playwright's session is open its event loop counts as running in the main thread, between tests too, and no other
test of the same process can run one of its own. So the session ends with this folder and not with the run.
"""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from cloud.messaging.ports import Unknown
from cloud.web.app import create_app
from tests.fakes_cloud import FakeGateway
from tests.fakes_web import Town, a_town
from tests.waiting import SURELY_S, eventually
from wire.events import GatewayStarted

WIDE, NARROW, HEIGHT = 1280, 390, 900
Scheme = Literal["light", "dark"]

CHROMIUM = ("chromium-headless-shell", "chromium")
"""The programs of Chromium there are; the first has no window to paint and takes half the time."""
_PATIENCE_MS = SURELY_S * 1_000
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.fail(f"the pages are tried in Chromium, which is not here: sudo apt install {CHROMIUM[0]}")
    with sync_playwright() as playwright:
        expect.set_options(timeout=_PATIENCE_MS)
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages in a context of their own: width, light or dark, with or without JavaScript."""
    contexts: list[BrowserContext] = []

    def opened(width: int = WIDE, scheme: Scheme = "light", *, javascript: bool = True) -> Page:
        contexts.append(_context(chromium, width, scheme, javascript=javascript))
        return contexts[-1].new_page()

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="package")
def one_page(chromium: Browser) -> Iterator[Page]:
    context = _context(chromium, WIDE, "light")
    yield context.new_page()
    context.close()


@pytest.fixture
def screen(one_page: Page) -> Page:
    """A page, wide and by day, that is led from one address to the next: to open one takes longer than to look."""
    one_page.set_viewport_size({"width": WIDE, "height": HEIGHT})
    one_page.emulate_media(color_scheme="light")
    return one_page


def _context(chromium: Browser, width: int, scheme: Scheme, *, javascript: bool = True) -> BrowserContext:
    context = chromium.new_context(
        viewport={"width": width, "height": HEIGHT},
        color_scheme=scheme,
        java_script_enabled=javascript,
        reduced_motion="reduce",
    )
    context.set_default_timeout(_PATIENCE_MS)
    return context


@contextmanager
def served(town: Town) -> Iterator[str]:
    """The town's page on a port of its own, stopped as the cloud stops it."""
    config = uvicorn.Config(create_app(town.services()), port=0, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="page")
    thread.start()
    try:
        eventually(lambda: server.started, what="the page answers")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        town.bell.close()
        server.should_exit = True
        thread.join(timeout=SURELY_S)
        assert not thread.is_alive(), "the server stops though pages are open"


@pytest.fixture(scope="session")
def restored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, str]]:
    """A home that has been through an outage, its customer told of both ends. Look, and change nothing."""
    with a_town(tmp_path_factory.mktemp("restored"), is_open=True) as town:
        home = town.settle_in("UP-1")
        town.read_a_week(home)
        town.read_registers(home)
        town.live_through_an_outage(home)
        town.beat(home)
        with served(town) as address:
            yield town, address


@pytest.fixture(scope="session")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, str]]:
    """A home in each state there is, and a message that waits for a person. Look, and change nothing."""
    with a_town(tmp_path_factory.mktemp("street"), is_open=True) as town:
        make_street(town)
        with served(town) as address:
            yield town, address


def make_street(town: Town) -> None:
    """UP-1 is on, UP-2 out, UP-3 lost, UP-4 returning, UP-5 unheard, UP-6 out with a lost answer, UP-7 stale."""
    homes = [
        town.settle_in(f"UP-{number}", name=name, language=language, zone=zone, address=address)
        for number, (name, language, zone, address) in enumerate(
            [
                ("Clara Nogueira", "pt-BR", "America/Sao_Paulo", "Rua das Laranjeiras 120, Rio de Janeiro"),
                ("Élise Martin", "fr", "Europe/Paris", "3 rue des Lilas, Lyon"),
                ("Ana Ruiz", "es", "Europe/Madrid", "Calle Mayor 5, Madrid"),
                ("Sam Reed", "en", "America/New_York", "12 Elm Street, Albany"),
                ("Jo Park", "en", "America/New_York", "14 Elm Street, Albany"),
                ("Luc Moreau", "fr", "Europe/Paris", "9 quai du Rhône, Lyon"),
                ("Max Lee", "en", "America/New_York", "16 Elm Street, Albany"),
            ],
            start=1,
        )
    ]
    town.read_registers(homes[6])
    town.go_on(3_600)
    town.sender.ending = Unknown(reason="the relay went away before it answered")
    town.judge(homes[5], town.lose(homes[5]))
    town.go_on(120)
    town.judge(homes[1], town.lose(homes[1]))
    town.judge(homes[3], town.lose(homes[3]))
    town.read_registers(homes[3])
    town.lose(homes[2])
    town.read_registers(homes[0])
    town.take([FakeGateway().say(GatewayStarted(software="0.1.0", boot=1), at=town.clock.now())])
