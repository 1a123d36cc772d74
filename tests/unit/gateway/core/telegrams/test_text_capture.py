"""Which reader a capture of text is for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.telegrams import p1, readout, tic
from gateway.core.telegrams.text_capture import reader_of
from tests.fakes_telegrams import block, historic, old_telegram, sealed, seven_bit, standard, telegram

P1 = telegram("1-0:1.8.1(000004.426*kWh)")
OLD = old_telegram("1-0:1.8.1(000004.426*kWh)")
TIC = historic(ADCO="270622224349", PAPP="00450")
STANDARD = standard(("ADSC", "031762120162"), ("EAST", "033172790"))
EXCHANGE = b"/?!\r\n/LMP5LAMPSIM01\r\n\x06050\r\n" + block("1.8.0(001234.567*kWh)")


@pytest.mark.parametrize(
    ("capture", "reader"),
    [
        (P1, p1.read_telegrams),
        (b"half of one\r\n!\r\n" + P1, p1.read_telegrams),
        (OLD, p1.read_telegrams),
        (sealed(P1), p1.read_telegrams),
        (TIC, tic.read_telegrams),
        (TIC.strip(b"\x02\x03\n"), tic.read_telegrams),
        (STANDARD, tic.read_telegrams),
        (EXCHANGE, readout.read_telegrams),
        (block("1.8.0(001234.567*kWh)"), readout.read_telegrams),
        (bytes.fromhex("7ea0"), None),
        (bytes.fromhex("68fafa68"), None),
        (b"", None),
        (b"hello world\r\n", None),
    ],
)
def test_each_form_is_told_from_the_others(capture, reader):
    assert reader_of(capture) is reader


@pytest.mark.parametrize("capture", [OLD, TIC, STANDARD, EXCHANGE])
def test_parity_bits_make_no_difference(capture):
    assert reader_of(seven_bit(capture)) is reader_of(capture)


@given(st.binary(max_size=300))
def test_any_octets_have_a_reader_or_none(octets):
    assert reader_of(octets) in (None, p1.read_telegrams, tic.read_telegrams, readout.read_telegrams)
