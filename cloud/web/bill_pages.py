"""The page of bills that need a person: those the utility reckons otherwise, and those that could not be reckoned.

    /bills    why each is not explained, and what to do about it

A customer's first bill has nothing to be held against; where the utility asks what we reckon, it waits for nobody.
"""

from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from cloud.billing import accounts_store, ledger
from cloud.web import operator_bills, words
from cloud.web.moments import Moments
from cloud.web.services import Served
from cloud.web.templating import render

_MAX_BILLS: Final = 100

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/bills")
def needing_a_person(served: Served) -> Response:
    """The bills nobody could explain, the last looked at first."""
    with served.database.read() as connection:
        entries = ledger.needing_a_person(connection, limit=_MAX_BILLS)
        contracts = accounts_store.contracts_named(connection, {entry.bill.contract for entry in entries})
    rows = [
        operator_bills.show_bill(entry, usage_point=contracts[entry.bill.contract].usage_point) for entry in entries
    ]
    moments = Moments(zone=ZoneInfo("UTC"), now=served.clock.now())
    return HTMLResponse(render("bills.html", rows=rows, entries=entries, m=moments, words=words, limit=_MAX_BILLS))
