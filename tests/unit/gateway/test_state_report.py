"""What `status` tells of verdicts that stand."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.adapters import journal_file
from gateway.adapters.journal import Journal
from gateway.adapters.journal_view import JournalView
from gateway.core.conclusions import LatestReading
from gateway.core.consumption import Bank
from gateway.core.consumption.alarm import Alarm
from gateway.core.interruption import InterruptionState, Trouble
from gateway.core.outbox import Change, Entry
from gateway.core.push.pushes import PushRecord
from gateway.core.reading import Origin
from gateway.core.registered_meter import RegisteredMeter
from gateway.core.remembered import remember
from gateway.core.uplink import UplinkState
from gateway.state_report import Status, journal_line, status_lines, status_of
from tests.fakes_gateway import FakeClock, at
from tests.fakes_journal import reading
from wire.events import GatewayHealth, KeyAnnounced, LaneHead
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner
from wire.terms import Cause, Lane, SetAsideReason

SIGNER = SoftwareSigner.generate()
GATEWAY = gateway_id_of(SIGNER.public.spki)
METER = RegisteredMeter(number=1, port="/dev/ttyUSB0", profile="lamplight-sim", push="/dev/han")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal_file.create(tmp_path / "journal.sqlite", GATEWAY, gen=1)
    journal = Journal.open(tmp_path / "journal.sqlite", GATEWAY, SIGNER, FakeClock())
    yield journal
    journal.close()


def status_after(journal: Journal, tmp_path: Path, **remembered: object) -> Status:
    lines = {name.replace("_", "/"): remember(value) for name, value in remembered.items()}
    journal.commit(Change(remembered=lines))
    with JournalView(tmp_path / "journal.sqlite") as view:
        return status_of(view, (METER,), now=at(600), process=None, is_enrolled=True)


def test_a_head_that_is_off_is_told_with_its_age(journal: Journal, tmp_path: Path) -> None:
    off = Trouble(cause=Cause.HEAD_OFF, began_at=at(0), seen=2, told_at=at(10))
    seen_once = Trouble(cause=Cause.SWITCHED_OFF, began_at=at(500), seen=1)

    status = status_after(journal, tmp_path, supply_1=InterruptionState(troubles=(off, seen_once)))

    assert "  head off, provisional, fair, since 2026-11-21 18:00:00 UTC (10 min ago)" in list(status_lines(status))
    assert "switched off" not in "".join(status_lines(status))
    assert status.facts()["meters"][0]["troubles"] == [  # type: ignore[index]  # it is plain JSON
        {"verdict": "head off, provisional, fair", "began_at": "2026-11-21T18:00:00+00:00"}
    ]


def test_rows_that_were_given_up_are_counted_and_no_longer_wait(journal: Journal, tmp_path: Path) -> None:
    journal.commit(Change(entries=(reading(), reading(), reading())))
    journal.set_aside(Lane.READINGS, 2, SetAsideReason.TOO_LARGE)

    status = status_after(journal, tmp_path)

    (line,) = [line for line in status_lines(status) if line.startswith("readings")]
    assert re.fullmatch(r"readings     0 of 3 safe in the cloud, 2 waiting \(\d+ B\), 1 given up", line)
    assert [lane["given_up"] for lane in status.facts()["lanes"]] == [0, 1, 0]  # type: ignore[attr-defined]


def test_a_home_that_is_being_learnt_is_told_with_its_days(journal: Journal, tmp_path: Path) -> None:
    status = status_after(journal, tmp_path, consumption_1=Bank(known_h=20 * 24 + 5))

    assert "  use still learning, 20 of 56 days" in list(status_lines(status))


def test_what_is_unusual_now_is_told_with_its_age(journal: Journal, tmp_path: Path) -> None:
    began_s = int(at(0).timestamp())
    open_alarm = Alarm(began_at_s=began_s, raised_at_s=began_s + 3600)
    bank = Bank(known_h=60 * 24, alarms=(open_alarm, Alarm(), Alarm(), Alarm()))

    status = status_after(journal, tmp_path, consumption_1=bank)

    assert "  use known; unusual: sustained, since 2026-11-21 18:00:00 UTC (10 min ago)" in list(status_lines(status))
    assert status.facts()["meters"][0]["use"] == {  # type: ignore[index]  # as above
        "is_known": True,
        "known_days": 60,
        "unusual": [{"kind": "sustained", "began_at": "2026-11-21T18:00:00+00:00"}],
    }


def test_where_a_meters_values_come_from_is_told_with_what_was_refused(journal: Journal, tmp_path: Path) -> None:
    latest = LatestReading(taken_at=at(540), serial="LMP1", values=(), origin=Origin.PUSHED, is_authenticated=False)
    record = PushRecord(kept_at=at(543), is_authenticated=False, refused=(("replayed", 2),))
    journal.commit(Change(remembered={"pushes//dev/han": remember(PushRecord(refused=(("wrong-key", 3),)))}))

    status = status_after(journal, tmp_path, reading_1=latest, pushes_1=record)

    lines = "\n".join(status_lines(status))
    (meter,) = status.facts()["meters"]  # type: ignore[misc,attr-defined]  # it is plain JSON
    assert "  pushed 2026-11-21 18:09:00 UTC (60 s ago), unauthenticated: " in lines
    assert "  last push kept 2026-11-21 18:09:03 UTC (57 s ago); refused 2 replayed" in lines
    assert "push port /dev/han: refused 3 wrong-key" in lines
    assert (meter["origin"], meter["last_push_age_s"], meter["pushes_refused"]) == ("pushed", 57, {"replayed": 2})
    assert status.facts()["push_ports"] == [{"port": "/dev/han", "refused": {"wrong-key": 3}}]


@pytest.mark.parametrize(
    ("told_at", "verdict"), [(None, ""), (at(30), ": wan fault, provisional, fair")], ids=["untold", "told"]
)
def test_an_uplink_that_is_away_is_told(journal: Journal, tmp_path: Path, told_at: object, verdict: str) -> None:
    status = status_after(journal, tmp_path, uplink=UplinkState(away_since=at(0), told_at=told_at))  # type: ignore[arg-type]  # as above

    assert f"uplink away since 2026-11-21 18:00:00 UTC (10 min ago){verdict}" in list(status_lines(status))


def test_a_gateway_that_reaches_the_cloud_says_nothing_of_it(journal: Journal, tmp_path: Path) -> None:
    status = status_after(journal, tmp_path)

    assert "uplink" not in "".join(status_lines(status))
    assert status.facts()["uplink"] == {"away_since": None, "verdict": None}


def test_of_a_meter_that_was_never_read_no_supply_is_claimed(journal: Journal, tmp_path: Path) -> None:
    status = status_after(journal, tmp_path, supply_1=InterruptionState())

    assert "  supply not known yet, no interruption seen" in list(status_lines(status))


def test_a_row_is_one_line_that_a_person_can_read(journal: Journal, tmp_path: Path) -> None:
    head = LaneHead(lane=Lane.ALARM, seq=7, head=bytes(range(16)))
    announced = KeyAnnounced(spki=bytes(91), proof=bytes(64), heads=(head,))
    health = GatewayHealth(
        disk_free_kb=77_821_616,
        journal_kb=96,
        memory_kb=53_300,
        temperature_mc=None,
        reports_dropped=0,
        events_refused=0,
    )
    journal.commit(Change(entries=tuple(Entry(event=event, subject="") for event in (announced, health))))

    with JournalView(tmp_path / "journal.sqlite") as view:
        lines = [journal_line(row) for row in view.newest(2, None)]

    assert lines[0].endswith("  KeyAnnounced  spki=00000000... proof=00000000... heads=[alarm 7]")
    assert " temperature_mc=- " in lines[1]
