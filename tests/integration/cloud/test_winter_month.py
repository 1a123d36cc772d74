"""Ana's winter month: her readings signed, her bill dropped, and what she is told of it, in her language, once."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cloud.customers import preference_store
from cloud.customers.preferences import Preferences
from cloud.kernel.db import Database
from cloud.kernel.facts import SourceKind
from cloud.kernel.i18n import Language
from cloud.kernel.ids import CustomerId
from cloud.kernel.money import Currency, Money, total
from cloud.messaging.model import Announcement, Message, State
from tests.fakes_cloud import fresh_database
from tests.fakes_month import (
    AFTER_IT,
    ANA,
    CYCLE,
    IN_THE_CYCLE,
    TARIFF,
    Month,
    asking,
    books,
    evening_of,
    heater_never_stops,
)

COMING, EXPLAINED = Announcement.HIGH_BILL_COMING, Announcement.HIGH_BILL_EXPLAINED
YESTERDAY = IN_THE_CYCLE - timedelta(days=1)
OFFER, UNUSUAL = Announcement.ASSISTANCE_OFFER, Announcement.UNUSUAL_USE
WITHOUT_JULY = TARIFF.read_text().replace('2026-07 = "vermelha_1"\n', "")
IN_EUROS = TARIFF.read_text().replace('currency = "BRL"', 'currency = "EUR"')


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Month]:
    """Nothing was told yet."""
    with fresh_database(tmp_path) as database:
        month = Month(database, tmp_path)
        month.begin()
        yield month


@pytest.fixture(scope="module")
def read_half(tmp_path_factory: pytest.TempPathFactory) -> Month:
    """The customers, the weather, and the readings of the cycle so far were told; its database is closed."""
    folder = tmp_path_factory.mktemp("half")
    with fresh_database(folder) as database:
        month = Month(database, folder)
        month.begin()
        month.hand_in(books(IN_THE_CYCLE))
        month.warm(IN_THE_CYCLE)
        month.read(CYCLE[0], YESTERDAY)
        month.hear(heater_never_stops())
        month.go_on()
    return month


@pytest.fixture
def half(read_half: Month, tmp_path: Path) -> Iterator[Month]:
    """A copy of it, on the evening after the cycle; nothing more is read yet."""
    path = tmp_path / "lamplight.sqlite"
    path.write_bytes(read_half.database.path.read_bytes())
    database = Database.open(path)
    month = read_half.copied(database, tmp_path)
    month.go_on(evening_of(AFTER_IT))
    month.warm(AFTER_IT)
    yield month
    database.close()


def of(month: Month, announcement: Announcement) -> Message:
    (found,) = [message for message in month.messages() if message.key.template == announcement]
    return found


def amount(message: Message, name: str) -> Money:
    value = message.facts[name].value
    assert isinstance(value, Money)
    return value


def test_ana_is_told_four_things_in_her_language_each_once(half: Month) -> None:
    half.read(IN_THE_CYCLE, AFTER_IT)
    half.hand_in(books(AFTER_IT))
    half.go_on()
    half.hand_in(books(AFTER_IT))
    half.go_on()

    assert half.told() == [UNUSUAL, COMING, EXPLAINED, OFFER]
    assert {message.language for message in half.messages()} == {Language.PT_BR}
    told = of(half, EXPLAINED)
    parts = [name for name in told.facts if name.endswith("_part")]
    assert total([amount(told, name) for name in parts], Currency.BRL) == amount(told, "change")
    assert told.letter is not None
    assert {figure.fact_id for figure in told.letter.body.figures} >= set(parts)
    kinds = {source.kind for source in told.facts["behaviour_part"].sources}
    assert kinds == {SourceKind.BILL, SourceKind.READINGS, SourceKind.TARIFF, SourceKind.WEATHER}
    assert half.look().matches


def test_what_is_killed_at_the_last_moment_is_done_once_afterwards(half: Month) -> None:
    half.kills = 2
    half.read(IN_THE_CYCLE, AFTER_IT)
    half.hand_in(books(AFTER_IT))

    half.clock.go_on(61)
    half.work()
    lost = half.told()
    half.go_on()

    assert lost == [UNUSUAL, COMING]
    assert half.told() == [UNUSUAL, COMING, EXPLAINED, OFFER]


def test_a_range_is_told_with_its_line_and_not_after_a_day(half: Month) -> None:
    told = of(half, COMING)

    assert amount(told, "usual_bill") < amount(told, "bill_line") < amount(told, "projected_low")
    assert amount(told, "projected_low") < amount(told, "projected_high")
    assert told.valid_until is not None
    assert (told.valid_until - told.composed_at).total_seconds() == 86_400
    assert half.outlook().range is not None


def test_a_bill_that_came_before_its_readings_waits_for_them(half: Month) -> None:
    half.hand_in(books(AFTER_IT))
    half.clock.go_on(61)
    half.work()
    waits_for = half.look().why

    half.read(IN_THE_CYCLE, AFTER_IT)
    half.go_on()

    assert waits_for.startswith("6 of 30 days are not read, the first being 2026-07-08")
    assert half.look().why == ""
    assert half.told() == [UNUSUAL, COMING, EXPLAINED, OFFER]


def test_readings_that_never_come_leave_the_bill_to_a_person(half: Month) -> None:
    half.hand_in(books(AFTER_IT))

    half.go_on()

    assert half.told() == [UNUSUAL, COMING]
    assert half.look().looks == 4
    assert half.look().why.startswith("6 of 30 days are not read")
    assert half.waiting() == 0


def test_a_bill_that_we_reckon_otherwise_is_shown_to_a_person_and_not_explained(half: Month) -> None:
    half.read(IN_THE_CYCLE, AFTER_IT)

    half.hand_in(asking(books(AFTER_IT), 250))
    half.go_on()

    look = half.look()
    assert half.told() == [UNUSUAL, COMING]
    assert look.matches is False
    assert look.why == "the utility asks 554.21 BRL for 636839 Wh, and we reckon 551.71 BRL for 636839 Wh"
    assert look.since_previous is not None
    assert look.since_previous.change == Money(20_337, Currency.BRL)


def test_a_line_of_her_own_above_the_range_keeps_it_quiet(new: Month) -> None:
    new.hand_in(books(IN_THE_CYCLE))
    wished = Preferences(bill_line=Money(60_000, Currency.BRL))
    with new.database.transaction() as connection:
        preference_store.record(
            connection, CustomerId(ANA.customer), wished, by="customer", how="page", now=new.clock.now()
        )

    new.read(CYCLE[0], YESTERDAY)
    new.go_on()

    assert new.told() == []
    assert new.outlook().range is not None


def test_without_consent_everything_is_reckoned_and_nothing_is_told(new: Month) -> None:
    new.hand_in(books(IN_THE_CYCLE, ()))
    new.read(CYCLE[0], YESTERDAY)
    new.go_on()
    new.go_on(evening_of(AFTER_IT))
    new.read(IN_THE_CYCLE, AFTER_IT)
    new.hand_in(books(AFTER_IT, ()))
    new.go_on()

    assert [(message.key.template, message.state) for message in new.messages()] == [
        (COMING, State.WITHHELD),
        (EXPLAINED, State.WITHHELD),
    ]
    assert new.look().matches


@pytest.mark.parametrize(
    ("tariff", "why"),
    [
        (WITHOUT_JULY, "bandeira has no rate for 2026-07-01"),
        (IN_EUROS, "EUR cannot be reckoned with BRL"),
        ("", "the key 'currency' is missing"),
    ],
)
def test_a_tariff_that_cannot_be_used_is_said_once_and_nothing_is_told(
    half: Month, caplog: pytest.LogCaptureFixture, tariff: str, why: str
) -> None:
    (half.tariffs / TARIFF.name).write_text(tariff)

    half.hand_in(books(AFTER_IT))
    half.read(IN_THE_CYCLE, AFTER_IT)
    half.go_on()

    assert half.told() == [UNUSUAL, COMING]
    assert why in half.look().why
    assert half.waiting() == 0
    assert len([each for each in caplog.messages if "B-UP-1-2026-07" in each]) == 1


def test_a_month_without_its_rate_is_not_projected_and_said_once(new: Month, caplog: pytest.LogCaptureFixture) -> None:
    (new.tariffs / TARIFF.name).write_text(WITHOUT_JULY)
    new.hand_in(books(IN_THE_CYCLE))

    new.read(CYCLE[0], YESTERDAY)
    new.go_on()
    new.go_on(evening_of(IN_THE_CYCLE + timedelta(days=1)))
    new.read(IN_THE_CYCLE, IN_THE_CYCLE)
    new.go_on()

    assert new.told() == []
    assert new.outlook().why.startswith("bandeira has no rate for 2026-07-01")
    assert new.outlook().known_until == IN_THE_CYCLE
    assert len([each for each in caplog.messages if "bill_not_projected" in each]) == 1
