"""Taking in drops: what stands afterwards, what waits for a person, and what changes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest

from cloud.billing import accounts_store
from cloud.cis import store
from cloud.cis.manifest import DropRefused, Entity
from cloud.cis.service import DropImported, import_drop
from cloud.customers import consent_store, household_store
from cloud.customers import store as customers
from cloud.customers.consent import Allowed, Channel, Purpose
from cloud.kernel.db import Database
from cloud.kernel.ids import CustomerId
from tests.fakes_cis import ACCOUNT, CONSENT, CONTRACT, CUSTOMER, FACT, HOME, JUNE, MAY, PAYMENT, WHOLE, Row, write_drop
from tests.fakes_cloud import FakeGateway, HandClock, fresh_database, register

NOBODY = CustomerId("C-1")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with fresh_database(tmp_path) as database:
        yield database


class Desk:
    """Where drops are handed in, one after the other."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.days = 0

    def hand_in(self, told: Mapping[str, Sequence[Row]]) -> DropImported:
        self.days += 1
        path = write_drop(self.folder, told, drop=f"D-{self.days}", day=self.days)
        return self.again(path)

    def again(self, path: Path) -> DropImported:
        return import_drop(self.database, path, HandClock())

    def waiting(self) -> list[str]:
        with self.database.read() as connection:
            return [f"{each.entity} {each.key}" for each in store.newest(connection, limit=50)]

    def bills(self) -> list[str]:
        with self.database.read() as connection:
            return [f"{b.id} {b.first_day} {b.last_day}" for b in accounts_store.bills_of(connection, "K-1", 50)]


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path)


def reasons(told: DropImported) -> list[str]:
    return list(map(str, told.refused))


def test_all_of_a_whole_drop_stands(desk: Desk) -> None:
    told = desk.hand_in(WHOLE)

    assert told.is_whole
    assert told.kept == {entity: len(WHOLE[entity]) for entity in Entity}
    with desk.database.read() as connection:
        home = customers.find(connection, "UP-0001")
        assert home is not None
        assert (home.meter, home.customer.name, home.customer.phone) == ("LMP00000001", "Ana Souza", "+5541999990001")
        contract = accounts_store.contract_of(connection, "UP-0001", date(2026, 6, 15))
        assert contract is not None
        assert contract.weather_station == "curitiba"
        assert [bill.total.minor for bill in accounts_store.bills_of(connection, contract.id, 5)] == [28412, 28412]
        assert [paid.id for paid in accounts_store.payments_of(connection, "A-1", 5)] == ["P-05"]
        assert [fact.value for fact in household_store.of_customer(connection, "C-1")] == ["3"]
        assert isinstance(consent_store.may_tell(connection, NOBODY, Purpose.BILLING, Channel.EMAIL), Allowed)


def test_the_same_drop_twice_changes_nothing(desk: Desk) -> None:
    desk.hand_in(WHOLE)

    again = desk.again(desk.folder / "D-1")

    assert (sum(again.kept.values()), sum(again.unchanged.values())) == (0, sum(map(len, WHOLE.values())))


def test_a_later_drop_corrects_what_an_earlier_one_told_and_the_earlier_one_cannot_undo_it(desk: Desk) -> None:
    desk.hand_in(WHOLE)
    desk.hand_in({"bills": [MAY | {"energy_wh": "290000"}]})

    desk.again(desk.folder / "D-1")

    with desk.database.read() as connection:
        bill = accounts_store.find_bill(connection, "B-05")
    assert bill is not None
    assert bill.energy_wh == 290_000


def test_a_drop_made_before_the_last_one_is_refused(desk: Desk) -> None:
    desk.days = 5
    desk.hand_in(WHOLE)
    desk.days = 2

    with pytest.raises(DropRefused, match="made before the last drop"):
        desk.hand_in({"bills": [MAY]})


def test_a_drop_of_a_day_to_come_is_refused(desk: Desk) -> None:
    desk.days = 24

    with pytest.raises(DropRefused, match="still to come"):
        desk.hand_in(WHOLE)


def test_a_row_that_cannot_be_read_waits_and_the_others_stand(desk: Desk) -> None:
    told = desk.hand_in({**WHOLE, "bills": [MAY | {"total": "284,12"}, JUNE]})

    assert reasons(told) == ["bills.csv:2:total: '284,12' is not an amount; write it as in 1234.56"]
    assert desk.waiting() == ["bills B-05"]
    assert desk.bills() == ["B-06 2026-06-01 2026-06-30"]


