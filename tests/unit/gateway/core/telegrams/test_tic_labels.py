"""The status register of a Linky, bit by bit."""

import pytest

from gateway.core.telegrams.tic_labels import LABELS, Status, SwitchState


@pytest.mark.parametrize(
    ("state", "bits", "control"),
    [
        (SwitchState.CLOSED, 0, 1),
        (SwitchState.OPEN_OVER_POWER, 1, 2),
        (SwitchState.OPEN_OVER_VOLTAGE, 2, 0),
        (SwitchState.OPEN_BY_ORDER, 4, 0),
        (SwitchState.UNKNOWN, 7, None),
    ],
)
def test_the_switch_is_told_as_cosem_numbers_it(state, bits, control):
    status = Status(bits << 1)

    assert status.switch is state
    assert status.switch.control_state == control


@pytest.mark.parametrize(
    ("bit", "word"),
    [
        (0, "contact open"),
        (4, "terminal cover open"),
        (6, "over-voltage"),
        (7, "over the reference power"),
        (8, "producer"),
        (9, "giving energy"),
        (16, "clock degraded"),
        (17, "standard mode"),
        (24, "today blue"),
        (26, "tomorrow blue"),
        (28, "peak 1 announced"),
        (30, "peak 1"),
    ],
)
def test_each_bit_has_its_word(bit, word):
    assert word in Status(1 << bit).words().split(", ")
    assert word not in Status(0).words().split(", ")


def test_the_tariffs_count_from_one():
    status = Status(9 << 10 | 3 << 14)

    assert (status.tariff, status.distributor_tariff) == (10, 4)


def test_no_code_stands_behind_two_labels_of_one_contract():
    standard = [label for label in LABELS if label.startswith(("EAS", "ERQ", "EAIT"))]

    assert len({LABELS[label].obis for label in standard}) == len(standard)
