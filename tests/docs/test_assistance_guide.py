"""What the guide to programmes shows works as it is written there."""

import json
import re
from pathlib import Path

import pytest

from cloud.assist_commands import cases
from cloud.assistance.check import Likely, assess, assess_all
from cloud.assistance.programme_file import load, parse

GUIDE = (Path(__file__).parents[2] / "docs/how-to/assistance.md").read_text()
(SMALLEST,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
(ASKED,) = re.findall(r"echo '(.*?)' \| lamplight-cloud assist -", GUIDE, re.DOTALL)


def test_the_question_it_begins_with_is_answered():
    (case,) = cases(ASKED.encode(), "the guide", None)

    found = assess_all(load(), case.facts, case.jurisdiction, case.on)

    assert [each.programme.id for each in found if isinstance(each, Likely)] == ["br-tsee"]
    assert json.loads(ASKED)["facts"]["kwh"] == 70


@pytest.mark.parametrize(("people", "limit"), [(1, "1621"), (2, "2431.50"), (4, "4052.50")])
def test_the_smallest_programme_is_a_programme(people, limit):
    programme = parse(SMALLEST.encode(), "the guide")
    (version,) = programme.versions
    facts = programme.known({"household_size": people, "income_monthly": limit})

    assert isinstance(assess(programme, facts, "BR-PR-ACACIAS", version.valid_from), Likely)
