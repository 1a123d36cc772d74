"""Obeys what the cloud orders, once, and answers.

    heard -> whose signature -> judged (`gateway.core.command_rules`) -> its number kept -> done -> answered

What is heard comes from the forwarder's thread onto a short queue; here one command is done after the other. Its number
is on the disk before anything is done, so a gateway that is killed in the middle does it no second time; when it is
back it answers that it cannot tell how far it got. The answer is an event like any other. What cannot be recorded
(a full disk) is not done: the cloud says it again.

An operation is whatever `orders` has somebody for; the table of what may be ordered by whom stands in `wire.commands`.
"""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from gateway.core.arrival import Arrival
from gateway.core.command_rules import (
    MOST_DETAIL_CHARS,
    Answer,
    CommandRecord,
    Declined,
    Moment,
    Obeyed,
    PassedOver,
    Why,
    judge,
)
from gateway.core.errors import JournalUnavailable
from gateway.core.outbox import Change, Entry
from gateway.service.ports import AnswerBook, CommandMemory
from gateway.service.presence import Presence
from runtime import logs
from runtime.clock import Clock
from runtime.errors import EnvironmentRefused, LamplightError
from wire.commands import AuthorityKey, KnownOperation, SignedCommand, UnknownOperation, authority_name, open_command
from wire.events import CommandAnswered
from wire.ids import GatewayId
from wire.instants import unix_ms
from wire.refusals import WireRefused
from wire.terms import CommandOutcome

log = logs.get(__name__)

Obey: TypeAlias = Callable[[Any, threading.Event], Answer]
"""Does one operation and says what became of it; ends soon after its event is set. May raise LamplightError."""

ANSWERED = "command"  # under which name the journal stores the identity of the command answered last
_CAPACITY = 16
_TURN_S = 0.5
_AGAIN_S = 1.0
_INTERRUPTED = Answer(
    outcome=CommandOutcome.FAILED, detail="the gateway stopped meanwhile; how far it got is not known"
)
_EXPECTED = (Why.KNOWN, Why.TOO_EARLY)


