"""The words `bill explain` and `bill project`: why a bill differs from the one before, and where the running one goes.

Both take one JSON document, a pair of bills (`cloud.billing.bill_pair` says what it holds), and no state folder. What
they print with --json is a door other programs use and stays as it is; amounts are texts in it, energy is whole Wh.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cloud import command
from runtime.errors import InputRefused

if TYPE_CHECKING:
    from cloud.billing.bill_pair import BillPair
    from cloud.billing.explanation import BillSide, Explanation
    from cloud.billing.explanation_words import Line
    from cloud.billing.projection import Projection
    from cloud.billing.weather_model import Slope
    from cloud.kernel.i18n import Language
    from cloud.kernel.money import Money

_LANGUAGES: Final = ("en", "pt-BR", "es", "fr")


def add_to(bill: "argparse._SubParsersAction[Any]") -> None:
    """Let `explain` and `project` be two of the words of `bill`."""
    explained = command.add(bill, "explain", _explain, "why a bill differs from the one before, by its causes")
    explained.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw it as well")
    explained.add_argument("--language", default="en", choices=_LANGUAGES, help="of what people read")
    projected = command.add(bill, "project", _project, "where the running bill is going")
    for each in (explained, projected):
        each.add_argument("file", type=Path, metavar="FILE", help="a pair of bills, in JSON")
        each.add_argument("--json", action="store_true")
    projected.add_argument("--line", metavar="AMOUNT", help="tell of nothing below this, the customer's own line")


def _explain(arguments: argparse.Namespace) -> int:
    from cloud.billing.explanation import explain
    from cloud.kernel.i18n import Language

    language, pair = Language(arguments.language), _read(arguments.file, whole=True)
    told = explain(pair.previous, pair.current, pair.rate, pair.history)
    ago = pair.year_ago
    since_last_year = None if ago is None else explain(ago, pair.current, pair.rate, pair.history)
    if arguments.plot is not None:
        _plot(arguments.plot, told, language)
    facts = {
        "case": pair.case,
        "currency": str(told.current.currency),
        "previous": _side_facts(pair.previous, pair),
        "current": _side_facts(pair.current, pair),
        **_change_facts(told),
        "used_year_ago_wh": pair.used_year_ago_wh,
        "year_ago": ago and _side_facts(ago, pair),
        "since_year_ago": since_last_year and _change_facts(since_last_year),
    }
    _print(arguments, facts, list(_said(pair, told, since_last_year, language)))
    return 0


def _change_facts(told: "Explanation") -> dict[str, object]:
    weather = told.weather
    return {
        "change": str(told.change.amount),
        "parts": {str(factor): str(part.amount) for factor, part in told.parts.items()},
        "driver": told.driver and str(told.driver),
        "can_tell": told.can_tell,
        "caveats": [str(caveat) for caveat in told.caveats],
        "weather": weather
        and {
            "r2": round(weather.r2, 3),
            "days": weather.days,
            "heating": _slope_facts(weather.heating),
            "cooling": _slope_facts(weather.cooling),
        },
    }


def _slope_facts(slope: "Slope") -> dict[str, object] | None:
    return {"wh_per_k": round(slope.wh_per_k), "begins_c": round(slope.begins_c, 1)} if slope.wh_per_k else None


def _side_facts(side: "BillSide", pair: "BillPair") -> dict[str, object]:
    return {
        "first_day": side.period.first_day.isoformat(),
        "last_day": side.period.last_day.isoformat(),
        "days": side.period.days,
        "energy_wh": side.used_wh,
        "total": str(side.stated.amount),
        "reckoned": str(pair.rate(side.terms).amount),
    }


def _said(
    pair: "BillPair", told: "Explanation", since_last_year: "Explanation | None", language: "Language"
) -> Iterator[str]:
    from cloud.billing.explanation_words import caveats, lines, summary

    yield summary(told, language)
    yield from _table(lines(told, language), (pair.previous, pair.current), language)
    yield from caveats(told, language)
    if since_last_year is not None and pair.year_ago is not None:
        yield from _table(lines(since_last_year, language, is_year_ago=True)[:-1], (pair.year_ago,), language)


def _table(lines: "Sequence[Line]", of_bills: "Sequence[BillSide]", language: "Language") -> Iterator[str]:
    from cloud.kernel.i18n import energy

    sides = iter(of_bills)
    for line in lines:
        beside = ""
        if line.factor is None:
            side = next(sides)
            beside = f"  {side.period.first_day} .. {side.period.last_day}  {energy(side.used_wh, language)}"
        yield f"  {line.label:26}  {line.amount:>14}{beside}"


def _plot(path: Path, told: "Explanation", language: "Language") -> None:
    from cloud.billing.picture import draw, svg
    from runtime.durable import write_atomically

    try:
        write_atomically(path, svg(draw(told, language), is_file=True).encode(), mode=0o644)
    except OSError as error:
        raise InputRefused(f"the picture cannot be written: {error.strerror}", where=str(path)) from error


def _project(arguments: argparse.Namespace) -> int:
    from cloud.billing.projection import NoProjection, is_alarming, project

    pair = _read(arguments.file, whole=False)
    if pair.today not in pair.current.period:
        what = f"today, {pair.today}, is not in the bill that begins on {pair.current.period.first_day}"
        do = "give `today`, and `current.first_day` where the days end before the bill does"
        raise InputRefused(what, where=str(arguments.file), do=do)
    found = project(pair.use_wh, pair.temperatures_c, pair.current.period, pair.today, pair.cycle_rate)
    if isinstance(found, NoProjection):
        _print(arguments, {"case": pair.case, "why_not": str(found.why)}, [f"nothing can be said yet: {found.why}"])
        return 1
    alarms = is_alarming(found, pair.previous.stated, _line(arguments.line, pair.previous.stated))
    _print(arguments, _projected_facts(pair, found, alarms=alarms), list(_projected(pair, found, alarms=alarms)))
    return 0


def _line(amount: str | None, usual: "Money") -> "Money | None":
    from cloud.kernel.money import Money

    try:
        return None if amount is None else Money.of(amount, usual.currency)
    except ValueError as error:
        raise InputRefused(str(error), where="--line", do="write it as in 120.50") from None


def _projected_facts(pair: "BillPair", found: "Projection", *, alarms: bool) -> dict[str, object]:
    return {
        "case": pair.case,
        "currency": str(found.likely.currency),
        "today": pair.today.isoformat(),
        "ends_on": pair.current.period.last_day.isoformat(),
        "low": str(found.low.amount),
        "likely": str(found.likely.amount),
        "high": str(found.high.amount),
        "usual": str(pair.previous.stated.amount),
        "is_alarming": alarms,
        "used_wh": found.used_wh,
        "rest_wh": list(found.rest_wh),
        "days_left": found.days_left,
        "earlier_cycles": found.earlier_cycles,
    }


def _projected(pair: "BillPair", found: "Projection", *, alarms: bool) -> Iterator[str]:
    ends_on, usual = pair.current.period.last_day, pair.previous.stated
    yield f"{found.low} to {found.high} on {ends_on}, likely {found.likely}; the previous bill was {usual}"
    basis = f"{found.earlier_cycles} of its own cycles" if found.earlier_cycles else "what is usual for homes"
    yield f"  {found.used_wh / 1000:.1f} kWh so far, {found.days_left} days left; the range rests on {basis}"
    if alarms:
        yield "  even the low end is far over the previous bill"


def _read(path: Path, *, whole: bool) -> "BillPair":
    """The document, with every day of both bills where it must be `whole`."""
    from cloud.billing import document
    from cloud.billing.bill_pair import parse
    from runtime.reading import read_at_most

    try:
        pair = parse(read_at_most(path, document.MAX_BYTES))
        if whole:
            pair.check_is_whole()
    except OSError as error:
        raise InputRefused(f"cannot be read: {error.strerror}", where=str(path)) from error
    except InputRefused as refused:
        where = f"{path}: {refused.where}" if refused.where else str(path)
        raise InputRefused(refused.what, where=where, do=refused.do) from refused
    return pair


def _print(arguments: argparse.Namespace, facts: object, lines: Sequence[str]) -> None:
    from cloud.kernel.i18n import NBSP

    command.answer(arguments, facts, (line.replace(NBSP, " ") for line in lines))
