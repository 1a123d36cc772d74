"""The page about commands: it names every order with its role, every setting, and commands that there are."""

import re
import shlex
from pathlib import Path

from cloud.cli import words_of
from cloud.edge.service import in_words
from gateway.config import CHANGEABLE
from wire.commands import OPERATIONS, SIGNATURES, ChangeSetting, PingMeter, ReadNow, RotateKey, SetConsent

ROOT = Path(__file__).parents[2] / "docs"
PAGE = (ROOT / "how-to" / "commands.md").read_text(encoding="utf-8")
WIRE = (ROOT / "wire.md").read_text(encoding="utf-8")
ORDERS = (
    PingMeter(meter="METER"),
    ReadNow(meter="METER"),
    ChangeSetting(name="NAME", value="[VALUE]"),
    SetConsent(meter="METER [SECONDS]"),
    RotateKey(),
)


def test_every_order_stands_there_with_its_role_and_its_signatures() -> None:
    rows = re.findall(r"^\| `([a-z-]+[^`]*)` \| ([a-z ]+) \| (\d) \|", PAGE, re.MULTILINE)

    roles = [OPERATIONS[type(order)] for order in ORDERS]
    assert len(ORDERS) == len(OPERATIONS)
    assert rows == [
        (in_words(order), role.name.lower().replace("_", " "), str(SIGNATURES[role]))
        for order, role in zip(ORDERS, roles, strict=True)
    ]


def test_every_setting_that_can_be_changed_stands_there() -> None:
    assert set(re.findall(r"^\| `([a-z_.]+_s|log_level)` \|", PAGE, re.MULTILINE)) == set(CHANGEABLE)


def test_the_commands_it_shows_are_commands() -> None:
    shown = re.findall(r"^\$ lamplight-cloud (.*)$", PAGE, re.MULTILINE)

    parsed = [words_of().parse_args(shlex.split(line)) for line in shown]

    assert len(parsed) == 3


def test_the_contracts_table_is_the_codes() -> None:
    rows = re.findall(r"^\| (\d+) \| (\w+) \| `[^`]*` \| (\d) [a-z ]+ \| (\d) \|", WIRE, re.MULTILINE)

    assert rows == [
        (str(operation.code), operation.__name__, str(int(role)), str(SIGNATURES[role]))
        for operation, role in OPERATIONS.items()
    ]