class Commander:
    """The loop that obeys."""

    name = "commander"

    def __init__(
        self,
        *,
        gateway: GatewayId,
        authority: Sequence[AuthorityKey],
        memory: CommandMemory,
        book: AnswerBook,
        orders: Mapping[type[KnownOperation], Obey],
        clock: Clock,
        uncertainty_ms: int,
    ) -> None:
        """`authority` are the keys that may order anything; `uncertainty_ms` is how far our clock may be off."""
        self._gateway = gateway
        self._authority = tuple(authority)
        self._memory = memory
        self._book = book
        self._orders = dict(orders)
        self._clock = clock
        self._uncertainty_ms = uncertainty_ms
        self._heard: queue.Queue[Arrival] = queue.Queue(maxsize=_CAPACITY)
        self._record: CommandRecord | None = None
        self._file = Presence(log, "command_record", expected=True)
        self.dropped = 0

    def hear(self, arrival: Arrival) -> None:
        """Take in what came on the topic of commands; beyond what the queue holds it is dropped, and comes again."""
        try:
            self._heard.put_nowait(arrival)
        except queue.Full:
            self.dropped += 1

    @property
    def waiting(self) -> int:
        """How many messages were heard and not looked at yet."""
        return self._heard.qsize()

    def run(self, stop: threading.Event) -> None:
        """Answer what a stop interrupted, then obey until told to stop."""
        while not stop.is_set() and not self._take_up(stop):
            stop.wait(_AGAIN_S)
        while not stop.is_set():
            try:
                arrival = self._heard.get(timeout=_TURN_S)
            except queue.Empty:
                continue
            self._handle(arrival, stop)

    def _take_up(self, stop: threading.Event) -> bool:
        """Go on from the record; whether the disk let us."""
        now_ms = unix_ms(self._clock.now())
        authority, loaded = authority_name(self._authority), self._memory.load()
        record = (loaded or CommandRecord(born_at_ms=now_ms)).under(authority, now_ms)
        if record.under_way and not self._was_answered(record.under_way):
            log.warning("command_interrupted", command=record.under_way)
            self._answer(bytes.fromhex(record.under_way), _INTERRUPTED, 0, stop)
        if not self._keep(record.ended()):
            return False
        if loaded is not None and loaded.authority not in ("", authority):
            log.warning("command_keys_changed", before=loaded.authority, now=authority)
        return True

    def _was_answered(self, command: str) -> bool:
        try:
            return self._book.recall(ANSWERED) == command
        except JournalUnavailable:
            return False

    def _handle(self, arrival: Arrival, stop: threading.Event) -> None:
        signed = self._genuine(arrival)
        if signed is None or self._record is None:
            return
        try:
            moment = self._moment()
        except JournalUnavailable as unavailable:
            log.warning("command_passed_over", reason=str(unavailable))
            return
        match judge(signed, self._gateway, moment, self._record):
            case PassedOver(why=why):
                report = log.debug if why in _EXPECTED else log.warning
                report("command_passed_over", command=signed.id.hex(), reason=why)
            case Declined(why=why, record=record):
                self._conclude(signed, record, lambda: Answer(outcome=CommandOutcome.REFUSED, detail=why), stop)
            case Obeyed(record=record):
                self._conclude(signed, record, lambda: self._done(signed, stop), stop)

    def _genuine(self, arrival: Arrival) -> SignedCommand | None:
        """The command, if keys of the authority signed it; never one that a broker had kept for us."""
        if arrival.is_retained:
            log.warning("command_passed_over", reason="a broker had kept it")
            return None
        try:
            return open_command(arrival.payload, self._authority)
        except WireRefused as refused:
            log.warning("command_passed_over", reason=str(refused))
            return None

    def _moment(self) -> Moment:
        return Moment(
            now_ms=unix_ms(self._clock.now()),
            uncertainty_ms=self._uncertainty_ms,
            floor_ms=self._book.receipted_at_ms(),
        )

    def _conclude(
        self, signed: SignedCommand, record: CommandRecord, act: Callable[[], Answer], stop: threading.Event
    ) -> None:
        """The number, the deed, the answer, and the end of it: each is on the disk before the next."""
        if not self._keep(record):
            return
        began_s = self._clock.monotonic()
        answer = act()
        took_ms = round((self._clock.monotonic() - began_s) * 1000)
        command = signed.command
        log.info(
            "command",
            operation=type(command.operation).__name__,
            actor=command.actor,
            number=command.number,
            outcome=answer.outcome.name.lower(),
            detail=answer.detail,
        )
        if self._answer(signed.id, answer, took_ms, stop):
            self._keep(record.ended())

    def _done(self, signed: SignedCommand, stop: threading.Event) -> Answer:
        operation = signed.command.operation
        obey = None if isinstance(operation, UnknownOperation) else self._orders.get(type(operation))
        if obey is None:
            return Answer(outcome=CommandOutcome.REFUSED, detail="this gateway has nobody to do that")
        try:
            return obey(operation, stop)
        except LamplightError as error:
            return Answer(outcome=CommandOutcome.FAILED, detail=error.what)

    def _answer(self, command: bytes, answer: Answer, took_ms: int, stop: threading.Event) -> bool:
        """Let the journal hold the answer; tried until it does or the gateway stops."""
        event = CommandAnswered(
            command=command, outcome=answer.outcome, detail=answer.detail[:MOST_DETAIL_CHARS], took_ms=max(took_ms, 0)
        )
        change = Change(entries=(Entry(subject="", event=event),), remembered={ANSWERED: command.hex()})
        while True:
            try:
                self._book.commit(change)
            except JournalUnavailable as unavailable:
                log.warning("command_not_answered", command=command.hex(), reason=str(unavailable))
                if stop.wait(_AGAIN_S):
                    return False
            else:
                return True

    def _keep(self, record: CommandRecord) -> bool:
        """Whether the record is on the disk; what is not, is not acted on."""
        try:
            self._memory.keep(record)
        except EnvironmentRefused as refused:
            self._file.gone(reason=str(refused))
            return False
        self._file.here()
        self._record = record
        return True
