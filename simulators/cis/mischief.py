"""What is wrong with a drop, on command: each fault as a customer system has been seen to make it."""

import copy
from collections.abc import Callable, Mapping
from enum import StrEnum

from runtime.errors import InputRefused
from simulators.cis.books import Rows


class Fault(StrEnum):
    """The faults, by the names the command knows."""

    WRONG_COUNT = "wrong-count"  # the manifest counts a row too many
    WRONG_HASH = "wrong-hash"  # a file was changed after the manifest was made
    MISSING_FILE = "missing-file"  # a file that is listed never came
    BAD_ROW = "bad-row"  # an amount with a comma
    OVERLAPPING_CONTRACT = "overlapping-contract"
    WRONG_CURRENCY = "wrong-currency"  # a bill in another currency than its account


def in_rows(rows: Rows, fault: Fault | None) -> Rows:
    """The rows with the fault in them, if it is one of rows; raises InputRefused where nothing could have it."""
    if fault is None:
        return rows
    entity, spoil = _SPOILS.get(fault, ("", None))
    if not (rows.get(entity) if entity else any(rows.values())):
        what = f"there are no {entity or 'rows'} in this drop that could be wrong"
        raise InputRefused(what, where=f"--fault {fault}", do="leave --only out, or let some months be billed")
    if spoil is None:
        return rows
    rows = copy.deepcopy(rows)
    spoil(rows)
    return rows


def _bad_row(rows: Rows) -> None:
    rows["bills"][-1]["total"] = rows["bills"][-1]["total"].replace(".", ",")


def _overlapping_contract(rows: Rows) -> None:
    contract = rows["contracts"][-1]
    rows["contracts"].append(contract | {"contract": f"{contract['contract']}-2"})


def _wrong_currency(rows: Rows) -> None:
    rows["bills"][-1]["currency"] = "EUR"


_SPOILS: Mapping[Fault, tuple[str, Callable[[Rows], None]]] = {
    Fault.BAD_ROW: ("bills", _bad_row),
    Fault.OVERLAPPING_CONTRACT: ("contracts", _overlapping_contract),
    Fault.WRONG_CURRENCY: ("bills", _wrong_currency),
}
