"""Bills that others worked out, in `LAMPLIGHT_DATA/tariffs/cases`: ours agree to the cent, or as the case allows.

Each country's cases are turned into tariffs: Spain's and France's from the ones shipped, Brazil's from the lines of the
case, and the American ones through the door for the database's rates. What cannot be expressed must be refused by name.
"""

import csv
import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cloud.billing import tariff_folder
from cloud.billing.day_use import IntervalUse, classify, peaks, within
from cloud.billing.rating import Bill, BillingPeriod, BillLine, DayUse, LineKind, bill
from cloud.billing.tariff import Energy, Fixed, Tariff, TariffRefused, Tier
from cloud.billing.tariff_file import parse_tariff
from cloud.billing.urdb import parse_urdb

_FOLDER = Path(os.environ.get("LAMPLIGHT_DATA", "/nonexistent"), "tariffs", "cases")
_CENT = Decimal("0.01")
_FRENCH_RATES = {6: ("141.60", "15.2333", "0.1308"), 9: ("176.16", "20.4233", "0.1297")}


def cases(country: str) -> list[Path]:
    return sorted(_FOLDER.glob(f"{country}*.json"))


def american(*, gives_to_the_grid: bool) -> list[Path]:
    return [path for path in cases("us") if read(path)["uses_generation"] is gives_to_the_grid]


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(), parse_float=Decimal)
    return found


def amount(made: Bill, *components: str, period: str = "") -> Decimal:
    """What the lines of these names come to."""
    return sum(
        (line.amount.amount for line in made.lines if line.component in components and period in ("", line.period)),
        Decimal(0),
    )


def told(name: str, ours: Mapping[str, Decimal], theirs: Mapping[str, Any]) -> Decimal:
    """The largest difference, printed so that `pytest -s` shows it."""
    largest = max(abs(found - Decimal(str(theirs[key]))) for key, found in ours.items())
    sys.stdout.write(f"{name}: {len(ours)} figures, largest difference {largest}\n")
    return largest


pytestmark = pytest.mark.skipif(not _FOLDER.is_dir(), reason="LAMPLIGHT_DATA holds no tariffs/cases")


@pytest.mark.parametrize("path", cases("es"), ids=lambda path: path.stem)
def test_a_spanish_bill_agrees_to_the_cent(path: Path) -> None:
    case = read(path)
    given = case["input"]
    first_day = date.fromisoformat(given["reading_from"]) + timedelta(days=1)
    tariff = spanish(given["power_kw"], given["energy_eur_kwh"])
    use = [DayUse(day=first_day, period=name, energy_wh=kwh * 1000) for name, kwh in given["kwh"].items()]
    period = BillingPeriod(
        first_day=first_day,
        last_day=date.fromisoformat(given["reading_to"]),
        due_on=date.fromisoformat(given["due_on"]),
    )

    made = bill(tariff, use, period)

    ours = {
        "power_P1": amount(made, "potencia P1"),
        "power_P2": amount(made, "potencia P2"),
        **{f"energy_{name}": amount(made, "energía", period=name) for name in ("P1", "P2", "P3")},
        "social_bonus_funding": amount(made, "financiación del bono social"),
        "iee": amount(made, "impuesto eléctrico"),
        "meter_rental": amount(made, "alquiler del contador"),
        "iva": amount(made, "IVA"),
        "total": made.total.amount,
    }
    assert period.days == given["days"]
    assert told(path.stem, ours, case["expected"]) == 0


def spanish(kw: str, rates: Mapping[str, str]) -> Tariff:
    """The one shipped, with a fixed price for each period in the place of the hourly ones."""
    tariff = tariff_folder.load(tariff_folder.SHIPPED, "es-pvpc-2.0td")
    tiers = tuple((name, (Tier(up_to_kwh=None, rate=Decimal(rates[name])),)) for name in tariff.calendar.periods)
    energy = Energy(name="energía", tiers=tiers)
    versions = [
        replace(version, charges=tuple(energy if each.name == "energía" else each for each in version.charges))
        for version in tariff.versions
    ]
    return replace(tariff, versions=tuple(versions), contracted_kw=Decimal(kw))


