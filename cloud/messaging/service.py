"""Composing: from what happened in a home to a message that waits to be sent, or to a reason why there is none.

Composing takes place in the transaction of whoever asks for it, so a case and its message stand or fall together; the
key (customer, case, template, stage, channel) makes asking twice the same as asking once. What a message says is
frozen here with the facts it was written from. Sending is somebody else's work (`postman`).

What is no word of the supply itself needs the customer's consent and waits for the end of her quiet hours (see
`permission`); one she has not agreed to is kept as `withheld`, with no text, so that it is seen why she was not told.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from cloud.customers.consent import NotAllowed
from cloud.customers.model import UsagePoint
from cloud.kernel import tasks
from cloud.kernel.facts import Fact, FactSheet, Source, SourceKind
from cloud.kernel.ids import UsagePointId
from cloud.messaging import store
from cloud.messaging.catalogue import Catalogue, Template
from cloud.messaging.mail import message_id
from cloud.messaging.model import MAY_HAVE_BEEN_READ, Announcement, Key, Message, NoSuchTurn, State, Turn, after
from cloud.messaging.permission import WayOut, ask, no_way_out, speak_at
from runtime import logs

SEND_TASK = "message.send"
ASK_TASK = "message.ask"

_NOTHING_BEFORE = "what it follows was never told, so it is not told either"
_BY_A_PERSON = {
    Turn.MARKED_DELIVERED: "a person marked it as delivered",
    Turn.SENT_AGAIN: "a person asked to send it again",
}

log = logs.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something a home's customer shall be told."""

    home: UsagePoint
    case: str
    announcement: Announcement
    facts: FactSheet
    stage: int = 1


class Composer:
    """Writes messages and queues them."""

    def __init__(self, catalogue: Catalogue, domain: str, way_out: WayOut = no_way_out) -> None:
        """`domain` is the sender's: it stands in every Message-ID. `way_out` leads to where a customer says no."""
        self._catalogue = catalogue
        self._domain = domain
        self._way_out = way_out

    def compose(self, connection: Connection, news: News, now: datetime) -> bool:
        """Write the message and queue it, or keep the reason why it was not written; once, however often asked.

        Returns whether it was queued just now.
        """
        message = self._written(connection, news, now)
        number = store.add(connection, message)
        if number is None:
            return False
        if message.state is State.QUEUED:
            is_service = message.purpose is None
            due_at = now if is_service else speak_at(connection, message.key.customer, message.zone, now)
            tasks.add(connection, SEND_TASK, str(number), due_at)
        log.info("message_composed", message=number, key=message.key, state=message.state, reason=message.reason or "-")
        return message.state is State.QUEUED

    def _written(self, connection: Connection, news: News, now: datetime) -> Message:
        facts = news.facts.joined_with(_facts_of_home(news.home))
        template = self._catalogue.find(news.announcement, news.home.customer.language)
        blank = self._blank(news, facts, now)
        before = template.terms.follows
        if before and store.state_of(connection, replace(blank.key, template=before)) not in MAY_HAVE_BEEN_READ:
            return replace(blank, state=State.OVERTAKEN, reason=_NOTHING_BEFORE)
        permitted = ask(connection, blank.key, template.terms, self._way_out, now)
        blank = replace(blank, purpose=template.terms.purpose)
        if isinstance(permitted, NotAllowed):
            return replace(blank, state=State.WITHHELD, reason=permitted.reason)
        facts = facts.joined_with(permitted)
        if lacks := facts.lacking(template.needs, now):
            return replace(blank, facts=facts, state=State.HELD, reason="; ".join(map(str, lacks)))
        return self._filled(replace(blank, facts=facts), template, now)

    def _filled(self, blank: Message, template: Template, now: datetime) -> Message:
        known = blank.facts.known_at(now)
        letter = self._catalogue.render(template, known, blank.zone)
        until = known.valid_until(self._catalogue.printed(template, known))
        return replace(blank, letter=letter, state=State.QUEUED, valid_until=until)

    def _blank(self, news: News, facts: FactSheet, now: datetime) -> Message:
        person = news.home.customer
        key = Key(customer=person.id, case=news.case, template=news.announcement, stage=news.stage)
        return Message(
            id=0,
            key=key,
            message_id=message_id(str(key), self._domain),
            usage_point=news.home.id,
            recipient=person.email,
            language=person.language,
            zone=news.home.zone,
            letter=None,
            facts=facts,
            state=State.HELD,
            reason="",
            answer="",
            attempts=0,
            lost_answers=0,
            composed_at=now,
            changed_at=now,
            valid_until=None,
            overtaken_at=None,
        )


def overtake(
    connection: Connection,
    usage_point: UsagePointId,
    now: datetime,
    *,
    only: Announcement | None = None,
    case: str | None = None,
) -> None:
    """The home's story has moved on: what was composed for it and has not left must not leave any more.

    That is what tells of its supply; with `only` just what announces that, and with `case` just of that case.
    """
    store.mark_overtaken(connection, usage_point, now, only=only, case=case)


def settle(connection: Connection, number: int, turn: Turn, now: datetime) -> Message:
    """What a person decided about a message: MARKED_DELIVERED or SENT_AGAIN.

    Raises: KeyError when there is no such message, NoSuchTurn when it does not wait for this decision.
    """
    message = store.find(connection, number)
    if message is None:
        raise KeyError(number)
    if turn not in _BY_A_PERSON:
        raise NoSuchTurn(f"a person does not decide that a message is {turn.replace('_', ' ')}")
    settled = replace(message, state=after(message.state, turn), reason=_BY_A_PERSON[turn], changed_at=now)
    store.save_standing(connection, settled)
    tasks.cancel(connection, ASK_TASK, str(number))
    if settled.state is State.QUEUED:
        tasks.reschedule(connection, SEND_TASK, str(number), now)
    log.info("message_settled_by_person", message=number, state=settled.state)
    return settled


def _facts_of_home(home: UsagePoint) -> FactSheet:
    """Whom we write to, and about which home."""
    source = (Source(kind=SourceKind.CUSTOMER, ref=home.id),)
    return FactSheet(
        Fact(id=name, value=value, sources=source, as_of=home.imported_at)
        for name, value in (("customer_name", home.customer.name), ("address", home.address))
    )
