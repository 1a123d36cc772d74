"""What the service needs from the outside, as small protocols; adapters implement them, tests fake them."""

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from gateway.core.arrival import Arrival
from gateway.core.certificate import Standing
from gateway.core.command_rules import CommandRecord
from gateway.core.outbox import Change, OutboxRow, ReceiptOutcome
from gateway.service.pulse import Pulse
from wire.events import GatewayHealth, LaneHead
from wire.ids import GatewayId
from wire.receipts import Receipt
from wire.terms import Lane, SetAsideReason


class Journaling(Protocol):
    """The journal as it is written: what returned is durable."""

    @property
    def boot(self) -> int:
        """How often the gateway has started, this time included."""
        ...

    def commit(self, *changes: Change) -> tuple[bool, ...]:
        """Keep the changes together; for each, whether it was kept. Raises JournalUnavailable: none was kept."""
        ...

    def recall(self, name: str) -> str | None:
        """The line last stored under `name`. Raises JournalUnavailable."""
        ...

    def heads(self) -> tuple[LaneHead, ...]:
        """How far each lane has come."""
        ...

    def waiting(self) -> int:
        """How many events no receipt covers yet."""
        ...


class AnswerBook(Protocol):
    """The journal as the commander writes into it."""

    def commit(self, *changes: Change) -> tuple[bool, ...]:
        """Keep the changes together; for each, whether it was kept. Raises JournalUnavailable: none was kept."""
        ...

    def recall(self, name: str) -> str | None:
        """The line last stored under `name`. Raises JournalUnavailable."""
        ...

    def receipted_at_ms(self) -> int:
        """When the newest receipt was signed: by the cloud's clock, an instant that has passed; 0 before the first."""
        ...


class CommandMemory(Protocol):
    """Where the numbers of commands outlive a kill, a power cut and the loss of the journal."""

    def load(self) -> CommandRecord | None:
        """What was kept last; None where there is nothing, or nothing that can be read."""
        ...

    def keep(self, record: CommandRecord) -> None:
        """Keep it in place of what was there; on the disk when this returns. Raises EnvironmentRefused."""
        ...


class Book(Journaling, Protocol):
    """The journal as the pipeline writes it: what can wait may be made durable a little later."""

    def settle(self) -> None:
        """Make durable what has waited long enough. Raises JournalUnavailable: it waits on."""
        ...

    def finish(self) -> None:
        """Make durable whatever waits. Raises JournalUnavailable."""
        ...


class Outbox(Protocol):
    """The journal as the forwarder empties it."""

    @property
    def gateway(self) -> GatewayId: ...

    def waiting(self) -> int:
        """How many events no receipt covers yet."""
        ...

    def oldest_waiting(self, lane: Lane, limit: int) -> list[OutboxRow]:
        """The first rows of a lane that no receipt covers yet, in order. Raises JournalUnavailable."""
        ...

    def apply(self, receipt: Receipt, envelope: bytes) -> ReceiptOutcome:
        """Free what the receipt covers, if it is about our own chain. Raises JournalUnavailable: nothing was freed."""
        ...

    def set_aside(self, lane: Lane, seq: int, reason: SetAsideReason) -> bool:
        """Take a row that cannot be sent out of the way, keep it for a technician, and say so in the chain.

        False where there is nothing to take away: no such row waits, or it is an alarm, which is never given up.
        Raises JournalUnavailable: it is still in the way.
        """
        ...


class Uplink(Protocol):
    """A connection to the broker, opened anew each time; every method may raise UplinkLost, and then it is gone."""

    def open(self) -> None:
        """Connect, and listen for receipts and commands; machine seconds at most a few."""
        ...

    def fits(self, payload: bytes) -> bool:
        """Whether the broker takes a payload of this size, as far as it says."""
        ...

    def room(self) -> int:
        """How many more messages the broker lets be under way."""
        ...

    def is_quiet(self) -> bool:
        """Whether the broker has acknowledged all it was handed; a hint about the line, and no delivery."""
        ...

    def publish(self, topic: str, payload: bytes) -> None:
        """Hand over one message. That it returned proves nothing about where the message is."""
        ...

    def wait(self, timeout_s: float) -> Sequence[Arrival]:
        """Move bytes for at most `timeout_s`; what came down, receipts before commands."""
        ...

    def close(self) -> None:
        """Let the connection go, whatever state it is in. Never raises."""
        ...


class TlsCertificate(Protocol):
    """The gateway's own certificate, which opens the broker."""

    def standing(self) -> Standing:
        """How long it holds. Raises InputRefused when it cannot be read, EnvironmentRefused."""
        ...

    def request(self) -> bytes:
        """A signed request for the next one. Raises EnvironmentRefused."""
        ...

    def take_over(self, pem: bytes, now: datetime) -> Standing:
        """Keep the next one, and use it from the next connection on.

        Raises: InputRefused for one that is of no use, EnvironmentRefused; the one in use stays.
        """
        ...


class Machine(Protocol):
    """The machine the gateway runs on."""

    def look(self) -> GatewayHealth:
        """How things stand now. Raises nothing: what cannot be told is left out, or zero."""
        ...


class MeterBook(Protocol):
    """The registry as the pipeline knows it."""

    def learn_serial(self, number: int, serial: str) -> None:
        """Keep the serial number that meter `number` told. Raises EnvironmentRefused."""
        ...


class Loop(Protocol):
    """Something that goes on until it is told to stop; the supervisor starts it anew when it ends before that."""

    @property
    def name(self) -> str: ...

    def run(self, stop: threading.Event) -> None: ...


@runtime_checkable
class Watched(Protocol):
    """A loop whose signs of life are watched; one that gives none for long is never begun anew beside itself."""

    @property
    def pulse(self) -> Pulse: ...
