"""The postman: one thread that takes queued messages to the relay, one by one, and writes down what became of each.

    claim (commit: sending) -> hand to the relay -> write down the end (commit)

No transaction is open while the relay is spoken to. A kill between the two commits leaves a message in `sending`; the
next postman that finds its task open knows that the answer was lost, and treats it as any lost answer: it waits a
little, looks the mail up by its Message-ID, and either it is there, or it goes back into the queue. Where nobody can
be asked, it waits for a person.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from cloud.customers.consent import NotAllowed
from cloud.kernel import tasks
from cloud.kernel.db import Database
from cloud.kernel.tasks import Task
from cloud.kernel.turns import Turns
from cloud.messaging import permission, store
from cloud.messaging.catalogue import OPT_OUT
from cloud.messaging.mail import Mail
from cloud.messaging.model import Message, State, Turn, after, pause_before
from cloud.messaging.ports import Delivered, DeliveryLookup, Ending, MailSender, Presence, Refused, Unavailable, Unknown
from cloud.messaging.service import ASK_TASK, SEND_TASK
from cloud.messaging.settings import MailSettings
from runtime import logs
from runtime.clock import Clock

MAX_LOST_ANSWERS: Final = 3
"""After so many lost answers about one message somebody should look at the relay, and at the message."""

_IDLE_S: Final = 0.5  # another process may queue a message without waking us
_OVERTAKEN: Final = "the story went on before it could be sent"
_EXPIRED: Final = "what it says grew too old before it could be sent"
_RESTARTED: Final = "the program stopped between sending and the answer"
_WAITS_FOR_PERSON: Final = "nobody can be asked whether it arrived: a person decides"
_TOO_OFTEN: Final = "its answer was lost too often: a person decides"

log = logs.get(__name__)


class Postman:
    """Sends what is queued and looks up what was lost."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        sender: MailSender,
        lookup: DeliveryLookup | None,
        settings: MailSettings,
        on_commit: Callable[[], None],
    ) -> None:
        """`on_commit` is called whenever a message has changed its standing, for whoever shows it."""
        self._database = database
        self._clock = clock
        self._sender = sender
        self._lookup = lookup
        self._settings = settings
        self._on_commit = on_commit
        self._turns = Turns(self.turn, lambda: _IDLE_S)

    def wake(self) -> None:
        """Look at once for what is queued. Safe from any thread."""
        self._turns.wake()

    def run(self, stop: threading.Event) -> None:
        """Send until told to stop; whoever sets `stop` also calls `wake`."""
        try:
            self._turns.run(stop)
        finally:
            self._sender.close()

    def turn(self) -> bool:
        """Do the one thing that is due the longest; False when nothing is. Raises DatabaseError."""
        with self._database.read() as connection:
            due = tasks.due(connection, (SEND_TASK, ASK_TASK), self._clock.now(), 1)
        for task in due:
            (self._send if task.kind == SEND_TASK else self._ask)(task)
            self._on_commit()
        return bool(due)

    def _send(self, task: Task) -> None:
        claimed = self._claim(task)
        if claimed is None:
            return
        message, mail = claimed
        began_s = self._clock.monotonic()
        ending = self._sender.send(mail)
        with self._database.transaction() as connection:
            ended = self._ended(connection, task, message, ending)
        took_ms = round((self._clock.monotonic() - began_s) * 1_000)
        log.info(
            "message_sent",
            message=message.id,
            outcome=type(ending).__name__.lower(),
            state=ended.state,
            took_ms=took_ms,
        )

    def _claim(self, task: Task) -> tuple[Message, Mail] | None:
        """The message to send now, already marked as being sent; None when there is none to send after all."""
        now = self._clock.now()
        with self._database.transaction() as connection:
            if tasks.still_due(connection, task, now) is None:
                return None
            message = store.find(connection, int(task.key))
            if message is not None and message.state is State.SENDING:
                self._lost(connection, task, message, _RESTARTED, now)
                return None
            if message is None or not self._is_worth_sending(connection, message, now):
                tasks.finish(connection, task, now)
                return None
            if message.purpose is not None:
                due_at = permission.speak_at(connection, message.key.customer, message.zone, now)
                if due_at > now:
                    tasks.reschedule(connection, SEND_TASK, task.key, due_at)
                    return None
            claimed = _turned(message, Turn.CLAIMED, now, attempts=message.attempts + 1)
            store.save_standing(connection, claimed)
            return claimed, _mail(claimed)

    def _is_worth_sending(self, connection: Connection, message: Message, now: datetime) -> bool:
        """Whether it is still to be sent and still holds; what does not hold any more is written down."""
        if message.state is not State.QUEUED:
            return False
        if message.overtaken_at is not None:
            store.save_standing(connection, _turned(message, Turn.OVERTAKEN, now, reason=_OVERTAKEN))
            return False
        if message.purpose is not None:
            answer = permission.still(connection, message.key, message.purpose)
            if isinstance(answer, NotAllowed):
                store.save_standing(connection, _turned(message, Turn.WITHHELD, now, reason=answer.reason))
                return False
        if message.valid_until is not None and message.valid_until < now:
            store.save_standing(connection, _turned(message, Turn.EXPIRED, now, reason=_EXPIRED))
            return False
        return True

    def _ended(self, connection: Connection, task: Task, message: Message, ending: Ending) -> Message:
        """Write down what the send came to."""
        now = self._clock.now()
        match ending:
            case Delivered(answer=answer):
                ended = _turned(message, Turn.DELIVERED, now, answer=answer)
            case Refused(answer=answer):
                ended = _turned(message, Turn.REFUSED, now, reason="the relay refuses it for good", answer=answer)
            case Unavailable(reason=reason):
                ended = _turned(message, Turn.UNAVAILABLE, now, reason=reason)
                tasks.postpone(connection, task, now + self._pause(message.attempts + 1), reason)
                store.save_standing(connection, ended)
                return ended
            case Unknown(reason=reason):
                return self._lost(connection, task, message, reason, now)
        tasks.finish(connection, task, now)
        store.save_standing(connection, ended)
        return ended

    def _lost(self, connection: Connection, task: Task, message: Message, reason: str, now: datetime) -> Message:
        """The answer was lost: ask for the mail in a while, or let a person decide."""
        lost = message.lost_answers + 1
        can_ask = self._lookup is not None and lost <= MAX_LOST_ANSWERS
        if not can_ask:
            reason = f"{reason}; {_WAITS_FOR_PERSON if self._lookup is None else _TOO_OFTEN}"
        unknown = _turned(message, Turn.ANSWER_LOST, now, reason=reason, lost_answers=lost)
        store.save_standing(connection, unknown)
        tasks.finish(connection, task, now)
        if can_ask:
            settle_at = now + timedelta(seconds=self._settings.reconcile_after_s)
            tasks.reschedule(connection, ASK_TASK, str(message.id), settle_at)
        return unknown

    def _ask(self, task: Task) -> None:
        """Look up a mail whose answer was lost."""
        with self._database.read() as connection:
            message = store.find(connection, int(task.key))
        if message is None or message.state is not State.UNKNOWN or self._lookup is None:
            found = None  # settled meanwhile, or nobody to ask any more: the task is void
        else:
            found = self._lookup.find(message.message_id)
        now = self._clock.now()
        with self._database.transaction() as connection:
            if tasks.still_due(connection, task, now) is None:
                return  # a person decided while we asked
            if isinstance(found, Unavailable):
                tasks.postpone(connection, task, now + self._pause(task.attempts + 2), found.reason)
                return
            tasks.finish(connection, task, now)
            if message is not None and found is not None:
                self._looked_up(connection, message, found, now)

    def _looked_up(self, connection: Connection, message: Message, found: Presence, now: datetime) -> None:
        is_there = found is Presence.FOUND
        reason = "its answer was lost; it was looked up and had " + ("arrived" if is_there else "not arrived")
        settled = _turned(message, Turn.FOUND if is_there else Turn.ABSENT, now, reason=reason)
        store.save_standing(connection, settled)
        if settled.state is State.QUEUED:
            tasks.reschedule(connection, SEND_TASK, str(message.id), now)
        log.info("message_looked_up", message=message.id, found=found, state=settled.state)

    def _pause(self, attempt: int) -> timedelta:
        first = timedelta(seconds=self._settings.retry_first_s)
        return pause_before(attempt, first, timedelta(seconds=self._settings.retry_longest_s))


def _turned(message: Message, turn: Turn, now: datetime, *, reason: str = "", **standing: int | str) -> Message:
    """The message after the turn; `standing` changes what else is told of it."""
    state = after(message.state, turn)
    return replace(message, state=state, reason=reason, changed_at=now, **standing)  # type: ignore[arg-type] # mypy does not see which standing is which


def _mail(message: Message) -> Mail:
    assert message.letter is not None, "only a written message is queued"
    return Mail(
        message_id=message.message_id,
        recipient=message.recipient,
        name=str(message.facts["customer_name"].value),
        language=message.language,
        subject=message.letter.subject.text,
        body=message.letter.body.text,
        written_at=message.composed_at,
        opt_out_url="" if message.purpose is None else str(message.facts[OPT_OUT].value),
    )
