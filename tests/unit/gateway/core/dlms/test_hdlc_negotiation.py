"""What the ends of a link agree on."""

import pytest

from gateway.core.dlms.hdlc_negotiation import LinkSettings, Negotiated, negotiate, proposal

LONG = LinkSettings(max_info_bytes=2030, window=7)
SHORT = LinkSettings(max_info_bytes=128, window=1)


def test_we_offer_long_frames_and_several_in_a_row():
    assert proposal(LONG).hex() == "818014050207ee060207ee070400000007080400000007"


def test_a_length_below_256_takes_one_octet():
    assert proposal(LinkSettings(max_info_bytes=128, window=2)).hex() == "818012050180060180070400000002080400000002"


def test_who_wants_the_default_offers_nothing():
    assert proposal(SHORT) == b""


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [
        ("81801205018006018007040000000108040000 0001", Negotiated(info_bytes=128, window=1)),
        ("818014050207ee06020200070400000007080400000003", Negotiated(info_bytes=512, window=3)),
        ("", Negotiated()),
        ("818000", Negotiated()),
        ("8180030602", Negotiated()),
        ("ffff", Negotiated()),
        ("81800806020fff080400000063", Negotiated(info_bytes=2030, window=7)),
        ("8180060600080400000000", Negotiated(info_bytes=1, window=1)),
    ],
)
def test_we_send_what_the_meter_takes_and_no_more_than_we_offered(answer, agreed):
    assert negotiate(bytes.fromhex(answer), LONG) == agreed


def test_a_meter_that_takes_more_than_we_offered_gets_what_we_offered():
    assert negotiate(bytes.fromhex("818014050207ee060207ee070400000007080400000007"), SHORT) == Negotiated()
