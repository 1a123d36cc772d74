"""The table of messages. A row is written once, with its text and its proof; after that only its standing changes."""

import json
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Connection, Index, Integer, Row, Select, Table, Text, UniqueConstraint, select, update
from sqlalchemy.dialects.sqlite import insert

from cloud.customers.consent import Purpose
from cloud.kernel.db import UtcInstant, metadata
from cloud.kernel.facts import FactSheet
from cloud.kernel.i18n import Language
from cloud.kernel.ids import CustomerId, UsagePointId
from cloud.messaging.model import MAY_HAVE_BEEN_READ, Announcement, Figure, Key, Letter, Message, State, Traced

MAX_PAGE: Final = 200

message_table = Table(
    "message",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("message_id", Text, nullable=False, unique=True),
    Column("customer", Text, nullable=False),
    Column("case", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("stage", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    Column("usage_point", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("letter", Text),
    Column("facts", Text, nullable=False),
    Column("facts_digest", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lost_answers", Integer, nullable=False),
    Column("composed_at", UtcInstant, nullable=False),
    Column("changed_at", UtcInstant, nullable=False),
    Column("valid_until", UtcInstant),
    Column("overtaken_at", UtcInstant),
    Column("purpose", Text),
    UniqueConstraint("customer", "case", "template", "stage", "channel"),
)
_m = message_table.c
Index("ix_message_usage_point_id", _m.usage_point, _m.id)
Index("ix_message_state", _m.state)
Index("ix_message_told", _m.customer, _m.template, _m.channel, _m.composed_at)


def add(connection: Connection, message: Message) -> int | None:
    """Keep a new message and return its number; None, and nothing changed, if one of its key stands already."""
    key = message.key
    row = {
        "message_id": message.message_id,
        "customer": key.customer,
        "case": key.case,
        "template": key.template,
        "stage": key.stage,
        "channel": key.channel,
        "usage_point": message.usage_point,
        "recipient": message.recipient,
        "language": message.language.value,
        "time_zone": message.zone.key,
        "letter": None if message.letter is None else _plain_letter(message.letter),
        "facts": message.facts.to_json(),
        "facts_digest": message.facts.digest(),
        "state": message.state.value,
        "reason": message.reason,
        "answer": message.answer,
        "attempts": message.attempts,
        "lost_answers": message.lost_answers,
        "composed_at": message.composed_at,
        "changed_at": message.changed_at,
        "valid_until": message.valid_until,
        "overtaken_at": message.overtaken_at,
        "purpose": None if message.purpose is None else message.purpose.value,
    }
    statement = insert(message_table).values(row).on_conflict_do_nothing().returning(_m.id)
    number: int | None = connection.execute(statement).scalar_one_or_none()
    return number


def save_standing(connection: Connection, message: Message) -> None:
    """Keep where the message stands now; its text and facts never change."""
    standing = {
        "state": message.state.value,
        "reason": message.reason,
        "answer": message.answer,
        "attempts": message.attempts,
        "lost_answers": message.lost_answers,
        "changed_at": message.changed_at,
    }
    connection.execute(update(message_table).where(_m.id == message.id).values(standing))


def mark_overtaken(
    connection: Connection,
    usage_point: UsagePointId,
    now: datetime,
    *,
    only: Announcement | None = None,
    case: str | None = None,
) -> None:
    """Mark what the home was not told yet, or may not have been, as overtaken by what happened at `now`.

    Without `only` that is whatever tells of its supply.
    """
    pending = (State.QUEUED.value, State.SENDING.value, State.UNKNOWN.value)
    waiting = (_m.usage_point == usage_point) & _m.state.in_(pending) & _m.overtaken_at.is_(None)
    waiting &= _m.purpose.is_(None) if only is None else _m.template == only.value
    if case is not None:
        waiting &= _m.case == case
    connection.execute(update(message_table).where(waiting).values(overtaken_at=now))


def find(connection: Connection, number: int) -> Message | None:
    """The message of this number, or None."""
    return next(iter(_messages(connection, select(message_table).where(_m.id == number))), None)


def state_of(connection: Connection, key: Key) -> State | None:
    """Where the message of this key stands; None if it was never composed."""
    is_same = (_m.customer == key.customer) & (_m.case == key.case) & (_m.template == key.template)
    is_same = is_same & (_m.stage == key.stage) & (_m.channel == key.channel)
    found = connection.execute(select(_m.state).where(is_same)).scalar_one_or_none()
    return None if found is None else State(found)


def told_at(connection: Connection, key: Key, *, since: datetime) -> list[datetime]:
    """When this customer was, or is about to be, told the same of any case since then."""
    told = [state.value for state in (State.QUEUED, *MAY_HAVE_BEEN_READ)]
    same = (_m.customer == key.customer) & (_m.template == key.template) & (_m.channel == key.channel)
    statement = select(_m.composed_at).where(same, _m.state.in_(told), _m.composed_at > since)
    return list(connection.execute(statement).scalars())


def newest(
    connection: Connection,
    *,
    usage_point: str | None = None,
    state: State | None = None,
    before: int | None = None,
    limit: int,
) -> list[Message]:
    """Messages, the last composed first; of one home, in one state, with a number below `before`, where given."""
    statement = select(message_table).order_by(_m.id.desc()).limit(min(limit, MAX_PAGE))
    if usage_point is not None:
        statement = statement.where(_m.usage_point == usage_point)
    if state is not None:
        statement = statement.where(_m.state == state.value)
    if before is not None:
        statement = statement.where(_m.id < before)
    return _messages(connection, statement)


def _messages(connection: Connection, statement: Select[Any]) -> list[Message]:
    return [_message(row) for row in connection.execute(statement)]


def _message(row: Row[Any]) -> Message:
    return Message(
        id=row.id,
        key=Key(
            customer=CustomerId(row.customer),
            case=row.case,
            template=row.template,
            stage=row.stage,
            channel=row.channel,
        ),
        message_id=row.message_id,
        usage_point=UsagePointId(row.usage_point),
        recipient=row.recipient,
        language=Language(row.language),
        zone=ZoneInfo(row.time_zone),
        letter=None if row.letter is None else _letter(row.letter),
        facts=FactSheet.from_json(row.facts),
        state=State(row.state),
        reason=row.reason,
        answer=row.answer,
        attempts=row.attempts,
        lost_answers=row.lost_answers,
        composed_at=row.composed_at,
        changed_at=row.changed_at,
        valid_until=row.valid_until,
        overtaken_at=row.overtaken_at,
        purpose=None if row.purpose is None else Purpose(row.purpose),
    )


def _plain_letter(letter: Letter) -> str:
    plain = {
        "template_version": letter.template_version,
        "subject": _plain_traced(letter.subject),
        "body": _plain_traced(letter.body),
        "sms": None if letter.sms is None else _plain_traced(letter.sms),
    }
    return json.dumps(plain, ensure_ascii=False)


def _plain_traced(traced: Traced) -> dict[str, object]:
    return {"text": traced.text, "figures": [[figure.start, figure.end, figure.fact_id] for figure in traced.figures]}


def _letter(text: str) -> Letter:
    plain = json.loads(text)
    return Letter(
        subject=_traced(plain["subject"]),
        body=_traced(plain["body"]),
        template_version=plain["template_version"],
        sms=None if plain["sms"] is None else _traced(plain["sms"]),
    )


def _traced(plain: dict[str, Any]) -> Traced:
    figures = tuple(Figure(start=start, end=end, fact_id=fact_id) for start, end, fact_id in plain["figures"])
    return Traced(text=plain["text"], figures=figures)
