"""The web application: routes, the door before them and the errors behind them, joined.

    request -> Gate (name, rights, headers) -> size limit -> route -> answer
                                                              '-> Problem

In goes one `Services` value; nothing is opened, started or read here. The REST interface describes itself at
/openapi.json, and /docs is our own page made from that description: the usual one asks a foreign host for its parts.
"""

from importlib.resources import files
from typing import Final

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.staticfiles import StaticFiles

from cloud.web import (
    alarm_pages,
    api,
    bill_api,
    bill_pages,
    command_pages,
    customer_pages,
    doors,
    event_pages,
    live,
    outage_pages,
    pages,
    problems,
    wish_pages,
)
from cloud.web.forms import MAX_BODY_BYTES
from cloud.web.gate import Gate
from cloud.web.live import Room
from cloud.web.services import Services

_TITLE: Final = "Lamplight"
_ABOUT: Final = (
    "What the cloud knows of homes, outages and messages, with the source behind every figure. "
    "Send the access token as “Authorization: Bearer TOKEN”. Instants are UTC, energies watt-hours, "
    "voltages millivolts. Lists are cut into pages: hand “next” of one answer in as the cursor of the next request."
)
_ROUTED: Final = (
    doors,
    pages,
    event_pages,
    outage_pages,
    alarm_pages,
    bill_pages,
    customer_pages,
    wish_pages,
    live,
    api,
    bill_api,
    command_pages,
)


def create_app(services: Services) -> FastAPI:
    """The application that serves these services; serve it with any ASGI server."""
    app = FastAPI(
        title=_TITLE,
        description=_ABOUT,
        version="1",
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
        max_body_size=MAX_BODY_BYTES,
        middleware=[Middleware(Gate, access=services.access), problems.for_the_unforeseen()],
    )
    app.state.services = services
    app.state.room = Room()
    problems.install(app)
    app.add_exception_handler(customer_pages.NobodysLink, customer_pages.no_such_link)
    for module in _ROUTED:
        app.router.routes.extend(module.router.routes)  # an included one makes all of its own again
    app.mount("/static", StaticFiles(directory=str(files("cloud.web") / "static")), name="static")
    return app
