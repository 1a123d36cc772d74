"""A customer's bills as her own page shows them: where the running one is going, the last one, and why it changed.

A range is shown with how sure it is and of when; where none can be told, the reason is said in plain words. A change is
explained to her only where her messages would explain it: when all readings are there and our sum agrees with the
utility's. What the operators are still looking into is not put before her as if it were known. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cloud.billing.accounts import ReadQuality, UtilityBill
from cloud.billing.explained_store import Look
from cloud.billing.explanation import Explanation
from cloud.billing.explanation_words import Line
from cloud.billing.ledger import Entry
from cloud.billing.outlook_store import Outlook, Range
from cloud.billing.projection import WhyNoProjection
from cloud.kernel.facts import SourceKind
from cloud.kernel.money import Money
from cloud.web import bill_change
from cloud.web.bill_change import Change
from cloud.web.customer_notes import Footnote, Notes
from cloud.web.customer_words import CustomerWords
from cloud.web.home_bills import Known

_PAYMENTS: Final = "payments"
_QUALITIES: Final = {ReadQuality.ESTIMATED: "bill.estimated", ReadQuality.CUSTOMER: "bill.read_by_you"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A label and a value; `note` is the number of the value's note, where it has one."""

    label: str
    value: str
    note: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The running bill: its range with a note and how sure it is, or in `said` why there is none."""

    between: str
    note: int | None
    said: Sequence[str]
    rows: Sequence[Row]
    gauge: "Gauge | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """The range on a line from nothing to the most there is to show, in hundredths of its length."""

    low: float
    likely: float
    high: float
    usual: float | None
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class YearAgo:
    """The bill beside that of a year ago."""

    summary: str
    note: int
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class LastBill:
    """The last bill that was sent, and why it changed; in `unexplained`, why that is not said."""

    total: str
    note: int
    rows: Sequence[Row]
    said: Sequence[str]
    change: Change | None
    change_note: int | None
    unexplained: str
    year_ago: YearAgo | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """One of the bills before it."""

    period: str
    used: str
    total: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBills:
    """All of it, ready for the template."""

    running: Running | None
    last: LastBill | None
    earlier: Sequence[Earlier]
    notes: Sequence[Footnote]


def show(name: str, known: Known, words: CustomerWords) -> ShownBills | None:
    """Her bills in her words; None where the utility bills her for nothing here. `name` is that of her home."""
    if known.contract is None and not known.entries:
        return None
    notes = Notes(f"bill-{name}", words)
    return ShownBills(
        running=None if known.outlook is None else _running(known, known.outlook, notes, words),
        last=None if known.newest is None else _last(known, known.newest, notes, words),
        earlier=[_earlier(entry.bill, words) for entry in known.entries[1:]],
        notes=notes.all,
    )


def _running(known: Known, outlook: Outlook, notes: Notes, words: CustomerWords) -> Running:
    rows = [
        Row(label=words.say("bill.until"), value=words.date(outlook.last_day)),
        Row(label=words.say("bill.left"), value=words.days(known.days_left)),
    ]
    found = outlook.range
    if found is None:
        is_known = outlook.why in list(WhyNoProjection)
        why = words.say(f"bill.{outlook.why}" if is_known else "bill.cannot_project")
        return Running(between="", note=None, said=[why], rows=rows, gauge=None)
    made_at = words.moment(outlook.made_at)
    between = words.say("bill.between", low=words.money(found.low), high=words.money(found.high))
    basis = [SourceKind.READINGS, *_weather(known), SourceKind.TARIFF]
    note = notes.add(words.say("bill.note_range"), between, basis, made_at)
    used = notes.add(words.say("bill.note_used"), words.energy(outlook.used_wh), [SourceKind.READINGS], made_at)
    rows.append(Row(label=words.say("bill.used_so_far"), value=words.energy(outlook.used_wh), note=used))
    if known.usual is not None:
        usual = _of_bill("fact.usual_bill", words.money(known.usual.total), known.usual, notes, words)
        rows.append(Row(label=words.say("bill.usual"), value=words.money(known.usual.total), note=usual))
    said = [
        words.say("bill.sure", likely=words.money(found.likely)),
        words.say("bill.basis", at=made_at, until=words.date(outlook.known_until)),
    ]
    said += [] if outlook.is_whole else [words.say("bill.holes")]
    usual_total = None if known.usual is None else known.usual.total
    return Running(between=between, note=note, said=said, rows=rows, gauge=_gauge(found, usual_total, words))


def _gauge(found: Range, usual: Money | None, words: CustomerWords) -> Gauge:
    beside = usual if usual is not None and usual.currency is found.high.currency else None
    top = max(found.high.minor, 0 if beside is None else beside.minor, 1) * 1.08
    said = words.say("bill.between", low=words.money(found.low), high=words.money(found.high))
    if beside is not None:
        said = f"{said}; {words.say('bill.usual')}: {words.money(beside)}"
    return Gauge(
        low=100 * max(found.low.minor, 0) / top,
        likely=100 * max(found.likely.minor, 0) / top,
        high=100 * max(found.high.minor, 0) / top,
        usual=None if beside is None else 100 * max(beside.minor, 0) / top,
        title=said,
    )


def _last(known: Known, entry: Entry, notes: Notes, words: CustomerWords) -> LastBill:
    bill, look = entry.bill, entry.look
    total = words.money(bill.total)
    note = _of_bill("fact.bill_total", total, bill, notes, words)
    used = words.energy(bill.energy_wh)
    rows = [
        Row(label=words.say("bill.period"), value=_period(bill, words)),
        Row(label=words.say("bill.used"), value=used, note=_of_bill("fact.energy_wh", used, bill, notes, words)),
    ]
    if bill.due_on is not None:
        rows.append(Row(label=words.say("bill.due"), value=words.date(bill.due_on)))
    paid_on = known.paid_on(bill)
    if paid_on is not None:
        paid = notes.add(words.say("bill.note_paid"), total, [_PAYMENTS], words.date(paid_on))
        rows.append(Row(label=words.say("bill.paid"), value=words.date(paid_on), note=paid))
    said = [words.say(_QUALITIES[bill.quality])] if bill.quality in _QUALITIES else []
    is_due = bill.due_on is not None and bill.due_on < known.today  # before that day nobody waits for it
    said += [words.say("bill.not_paid")] if is_due and known.payments and paid_on is None else []
    change = look.since_previous if look is not None and entry.is_explained else None
    return LastBill(
        total=total,
        note=note,
        rows=rows,
        said=said,
        change=None if change is None else bill_change.show(change, words.language),
        change_note=None if look is None or change is None else _parts(known, look, change, notes, words),
        unexplained=_unexplained(look, words) if change is None else "",
        year_ago=_year_ago(known, look, notes, words) if look is not None and change is not None else None,
    )


def _unexplained(look: Look | None, words: CustomerWords) -> str:
    """Why nothing is said of the change; nothing for a bill that is history, at which nobody looked."""
    if look is None:
        return ""
    is_first = bool(look.matches) and look.previous is None
    return words.say("bill.no_bill_before" if is_first else "bill.not_explained")


def _year_ago(known: Known, look: Look, notes: Notes, words: CustomerWords) -> YearAgo | None:
    found = look.since_year_ago
    if found is None:
        return None
    minor = found.change.minor
    key = "bill.year_more" if minor > 0 else "bill.year_less" if minor else "bill.year_same"
    summary = words.say(key, change=words.money(found.change if minor >= 0 else -found.change))
    note = notes.add(words.say("bill.note_year"), words.money(found.change), _basis(known, found), _made(look, words))
    return YearAgo(summary=summary, note=note, lines=bill_change.lines_of_a_year(found, words.language))


def _parts(known: Known, look: Look, change: Explanation, notes: Notes, words: CustomerWords) -> int:
    value = words.money(change.change)
    return notes.add(words.say("bill.note_parts"), value, _basis(known, change), _made(look, words))


def _basis(known: Known, change: Explanation) -> list[str]:
    return [SourceKind.BILL, SourceKind.READINGS, SourceKind.TARIFF, *(_weather(known) if change.can_tell else [])]


def _weather(known: Known) -> list[str]:
    return [SourceKind.WEATHER] if known.contract is not None and known.contract.weather_station else []


def _of_bill(fact: str, value: str, bill: UtilityBill, notes: Notes, words: CustomerWords) -> int:
    return notes.add(words.say(fact), value, [SourceKind.BILL], words.date(bill.issued_on))


def _made(look: Look, words: CustomerWords) -> str:
    return words.moment(look.made_at)


def _period(bill: UtilityBill, words: CustomerWords) -> str:
    return words.say("bill.span", first=words.date(bill.first_day), last=words.date(bill.last_day))


def _earlier(bill: UtilityBill, words: CustomerWords) -> Earlier:
    return Earlier(period=_period(bill, words), used=words.energy(bill.energy_wh), total=words.money(bill.total))
