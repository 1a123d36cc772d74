"""What talks on a line by itself is told by what it says, at the right speed only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.discovery.talk import recognised
from gateway.core.dlms.hdlc import Frame, FrameKind, client_address
from gateway.core.dlms.opto import to_7e1
from tests.fakes_telegrams import sealed

P1 = b"/ISk5\\2MT382-1000\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(101209113020W)\r\n1-0:1.8.1(000123.456*kWh)\r\n"
TIC_HISTORIC = b"\x02\nADCO 021528603314 :\r\nOPTARIF BASE 0\r\n"
TIC_STANDARD = b"\x02\nADSC\t041876097948\t=\r\nVTIC\t02\tJ\r\n"
HDLC = Frame(
    destination=client_address(16),
    source=b"\x03",
    kind=FrameKind.UNNUMBERED_INFORMATION,
    is_final=True,
    info=b"\xe6\xe7\x00\x0f",
).encode()
M_BUS = b"\x68\x03\x03\x68\x53\xff\x00\x52\x16"


@pytest.mark.parametrize(
    ("heard", "kind", "character"),
    [
        (P1, "p1", "8N1"),
        (to_7e1(P1), "p1", "7E1"),
        (to_7e1(TIC_HISTORIC), "tic-historic", "7E1"),
        (to_7e1(TIC_STANDARD), "tic-standard", "7E1"),
        (b"\x00\xff" + HDLC, "hdlc-push", "8N1"),
        (b"\x68" + M_BUS, "m-bus-push", "8N1"),
        (b"\x00" + sealed(P1), "p1", "8N1"),
    ],
)
def test_each_is_told_with_its_characters(heard, kind, character):
    talk = recognised(heard, 9_600)

    assert talk is not None
    assert (talk.kind, talk.character, talk.baud) == (kind, character, 9_600)


def test_the_maker_of_a_telegram_is_named():
    talk = recognised(P1, 115_200)

    assert talk is not None
    assert talk.words == "P1 telegrams of ISk"


@pytest.mark.parametrize(
    "heard", [b"", b"\x55" * 100, P1[:6], M_BUS[:-1], M_BUS[:-2] + b"\x53\x16", HDLC[:-2], sealed(P1)[:-1]]
)
def test_what_is_cut_off_or_noise_is_not_guessed_at(heard):
    assert recognised(heard, 9_600) is None


@given(st.binary(max_size=300))
def test_any_octets_are_borne(heard):
    recognised(heard, 9_600)
