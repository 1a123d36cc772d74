"""Nothing known means no, the latest word counts, and every word is kept."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from cloud.customers import consent_store as store
from cloud.customers.consent import Allowed, Change, Channel, NotAllowed, Purpose, standing
from cloud.customers.consent_store import ConsentRefused
from cloud.kernel.ids import CustomerId, UsagePointId
from tests.fakes_cloud import fresh_database
from tests.fakes_messaging import home_of, move_in

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ANA = CustomerId("C-1")
YES = Change(
    customer=ANA,
    purpose=Purpose.BILLING,
    channel=Channel.EMAIL,
    is_given=True,
    at=NOON - 2 * DAY,
    by="utility",
    evidence="form 12",
)
NO = replace(YES, is_given=False, at=NOON - DAY, by="customer", evidence="her own page")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with fresh_database(tmp_path) as database, database.transaction() as connection:
        move_in(connection, home_of())
        yield connection


def may_tell(connection: Connection, purpose: Purpose = Purpose.BILLING, channel: Channel = Channel.EMAIL) -> object:
    return store.may_tell(connection, ANA, purpose, channel)


def test_who_was_never_asked_is_not_told(connection: Connection) -> None:
    assert may_tell(connection) == NotAllowed(reason="the customer never agreed to billing by email")


def test_a_yes_with_its_date_and_evidence_allows_what_it_names(connection: Connection) -> None:
    assert store.record(connection, YES, NOON)

    allowed = may_tell(connection)

    assert isinstance(allowed, Allowed)
    assert (allowed.consent.given_at, allowed.consent.evidence) == (YES.at, "form 12")
    assert allowed.consent.name == "C-1/billing/email"


@pytest.mark.parametrize(("purpose", "channel"), [(Purpose.BILLING, Channel.SMS), (Purpose.ASSISTANCE, Channel.EMAIL)])
def test_a_yes_holds_for_no_other_purpose_and_no_other_channel(
    connection: Connection, purpose: Purpose, channel: Channel
) -> None:
    store.record(connection, YES, NOON)

    assert isinstance(may_tell(connection, purpose, channel), NotAllowed)


def test_a_no_stands_though_an_older_file_says_yes_once_more(connection: Connection) -> None:
    for change in (NO, YES, replace(YES, at=YES.at - DAY)):
        store.record(connection, change, NOON)

    answer = may_tell(connection)

    assert answer == NotAllowed(reason="the customer said no to billing by email on 2026-11-21 12:00:00 UTC")


def test_a_yes_after_a_no_is_a_yes_again(connection: Connection) -> None:
    for change in (YES, NO, replace(YES, at=NOON)):
        store.record(connection, change, NOON)

    assert isinstance(may_tell(connection), Allowed)


@pytest.mark.parametrize("order", list(permutations([YES, NO, replace(YES, at=NO.at)])))
def test_of_a_yes_and_a_no_at_one_instant_the_no_counts_in_whatever_order_they_came(
    order: tuple[Change, ...],
) -> None:
    (consent,) = standing(order)

    assert not consent.is_given


def test_everything_she_said_is_kept_and_the_same_word_only_once(connection: Connection) -> None:
    kept = [store.record(connection, change, NOON) for change in (YES, NO, YES)]

    assert kept == [True, True, False]
    assert store.history(connection, ANA) == [YES, NO]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (replace(YES, at=NOON + timedelta(milliseconds=1)), "still to come"),
        (replace(YES, evidence=" "), "no evidence"),
        (replace(YES, evidence="a\nb"), "no evidence"),
        (replace(YES, evidence="x" * 501), "no evidence"),
    ],
)
def test_what_cannot_be_shown_is_refused(connection: Connection, change: Change, why: str) -> None:
    with pytest.raises(ConsentRefused, match=why):
        store.record(connection, change, NOON)

    assert store.history(connection, ANA) == []


def test_a_word_of_nobody_we_know_is_not_kept(connection: Connection) -> None:
    with pytest.raises(IntegrityError):
        store.record(connection, replace(YES, customer=CustomerId("C-9")), NOON)


def wish(connection: Connection, *purposes: Purpose, now: datetime) -> None:
    store.record_wishes(
        connection, ANA, Channel.EMAIL, purposes, tuple(Purpose), by="customer", evidence="her own page", now=now
    )


def test_a_no_outweighs_a_yes_of_before_our_clock_was_set_back(connection: Connection) -> None:
    wish(connection, Purpose.BILLING, now=NOON + DAY)

    wish(connection, now=NOON)

    answer = store.may_tell(connection, ANA, Purpose.BILLING, Channel.EMAIL)
    assert isinstance(answer, NotAllowed)
    wish(connection, Purpose.BILLING, now=NOON)
    assert isinstance(store.may_tell(connection, ANA, Purpose.BILLING, Channel.EMAIL), Allowed)


def test_only_what_she_changed_is_written_down(connection: Connection) -> None:
    store.record(connection, YES, NOON)

    store.record_wishes(
        connection,
        ANA,
        Channel.EMAIL,
        [Purpose.BILLING, Purpose.ASSISTANCE],
        tuple(Purpose),
        by="customer",
        evidence="her own page",
        now=NOON,
    )

    told = [(change.purpose, change.is_given, change.by) for change in store.history(connection, ANA)]
    assert told == [(Purpose.BILLING, True, "utility"), (Purpose.ASSISTANCE, True, "customer")]


FINE_YES = replace(YES, purpose=Purpose.READINGS_FINE, channel=Channel.NONE)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("after_yes", "agreed"),
    [(-1, False), (0, True), (3_600, True), (7_199, True), (7_200, False)],
)
def test_fine_readings_are_agreed_to_from_the_yes_until_a_billing_period_after_the_no(connection, after_yes, agreed):
    store.record(connection, FINE_YES, NOON)
    store.record(connection, replace(FINE_YES, is_given=False, at=FINE_YES.at + HOUR), NOON + 2 * HOUR)

    at = FINE_YES.at + timedelta(seconds=after_yes)

    assert store.agreed_to_fine(connection, home_of().id, at, HOUR) is agreed


def test_a_home_nobody_knows_has_agreed_to_nothing(connection):
    assert not store.agreed_to_fine(connection, UsagePointId("UP-404"), NOON, HOUR)
