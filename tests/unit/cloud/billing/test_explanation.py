"""A change of a bill is told by its causes, and what nobody can tell is not guessed."""

import json
from dataclasses import replace
from fractions import Fraction

import pytest

from cloud.billing.bill_pair import parse
from cloud.billing.explanation import Caveat, Factor, explain
from cloud.kernel.money import Currency, Money, total
from runtime.errors import InputRefused
from tests.fakes_bills import pair, written


def explained(document):
    read = parse(written(document))
    read.check_is_whole()
    return explain(read.previous, read.current, read.rate, read.history)


def changed(**current):
    return {"current": {"n": 30, "price": "old", "tax": 0.1, "event": 0} | current}


@pytest.mark.parametrize(
    ("document", "driver"),
    [
        (pair(days=(28, 36)), Factor.DAYS),
        (pair(base=(8.0, 16.0)), Factor.BEHAVIOUR),
        (pair(peak=(0.1, 0.7)), Factor.TIME_OF_USE),
        (pair(**changed(price="new")), Factor.PRICE),
        (pair(**changed(tax=0.4)), Factor.TAX),
        (pair(**changed(event=-60)), Factor.EVENT),
    ],
)
def test_what_was_changed_is_what_drives_the_bill(document, driver):
    explanation = explained(document)

    assert explanation.driver is driver
    assert total(explanation.parts.values(), Currency.EUR) == explanation.change


def test_what_did_not_change_has_exactly_nothing():
    parts = explained(pair(base=(8.0, 11.0))).parts

    unchanged = (Factor.DAYS, Factor.PRICE, Factor.TAX, Factor.EVENT)
    assert {parts[factor].minor for factor in unchanged} == {0}


def test_a_change_without_any_cause_is_an_event_to_the_cent():
    read = parse(written(pair()))
    before, after = (replace(read.current, stated=Money(cents, Currency.EUR)) for cents in (1_000, 1_200))
    after = replace(after, reckoned=Money(1_150, Currency.EUR))  # the same use, on dearer days

    explanation = explain(before, after, read.rate, read.history)

    assert explanation.parts[Factor.EVENT] == Money(200, Currency.EUR)
    assert total(explanation.parts.values(), Currency.EUR) == explanation.change


def test_a_price_by_another_name_is_no_change():
    document = pair(**changed(price="again"))
    document["tariff"] = document["tariff"] | {"again": document["tariff"]["old"]}

    assert explained(document).parts[Factor.PRICE].minor == 0


def test_with_too_little_history_weather_and_behaviour_stay_one_part():
    document = pair(base=(8.0, 16.0))
    for column in ("days", "temp_c", "kwh", "peak_kwh"):
        document[column] = document[column][131:]  # 239 days and the previous 30: one short of nine months

    explanation = explained(document)

    assert not explanation.can_tell
    assert explanation.caveats == (Caveat.TOO_LITTLE_HISTORY,)
    assert explanation.driver is Factor.USE
    assert Factor.WEATHER not in explanation.parts


def test_without_the_temperatures_of_a_bill_nobody_knows_its_weather():
    document = pair()
    document["temp_c"][-4:] = [None] * 4

    assert explained(document).caveats == (Caveat.TEMPERATURES_MISSING,)


def test_three_days_without_temperature_are_bearable():
    document = pair()
    document["temp_c"][-3:] = [None] * 3

    assert explained(document).can_tell


def test_an_estimate_that_was_put_right_is_an_event_and_no_habit():
    corrected = {"previous": {"n": 30, "price": "old", "tax": 0.1, "event": -40}, **changed(event=40)}

    explanation = explained(pair(flags=["prev_estimated", "cur_catchup"], **corrected))

    assert explanation.driver is Factor.EVENT
    assert explanation.parts[Factor.EVENT] == Money(8_800, Currency.EUR)
    assert explanation.caveats == (Caveat.ESTIMATED, Caveat.CATCH_UP)
    assert explanation.can_tell


def test_an_estimate_that_was_never_put_right_hides_weather_and_habits():
    explanation = explained(pair(flags=["cur_estimated"]))

    assert explanation.caveats == (Caveat.ESTIMATED_NOT_PUT_RIGHT,)
    assert not explanation.can_tell


