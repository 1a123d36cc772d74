"""What the guide to changes of a bill shows works as it is written there."""

import json
import re
from datetime import date
from pathlib import Path

from cloud.billing.bill_pair import parse
from cloud.billing.explanation import Caveat, Factor, explain

GUIDE = (Path(__file__).parents[2] / "docs/how-to/bill-changes.md").read_text()
SMALLEST, RUNNING = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)


def test_the_smallest_pair_is_explained_and_its_totals_are_ours():
    pair = parse(SMALLEST.encode())

    told = explain(pair.previous, pair.current, pair.rate, pair.history)

    assert [side.stated for side in (pair.previous, pair.current)] == [
        pair.rate(side.terms) for side in (pair.previous, pair.current)
    ]
    assert set(told.caveats) == {Caveat.TOO_LITTLE_HISTORY, Caveat.TEMPERATURES_MISSING}
    assert told.driver is Factor.USE


def test_a_running_bill_says_when_it_began():
    pair = parse(json.dumps(json.loads(SMALLEST) | json.loads(f"{{{RUNNING}}}")).encode())

    assert pair.current.period.first_day == date(2026, 7, 3)
    assert pair.today == date(2026, 7, 18)
