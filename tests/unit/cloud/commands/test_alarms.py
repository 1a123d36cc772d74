"""`alarm` and `quarantine`: what is missing, what was not believed, and a person's word on either."""

from dataclasses import replace

import pytest

from cloud.cli import _run
from cloud.ingest.alarms import Kind
from cloud.ingest.lane_watch import LaneWatch
from cloud.ingest.service import Intake
from cloud.ingest.settings import IngestSettings
from cloud.kernel.loop import Loop
from tests.fakes_cloud import FakeGateway, HandClock, forged, register
from tests.unit.cloud.commands.typed import answer, refusal
from wire.events import SupplyLost
from wire.keys import SoftwareSigner

LOST = SupplyLost(began_at_ms=1_795_262_400_000, input_mv=4_900)


@pytest.fixture
def take(state):
    """Let the cloud take these messages, and look after gaps an hour later."""

    def taken(*messages, register_first=()):
        database, clock = state.open_database(), HandClock()
        for fake in register_first:
            register(database, fake)
        intake = Intake(database=database, clock=clock, signer=SoftwareSigner.generate(), on_commit=list)
        intake.take(messages)
        watch = LaneWatch(IngestSettings())
        clock.go_on(3_600)
        Loop(database=database, clock=clock, handlers=watch.handlers(), on_commit=list).turn()
        database.close()

    return taken


@pytest.fixture
def gap(take, fake):
    """Events 2 and 3 of the alarm lane never came."""
    made = [fake.say(LOST) for _ in range(4)]
    take(made[0], made[3], register_first=[fake])
    return made


def test_open_alarms_are_listed_and_answer_a_script(state, gap, capsys):
    (alarm,) = answer(capsys, "alarm", "list", state.path, status=1)

    assert (alarm["kind"], alarm["lane"], alarm["first_seq"], alarm["last_seq"]) == (str(Kind.GAP), "alarm", 2, 3)
    assert _run(["alarm", "list", str(state.path)]) == 1
    assert "2-3  missing 2  open" in capsys.readouterr().out


def test_a_gap_is_written_off_and_stays_in_the_book(state, gap, capsys):
    (alarm,) = answer(capsys, "alarm", "list", state.path, status=1)

    answer(capsys, "alarm", "write-off", state.path, alarm["id"], "--reason", "the card is gone", "--by", "Ana")

    assert answer(capsys, "alarm", "list", state.path) == []
    (over,) = answer(capsys, "alarm", "list", state.path, "--all")
    (hole,) = answer(capsys, "alarm", "holes", state.path)
    assert (over["ended_by"], over["remark"]) == ("Ana", "the card is gone")
    assert (hole["cause"], hole["said_by"], hole["missing"]) == ("written off", "Ana", 2)
    _run(["alarm", "holes", str(state.path)])
    assert "written off, says Ana" in capsys.readouterr().out


def test_what_a_gap_is_not_is_refused(state, gap, capsys):
    (alarm,) = answer(capsys, "alarm", "list", state.path, status=1)

    assert "gap" in refusal(capsys, "alarm", "seen", state.path, alarm["id"], "--reason", "x")
    assert "no open alarm" in refusal(capsys, "alarm", "write-off", state.path, 99, "--reason", "x")


def test_a_refused_message_is_laid_open(state, fake, take, capsys):
    message = fake.say(LOST)
    take(message)
    (row,) = answer(capsys, "quarantine", "list", state.path)

    shown = answer(capsys, "quarantine", "show", state.path, row["id"])

    assert (shown["reason"], shown["says"]["event"]) == ("unknown key", "SupplyLost")
    assert shown["raw"] == message.payload.hex()
    assert "no such message" in refusal(capsys, "quarantine", "show", state.path, 99)


def test_what_is_replayed_goes_the_same_way_once_what_refused_it_is_mended(state, fake, take, capsys):
    made = [fake.say(LOST) for _ in range(3)]
    take(*made)
    take(register_first=[fake])

    told = answer(capsys, "quarantine", "replay", state.path, "--reason", "unknown key")

    assert (told["replayed"], told["taken"]) == (3, 3)
    assert answer(capsys, "quarantine", "list", state.path) == []
    assert answer(capsys, "alarm", "list", state.path) == []


def test_what_is_refused_again_stays_as_it_was(state, fake, take, capsys):
    message = fake.say(LOST)
    stranger = FakeGateway()
    take(forged(message), stranger.say(LOST), register_first=[fake])
    before = answer(capsys, "quarantine", "list", state.path)

    told = answer(capsys, "quarantine", "replay", state.path, "--all", status=1)

    assert (told["replayed"], told["taken"]) == (2, 0)
    assert answer(capsys, "quarantine", "list", state.path) == before


@pytest.mark.parametrize("words", [[], ["1", "--all"], ["--all", "--reason", "unknown key"]])
def test_which_to_replay_is_said_in_one_way(state, capsys, words):
    assert "not clear" in refusal(capsys, "quarantine", "replay", state.path, *words)


def test_a_message_that_was_kept_by_its_beginning_alone_cannot_be_replayed(state, fake, take, capsys):
    take(replace(fake.say(LOST), payload=b"\xd2" * 70_000))
    (row,) = answer(capsys, "quarantine", "list", state.path)

    told = answer(capsys, "quarantine", "replay", state.path, row["id"], status=1)

    assert told["messages"][0]["detail"] == "only its beginning was kept"
