import pytest

from simulators.meter.link_parameters import LIMITS, LinkParameters, agree

DEFAULTS = LinkParameters()


def test_a_reader_that_proposes_nothing_gets_the_defaults() -> None:
    assert agree(b"", LIMITS) == LinkParameters(
        transmit_bytes=128, receive_bytes=128, transmit_window=1, receive_window=1
    )


def test_what_the_reader_receives_is_what_the_meter_transmits() -> None:
    proposal = LinkParameters(transmit_bytes=300, receive_bytes=2_030, transmit_window=2, receive_window=7)

    agreed = agree(proposal.to_bytes(), LIMITS)

    assert agreed == LinkParameters(transmit_bytes=2_030, receive_bytes=300, transmit_window=7, receive_window=2)


def test_the_meter_lowers_what_it_cannot_do() -> None:
    proposal = LinkParameters(transmit_bytes=2_030, receive_bytes=2_030, transmit_window=7, receive_window=7)

    assert agree(proposal.to_bytes(), DEFAULTS) == DEFAULTS


def test_a_parameter_that_is_missing_has_its_default() -> None:
    assert agree(bytes.fromhex("818004060207ee"), LIMITS) == LinkParameters(transmit_bytes=2_030)


def test_parameters_and_groups_nobody_knows_are_ignored() -> None:
    assert agree(bytes.fromhex("8180070f02ffff06010af000"), LIMITS).transmit_bytes == 10


@pytest.mark.parametrize(
    "text",
    ["81", "8280120501", "818012050180", "8180020501", "818003050100", "818006070400000000"],
    ids=["cut", "other format", "group cut", "parameter cut", "frame of nothing", "window of nothing"],
)
def test_a_proposal_that_cannot_be_met_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        agree(bytes.fromhex(text), LIMITS)


@pytest.mark.parametrize("size", [1, 128, 255, 256, 2_030])
def test_parameters_survive_their_bytes(size: int) -> None:
    parameters = LinkParameters(transmit_bytes=size, receive_bytes=size)

    assert agree(parameters.to_bytes(), LIMITS) == parameters
