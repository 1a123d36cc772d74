"""The routes by which a customer says what she wishes to be told.

    /you/TOKEN/wishes   her choices and quiet hours, from the form on her own page
    /stop/TOKEN         no to one purpose, from the link in a message

The link in a message opens nothing but this one no. Looking at it changes nothing, because mail programs and guards
look at every link; the form on it does, and so does the one-click POST of RFC 8058, which brings no cookie and follows
no redirect: the no is the address itself, so whatever the request holds is not read.
"""

from http import HTTPStatus
from typing import Annotated, Final, TypeAlias

from fastapi import APIRouter, Depends
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, RedirectResponse, Response

from cloud.customers.consent import Purpose
from cloud.kernel.ids import CustomerId
from cloud.kernel.money import Currency, Money
from cloud.web import homes, wishes
from cloud.web.customer_pages import MAX_HOMES, Herself, NobodysLink, words_of
from cloud.web.customer_words import CustomerWords
from cloud.web.forms import Form
from cloud.web.services import Served
from cloud.web.templating import render

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_PLACE: Final = "wishes"
_CLOCK, _AMOUNT = "21:30", Money(350_50, Currency.BRL)  # as they are typed


def _stopped(token: str, served: Served) -> tuple[CustomerId, Purpose]:
    stopped = served.links.stopped_by(token)
    if stopped is None:
        raise NobodysLink
    return stopped


Stopped: TypeAlias = Annotated[tuple[CustomerId, Purpose], Depends(_stopped)]
"""A handler's parameter: who says no by this address, and to what."""


@router.post("/you/{token}/wishes")
def keep(token: str, served: Served, customer: Herself, form: Form) -> Response:
    """Keep what she wishes, all of it or nothing."""
    now = served.clock.now()
    with served.database.transaction() as connection:
        words = _words(connection, customer)
        found = homes.of_customer(connection, customer, limit=MAX_HOMES)
        is_kept = wishes.keep(connection, customer, form, wishes.read(connection, customer, found, now), now)
    if not is_kept:
        why = words.say("wishes.wrong_why", clock=_CLOCK, amount=words.amount(_AMOUNT))
        page = render("you_wrong.html", words=words, why=why, token=token)
        return HTMLResponse(page, status_code=HTTPStatus.UNPROCESSABLE_ENTITY)
    served.on_commit()
    return RedirectResponse(f"/you/{token}#{_PLACE}", status_code=HTTPStatus.SEE_OTHER)


@router.get("/stop/{token}")
def ask(token: str, served: Served, stopped: Stopped) -> Response:
    """Ask whether she means it."""
    customer, purpose = stopped
    with served.database.read() as connection:
        words = _words(connection, customer)
        is_given = wishes.is_given(connection, customer, purpose)
    return _page(words, purpose, token=token, is_given=is_given)


@router.post("/stop/{token}")
def stop(token: str, served: Served, stopped: Stopped) -> Response:
    """Take her at her word."""
    customer, purpose = stopped
    with served.database.transaction() as connection:
        words = _words(connection, customer)
        wishes.stop(connection, customer, purpose, served.clock.now())
    served.on_commit()
    return _page(words, purpose, token=token, is_given=False)


def _page(words: CustomerWords, purpose: Purpose, *, token: str, is_given: bool) -> Response:
    about = words.say(f"about.{purpose}")
    return HTMLResponse(render("you_stop.html", words=words, token=token, about=about, is_given=is_given))


def _words(connection: Connection, customer: CustomerId) -> CustomerWords:
    """The words of her language; raises NobodysLink where she has no home."""
    for home in homes.of_customer(connection, customer, limit=1):
        return words_of(home)
    raise NobodysLink
