"""The words `bill list` and `bill again`: what became of the utility's bills, and another look at one of them.

A bill that is not explained says why. Whoever has mended that (entered a rate, seen to a gateway) asks for another
look, which `serve` takes.
"""

import argparse
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cloud import command
from runtime.clock import clock_from_environment
from runtime.errors import InputRefused

if TYPE_CHECKING:
    from cloud.billing.ledger import Entry

_MAX_LISTED: Final = 10_000


def add_to(bill: "argparse._SubParsersAction[Any]") -> None:
    """Let `list` and `again` be two of the words of `bill`."""
    listed = command.add(bill, "list", _list, "the utility's bills, what we reckon, and why one is not explained")
    again = command.add(bill, "again", _again, "have a bill looked at once more")
    for each in (listed, again):
        each.add_argument("dir", type=Path, metavar="DIR")
        each.add_argument("--json", action="store_true")
    command.add_limit(listed, 100, "the last N of them")
    again.add_argument("bill", metavar="BILL")


def _list(arguments: argparse.Namespace) -> int:
    from cloud.billing import ledger
    from cloud.state import StateFolder

    limit = min(arguments.limit, _MAX_LISTED)
    with closing(StateFolder.open(arguments.dir).open_database()) as database, database.read() as connection:
        entries = ledger.newest(connection, limit=limit)
    command.answer(arguments, list(map(_facts, entries)), map(_line, entries) if entries else ["no bill is known"])
    return 0


def _again(arguments: argparse.Namespace) -> int:
    from cloud.billing import accounts_store
    from cloud.billing.service import look_again
    from cloud.state import StateFolder

    with closing(StateFolder.open(arguments.dir).open_database()) as database, database.transaction() as connection:
        bill = accounts_store.find_bill(connection, arguments.bill)
        if bill is None:
            do = "see `lamplight-cloud bill list`"
            raise InputRefused(f"no bill {arguments.bill[:40]!r} is known", where=str(arguments.dir), do=do)
        if accounts_store.bills_of(connection, bill.contract, 1)[0].id != bill.id:
            raise InputRefused(f"a later bill than {bill.id} was sent", where=bill.contract, do="look at that one")
        look_again(connection, bill, clock_from_environment().now())
    command.answer(arguments, {"bill": bill.id}, [f"{bill.id} is looked at again"])
    return 0


def _facts(entry: "Entry") -> dict[str, object]:
    bill, look = entry.bill, entry.look
    return {
        "bill": bill.id,
        "contract": bill.contract,
        "first_day": bill.first_day.isoformat(),
        "last_day": bill.last_day.isoformat(),
        "energy_wh": bill.energy_wh,
        "total": str(bill.total.amount),
        "currency": str(bill.total.currency),
        "reckoned": None if look is None or look.reckoned is None else str(look.reckoned.amount),
        "matches": look and look.matches,
        "is_explained": entry.is_explained,
        "why_not": entry.why_not,
        "previous": look and look.previous,
        "looks": 0 if look is None else look.looks,
    }


def _line(entry: "Entry") -> str:
    bill, look = entry.bill, entry.look
    reckoned = "-" if look is None or look.reckoned is None else str(look.reckoned.amount)
    became = "explained" if entry.is_explained else entry.why_not or "not looked at"
    return f"{bill.id}  {bill.first_day} .. {bill.last_day}  {bill.total}  reckoned {reckoned}  {became}"
