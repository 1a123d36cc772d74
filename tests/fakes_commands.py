"""An authority with its keys, what it orders, and a gateway's memory of it that can be told to fail."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.core.arrival import Arrival
from gateway.core.command_rules import Answer, CommandRecord
from gateway.core.errors import JournalUnavailable
from gateway.core.outbox import Change
from gateway.service.commander import Commander
from runtime.errors import EnvironmentRefused
from tests.fakes_gateway import FakeClock, at
from wire.commands import (
    OPERATIONS,
    AuthorityKey,
    ChangeSetting,
    Command,
    KnownOperation,
    PingMeter,
    Role,
    RotateKey,
    seal_command,
)
from wire.envelope import Signer
from wire.events import CommandAnswered
from wire.ids import GatewayId
from wire.instants import unix_ms
from wire.keys import SoftwareSigner
from wire.terms import CommandOutcome
from wire.topics import Kind

GATEWAY = GatewayId("7Z0M4QDA")
OPERATOR, CONFIGURER, FIRST, SECOND, STRANGER = (SoftwareSigner.generate() for _ in range(5))
SIGNERS: dict[Role, tuple[Signer, ...]] = {
    Role.OPERATOR: (OPERATOR,),
    Role.CONFIGURER: (CONFIGURER,),
    Role.KEY_AUTHORITY: (FIRST, SECOND),
}
AUTHORITY = (
    AuthorityKey(role=Role.OPERATOR, key=OPERATOR.public),
    AuthorityKey(role=Role.CONFIGURER, key=CONFIGURER.public),
    AuthorityKey(role=Role.KEY_AUTHORITY, key=FIRST.public),
    AuthorityKey(role=Role.KEY_AUTHORITY, key=SECOND.public),
)
PING = PingMeter(meter="LMP1")
CHANGE = ChangeSetting(name="log_level", value="debug")
ROTATE = RotateKey()
BORN_MS = unix_ms(at(-3_600))


def command(
    operation: KnownOperation = PING,
    *,
    number: int = 1,
    from_s: float = 0.0,
    lives_s: float = 60.0,
    gateway: str = GATEWAY,
    role: Role | None = None,
) -> Command:
    """An order of this story, by whoever may order it."""
    return Command(
        gateway=GatewayId(gateway),
        number=number,
        not_before_ms=unix_ms(at(from_s)),
        expires_ms=unix_ms(at(from_s + lives_s)),
        actor="ana",
        role=role or OPERATIONS[type(operation)],
        operation=operation,
    )


def sealed(order: Command, *signers: Signer) -> bytes:
    """The order as its role's own keys sign it, or these."""
    return seal_command(order, signers or SIGNERS[order.role])


def said(envelope: bytes, *, is_retained: bool = False) -> Arrival:
    """The envelope as it comes from the broker."""
    return Arrival(kind=Kind.COMMAND, payload=envelope, is_retained=is_retained)


@dataclass
class FakeMemory:
    """A `CommandMemory` that can be full."""

    record: CommandRecord | None = None
    is_full: bool = False
    kept: list[CommandRecord] = field(default_factory=list)

    def load(self) -> CommandRecord | None:
        return self.record

    def keep(self, record: CommandRecord) -> None:
        if self.is_full:
            raise EnvironmentRefused("cannot write: no space left")
        self.record = record
        self.kept.append(record)


@dataclass
class FakeBook:
    """The journal as the commander knows it."""

    receipted_ms: int = 0
    failures: int = 0
    on_failure: Callable[[], None] = lambda: None
    events: list[CommandAnswered] = field(default_factory=list)
    lines: dict[str, str] = field(default_factory=dict)

    def commit(self, *changes: Change) -> tuple[bool, ...]:
        if self.failures:
            self.failures -= 1
            self.on_failure()
            raise JournalUnavailable("the disk is full")
        for change in changes:
            self.events += [entry.event for entry in change.entries if isinstance(entry.event, CommandAnswered)]
            self.lines |= change.remembered
        return (True,) * len(changes)

    def recall(self, name: str) -> str | None:
        return self.lines.get(name)

    def receipted_at_ms(self) -> int:
        return self.receipted_ms

    @property
    def outcomes(self) -> list[CommandOutcome]:
        """What was answered, in order."""
        return [event.outcome for event in self.events]


class UntilHeard(threading.Event):
    """A stop that lets the commander take up its record, and then everything that stands on its queue."""

    def __init__(self, commander: Commander) -> None:
        super().__init__()
        self._commander = commander
        self._has_begun = self._was_waited_for = False

    def is_set(self) -> bool:
        had_begun, self._has_begun = self._has_begun, True
        return self._was_waited_for or (had_begun and not self._commander.waiting)

    def wait(self, timeout: float | None = None) -> bool:
        self._was_waited_for = True
        return True


@dataclass
class Edge:
    """A gateway's commander, its memory and its journal; what was really done stands in `done`."""

    clock: FakeClock = field(default_factory=FakeClock)
    memory: FakeMemory = field(default_factory=lambda: FakeMemory(CommandRecord(born_at_ms=BORN_MS)))
    book: FakeBook = field(default_factory=FakeBook)
    done: list[KnownOperation] = field(default_factory=list)
    uncertainty_ms: int = 0
    authority: tuple[AuthorityKey, ...] = AUTHORITY
    act: object = None

    def obey(self, operation: KnownOperation, _stop: threading.Event) -> Answer:
        self.done.append(operation)
        if isinstance(self.act, BaseException):
            raise self.act
        return Answer(outcome=CommandOutcome.DONE, detail="done")

    def hear(self, *envelopes: bytes, is_retained: bool = False) -> "Edge":
        """Start, hear all of this, and end."""
        commander = Commander(
            gateway=GATEWAY,
            authority=self.authority,
            memory=self.memory,
            book=self.book,
            orders=dict.fromkeys((PingMeter, ChangeSetting, RotateKey), self.obey),
            clock=self.clock,
            uncertainty_ms=self.uncertainty_ms,
        )
        for envelope in envelopes:
            commander.hear(said(envelope, is_retained=is_retained))
        commander.run(UntilHeard(commander))
        return self
