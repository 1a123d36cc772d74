"""Help is offered to whom has agreed, when it is likely, once, and not after its last day."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from cloud.assistance.programme import Programme, Season, Status
from cloud.assistance.programme_file import load
from cloud.assistance.service import AssistanceService
from cloud.assistance.settings import AssistanceSettings
from cloud.customers import consent_store, household_store
from cloud.customers.consent import Change, Channel, Purpose
from cloud.customers.household import HouseholdFact
from cloud.customers.model import UsagePoint
from cloud.kernel.facts import SourceKind
from cloud.messaging import store
from cloud.messaging.catalogue import Catalogue
from cloud.messaging.model import Announcement, Message, State
from cloud.messaging.service import Composer
from runtime.errors import SettingsError
from tests.fakes_cloud import fresh_database
from tests.fakes_messaging import EVENING, home_of, move_in

CATALOGUE, PROGRAMMES = Catalogue.load(), load()
POOR = {"cadunico": "yes", "income_per_capita_min_wages": "0.4"}


@pytest.fixture
def home() -> UsagePoint:
    return home_of()


@pytest.fixture
def connection(tmp_path: Path, home: UsagePoint) -> Iterator[Connection]:
    with fresh_database(tmp_path) as database, database.transaction() as connection:
        move_in(connection, home)
        yield connection


def service(jurisdiction: str = "BR") -> AssistanceService:
    composer = Composer(
        CATALOGUE, "utility.example", lambda customer, purpose: f"https://u.example/{customer}/{purpose}"
    )
    return AssistanceService(AssistanceSettings(jurisdiction=jurisdiction), PROGRAMMES, composer)


def agree(connection: Connection, home: UsagePoint, *, is_given: bool = True) -> None:
    change = Change(
        customer=home.customer.id,
        purpose=Purpose.ASSISTANCE,
        channel=Channel.EMAIL,
        is_given=is_given,
        at=EVENING - timedelta(days=1, hours=is_given),
        by="customer",
        evidence="ticked on her page",
    )
    consent_store.record(connection, change, EVENING)


def tell(connection: Connection, home: UsagePoint, facts: dict[str, str], as_of: date = date(2026, 6, 1)) -> None:
    told = [
        HouseholdFact(customer=home.customer.id, fact=name, value=value, as_of=as_of) for name, value in facts.items()
    ]
    household_store.keep(connection, told)


def offers(connection: Connection) -> list[Message]:
    found = store.newest(connection, limit=10)
    return [message for message in found if message.key.template == Announcement.ASSISTANCE_OFFER]


def test_what_is_likely_is_offered_with_its_source_and_once(connection: Connection, home: UsagePoint) -> None:
    agree(connection, home)
    tell(connection, home, POOR)

    first = service().after_explained_bill(connection, home, EVENING, energy_wh=412_000)
    second = service().after_explained_bill(connection, home, EVENING + timedelta(days=31), energy_wh=412_000)

    assert first is not None
    assert second is None
    (message,) = offers(connection)
    assert (message.state, message.key.case) == (State.QUEUED, "br-tsee:2025-07-05")
    assert message.letter is not None
    assert "os primeiros 80 kWh de cada mês são gratuitos." in message.letter.body.text
    assert "Lei 15.235/2025" in message.letter.body.text
    assert {source.kind for source in message.facts["benefit"].sources} == {SourceKind.PROGRAMME, SourceKind.CONSENT}


def test_it_may_not_be_repeated_after_its_last_day_where_the_customer_lives(
    connection: Connection, home: UsagePoint
) -> None:
    agree(connection, home)
    tell(connection, home, POOR)

    service().after_explained_bill(connection, home, EVENING)

    (message,) = offers(connection)
    assert message.valid_until is not None
    assert message.valid_until.astimezone(home.zone).date() == date(2027, 5, 31)


def test_what_is_open_in_winter_only_may_not_be_repeated_after_the_winter(
    connection: Connection, home: UsagePoint
) -> None:
    agree(connection, home)
    tell(connection, home, POOR)
    composer = Composer(CATALOGUE, "utility.example", lambda customer, purpose: "https://u.example")
    settings = AssistanceSettings(jurisdiction="BR")

    AssistanceService(settings, list(map(in_winter, PROGRAMMES)), composer).after_explained_bill(
        connection, home, EVENING
    )

    (message,) = offers(connection)
    assert message.facts["programme_until"].value == date(2027, 3, 31)
    assert message.valid_until is not None
    assert message.valid_until.astimezone(home.zone).date() == date(2027, 3, 31)


def in_winter(programme: Programme) -> Programme:
    """The same, open from November to March."""
    winter = Season(first=1101, last=331)
    versions = [replace(each, status=Status.SEASONAL, season=winter) for each in programme.versions]
    return replace(programme, versions=tuple(versions))


def test_without_consent_nothing_is_looked_at_and_nothing_is_written(connection: Connection, home: UsagePoint) -> None:
    tell(connection, home, POOR)

    unasked = service().after_explained_bill(connection, home, EVENING)
    agree(connection, home)
    agree(connection, home, is_given=False)
    withdrawn = service().after_explained_bill(connection, home, EVENING)

    assert (unasked, withdrawn) == (None, None)
    assert offers(connection) == []


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"cadunico": "yes"},
        POOR | {"cadunico": "no"},
        POOR | {"income_per_capita_min_wages": "a little"},
        POOR | {"cadunico": "perhaps"},
    ],
)
def test_what_is_not_likely_is_not_offered(connection: Connection, home: UsagePoint, facts: dict[str, str]) -> None:
    agree(connection, home)
    tell(connection, home, facts)

    assert service().after_explained_bill(connection, home, EVENING) is None
    assert offers(connection) == []


def test_an_income_of_three_years_ago_decides_nothing(connection: Connection, home: UsagePoint) -> None:
    agree(connection, home)
    tell(connection, home, POOR, as_of=date(2023, 11, 1))

    assert service().after_explained_bill(connection, home, EVENING) is None


def test_an_offer_made_before_it_opens_or_when_unread_too_long_does_not_exist(
    connection: Connection, home: UsagePoint
) -> None:
    agree(connection, home)
    tell(connection, home, POOR)

    assert service().after_explained_bill(connection, home, EVENING + timedelta(days=200)) is None
    assert service("").after_explained_bill(connection, home, EVENING) is None
    assert offers(connection) == []


def test_a_jurisdiction_that_is_none_is_refused_with_the_settings() -> None:
    AssistanceSettings().check()

    with pytest.raises(SettingsError, match="no jurisdiction"):
        AssistanceSettings(jurisdiction="Brasil").check()
