"""Units and scalers as a register tells them."""

from decimal import Decimal

import pytest

from gateway.core.dlms.cosem_unit import scaled, scaler_unit, symbol
from gateway.core.dlms.data import Data, DataType
from gateway.core.errors import Undecodable
from tests.fakes_meter import array, structure, u8
from tests.fakes_meter import scaler_unit as scaler_unit_data


def test_a_scaler_is_an_exponent_and_a_unit():
    assert scaler_unit(scaler_unit_data(-1, 35)) == (-1, 35)


@pytest.mark.parametrize(
    "data", [u8(1), structure(u8(1)), structure(u8(1), u8(2), u8(3)), scaler_unit_data(31, 35), array()]
)
def test_what_is_no_scaler_is_refused(data):
    with pytest.raises(Undecodable):
        scaler_unit(data)


@pytest.mark.parametrize(
    ("value", "exponent", "result"), [(2364, -1, "236.4"), (63, -2, "0.63"), (12, 3, "12000"), (230.5, -1, "23.05")]
)
def test_scaling_is_exact(value, exponent, result):
    assert scaled(value, exponent) == Decimal(result)


def test_the_units_of_electricity_have_their_symbols():
    assert [symbol(unit) for unit in (27, 30, 33, 35, 44, 255)] == ["W", "Wh", "A", "V", "Hz", ""]
    assert symbol(200) == "unit-200"


def test_a_scaler_of_another_type_is_refused():
    with pytest.raises(Undecodable):
        scaler_unit(structure(Data(DataType.OCTET_STRING, b""), u8(35)))
