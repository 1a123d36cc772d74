"""Genuine messages said again where they mean nothing: on another topic, for another gateway, for another purpose.

Four gateways with real journals have spoken, the cloud's real intake has stored it and receipted it, each has obeyed a
command, and they have spoken again, unheard as yet. Now an adversary who heard everything says it again, thousands of
times, to the cloud and to the gateways. An effect is a row of the cloud's database, of a gateway's journal or of its
record of commands that is there after and was not before, or the other way round, and a command that is done again;
only quarantine may note what it saw. What the adversary may not have is a key; so what was really signed *for another
purpose* is tried too: events in the very place that the next one would take, and commands.
"""

import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.commanded import Commanded
from cloud.ingest.service import Intake, Message
from cloud.kernel.db import Database
from cloud.kernel.ids import MeterSerial, UsagePointId
from cloud.registry import store as registry
from cloud.registry.model import Gateway, Place, Status
from gateway.adapters import journal_file
from gateway.adapters.journal import Journal
from gateway.core.outbox import Change, Entry
from runtime.clock import Clock
from wire import topics
from wire.commands import AuthorityKey, Role, seal_command
from wire.envelope import Purpose, parse, seal
from wire.events import GatewayStarted, IntervalReadings, SupplyLost
from wire.ids import GatewayId, gateway_id_of
from wire.instants import unix_ms
from wire.keys import SoftwareSigner
from wire.receipts import open_receipt
from wire.refusals import WireRefused
from wire.terms import Lane
from wire.units import Quantity

GATEWAYS: Final = 4
ROUNDS: Final = 8
_BATCH: Final = 100
_MAY_NOTE: Final = ("quarantine", "sqlite_sequence")  # the second counts the rows of the first
_NO_EVENT: Final = tuple(purpose for purpose in Purpose if purpose is not Purpose.EVENT)

Rows = Counter[tuple[str, tuple[object, ...]]]


@dataclass(slots=True, kw_only=True)
class Heard:
    """What an adversary on the line wrote down."""

    events: list[Message] = field(default_factory=list)
    receipts: list[Message] = field(default_factory=list)
    misused: list[Message] = field(default_factory=list)  # signed by a gateway, for another purpose than an event
    commands: list[bytes] = field(default_factory=list)
    misused_commands: list[bytes] = field(default_factory=list)