def test_what_the_utility_asks_beyond_what_we_reckon_is_told_as_an_event():
    asked = explained(pair()).current.amount + 25

    explanation = explained(pair(**changed(total=float(asked))))

    assert explanation.current.amount == asked
    assert explanation.parts[Factor.EVENT] == Money(2_500, Currency.EUR)
    assert explanation.caveats == (Caveat.UTILITY_RECKONS_OTHERWISE,)


def test_two_cents_of_rounding_are_no_event():
    asked = (explained(pair()).current + Money(2, Currency.EUR)).amount

    explanation = explained(pair(**changed(total=float(asked))))

    assert explanation.parts[Factor.EVENT].minor == 0
    assert total(explanation.parts.values(), Currency.EUR) == explanation.change


def test_the_same_bill_twice_has_no_driver():
    read = parse(written(pair()))

    explanation = explain(read.previous, read.previous, read.rate, read.history)

    assert explanation.driver is None
    assert explanation.change.minor == 0


def test_a_month_nobody_was_at_home_is_explained_too():
    document = pair()
    document["kwh"][-30:] = document["peak_kwh"][-30:] = [0] * 30

    explanation = explained(document)

    assert explanation.driver is Factor.BEHAVIOUR
    assert explanation.parts[Factor.TIME_OF_USE].minor == 0
    assert total(explanation.parts.values(), Currency.EUR) == explanation.change


def test_a_total_that_is_left_out_is_the_one_we_reckon():
    read = parse(written(pair()))

    assert read.current.stated == read.rate(read.current.terms)


def test_degrees_fahrenheit_are_read_as_well():
    document = pair()
    temperatures = document.pop("temp_c")

    read = parse(written(document | {"temp_f": [round(value * 1.8 + 32, 2) for value in temperatures]}))

    assert [record.temperature_c for record in read.records] == pytest.approx(temperatures)


def test_the_current_bill_is_the_last_of_the_days_and_the_previous_one_before_it():
    read = parse(written(pair(days=(29, 33))))

    assert read.records[-1].day == read.current.period.last_day
    assert (read.current.period.first_day - read.previous.period.last_day).days == 1
    assert (read.previous.period.days, read.current.period.days) == (29, 33)
    assert read.current.used_wh == sum(round(Fraction(str(kwh)) * 1000) for kwh in pair(days=(29, 33))["kwh"][-33:])


@pytest.mark.parametrize(
    ("spoiled", "where"),
    [
        ({"days": []}, "days"),
        ({"days": None}, "days"),
        ({"kwh": [1]}, "kwh"),
        ({"tariff": {"old": {"fix": 1}}}, "tariff.old.off"),
        ({"tariff": []}, "tariff"),
        ({"currency": "XXX"}, "currency"),
        ({"flags": ["late"]}, "flags"),
        ({"case": 7}, "case"),
        (changed(price="newest"), "current.price"),
        (changed(n=0), "current.n"),
        (changed(n=2.5), "current.n"),
        (changed(tax=True), "current.tax"),
        (changed(tax=10**12), "current.tax"),
        (changed(first_day="soon"), "current.first_day"),
        (changed(first_day="2024-12-02"), "previous.n"),
    ],
)
def test_a_document_that_does_not_fit_together_is_refused_by_its_key(spoiled, where):
    with pytest.raises(InputRefused) as refused:
        parse(written(pair() | spoiled))

    assert refused.value.where == where


@pytest.mark.parametrize("data", [b"", b"[1]", b"\xff", b"[" * 100_000, b" " * 2_000_001])
def test_what_is_no_json_object_is_refused(data):
    with pytest.raises(InputRefused):
        parse(data)


@pytest.mark.parametrize(("column", "value"), [("kwh", -1), ("peak_kwh", 10**6), ("kwh", float("nan"))])
def test_energy_that_cannot_be_is_refused(column, value):
    document = pair()
    document[column][5] = value

    with pytest.raises(InputRefused):
        parse(json.dumps(document).encode())


def test_days_that_are_out_of_order_are_refused():
    document = pair()
    document["days"][7] = document["days"][5]

    with pytest.raises(InputRefused, match="follow"):
        parse(written(document))


def test_a_bill_with_a_day_nobody_knows_is_not_explained():
    document = pair()
    document["kwh"][-1] = document["peak_kwh"][-1] = None

    with pytest.raises(InputRefused, match="nothing is known"):
        explained(document)