@pytest.mark.parametrize("path", cases("fr"), ids=lambda path: path.stem)
def test_a_french_bill_agrees_to_the_cent(path: Path) -> None:
    case = read(path)
    given = case["input"]
    first_day, last_day = map(date.fromisoformat, given["period"].split(".."))
    use = [DayUse(day=first_day, period="all", energy_wh=given["kwh"] * 1000)]

    made = bill(french(given["kva"]), use, BillingPeriod(first_day=first_day, last_day=last_day))

    ours = {
        "fixed_ht": amount(made, "abonnement"),
        "cta": amount(made, "CTA"),
        "energy_ht": amount(made, "énergie"),
        "accise": amount(made, "accise"),
        "tva": amount(made, "TVA"),
        "total": made.total.amount,
    }
    assert told(path.stem, ours, case["expected"]) == 0


def french(kva: int) -> Tariff:
    tariff = tariff_folder.load(tariff_folder.SHIPPED, "fr-base-6kva")
    fixed, cta, kwh = map(Decimal, _FRENCH_RATES[kva])
    energy = Energy(name="énergie", tiers=(("all", (Tier(up_to_kwh=None, rate=kwh),)),))
    new: dict[str, Energy | Fixed] = {"énergie": energy}
    (version,) = tariff.versions
    amounts = {"abonnement": fixed, "CTA": cta}
    new |= {each.name: replace(each, amount=amounts[each.name]) for each in version.charges if isinstance(each, Fixed)}
    charges = tuple(new[each.name] for each in version.charges)
    return replace(tariff, versions=(replace(version, charges=charges),))


@pytest.mark.parametrize(
    "path", [path for path in cases("br") if "lines" in read(path)["input"]], ids=lambda path: path.stem
)
def test_a_brazilian_bill_agrees_within_two_cents(path: Path) -> None:
    case = read(path)
    given = case["input"]
    period = BillingPeriod(first_day=date(2025, 6, 1), last_day=date(2025, 6, given.get("days", 30)))
    measured_kwh = Decimal(given.get("measured_kwh", sum(Decimal(kwh) for _, kwh, _ in given["lines"])))
    use = [DayUse(day=period.first_day, period="all", energy_wh=int(measured_kwh * 1000))]

    made = bill(brazilian(given), use, period)

    ours = {
        "energy_with_tax": amount(made, "energia"),
        "icms": amount(made, "ICMS"),
        "pis": amount(made, "PIS"),
        "cofins": amount(made, "COFINS"),
        "cosip": amount(made, "COSIP"),
        "total": made.total.amount,
    }
    assert told(path.stem, ours, case["expected"]) <= 2 * _CENT


def brazilian(given: Mapping[str, Any]) -> Tariff:
    """The lines of a case as tiers, its bands and rates as taxes."""
    limit, tiers = Decimal(0), []
    for _, kwh, rate in given["lines"]:
        limit += Decimal(kwh)
        tiers.append(f"{{ up_to_kwh = {limit}, rate = {rate} }}")
    tiers[-1] = f"{{ rate = {given['lines'][-1][2]} }}"
    bands = ", ".join(
        f"{{ percent = {Decimal(percent) * 100} }}"
        if kwh == "None"
        else f"{{ up_to_kwh = {kwh}, percent = {Decimal(percent) * 100} }}"
        for kwh, percent in given["icms_bands"]
    )
    minimum_kwh = given["lines"][0][1] if "measured_kwh" in given else 0
    text = f"""
        id = "case"
        title = "case"
        currency = "BRL"
        zone = "America/Sao_Paulo"
        [[version]]
        first_day = 2024-01-01
        [[version.charge]]
        kind = "energy"
        name = "energia"
        rates = {{ all = [{", ".join(tiers)}] }}
        minimum_kwh = {minimum_kwh}
        [[version.charge]]
        kind = "fixed"
        name = "COSIP"
        amount = {given["cosip"]}
        per = "month"
        {inside("ICMS", f"bands = [{bands}]")}
        {inside("PIS", f"percent = {Decimal(given['pis']) * 100}", "ICMS")}
        {inside("COFINS", f"percent = {Decimal(given['cofins']) * 100}", "ICMS")}
    """
    return parse_tariff(text.encode(), "case")


