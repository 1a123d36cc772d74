"""The open line to a page: a word whenever something was committed, so that the page fetches itself anew.

It carries no content: what changed is asked for over the same routes as ever, with the same rights. While it waits it
holds no database connection and no thread. Places are counted, and who finds none reloads by hand; closing the bell
ends every stream, so that the server can stop. Customers have places of their own, some each, so that they cannot take
the operators'; their line does not tell how much happens elsewhere, and speaks less often.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.exceptions import HTTPException
from starlette.requests import Request

from cloud.kernel.bell import MAX_LISTENERS, TooManyListeners
from cloud.web.services import Served, Services

_GATHER_S: Final = 0.2
"""Machine seconds in which strokes of the bell become one word: a burst of events is one change to a reader."""
_CUSTOMERS_GATHER_S: Final = 1.0
_RECONNECT_MS: Final = 2_000
_FOR_CUSTOMERS: Final = MAX_LISTENERS // 2
_A_CUSTOMER: Final = 4

router = APIRouter()


class Places:
    """How many streams may be open at once, and how many of one reader."""

    def __init__(self, count: int, *, each: int | None = None) -> None:
        self.free = count
        self._each = count if each is None else each
        self._taken: Counter[str] = Counter()

    def take(self, reader: str = "") -> bool:
        """Take a place if there is one for this reader."""
        if self.free <= 0 or self._taken[reader] >= self._each:
            return False
        self.free -= 1
        self._taken[reader] += 1
        return True

    def give_back(self, reader: str = "") -> None:
        self.free += 1
        self._taken[reader] -= 1
        if not self._taken[reader]:
            del self._taken[reader]


@dataclass(frozen=True, slots=True)
class Room:
    """The places of operators and those of customers; together no more than the bell has."""

    operators: Places = field(default_factory=lambda: Places(MAX_LISTENERS - _FOR_CUSTOMERS))
    customers: Places = field(default_factory=lambda: Places(_FOR_CUSTOMERS, each=_A_CUSTOMER))


def room_of(request: Request) -> Room:
    """The room that create_app made."""
    room = request.app.state.room
    assert isinstance(room, Room), "create_app puts it there"
    return room


@asynccontextmanager
async def seated(served: Services, places: Places, reader: str = "") -> AsyncIterator[None]:
    """A place at the bell for as long as the stream is open; raises HTTPException when none is free."""
    if served.bell.is_closed or not places.take(reader):
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "no place is free for one more open page")
    try:
        yield
    finally:
        places.give_back(reader)


async def _place(request: Request, served: Served) -> AsyncIterator[None]:
    async with seated(served, room_of(request).operators):
        yield


@router.get("/live", response_class=EventSourceResponse, include_in_schema=False, dependencies=[Depends(_place)])
async def live(served: Served) -> AsyncIterator[ServerSentEvent]:
    """A word for every change, until the reader leaves or the server stops."""
    seen: int | None = served.bell.count
    yield ServerSentEvent(event="ready", data=seen, retry=_RECONNECT_MS)
    while seen is not None and (seen := await _after(served, seen)) is not None:
        yield ServerSentEvent(event="news", data=seen)
        await asyncio.sleep(_GATHER_S)


async def for_customers(served: Services) -> AsyncIterator[ServerSentEvent]:
    """As `live`, without a number and at most once a second."""
    seen: int | None = served.bell.count
    yield ServerSentEvent(event="ready", data="", retry=_RECONNECT_MS)
    while seen is not None and (seen := await _after(served, seen)) is not None:
        yield ServerSentEvent(event="news", data="")
        await asyncio.sleep(_CUSTOMERS_GATHER_S)


async def _after(served: Services, seen: int) -> int | None:
    try:
        return await served.bell.after(seen)
    except TooManyListeners:
        return None