def test_a_corrected_row_waits_no_more_and_the_old_drop_does_not_bring_it_back(desk: Desk) -> None:
    desk.hand_in({**WHOLE, "bills": [MAY | {"total": "284,12"}, JUNE]})
    desk.hand_in({"bills": [MAY]})
    assert desk.waiting() == []

    again = desk.again(desk.folder / "D-1")

    assert again.is_whole
    assert desk.waiting() == []


def test_what_hangs_on_a_refused_row_is_refused_with_it_and_taken_once_that_row_is_right(desk: Desk) -> None:
    told = desk.hand_in({**WHOLE, "accounts": [ACCOUNT | {"currency": "XYZ"}]})
    first, *others = reasons(told)
    assert first == "accounts.csv:2:currency: 'XYZ' is not one of: BRL, EUR, GBP, USD"
    assert "bills.csv:3:account: its account 'A-1' was refused" in others
    assert all(reason.endswith(" was refused") for reason in others)
    assert {str(entity) for entity in Entity if told.kept[entity]} == {"customers", "households", "consents"}
    desk.hand_in({"accounts": [ACCOUNT]})

    again = desk.again(desk.folder / "D-1")

    assert again.is_whole
    assert again.kept[Entity.BILLS] == 2
    assert desk.waiting() == []


@pytest.mark.parametrize(
    ("entity", "rows", "why"),
    [
        ("accounts", [ACCOUNT | {"account": "A-2", "customer": "C-9"}], "customer: its customer 'C-9' is not known"),
        ("accounts", [ACCOUNT | {"currency": "EUR"}], "currency: contracts stand on this account of 'C-1' in BRL"),
        ("contracts", [CONTRACT | {"contract": "K-2"}], "valid_from: it overlaps contract 'K-1' at the same usage"),
        ("contracts", [CONTRACT | {"usage_point": "UP-9"}], "usage_point: its usage point 'UP-9' is not known"),
        ("contracts", [CONTRACT | {"valid_to": "2024-12-31"}], "valid_to: 2024-12-31 is before valid_from"),
        ("contracts", [CONTRACT | {"cycle_day": "31"}], "cycle_day: 31 is not a day every month has"),
        ("bills", [MAY | {"last_day": "2026-04-30"}], "last_day: 2026-04-30 is before first_day, 2026-05-01"),
        ("bills", [MAY | {"currency": "EUR"}], "currency: EUR, and its account is in BRL"),
        ("bills", [MAY | {"bill": "B-99"}], "first_day: it overlaps bill 'B-05' of the same contract"),
        ("bills", [MAY | {"contract": "K-9"}], "contract: its contract 'K-9' is not known"),
        ("bills", [MAY | {"first_day": "2024-12-31"}], "first_day: its contract holds from 2025-01-01"),
        ("payments", [PAYMENT, PAYMENT], "payment: 'P-05' stands already in payments.csv, row 2"),
        ("payments", [PAYMENT | {"currency": "USD"}], "currency: USD, and its account is in BRL"),
        ("usage_points", [HOME | {"usage_point": "UP-2"}], "meter: this meter measures 'UP-0001' already"),
        ("households", [FACT | {"customer": "C-9"}], "customer: its customer 'C-9' is not known"),
        ("consents", [CONSENT | {"given_at": "2027-01-01T00:00:00Z"}], "given_at: it is dated 2027-01-01"),
        ("consents", [CONSENT | {"given_at": "2026-01-01T00:00:00"}], "given_at: '2026-01-01T00:00:00' is not an inst"),
        ("customers", [CUSTOMER | {"phone": "041 99"}], "phone: '041 99' is not a telephone number"),
    ],
)
def test_a_row_that_does_not_agree_with_what_stands_is_refused_alone(
    desk: Desk, entity: str, rows: Sequence[Row], why: str
) -> None:
    desk.hand_in(WHOLE)

    told = desk.hand_in({entity: rows})

    (reason,) = reasons(told)
    assert why in reason


