"""Lines of text: codes, numbers in base units, and local times."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.telegrams.data_sets import DataSet, amount, base_unit, data_sets, local_time, obis_of


def test_a_line_may_hold_several_data_sets():
    assert data_sets("1.8.0(000123*kWh)1.8.0*01(000100*kWh)(0809010000)") == (
        DataSet(code="1.8.0", values=("000123*kWh",)),
        DataSet(code="1.8.0*01", values=("000100*kWh", "0809010000")),
    )


@pytest.mark.parametrize("line", ["", "1.8.0", "1.8.0(12", "1.8.0)12(", "1.8.0((12))", "1.8.0(1)x", "x" * 41 + "(1)"])
def test_a_line_that_is_no_data_set_is_none(line):
    assert data_sets(line) is None


@pytest.mark.parametrize(
    ("code", "whole"),
    [
        ("1-0:1.8.0*255", "1.0.1.8.0.255"),
        ("1-0:1.8.0", "1.0.1.8.0.255"),
        ("1-0:99:97.0", "1.0.99.97.0.255"),
        ("1.8.1*04", "1.0.1.8.1.4"),
        ("1.8.1&04", "1.0.1.8.1.4"),
        ("0.0.0", "1.0.0.0.0.255"),
        ("0.9.1", "1.0.0.9.1.255"),
        ("C.1.0", "0.0.96.1.0.255"),
        ("C.7.1", "0.0.96.7.1.255"),
        ("F.F", "0.0.97.97.0.255"),
        ("F.F.0", "0.0.97.97.0.255"),
        ("L.1", "1.0.98.1.0.255"),
        ("P.01", "1.0.99.1.0.255"),
    ],
)
def test_a_short_code_is_completed_as_the_standard_has_it(code, whole):
    assert str(obis_of(code)) == whole


@pytest.mark.parametrize("code", ["", "1-0:1.8.256", "GERA", "1.8.0.1.2.3.4", "1-0:1.8.0*", "-:..", "1.8.०"])
def test_what_is_no_code_is_none(code):
    assert obis_of(code) is None


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("00000896.020*kWh", "896020", "Wh"),
        ("00052185.7825309*kWh", "52185782.5309", "Wh"),
        ("0000.308*kVAr", "308", "var"),
        ("00000518.309*kVArh", "518309", "varh"),
        ("1.5*MW", "1500000", "W"),
        ("500*mA", "0.500", "A"),
        ("0,5*A", "0.5", "A"),
        ("-12.5*W", "-12.5", "W"),
        ("00112.384*m3", "112.384", "m³"),
        ("0.012*GJ", "12000000", "J"),
        ("00015", "15", ""),
        ("7*furlong", "7", "furlong"),
    ],
)
def test_a_number_is_told_in_its_base_unit(text, number, unit):
    found = amount(text)

    assert (str(found.number), found.unit) == (number, unit)


@pytest.mark.parametrize("text", ["", "*kWh", "1e5*Wh", "12*", "0x12*Wh", "nan", "1" * 16, "1.*Wh", "1*k Wh"])
def test_what_is_no_number_is_none(text):
    assert amount(text) is None


def test_milli_is_not_mega():
    assert base_unit("mW") == ("W", -3)
    assert base_unit("MW") == ("W", 6)


def test_the_letter_of_a_time_tells_summer_time():
    assert local_time("170702192002S").status.is_daylight_saving
    assert not local_time("170102192002W").status.is_daylight_saving
    assert local_time("170102192002").status.octet is None


@pytest.mark.parametrize("text", ["170229120000W", "171302120000W", "170101240000W", "170431120000S", "632525252525S"])
def test_a_time_that_cannot_be_is_none(text):
    assert local_time(text) is None


@given(st.text(max_size=60))
def test_any_text_is_a_line_or_none(text):
    for found in data_sets(text) or ():
        assert found.values

    assert amount(text) is None or amount(text).number.is_finite()
    assert obis_of(text) is None or len(obis_of(text).octets) == 6


@given(st.decimals(min_value=0, max_value=10**14, places=3))
def test_scaling_loses_nothing(number):
    assert amount(f"{number}*kWh").number == number * Decimal(1000)
