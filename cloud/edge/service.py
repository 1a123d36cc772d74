"""Ordering a gateway something, saying it until it is answered, and hearing the answer.

    order:    a number, a seal, a row; committed before anything is said
    dispatch: the oldest open command of each gateway and role, said again after 2 s, 4 s ... 30 s
    on_event: the gateway's own signed answer ends it; the first one counts

A gateway takes no number below the last one it took, so the next command of a role waits until the one before it is
answered or out of date. Numbers follow the clock where they can: a cloud that came back from an old copy of its
database goes on above what it has forgotten.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from cloud.edge import store
from cloud.edge.command_keys import CommandKeys
from cloud.edge.store import Ordered
from cloud.ingest.service import Message
from cloud.ingest.store import StoredEvent
from cloud.kernel.db import Database
from cloud.registry import store as registry
from cloud.registry.model import Status
from runtime import logs
from runtime.clock import Clock
from runtime.errors import InputRefused
from wire import topics
from wire.commands import (
    OPERATIONS,
    AuthorityKey,
    Command,
    KnownOperation,
    PingMeter,
    ReadNow,
    SetConsent,
    open_command,
    seal_command,
)
from wire.events import CommandAnswered
from wire.ids import GatewayId
from wire.instants import from_unix_ms, unix_ms

LONGEST_LIFE: Final = timedelta(minutes=10)
_LOOK_S: Final = 0.5
_FIRST_PAUSE: Final = timedelta(seconds=2)
_LONGEST_PAUSE: Final = timedelta(seconds=30)

log = logs.get(__name__)


class Orders:
    """Signs commands and keeps them to be said."""

    def __init__(self, database: Database, clock: Clock, keys: CommandKeys) -> None:
        self._database = database
        self._clock = clock
        self._keys = keys

    def give(
        self,
        gateway: GatewayId,
        operation: KnownOperation,
        *,
        actor: str,
        life: timedelta,
        keys_elsewhere: Sequence[Path] = (),
    ) -> Ordered:
        """Order this of a gateway; it is said as soon as `serve` runs.

        Raises: InputRefused for a gateway or meter that is not, or a key of another role; EnvironmentRefused.
        """
        role = OPERATIONS[type(operation)]
        signers = self._keys.signers(role, keys_elsewhere)
        now = from_unix_ms(unix_ms(self._clock.now()))  # as it is sealed, and as the database keeps it
        with self._database.transaction() as connection:
            _check(connection, gateway, operation, now)
            number = max(store.last_number(connection, gateway) + 1, int(now.timestamp()))
            command = Command(
                gateway=gateway,
                number=number,
                not_before_ms=unix_ms(now),
                expires_ms=unix_ms(now + min(life, LONGEST_LIFE)),
                actor=actor,
                role=role,
                operation=operation,
            )
            sealed = seal_command(command, signers)
            ordered = Ordered(
                gateway=gateway,
                number=number,
                id=open_command(sealed, [AuthorityKey(role=role, key=each.public) for each in signers]).id,
                operation=in_words(operation),
                actor=actor,
                role=role,
                ordered_at=now,
                expires_at=now + min(life, LONGEST_LIFE),
                sealed=sealed,
                said=0,
                say_at=now,
            )
            store.add(connection, ordered)
        return ordered


class Dispatch:
    """Says what is open, when its time has come; for ingest's thread, which has the connection to the broker."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._looked_s = float("-inf")

    def due(self) -> list[Message]:
        """What to say now; it looks at most twice a second. Raises DatabaseError."""
        if self._clock.monotonic() - self._looked_s < _LOOK_S:
            return []
        self._looked_s = self._clock.monotonic()
        now = self._clock.now()
        with self._database.read() as connection:
            due = [each for each in _firsts(store.open_ones(connection, now)) if each.say_at <= now]
            due = [each for each in due if _is_active(connection, each.gateway)]
        if not due:
            return []
        with self._database.transaction() as connection:
            for each in due:
                store.mark_said(connection, each, now + min(_FIRST_PAUSE * 2**each.said, _LONGEST_PAUSE))
        for each in due:
            log.info(
                "command_said", gateway=each.gateway, number=each.number, operation=each.operation, before=each.said
            )
        return [Message(topic=topics.command(each.gateway), payload=each.sealed) for each in due]


def on_event(connection: Connection, event: StoredEvent, now: datetime) -> None:
    """Keep the answer, if this event is one."""
    answered = event.record.event
    if not isinstance(answered, CommandAnswered):
        return
    gateway = event.id.gateway
    is_ours = store.answer(
        connection,
        gateway,
        answered.command,
        outcome=answered.outcome,
        detail=answered.detail,
        took_ms=answered.took_ms,
        answered_at=now,
    )
    report = log.info if is_ours else log.warning
    report("command_answered", gateway=gateway, command=answered.command.hex(), known=is_ours, detail=answered.detail)


def in_words(operation: KnownOperation) -> str:
    """An operation as people read it.

    >>> in_words(PingMeter(meter="LMP1"))
    'ping-meter LMP1'
    """
    name = "".join(f"-{char.lower()}" if char.isupper() else char for char in type(operation).__name__).lstrip("-")
    return " ".join([name, *(str(value) for value in asdict(operation).values() if value is not None)])


def _check(connection: Connection, gateway: GatewayId, operation: KnownOperation, now: datetime) -> None:
    """Raise InputRefused for what no gateway would do."""
    known = registry.get(connection, gateway)
    if known is None:
        raise InputRefused(f"there is no gateway {gateway}", do="see `lamplight-cloud gateway list`")
    if known.status is not Status.ACTIVE:
        raise InputRefused(f"gateway {gateway} is {known.status}", do="nothing is ordered of one that is not believed")
    if isinstance(operation, PingMeter | ReadNow | SetConsent) and known.place_of(operation.meter) is None:
        meters = ", ".join(place.meter for place in known.places)
        raise InputRefused(f"gateway {gateway} does not read meter {operation.meter!r:.40}", do=f"it reads {meters}")
    if store.count_open(connection, now) >= store.MAX_OPEN:
        raise InputRefused(f"{store.MAX_OPEN} commands wait for their answers", do="wait until some are answered")


def _firsts(ordered: Sequence[Ordered]) -> Iterator[Ordered]:
    """Of each gateway and role the one with the lowest number."""
    seen = set()
    for each in ordered:
        if (each.gateway, each.role) not in seen:
            seen.add((each.gateway, each.role))
            yield each


def _is_active(connection: Connection, gateway: GatewayId) -> bool:
    known = registry.get(connection, gateway)
    return known is not None and known.status is Status.ACTIVE
