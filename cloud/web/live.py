"""The open line to a page: a word whenever something was committed, so that the page fetches itself anew.

It carries no content: what changed is asked for over the same routes as ever, with the same rights. While it waits it
holds no database connection and no thread. Places are counted, and who finds none reloads by hand; closing the bell
ends every stream, so that the server can stop.
"""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.exceptions import HTTPException
from starlette.requests import Request

from cloud.kernel.bell import MAX_LISTENERS, TooManyListeners
from cloud.web.services import Served

_GATHER_S: Final = 0.2
"""Machine seconds in which strokes of the bell become one word: a burst of events is one change to a reader."""
_RECONNECT_MS: Final = 2_000

router = APIRouter()


class Places:
    """How many streams may be open at once."""

    def __init__(self, count: int = MAX_LISTENERS) -> None:
        self.free = count


async def _place(request: Request, served: Served) -> AsyncIterator[None]:
    places = request.app.state.places
    assert isinstance(places, Places), "create_app puts them there"
    if served.bell.is_closed or places.free <= 0:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "no place is free for one more open page")
    places.free -= 1
    try:
        yield
    finally:
        places.free += 1


@router.get("/live", response_class=EventSourceResponse, include_in_schema=False, dependencies=[Depends(_place)])
async def live(served: Served) -> AsyncIterator[ServerSentEvent]:
    """A word for every change, until the reader leaves or the server stops."""
    seen: int | None = served.bell.count
    yield ServerSentEvent(event="ready", data=seen, retry=_RECONNECT_MS)
    while seen is not None and (seen := await _after(served, seen)) is not None:
        yield ServerSentEvent(event="news", data=seen)
        await asyncio.sleep(_GATHER_S)


async def _after(served: Served, seen: int) -> int | None:
    try:
        return await served.bell.after(seen)
    except TooManyListeners:
        return None
