"""A home changes hands, and a bill its numbers: nobody is told what is another's, or what does not hold any more."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cloud.messaging.model import Announcement
from simulators.cis.books import Rows
from tests.fakes_cloud import fresh_database
from tests.fakes_month import AFTER_IT, BILL, CYCLE, IN_THE_CYCLE, TARIFF, Month, asking, books

YESTERDAY = IN_THE_CYCLE - timedelta(days=1)
RUI = {"customer": "C-0002", "name": "Rui Lima", "email": "rui@example.com", "phone": "", "language": "pt-BR"}
HIS_ACCOUNT = {"account": "A-RUI", "customer": "C-0002", "currency": "BRL"}


@pytest.fixture
def month(tmp_path: Path) -> Iterator[Month]:
    with fresh_database(tmp_path) as database:
        month = Month(database, tmp_path)
        month.begin()
        yield month


def moved(rows: Rows, *, ends_on: str) -> Rows:
    """The books after Rui moved in, who agreed to everything; Ana's contract ends on a day, or has not ended yet."""
    (home,), (contract,) = rows["usage_points"], rows["contracts"]
    agreed = [each | {"customer": RUI["customer"]} for each in rows["consents"]]
    return rows | {
        "customers": [*rows["customers"], RUI],
        "accounts": [*rows["accounts"], HIS_ACCOUNT],
        "usage_points": [home | {"account": HIS_ACCOUNT["account"]}],
        "contracts": [contract | {"valid_to": ends_on}],
        "consents": [*rows["consents"], *agreed],
    }


def test_the_last_bill_of_who_moved_out_is_looked_at_and_told_to_nobody_who_lives_there_now(month: Month) -> None:
    month.hand_in(books(IN_THE_CYCLE))
    month.warm(AFTER_IT)
    month.clock.go_on((AFTER_IT - IN_THE_CYCLE).total_seconds())
    month.read(CYCLE[0], AFTER_IT)

    month.hand_in(moved(books(AFTER_IT), ends_on=str(CYCLE[1])))
    month.go_on()

    assert month.look().matches
    assert month.messages() == []


def test_what_another_pays_for_is_not_projected_for_who_lives_there_now(month: Month) -> None:
    rows = moved(books(IN_THE_CYCLE), ends_on="")
    month.hand_in(books(IN_THE_CYCLE, ()))
    month.hand_in({entity: rows[entity] for entity in ("customers", "accounts", "usage_points", "consents")})
    month.warm(IN_THE_CYCLE)

    month.read(CYCLE[0], YESTERDAY)
    month.go_on()

    assert month.messages() == []


def test_the_last_evening_of_a_contract_is_hers_though_her_tariff_has_another_clock(month: Month) -> None:
    rows = books(IN_THE_CYCLE)
    (contract,) = rows["contracts"]
    (month.tariffs / TARIFF.name).write_text(TARIFF.read_text().replace("America/Sao_Paulo", "America/Noronha"))
    month.hand_in(rows | {"contracts": [contract | {"valid_to": str(IN_THE_CYCLE)}]})
    month.clock.go_on(timedelta(hours=5).total_seconds())  # it is past midnight in Noronha, not here

    month.read(CYCLE[0], YESTERDAY)
    month.clock.go_on(61)
    month.work()

    assert month.outlook().last_day == IN_THE_CYCLE
    assert month.outlook().days_left == 1


def test_a_bill_for_days_after_its_contract_is_left_to_a_person(month: Month) -> None:
    rows = books(AFTER_IT)
    (contract,) = rows["contracts"]
    month.warm(AFTER_IT)
    month.clock.go_on((AFTER_IT - IN_THE_CYCLE).total_seconds())
    month.hand_in(rows)
    month.hand_in({"contracts": [contract | {"valid_to": "2026-06-01"}]})

    month.read(CYCLE[0], AFTER_IT)
    month.go_on()

    assert "before it begins" in month.look().why
    assert month.waiting() == 0


@pytest.mark.parametrize(("cents", "told_anew"), [(1, [f"{BILL}/55172"]), (250, [])])
def test_a_letter_that_waits_does_not_leave_when_its_bill_is_corrected(
    month: Month, cents: int, told_anew: list[str]
) -> None:
    month.warm(AFTER_IT)
    month.clock.go_on((AFTER_IT - IN_THE_CYCLE).total_seconds())
    month.read(CYCLE[0], AFTER_IT)
    month.hand_in(books(AFTER_IT))
    month.go_on()

    month.hand_in(asking(books(AFTER_IT), cents))
    month.go_on()

    told = [each for each in month.messages() if each.key.template == Announcement.HIGH_BILL_EXPLAINED]
    assert told[0].overtaken_at is not None
    assert [each.key.case for each in told if each.overtaken_at is None] == told_anew
