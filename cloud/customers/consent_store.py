"""The table of consents: every change that was ever told, one row each, and none is ever changed."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Boolean, Column, Connection, ForeignKey, Integer, Row, Table, Text, UniqueConstraint, select
from sqlalchemy.dialects.sqlite import insert

from cloud.customers import store as customers
from cloud.customers.consent import Change, Channel, Consent, Decision, Purpose, decide, standing
from cloud.kernel.db import UtcInstant, metadata
from cloud.kernel.ids import CustomerId, UsagePointId
from runtime.errors import InputRefused

MAX_EVIDENCE_CHARS: Final = 500
_NEXT: Final = timedelta(milliseconds=1)  # as fine as the table keeps it

change_table = Table(
    "consent_change",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("customer", ForeignKey("customer.id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("is_given", Boolean, nullable=False),
    Column("at", UtcInstant, nullable=False),
    Column("by", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("recorded_at", UtcInstant, nullable=False),
    UniqueConstraint("customer", "purpose", "channel", "at", "is_given"),
)
_c = change_table.c


class ConsentRefused(InputRefused):
    """A change of consent that cannot be taken at its word: its row is refused, the others stand."""


def record(connection: Connection, change: Change, now: datetime) -> bool:
    """Keep what she said; False if the same stands already. The customer must be known.

    Raises ConsentRefused for a change of a day to come, and for one without evidence.
    """
    if change.at > now:  # else it would outweigh a no that she says until then
        raise ConsentRefused(
            f"it is dated {change.at:%Y-%m-%d %H:%M} UTC, which is still to come", where=_named(change), do="check it"
        )
    return _keep(connection, change, now)


def _keep(connection: Connection, change: Change, now: datetime) -> bool:
    if not change.evidence.strip() or len(change.evidence) > MAX_EVIDENCE_CHARS or not change.evidence.isprintable():
        do = f"say in one line of 1 to {MAX_EVIDENCE_CHARS} printable characters how it can be shown"
        raise ConsentRefused("there is no evidence of it", where=_named(change), do=do)
    row = {
        "customer": change.customer,
        "purpose": change.purpose.value,
        "channel": change.channel.value,
        "is_given": change.is_given,
        "at": change.at,
        "by": change.by,
        "evidence": change.evidence,
        "recorded_at": now,
    }
    return connection.execute(insert(change_table).values(row).on_conflict_do_nothing()).rowcount == 1


def history(connection: Connection, customer: CustomerId) -> list[Change]:
    """Everything she ever said, in the order we were told."""
    return [
        _change(row) for row in connection.execute(select(change_table).where(_c.customer == customer).order_by(_c.id))
    ]


def of_customer(connection: Connection, customer: CustomerId) -> tuple[Consent, ...]:
    """Where each purpose she ever spoke of stands."""
    return standing(history(connection, customer))


def may_tell(connection: Connection, customer: CustomerId, purpose: Purpose, channel: Channel) -> Decision:
    """Whether she may be told for this purpose on this channel; nothing known means no."""
    return decide(of_customer(connection, customer), purpose, channel)


def agreed_to_fine(connection: Connection, usage_point: UsagePointId, at: datetime, slack: timedelta) -> bool:
    """Whether the customer of this home had agreed to fine readings at `at`; a no counts from `slack` later."""
    home = customers.find(connection, usage_point)
    if home is None:
        return False
    said = (change for change in history(connection, home.customer.id) if change.purpose is Purpose.READINGS_FINE)
    standing_then = [each for each in said if each.at + (timedelta() if each.is_given else slack) <= at]
    last = max(standing_then, key=lambda change: (change.at, not change.is_given), default=None)
    return last is not None and last.is_given


def record_wishes(
    connection: Connection,
    customer: CustomerId,
    channel: Channel,
    wanted: Collection[Purpose],
    among: Collection[Purpose],
    *,
    by: str,
    evidence: str,
    now: datetime,
) -> None:
    """Keep what she ticked among these purposes; what stands so already is not said again.

    What she says now outweighs all she said before, even where our clock was set back since and its day is to come.
    """
    stands = {each.purpose: each for each in of_customer(connection, customer) if each.channel is channel}
    for purpose in among:
        before, is_given = stands.get(purpose), purpose in wanted
        if (before is not None and before.is_given) is not is_given:
            at = now if before is None else max(now, before.said_at + _NEXT)
            change = Change(
                customer=customer, purpose=purpose, channel=channel, is_given=is_given, at=at, by=by, evidence=evidence
            )
            _keep(connection, change, now)


def _change(row: Row[Any]) -> Change:
    return Change(
        customer=CustomerId(row.customer),
        purpose=Purpose(row.purpose),
        channel=Channel(row.channel),
        is_given=row.is_given,
        at=row.at,
        by=row.by,
        evidence=row.evidence,
    )


def _named(change: Change) -> str:
    return f"{change.customer}/{change.purpose}/{change.channel}"
