"""The gateway as it is joined obeys every operation there is, and what it changes is in force in its running loops."""

import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.adapters.journal_view import JournalView
from gateway.main import assemble
from gateway.parts import Parts, open_journal, prepare
from gateway.service.commander import Commander
from tests.fakes_commands import AUTHORITY, SIGNERS, UntilHeard, said, sealed
from tests.integration.gateway.commands.typed import command
from wire.commands import OPERATIONS, ChangeSetting, Command, KnownOperation, PingMeter, ReadNow, RotateKey, SetConsent
from wire.events import CommandAnswered
from wire.instants import unix_ms

KEYS = ("operator", "configurer", "key_authority", "second_key_authority")
ORDERS = (
    PingMeter(meter="LMP9"),
    ReadNow(meter="LMP9"),
    ChangeSetting(name="log_level", value="error"),
    ChangeSetting(name="meter.poll_interval_s", value="7"),
    SetConsent(meter="LMP9"),
    RotateKey(),
)


@pytest.fixture
def parts(folder: Path, enrolment: Path) -> Iterator[Parts]:
    """A gateway that is enrolled, with an authority of ours."""
    signers = [signer for role in SIGNERS.values() for signer in role]
    table = "".join(
        f'{name} = """{signer.public.to_pem().decode()}"""\n' for name, signer in zip(KEYS, signers, strict=True)
    )
    enrolment.write_text(f"{enrolment.read_text()}[commands]\n{table}")
    command("enrol", folder, enrolment)
    level = logging.getLogger("gateway").level
    yield prepare(folder)
    logging.getLogger("gateway").setLevel(level)


def order(parts: Parts, number: int, operation: KnownOperation) -> bytes:
    now_ms = unix_ms(parts.clock.now())
    return sealed(
        Command(
            gateway=parts.keys.gateway,
            number=number,
            not_before_ms=now_ms + 1,
            expires_ms=now_ms + 60_000,
            actor="ana",
            role=OPERATIONS[type(operation)],
            operation=operation,
        )
    )


def test_every_operation_has_somebody_and_settings_are_in_force_at_once(parts: Parts, folder: Path) -> None:
    with closing(open_journal(parts)) as journal:
        (commander,) = [loop for loop in assemble(parts, journal) if isinstance(loop, Commander)]
        commander.run(UntilHeard(commander))
        for number, operation in enumerate(ORDERS, start=1):
            commander.hear(said(order(parts, number, operation)))
        commander.run(UntilHeard(commander))

    with JournalView(folder / "journal.sqlite") as view:
        events = [row.record.event for row in view.newest(50)]
    answers = [event.detail for event in events if isinstance(event, CommandAnswered)]
    assert {type(operation) for operation in ORDERS} == set(OPERATIONS)
    assert answers[:2] == ["this gateway asks no meter of this serial number"] * 2
    assert answers[2:4] == ["log_level is error", "meter.poll_interval_s is 7"]
    assert all("nobody to do that" not in answer for answer in answers)
    assert answers[5].startswith("key ")
    assert logging.getLogger("gateway").level == logging.ERROR
    assert prepare(folder).settings.meter.poll_interval_s == 7


def test_it_was_enrolled_with_the_keys_it_obeys(parts: Parts) -> None:
    assert parts.enrolment.authority == AUTHORITY
