"""The words about bills: `bill rate` reckons one from a tariff and a meter's intervals.

It needs no state folder: two files go in, the bill comes out. Its JSON is a door other programs use and stays as it
is; amounts and rates are texts in it, because a number in JSON is read as a float by most.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cloud import bill_explain_commands, bill_list_commands, command
from runtime.errors import InputRefused

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from cloud.billing.day_use import IntervalUse
    from cloud.billing.rating import Bill, BillLine
    from cloud.billing.tariff import BillingPeriod, Tariff

MAX_DAYS_UNASKED: Final = 62
"""More than this is not taken for one bill unless somebody says so."""
_DAY: Final = timedelta(days=1)
_KW: Final = re.compile(r"\d{1,5}(\.\d{1,9})?", re.ASCII)


def add_to(commands: "argparse._SubParsersAction[Any]") -> None:
    """Let `bill` be one of the commands."""
    about = "bills from tariffs and readings"
    words = commands.add_parser("bill", help=about, description=about)
    bill = words.add_subparsers(required=True, metavar="rate|explain|project|list|again")
    _add_rate(bill)
    bill_explain_commands.add_to(bill)
    bill_list_commands.add_to(bill)


def _add_rate(bill: "argparse._SubParsersAction[Any]") -> None:
    rated = command.add(bill, "rate", _rate, "reckon a bill from a tariff and a meter's intervals")
    rated.add_argument("--json", action="store_true")
    rated.add_argument("--tariff", required=True, type=Path, metavar="FILE", help="our TOML, or a rate of URDB (JSON)")
    rated.add_argument(
        "--intervals", required=True, type=Path, metavar="FILE.csv", help="timestamp and kwh, wh, kw or w; or .gz"
    )
    rated.add_argument("--from", dest="first_day", type=_day, metavar="DATE", help="the first day billed")
    rated.add_argument("--until", dest="last_day", type=_day, metavar="DATE", help="the last day billed, included")
    rated.add_argument("--due", type=_day, metavar="DATE", help="the day it falls due: some taxes go by it")
    rated.add_argument("--kw", type=_kw, metavar="KW", help="the contracted power")
    rated.add_argument(
        "--zone",
        type=_zone,
        metavar="NAME",
        help="of timestamps without an offset (else the tariff's), and of a URDB rate",
    )


def _rate(arguments: argparse.Namespace) -> int:
    from cloud.billing import interval_file
    from cloud.billing.day_use import classify, in_order, peaks, within
    from cloud.billing.rating import bill
    from cloud.kernel import sheet
    from cloud.kernel.sheet import SheetRefused

    tariff = _tariff(arguments.tariff, arguments.zone)
    if arguments.kw is not None:
        tariff = replace(tariff, contracted_kw=arguments.kw)
    try:
        intervals = interval_file.parse(sheet.read_file(arguments.intervals), arguments.zone or tariff.zone)
    except SheetRefused as refused:
        raise refused.of(arguments.intervals) from refused
    try:
        if None in (arguments.first_day, arguments.last_day):  # the file itself says which days are billed
            intervals = tuple(in_order(intervals))
        period = _period(arguments, intervals, tariff)
        intervals = within(intervals, tariff, period)
        use = classify(intervals, tariff, period)
        _check_complete(intervals, tariff, period)
    except InputRefused as refused:
        where = f"{arguments.intervals}: {refused.where}".removesuffix(": ")
        raise InputRefused(refused.what, where=where, do=refused.do) from refused
    made = bill(tariff, use, period, peaks=peaks(intervals, tariff, period))
    energy_wh = sum(each.energy_wh for each in use)
    command.answer(arguments, _facts(tariff, made, energy_wh), _said(tariff, made, energy_wh))
    return 0


def _tariff(path: Path, zone: "ZoneInfo | None") -> "Tariff":
    from cloud.billing.tariff_file import parse_tariff
    from cloud.billing.urdb import parse_urdb
    from cloud.kernel import sheet

    data = sheet.read_file(path)
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[{")):
        return parse_tariff(data, str(path))
    if zone is None:
        do = "say whose clock it is, as in --zone America/New_York"
        raise InputRefused("a rate of URDB names no time zone", where=str(path), do=do)
    return parse_urdb(data, str(path), zone)


def _period(arguments: argparse.Namespace, intervals: "Sequence[IntervalUse]", tariff: "Tariff") -> "BillingPeriod":
    """The days asked for, or else the whole days of the file, where they can be one bill."""
    from cloud.billing.day_use import midnight
    from cloud.billing.tariff import BillingPeriod

    last = max(intervals, key=lambda each: each.starts_at)
    begins_at = min(each.starts_at for each in intervals)
    ends_at = last.starts_at + timedelta(seconds=last.period_s)
    first_day = begins_at.astimezone(tariff.zone).date()
    first_day += _DAY * (midnight(first_day, tariff) < begins_at)
    last_day = ends_at.astimezone(tariff.zone).date() - _DAY
    asked = (arguments.first_day, arguments.last_day)
    first_day, last_day = asked[0] or first_day, asked[1] or last_day
    days = (last_day - first_day).days + 1
    if None in asked and days > MAX_DAYS_UNASKED:
        do = "name the days of one bill with --from and --until"
        raise InputRefused(f"the readings are of {days} days", where=f"{first_day} to {last_day}", do=do)
    return BillingPeriod(first_day=first_day, last_day=last_day, due_on=arguments.due)


def _check_complete(intervals: "Sequence[IntervalUse]", tariff: "Tariff", period: "BillingPeriod") -> None:
    from cloud.billing.day_use import ReadingsRefused, gaps

    found = gaps(intervals, tariff, period)
    if found:
        first, end = (each.astimezone(tariff.zone).isoformat() for each in (found[0].from_at, found[0].until_at))
        more = f", and {len(found) - 1} more gaps" if len(found) > 1 else ""
        what = f"the period is not all there: nothing was read from {first} to {end}{more}"
        raise ReadingsRefused(what, where=f"{period.first_day} to {period.last_day}", do="choose days without a gap")


def _facts(tariff: "Tariff", made: "Bill", energy_wh: int) -> dict[str, object]:
    due_on = made.period.due_on
    return {
        "tariff": tariff.id,
        "currency": str(made.currency),
        "first_day": made.period.first_day.isoformat(),
        "last_day": made.period.last_day.isoformat(),
        "days": made.period.days,
        "due_on": due_on and due_on.isoformat(),
        "energy_wh": energy_wh,
        "lines": [_line_facts(line) for line in made.lines],
        "total": str(made.total.amount),
    }


def _line_facts(line: "BillLine") -> dict[str, object]:
    return {
        "component": line.component,
        "kind": str(line.kind),
        "period": line.period,
        "quantity": _plain(line.quantity),
        "unit": line.unit,
        "rate": _plain(line.rate),
        "amount": str(line.amount.amount),
        "first_day": line.first_day.isoformat(),
        "last_day": line.last_day.isoformat(),
        "is_included": line.is_included,
    }


def _said(tariff: "Tariff", made: "Bill", energy_wh: int) -> Iterator[str]:
    period = made.period
    yield f"{tariff.title}  {period.first_day} to {period.last_day}  {period.days} days  {energy_wh / 1000:.3f} kWh"
    for line in made.lines:
        name = f"{line.component} {line.period}".strip()
        days = "" if line.first_day == period.first_day and line.last_day == period.last_day else _days(line)
        included = "  (included above)" if line.is_included else ""
        sum_of = f"{line.quantity:14.3f} {line.unit:8} x {line.rate:10.6f}"
        yield f"  {name:32} {sum_of}  {line.amount.amount:10} {made.currency}{days}{included}"
    yield f"  {'total':32} {'':36}  {made.total.amount:10} {made.currency}"


def _days(line: "BillLine") -> str:
    return f"  {line.first_day} to {line.last_day}"


def _plain(number: Decimal) -> str:
    """Without an exponent and without zeros that say nothing."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _kw(text: str) -> Decimal:
    found = Decimal(text) if _KW.fullmatch(text) else Decimal(0)
    if not found:
        raise ValueError(text)
    return found


def _zone(text: str) -> "ZoneInfo":
    from zoneinfo import ZoneInfo

    from cloud.kernel import zones

    if text not in zones.names():
        raise ValueError(text)
    return ZoneInfo(text)


_day.__name__, _kw.__name__, _zone.__name__ = "day as in 2027-01-31", "power in kW", "time zone"
