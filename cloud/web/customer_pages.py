"""The routes of a customer's own page, reached by the token in its address and by nothing else.

    /you/TOKEN          her homes, in her words
    /you/TOKEN/live     a word whenever something changed
    /you/TOKEN/answer   what she says about her power, where she is asked
    /you/TOKEN/wishes   what she wishes to be told (`wish_pages`)

A token that is nobody's gets the same page whatever is wrong with it, and there is no way to list what would be right.
The gate lets these addresses through without an operator's rights, so each route begins with `_customer`.
"""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Final, TypeAlias

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from cloud.kernel.ids import CustomerId
from cloud.outages import answers
from cloud.outages.answers import Answer
from cloud.web import customer_page, homes, live, wishes
from cloud.web.customer_words import CustomerWords
from cloud.web.forms import Form
from cloud.web.homes import Home
from cloud.web.services import Served
from cloud.web.sight import Onlooker
from cloud.web.templating import render

MAX_HOMES: Final = 20
_SAID: Final = {"yes": True, "no": False}

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


class NobodysLink(Exception):
    """The token in the address is no customer's; the answer says no more than that."""


def no_such_link(_request: Request, _error: Exception) -> Response:
    """The page for a token that is nobody's."""
    return HTMLResponse(render("you_nobody.html"), status_code=HTTPStatus.NOT_FOUND)


def _customer(token: str, served: Served) -> CustomerId:
    customer = served.links.customer_of(token)
    if customer is None:
        raise NobodysLink
    return customer


Herself: TypeAlias = Annotated[CustomerId, Depends(_customer)]
"""A handler's parameter: whose token stands in the address."""


@router.get("/you/{token}")
def page(token: str, served: Served, customer: Herself) -> Response:
    """Her homes."""
    now = served.clock.now()
    with served.database.read() as connection:
        found = homes.of_customer(connection, customer, limit=MAX_HOMES)
        onlooker = Onlooker(connection, now, served.settings)
        known = [customer_page.read(connection, home, onlooker, now) for home in found]
        wished = wishes.read(connection, customer, found, now)
    if not known:
        raise NobodysLink
    words = [words_of(home) for home in found]
    shown = [customer_page.show(each, said) for each, said in zip(known, words, strict=True)]
    return HTMLResponse(
        render("you.html", homes=shown, wishes=wishes.show(wished, words[0]), words=words[0], token=token)
    )


@router.post("/you/{token}/answer")
def answer(token: str, served: Served, customer: Herself, form: Form) -> Response:
    """Keep what she says, if she is asked."""
    has_power, now = _SAID.get(form.get("power", "")), served.clock.now()
    with served.database.transaction() as connection:
        home = homes.find(connection, form.get("home", ""))
        if has_power is None or home is None or home.customer is None or home.customer.id != customer:
            raise NobodysLink
        known = customer_page.read(connection, home, Onlooker(connection, now, served.settings), now)
        if not customer_page.is_asked(known):
            words = words_of(home)
            return HTMLResponse(render("you_nothing.html", words=words, token=token), status_code=HTTPStatus.CONFLICT)
        answers.keep(connection, Answer(usage_point=home.id, has_power=has_power, said_at=now))
    served.on_commit()
    return RedirectResponse(f"/you/{token}#home-{home.id}", status_code=HTTPStatus.SEE_OTHER)


async def _place(request: Request, served: Served, customer: Herself) -> AsyncIterator[None]:
    async with live.seated(served, live.room_of(request).customers, customer):
        yield


@router.get("/you/{token}/live", response_class=EventSourceResponse, dependencies=[Depends(_place)])
async def line(served: Served) -> AsyncIterator[ServerSentEvent]:
    """A word for every change, until she leaves or the server stops."""
    async for word in live.for_customers(served):
        yield word


def words_of(home: Home) -> CustomerWords:
    """The words of the customer of this home."""
    assert home.customer is not None, "found by its customer"
    return CustomerWords.of(home.customer.language, home.zone)