def test_an_open_contract_of_somebody_elses_account_is_refused_and_one_that_ended_is_not(desk: Desk) -> None:
    bia = {"customers": [CUSTOMER | {"customer": "C-2"}], "accounts": [ACCOUNT | {"account": "A-2", "customer": "C-2"}]}
    hers = CONTRACT | {"contract": "K-0", "account": "A-2", "valid_from": "2020-01-01", "valid_to": "2024-12-31"}
    desk.hand_in({**WHOLE, **{name: [*WHOLE[name], *rows] for name, rows in bia.items()}})

    assert desk.hand_in({"contracts": [hers]}).is_whole
    told = desk.hand_in({"contracts": [hers | {"valid_to": "2027-01-01"}]})

    (reason,) = reasons(told)
    assert "'UP-0001' is the home of 'C-1', and its account is of 'C-2'" in reason


def test_every_bill_of_a_row_can_be_moved_by_a_day(desk: Desk) -> None:
    desk.hand_in(WHOLE)
    moved = [MAY | {"last_day": "2026-06-01"}, JUNE | {"first_day": "2026-06-02"}]

    assert desk.hand_in({"bills": moved}).is_whole

    assert desk.bills() == ["B-06 2026-06-02 2026-06-30", "B-05 2026-05-01 2026-06-01"]


def test_two_homes_can_exchange_their_meters(desk: Desk) -> None:
    second = HOME | {"usage_point": "UP-2", "meter": "M-2"}
    desk.hand_in({**WHOLE, "usage_points": [HOME, second]})

    told = desk.hand_in({"usage_points": [HOME | {"meter": "M-2"}, second | {"meter": "LMP00000001"}]})

    assert told.is_whole


def test_a_home_keeps_the_meter_its_gateway_reads(desk: Desk) -> None:
    register(desk.database, FakeGateway(meter="LMP00000001"))

    told = desk.hand_in({**WHOLE, "usage_points": [HOME, HOME | {"usage_point": "UP-1", "meter": "M-9"}]})

    assert [reason.partition(";")[0] for reason in reasons(told) if "usage_points" in reason] == [
        "usage_points.csv:2:meter: a gateway reads meter LMP00000001 at UP-1",
        "usage_points.csv:3:meter: a gateway reads meter LMP00000001 at UP-1",
    ]


def test_nothing_of_a_drop_stands_whose_last_file_is_not_the_one_listed(desk: Desk) -> None:
    path = write_drop(desk.folder, WHOLE)
    (path / "payments.csv").write_bytes(b"payment,account,amount,currency,paid_on\n")

    with pytest.raises(DropRefused, match=r"sha256 is not the one.*payments\.csv"):
        desk.again(path)

    with desk.database.read() as connection:
        assert customers.page(connection) == []


def test_a_drop_of_rows_that_are_all_wrong_is_refused_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.cis.service.MAX_REFUSED", 1)

    with pytest.raises(DropRefused, match=r"2 of its rows cannot be taken, the first being bills\.csv:2"):
        desk.hand_in({"bills": [MAY, JUNE]})

    assert desk.waiting() == []


def test_whoever_bills_hears_of_the_bills_in_the_same_transaction(database: Database, tmp_path: Path) -> None:
    heard: list[str] = []

    import_drop(database, write_drop(tmp_path, WHOLE), HandClock(), lambda _c, bills, _now: heard.extend(bills))

    assert heard == ["B-05", "B-06"]


def test_of_a_consent_that_is_refused_not_even_the_yes_stands(desk: Desk) -> None:
    told = desk.hand_in({**WHOLE, "consents": [CONSENT | {"withdrawn_at": "2027-01-01T00:00:00Z"}]})

    (reason,) = reasons(told)
    assert "consents.csv:2:withdrawn_at: it is dated 2027-01-01" in reason
    with desk.database.read() as connection:
        assert consent_store.history(connection, NOBODY) == []


def test_whoever_bills_hears_of_no_bill_that_is_told_again_as_it_stands(database: Database, tmp_path: Path) -> None:
    heard: list[str] = []
    import_drop(database, write_drop(tmp_path, WHOLE), HandClock())
    later = write_drop(tmp_path, {"bills": [MAY, JUNE | {"total": "290.00"}]}, drop="D-2", day=2)

    told = import_drop(database, later, HandClock(), lambda _c, bills, _now: heard.extend(bills))

    assert told.kept[Entity.BILLS] == 2
    assert heard == ["B-06"]
