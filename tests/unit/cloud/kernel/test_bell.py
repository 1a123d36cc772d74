"""The bell: rung from any thread, heard by every listener, and never in the way."""

import asyncio
import threading

import pytest

from cloud.kernel.bell import MAX_LISTENERS, Bell, TooManyListeners
from tests.waiting import SURELY_S


def test_a_listener_is_woken_from_another_thread() -> None:
    bell = Bell()

    async def listen() -> int | None:
        ringing = threading.Timer(0.05, bell.ring)
        ringing.start()
        heard = await asyncio.wait_for(bell.after(0), timeout=SURELY_S)
        ringing.join()
        return heard

    assert asyncio.run(listen()) == 1


def test_who_was_away_hears_at_once_that_something_happened() -> None:
    bell = Bell()
    for _ in range(3):
        bell.ring()

    assert asyncio.run(asyncio.wait_for(bell.after(1), timeout=SURELY_S)) == 3


def test_closing_lets_every_listener_go() -> None:
    bell = Bell()

    async def listen() -> list[int | None]:
        waiting = [asyncio.create_task(bell.after(0)) for _ in range(5)]
        await asyncio.sleep(0)
        bell.close()
        return await asyncio.gather(*waiting)

    assert asyncio.run(listen()) == [None] * 5
    assert asyncio.run(bell.after(0)) is None


def test_a_listener_that_goes_away_leaves_its_place() -> None:
    bell = Bell()

    async def come_and_go() -> None:
        for _ in range(MAX_LISTENERS + 1):
            waiting = asyncio.create_task(bell.after(0))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(come_and_go())


def test_one_listener_too_many_is_refused() -> None:
    bell = Bell()

    async def crowd() -> None:
        waiting = [asyncio.create_task(bell.after(0)) for _ in range(MAX_LISTENERS)]
        await asyncio.sleep(0)
        try:
            with pytest.raises(TooManyListeners):
                await bell.after(0)
        finally:
            bell.close()
            await asyncio.gather(*waiting)

    asyncio.run(crowd())


def test_ringing_for_a_loop_that_ended_harms_nobody() -> None:
    bell = Bell()

    async def leave() -> None:
        task = asyncio.create_task(bell.after(0))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(leave())
    bell.ring()

    assert bell.count == 1
