"""Bill pairs somebody else simulated, in `LAMPLIGHT_DATA/billing/sim`: each comes with the true part of every cause.

Days, prices, taxes, events and the time of use have to be right to a thousandth of the previous bill. Weather and
behaviour are estimates: within 5 % of it, and the biggest driver right, in nine of ten pairs.
"""

import json
import os
import sys
from pathlib import Path

import pytest

from cloud.billing.bill_pair import parse
from cloud.billing.explanation import ROUNDING_MINOR, Factor, explain
from cloud.kernel.money import total

_DATA = os.environ.get("LAMPLIGHT_DATA", "")
_PAIRS = sorted(Path(_DATA, "billing", "sim").glob("hb????.json")) if _DATA else []
_TOLD_AS = {"base": Factor.BEHAVIOUR, "tou": Factor.TIME_OF_USE}

pytestmark = pytest.mark.skipif(not _PAIRS, reason="LAMPLIGHT_DATA holds no billing/sim: no pairs to explain")


class Explained:
    """A pair, our explanation of it, and the truth."""

    def __init__(self, file):
        self.pair = parse(file.read_bytes())
        self.told = explain(self.pair.previous, self.pair.current, self.pair.rate, self.pair.history)
        truth = json.loads(file.with_suffix(".truth.json").read_text())
        self.change = truth["delta_cents"]
        self.parts = {_TOLD_AS.get(name) or Factor(name): cents for name, cents in truth["shapley_cents"].items()}

    def error(self, *factors):
        """The largest error of these parts, as a share of the previous bill."""
        return max(abs(self.told.parts[each].minor - self.parts[each]) for each in factors) / self.told.previous.minor

    @property
    def is_driver_right(self):
        return self.told.driver is max(self.parts, key=lambda factor: abs(self.parts[factor]))


@pytest.fixture(scope="module")
def pairs():
    return [Explained(file) for file in _PAIRS]


def test_every_total_is_recomputed_to_the_cent(pairs):
    sides = [
        (each.pair.rate(side.terms), side.stated) for each in pairs for side in (each.pair.previous, each.pair.current)
    ]
    off = [reckoned.minor - stated.minor for reckoned, stated in sides if reckoned != stated]
    sys.stdout.write(f"{len(sides)} bills, {len(off)} a cent off, for their kWh are rounded to the Wh: {off}" + "\n")

    assert max(map(abs, off), default=0) <= 1 < ROUNDING_MINOR
    assert len(off) <= len(sides) // 20


def test_the_parts_make_up_every_change_to_the_cent(pairs):
    for each in pairs:
        assert total(each.told.parts.values(), each.told.current.currency).minor == each.change


def test_what_can_be_known_is_right_to_a_thousandth(pairs):
    exact = (Factor.DAYS, Factor.TIME_OF_USE, Factor.PRICE, Factor.TAX, Factor.EVENT)

    assert max(each.error(*exact) for each in pairs) <= 0.001


def test_weather_and_behaviour_are_told_within_a_twentieth_in_nine_of_ten(pairs):
    covered = [each for each in pairs if each.told.can_tell]
    errors = sorted(each.error(Factor.WEATHER, Factor.BEHAVIOUR) for each in covered)
    sys.stdout.write(
        f"{len(covered)} of {len(pairs)} pairs, error mean {sum(errors) / len(errors):.2%}, worst {errors[-1]:.2%}\n"
    )

    assert sum(error <= 0.05 for error in errors) >= 0.9 * len(pairs)


def test_the_biggest_driver_is_right_in_nine_of_ten(pairs):
    right = sum(each.is_driver_right for each in pairs)
    sys.stdout.write(f"the biggest driver is right in {right} of {len(pairs)} pairs" + "\n")

    assert right >= 0.9 * len(pairs)
