"""The open line: a word for every change, none of them lost, and an end when it is asked for."""

import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from cloud.web import live
from cloud.web.app import create_app
from cloud.web.live import Places, Room
from tests.waiting import SURELY_S


async def listened_to(services, steps):
    """What a page hears: a word, then what it hears after each of these steps."""
    heard = []
    stream = live.live(services)
    heard.append(await asyncio.wait_for(anext(stream), SURELY_S))
    for step in steps:
        step()
        heard.append(await asyncio.wait_for(anext(stream, None), SURELY_S))
    await stream.aclose()
    return [(said.event, said.data) if said else None for said in heard]


def test_it_says_at_once_that_it_listens_and_then_every_change(town):
    heard = asyncio.run(listened_to(town.services(), [town.bell.ring, town.bell.ring]))

    assert heard == [("ready", 0), ("news", 1), ("news", 2)]


def test_what_happens_between_two_words_is_one_word(town):
    def many() -> None:
        for _ in range(50):
            town.bell.ring()

    assert asyncio.run(listened_to(town.services(), [many])) == [("ready", 0), ("news", 50)]


def test_it_ends_when_the_bell_is_closed(town):
    heard = asyncio.run(listened_to(town.services(), [town.bell.ring, town.bell.close]))

    assert heard == [("ready", 0), ("news", 1), None]


async def entered(app, services):
    """A page that has found a place."""
    place = live._place(Request({"type": "http", "app": app}), services)
    await anext(place)
    return place


def test_places_are_counted_and_given_back(town):
    services = town.services()
    app = create_app(services)
    app.state.room = Room(operators=Places(1))

    async def two_pages():
        first = await entered(app, services)
        with pytest.raises(HTTPException) as refused:
            await entered(app, services)
        await first.aclose()
        second = await entered(app, services)
        await second.aclose()
        return refused.value.status_code

    assert asyncio.run(two_pages()) == 503
    assert app.state.room.operators.free == 1


def test_who_comes_when_the_server_stops_finds_no_place(town, client):
    town.bell.close()

    answer = client.get("/live")

    assert answer.status_code == 503
    assert answer.json()["what"] == "no place is free for one more open page"


def test_a_reader_has_so_many_places_and_no_more():
    places = Places(3, each=2)

    assert [places.take("ana"), places.take("ana"), places.take("ana")] == [True, True, False]
    assert [places.take("ben"), places.take("ben")] == [True, False]


def test_who_leaves_makes_room():
    places = Places(1, each=1)
    places.take("ana")
    places.give_back("ana")

    assert places.take("ben")


def test_a_customers_line_does_not_tell_how_much_happens_elsewhere(town):
    async def heard():
        stream = live.for_customers(town.services())
        first = await asyncio.wait_for(anext(stream), SURELY_S)
        town.bell.ring()
        second = await asyncio.wait_for(anext(stream), SURELY_S)
        await stream.aclose()
        return [(said.event, said.data) for said in (first, second)]

    assert asyncio.run(heard()) == [("ready", ""), ("news", "")]


@pytest.mark.parametrize("path", ["/", "/homes", "/outages", "/bills", "/alarms", "/commands", "/quarantine"])
def test_every_page_of_the_operators_keeps_itself_up_to_date(client, path):
    page = client.get(path).text

    assert '<body data-live-page="/live">' in page
