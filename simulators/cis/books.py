"""What the customer system has in its books: its people, their contracts, a bill for each month, what was paid.

In go homes, what each used, and the day it is; out come rows of text, by entity, as a drop holds them. Bills are sent
two days after a cycle's last day, fall due ten days later, and are paid on that day. With them goes what its head-end
read of each day, of which a bill's energy is the sum.
"""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

from runtime.errors import InputRefused
from runtime.reading import read_at_most
from simulators.cis import prices
from simulators.cis.winter import STATION

Row = dict[str, str]
Rows = dict[str, list[Row]]

ENTITIES = (
    "customers", "accounts", "usage_points", "daily_use", "contracts", "bills", "payments", "households", "consents",
)  # fmt: skip
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "customers": ("customer", "name", "email", "phone", "language"),
    "accounts": ("account", "customer", "currency"),
    "usage_points": ("usage_point", "meter", "account", "time_zone", "address"),
    "daily_use": ("usage_point", "day", "energy_wh"),
    "contracts": (
        "contract", "account", "usage_point", "tariff", "valid_from", "valid_to", "cycle_day", "weather_station",
    ),
    "bills": (
        "bill", "account", "contract", "first_day", "last_day", "energy_wh", "total", "currency", "quality",
        "issued_on", "due_on",
    ),
    "payments": ("payment", "account", "amount", "currency", "paid_on"),
    "households": ("customer", "fact", "value", "as_of"),
    "consents": ("customer", "purpose", "channel", "given_at", "evidence", "withdrawn_at"),
}  # fmt: skip
_MOST_BYTES = 64 * 1024 * 1024
_ISSUED_AFTER = timedelta(days=2)
_DUE_AFTER = timedelta(days=12)
_READ_FOR = timedelta(days=13 * 31)
_HOME_COLUMNS = ("meter", "customer", "name", "email", "language", "time_zone", "address")


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A home and who lives there; without more than two names it is Ana's."""

    usage_point: str
    meter: str
    customer: str = "C-0001"
    name: str = "Ana Souza"
    email: str = "ana@example.com"
    language: str = "pt-BR"
    time_zone: str = "America/Sao_Paulo"
    address: str = "Rua das Flores 12, Curitiba"
    phone: str = ""

    def named(self, kind: str) -> str:
        """The name of this home's account (A) or contract (K)."""
        return f"{kind}-{self.usage_point}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """How the homes are billed: since when, from which day of the month, how many of the cycles that ended by `on`."""

    on: date
    since: date
    cycle_day: int = 1
    months: int = 13
    facts: Mapping[str, str] = field(default_factory=dict)
    consents: Sequence[tuple[str, str]] = ()

    def cycles(self) -> list[tuple[date, date]]:
        """The first and the last day of each cycle that is billed, the oldest first."""
        found: list[tuple[date, date]] = []
        begins = self.on.replace(day=1)
        while len(found) < self.months and begins > self.since.replace(day=1):
            last_day = begins.replace(day=self.cycle_day) - timedelta(days=1)
            begins = _month_before(begins)
            first_day = begins.replace(day=self.cycle_day)
            if last_day < self.on and first_day >= self.since:
                found.append((first_day, last_day))
        return found[::-1]

    def rows(self, homes: Iterable[Home], energy_wh_on: Callable[[Home, date], int]) -> Rows:
        """The books of some homes, by entity."""
        rows: Rows = {entity: [] for entity in ENTITIES}
        for home in homes:
            self._add_home(home, rows)
            self._add_days(home, energy_wh_on, rows)
            for first_day, last_day in self.cycles():
                self._add_bill(home, first_day, last_day, energy_wh_on, rows)
        return rows

    def _add_home(self, home: Home, rows: Rows) -> None:
        account, contract = home.named("A"), home.named("K")
        person = (home.customer, home.name, home.email, home.phone, home.language)
        terms = (prices.TARIFF, str(self.since), "", str(self.cycle_day), STATION)
        if all(row["customer"] != home.customer for row in rows["customers"]):
            _add(rows, "customers", *person)
            for fact, value in self.facts.items():
                _add(rows, "households", home.customer, fact, value, str(self.since))
            for purpose, channel in self.consents:
                _add(rows, "consents", home.customer, purpose, channel, f"{self.since}T12:00:00Z", "signed form", "")
        _add(rows, "accounts", account, home.customer, prices.CURRENCY)
        _add(rows, "usage_points", home.usage_point, home.meter, account, home.time_zone, home.address)
        _add(rows, "contracts", contract, account, home.usage_point, *terms)

    def _add_days(self, home: Home, energy_wh_on: Callable[[Home, date], int], rows: Rows) -> None:
        """Thirteen months of daily use, as far as they are billed: the head-end hands a day out with its bill."""
        billed = self.cycles()
        if billed:
            last_day = billed[-1][1]
            for day in _days(last_day - _READ_FOR, last_day):
                _add(rows, "daily_use", home.usage_point, str(day), str(energy_wh_on(home, day)))

    def _add_bill(
        self, home: Home, first_day: date, last_day: date, energy_wh_on: Callable[[Home, date], int], rows: Rows
    ) -> None:
        energy_wh = {day: energy_wh_on(home, day) for day in _days(first_day, last_day)}
        total = amount(prices.total_cents(energy_wh, first_day, last_day))
        name = f"{home.usage_point}-{last_day:%Y-%m}"
        account, due_on = home.named("A"), last_day + _DUE_AFTER
        period = (str(first_day), str(last_day), str(sum(energy_wh.values())))
        dates = (str(last_day + _ISSUED_AFTER), str(due_on))
        _add(rows, "bills", f"B-{name}", account, home.named("K"), *period, total, prices.CURRENCY, "actual", *dates)
        if due_on <= self.on:
            _add(rows, "payments", f"P-{name}", account, total, prices.CURRENCY, str(due_on))


def amount(cents: int) -> str:
    """As the drop writes it: 28412 is 284.12."""
    return f"{cents // 100}.{cents % 100:02}"


def homes_in(path: Path) -> list[Home]:
    """The homes of a grid file or a customer file; raises InputRefused."""
    try:
        text = read_at_most(path, _MOST_BYTES).decode("utf-8-sig")
        rows = list(csv.DictReader(StringIO(text, newline="")))
        names = [row.get("usage_point") or (row["id"] if row["kind"] == "usage_point" else "") for row in rows]
        homes = zip(names, rows, strict=True)
        return [Home(usage_point=name, **{each: row[each] for each in _HOME_COLUMNS}) for name, row in homes if name]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        do = "give a grid file or a customer file, as `lamplight-cloud import` takes them"
        raise InputRefused(f"the homes cannot be read: {error}", where=str(path), do=do) from error


def _add(rows: Rows, entity: str, *cells: str) -> None:
    rows[entity].append(dict(zip(COLUMNS[entity], cells, strict=True)))


def _days(first_day: date, last_day: date) -> list[date]:
    return [first_day + timedelta(days=at) for at in range((last_day - first_day).days + 1)]


def _month_before(first: date) -> date:
    last = first - timedelta(days=1)
    return last.replace(day=1)