class Town:
    """Some gateways, their cloud, and what was heard of them."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self.heard = Heard()
        self._cloud_key = SoftwareSigner.generate()
        self.database = Database.open(folder / "cloud.sqlite")
        self.database.create_tables()
        self.intake = Intake(database=self.database, clock=clock, signer=self._cloud_key, on_commit=_nobody_waits)
        self.signers = [SoftwareSigner.generate() for _ in range(GATEWAYS)]
        self.journals = [self._journal(number) for number in range(GATEWAYS)]
        self._operator = SoftwareSigner.generate()
        authority = [AuthorityKey(role=Role.OPERATOR, key=self._operator.public)]
        self.commanded = [
            Commanded(journal, authority, folder / f"commands-{number}.json", clock)
            for number, journal in enumerate(self.journals)
        ]

    def close(self) -> None:
        """Let all files go."""
        self.settle()
        for journal in self.journals:
            journal.close()
        self.database.close()

    def speak(self, *, is_heard: bool) -> None:
        """Every gateway says something in every lane; the cloud hears it, or has not yet."""
        for journal, signer in zip(self.journals, self.signers, strict=True):
            for _ in range(ROUNDS):
                journal.commit(*map(_change, self._events()))
            for lane in Lane:
                rows = journal.oldest_waiting(lane, ROUNDS)
                said = [Message(topic=topics.up(journal.gateway, lane), payload=row.envelope) for row in rows]
                if is_heard:
                    self.heard.events += said
                    self._hear(journal, self.intake.take(said))
                else:
                    self.heard.misused += [
                        _misused(message, signer, purpose) for message in said for purpose in _NO_EVENT
                    ]

    def order(self) -> None:
        """Every gateway hears one command for itself, and does it."""
        for gateway in self.commanded:
            command = gateway.next_command(unix_ms(self._clock.now()))
            sealed = seal_command(command, [self._operator])
            gateway.hear(sealed)
            self.heard.commands.append(sealed)
            payload = parse(sealed).payload
            others = (purpose for purpose in Purpose if purpose is not Purpose.COMMAND)
            self.heard.misused_commands += [seal(payload, self._operator, purpose) for purpose in others]
        self.settle()

    def settle(self) -> None:
        """Wait until every command that was heard is dealt with."""
        for gateway in self.commanded:
            gateway.end()
        for gateway in self.commanded:
            gateway.settle()

    @property
    def done(self) -> int:
        """How many commands were done by all gateways."""
        return sum(gateway.done for gateway in self.commanded)

    def take(self, messages: list[Message]) -> None:
        """Say these to the cloud."""
        self.intake.take(messages)

    def tell(self, journal: Journal, payload: bytes) -> None:
        """Say this to a gateway, on the topic of its receipts."""
        try:
            receipt = open_receipt(payload, self._cloud_key.public)
        except WireRefused:
            return
        journal.apply(receipt, payload)

    def rows(self) -> Rows:
        """Every row that anybody keeps."""
        found: Rows = Counter()
        for file in (self._folder / "cloud.sqlite", *sorted(self._folder.glob("journal-*.sqlite"))):
            found += _rows_of(file)
        found.update((file.name, (file.read_text(),)) for file in self._folder.glob("commands-*.json"))
        return found

    def _hear(self, journal: Journal, receipts: list[Message]) -> None:
        self.heard.receipts += receipts
        for receipt in receipts:
            self.tell(journal, receipt.payload)

    def _journal(self, number: int) -> Journal:
        signer, path = self.signers[number], self._folder / f"journal-{number}.sqlite"
        name = gateway_id_of(signer.public.spki)
        journal_file.create(path, name, gen=1)
        self._register(name, signer, number)
        return Journal.open(path, name, signer, self._clock)

    def _register(self, name: GatewayId, signer: SoftwareSigner, number: int) -> None:
        place = Place(usage_point=UsagePointId(f"UP-{number}"), meter=MeterSerial(f"LMP{number:08}"))
        known = Gateway(
            id=name,
            key=signer.public,
            places=(place,),
            status=Status.ACTIVE,
            status_reason="",
            added_at=self._clock.now(),
        )
        with self.database.transaction() as connection:
            registry.add(connection, known, "no broker here")

    def _events(self) -> tuple[SupplyLost | IntervalReadings | GatewayStarted, ...]:
        at_ms = unix_ms(self._clock.now())
        readings = IntervalReadings.of(at_ms - at_ms % 3_600_000, 900, Quantity.ENERGY_IMPORT_WH, (212, 240))
        return SupplyLost(began_at_ms=at_ms, input_mv=412), readings, GatewayStarted(software="0.1.0", boot=1)


def replay(town: Town, count: int, seed: int) -> int:
    """Say again `count` messages that were heard, each somewhere or as something; how many rows that changed."""
    before, done_before = town.rows(), town.done
    dice = random.Random(seed)
    batch: list[Message] = []
    for say in _ways(town, dice, count, batch):
        say()
        if len(batch) >= _BATCH:
            town.take(batch)
            batch.clear()
    town.take(batch)
    town.settle()
    return changed(before, town.rows()) + town.done - done_before


def changed(before: Rows, after: Rows) -> int:
    """How many rows came or went."""
    return ((before - after) + (after - before)).total()


def _ways(town: Town, dice: random.Random, count: int, batch: list[Message]) -> Iterator[Callable[[], None]]:
    """What the adversary does, one thing after the other."""
    heard, names = town.heard, [journal.gateway for journal in town.journals]
    for _ in range(count):
        event, receipt = dice.choice(heard.events), dice.choice(heard.receipts)
        elsewhere = topics.up(dice.choice(names), dice.choice(list(Lane)))
        for_the_cloud = (
            event,
            Message(topic=elsewhere, payload=event.payload),
            Message(topic=elsewhere, payload=receipt.payload),
            Message(topic=elsewhere, payload=dice.choice(heard.commands)),
            dice.choice(heard.misused),
        )
        for_a_gateway = (
            event.payload,
            receipt.payload,
            dice.choice(heard.commands),
            dice.choice(heard.misused_commands),
        )
        to = dice.random()
        if to < 0.6:
            yield partial(batch.append, dice.choice(for_the_cloud))
        elif to < 0.8:
            yield partial(town.tell, dice.choice(town.journals), dice.choice(for_a_gateway))
        else:
            yield partial(dice.choice(town.commanded).hear, dice.choice(for_a_gateway))


def _misused(message: Message, signer: SoftwareSigner, purpose: Purpose) -> Message:
    return Message(topic=message.topic, payload=seal(parse(message.payload).payload, signer, purpose))


def _change(event: SupplyLost | IntervalReadings | GatewayStarted) -> Change:
    return Change(entries=(Entry(subject="LMP00000001", event=event),))


def _rows_of(file: Path) -> Rows:
    connection = sqlite3.connect(file)
    try:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return Counter(
            (f"{file.name}/{table}", row)
            for table in tables
            if table not in _MAY_NOTE
            for row in connection.execute(f'SELECT * FROM "{table}"')
        )
    finally:
        connection.close()


def _nobody_waits() -> None:
    """What is taken in here rings no bell."""
