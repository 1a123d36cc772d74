"""Data readouts: the block check, short codes, and whole exchanges as they passed on a line."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dlms.push.pushed import Proof, Push
from gateway.core.errors import CaptureRefused
from gateway.core.telegrams.readout import MAX_BLOCK_BYTES, ReadoutKind, read_telegrams
from tests.fakes_telegrams import block, readings_of, seven_bit

LINES = (
    "F.F(00000000)",
    "0.0.0(12345678)",
    "C.1.0(37604977)",
    "0.9.1(154230)",
    "0.9.2(26-07-04)",
    "1.8.0(001234.567*kWh)",
    "1.8.0*01(001200.000*kWh)",
    "1.6.0(02.589*kW)(2607030915)",
    "32.7(230.1*V)",
    "C.7.0(0007)",
)
BLOCK = block(*LINES)
EXCHANGE = b"/?!\r\n/LMP5LAMPSIM01\r\n\x06050\r\n" + BLOCK


def only(capture):
    (push,) = read_telegrams(capture)
    return push


def refused(capture):
    with pytest.raises(CaptureRefused) as caught:
        read_telegrams(capture)
    return caught.value


def test_a_readout_is_told_by_whole_codes_in_base_units():
    push = only(BLOCK)

    assert (push.kind, push.proof) == (ReadoutKind.READOUT, Proof.BLOCK_CHECK)
    assert push.sent_at.text() == "2026-07-04T15:42:30"
    assert readings_of(push) == {
        "0.0.97.97.0.255": "00000000",
        "1.0.0.0.0.255": "12345678",
        "0.0.96.1.0.255": "37604977",
        "1.0.0.9.1.255": "154230",
        "1.0.0.9.2.255": "26-07-04",
        "1.0.1.8.0.255": Decimal("1234567"),
        "1.0.1.8.0.1": Decimal("1200000"),
        "1.0.1.6.0.255": Decimal("2589"),
        "1.0.32.7.0.255": Decimal("230.1"),
        "0.0.96.7.0.255": Decimal(7),
    }


def test_a_value_may_have_its_own_time():
    by_code = {str(reading.obis): reading for reading in only(BLOCK).readings}

    assert by_code["1.0.1.6.0.255"].at.text() == "2026-07-03T09:15:00"


def test_a_register_without_a_unit_is_a_number_and_several_values_stay_as_they_stand():
    push = only(block("1.8.1(0000123.4)", "P.01(2607040000)(00)(15)(3)"))

    assert readings_of(push) == {
        "1.0.1.8.1.255": Decimal("123.4"),
        "1.0.99.1.0.255": "(2607040000)(00)(15)(3)",
    }


@pytest.mark.parametrize("date", ["2026-07-04", "0260704", "260704"])
@pytest.mark.parametrize("time", ["15:42", "1542", "0154200", "15:42:00"])
def test_makers_write_date_and_time_in_many_ways(date, time):
    push = only(block(f"0.9.1({time})", f"0.9.2({date})"))

    assert push.sent_at.text() == "2026-07-04T15:42:00"


def test_a_whole_exchange_is_read_and_tells_the_meter():
    assert only(EXCHANGE).sender == "LMP5LAMPSIM01"


def test_parity_bits_may_be_there():
    assert only(seven_bit(EXCHANGE)) == only(EXCHANGE)


def test_a_block_that_was_repeated_counts_where_the_repetition_is_sound():
    spoilt = BLOCK.replace(b"1234.", b"1235.")

    assert len(read_telegrams(spoilt + b"\x15" + BLOCK)) == 1


def test_one_wrong_character_is_found():
    assert "block check" in refused(BLOCK.replace(b"1234.", b"1235.")).what


def test_a_flipped_bit_is_found_by_its_parity():
    octets = bytearray(seven_bit(EXCHANGE))
    octets[-40] ^= 0x80

    assert refused(bytes(octets)).kind == ReadoutKind.DAMAGED


@pytest.mark.parametrize("capture", [b"", b"hello", b"/?!\r\n", BLOCK[:-2], block(), b"x" * (MAX_BLOCK_BYTES + 1)])
def test_what_is_no_whole_readout_is_refused(capture):
    assert refused(capture).kind == ReadoutKind.DAMAGED


@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_octets_are_a_readout_or_the_typed_refusal(octets, at):
    try:
        found = read_telegrams(EXCHANGE[:at] + octets + EXCHANGE[at:])
    except CaptureRefused:
        found = ()

    assert all(isinstance(item, Push) for item in found)