def inside(name: str, rate: str, *net_of: str) -> str:
    return f"""
        [[tax]]
        name = "{name}"
        method = "inside"
        base = ["energia"]
        net_of = {json.dumps(net_of)}
        date_rule = "consumption"
        rates = [{{ first_day = 2024-01-01, {rate} }}]
    """


@pytest.mark.parametrize(
    "path", [path for path in cases("br") if "gross" in read(path)["input"]], ids=lambda path: path.stem
)
def test_the_tax_box_of_a_printed_bill_agrees_within_a_cent(path: Path) -> None:
    case = read(path)
    given, printed = case["input"], case["expected"]
    period = BillingPeriod(first_day=date(2024, 1, 1), last_day=date(2024, 1, 31))
    line = ["energia", str(given["kwh"]), printed["unit_net_brl_kwh"]]
    tariff = brazilian(given | {"lines": [line], "icms_bands": [["None", given["icms"]]], "cosip": "0"})

    made = bill(tariff, [DayUse(day=period.first_day, period="all", energy_wh=given["kwh"] * 1000)], period)

    ours = {name.lower(): amount(made, name) for name in ("ICMS", "PIS", "COFINS")} | {"total": made.total.amount}
    assert told(path.stem, ours, printed) <= _CENT


@pytest.mark.parametrize("path", american(gives_to_the_grid=True), ids=lambda path: path.stem)
def test_an_american_rate_that_cannot_be_expressed_is_refused_by_name(path: Path) -> None:
    rate = as_reckoned_there(read(path)["urdb_rate"])

    with pytest.raises(TariffRefused, match="cannot express what is given to the grid"):
        parse_urdb(rate, path.name, ZoneInfo("UTC"))


@pytest.mark.parametrize("path", american(gives_to_the_grid=False), ids=lambda path: path.stem)
def test_an_american_bill_agrees_with_the_other_program(path: Path) -> None:
    case = read(path)
    tariff = parse_urdb(as_reckoned_there(case["urdb_rate"]), path.name, ZoneInfo("UTC"))
    series = load(path.parent / case["load_file"])

    bills = [month_of(tariff, series, month) for month in range(1, 13)]

    ours = {str(at): sum((exact(line) for line in made.lines), Decimal(0)) for at, made in enumerate(bills)}
    most = _CENT if any(line.kind is LineKind.MINIMUM for made in bills for line in made.lines) else case["tolerance"]
    assert told(path.stem, ours, dict(enumerate_texts(case["expected"]["monthly_bill"]))) <= most
    assert all(abs(made.total.amount - ours[str(at)]) <= 3 * _CENT for at, made in enumerate(bills))


def as_reckoned_there(rate: Mapping[str, Any]) -> bytes:
    """The other program makes a twelfth of 365 days of every month; we count a month's days."""
    rate = dict(rate)
    for amount_key, unit_key in (("fixedchargefirstmeter", "fixedchargeunits"), ("mincharge", "minchargeunits")):
        per_month = {"$/day": Decimal(365) / 12, "$/year": 1 / Decimal(12)}.get(rate.get(unit_key, ""), Decimal(1))
        if amount_key in rate:
            rate |= {amount_key: float(rate[amount_key] * per_month), unit_key: "$/month"}
    return json.dumps(rate, default=float).encode()


def load(path: Path) -> list[IntervalUse]:
    start = datetime(2018, 1, 1, tzinfo=UTC)
    with path.open() as file:
        return [
            IntervalUse(
                starts_at=start + timedelta(hours=int(row["hour_index"])),
                period_s=3_600,
                energy_wh=int(row["load_wh"]),
            )
            for row in csv.DictReader(file)
        ]


def month_of(tariff: Tariff, series: Iterable[IntervalUse], month: int) -> Bill:
    first_day = date(2018, month, 1)
    last_day = (first_day + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    period = BillingPeriod(first_day=first_day, last_day=last_day)
    intervals = within(series, tariff, period)
    return bill(tariff, classify(intervals, tariff, period), period, peaks=peaks(intervals, tariff, period))


def exact(line: BillLine) -> Decimal:
    """Before it was rounded."""
    return line.quantity * line.rate


def enumerate_texts(values: Iterable[object]) -> Iterable[tuple[str, object]]:
    return ((str(at), value) for at, value in enumerate(values))
