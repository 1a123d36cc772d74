"""The words about outages, as people and programs type them."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from cloud.grid import store as grid
from cloud.kernel.ids import DeviceId, UsagePointId
from cloud.outages import area_store
from cloud.outages.area_model import Line, Mark, Member, Outage, Standing
from cloud.state import StateFolder
from tests.fakes_cloud import NOON
from tests.fakes_feeder import device, feeder_of, homes_at
from tests.terminal import Terminal

TABLE = """node,parent,device,customers
src,,,0
S-1,src,switch,0
T-1,S-1,service_transformer,4
T-2,S-1,service_transformer,4
bend,T-2,,2
"""


@pytest.fixture
def run(terminal: Terminal):
    """Run the command with these words: its status, what it printed, and its complaint."""

    def command(*words: object) -> tuple[int, str, str]:
        ended = terminal.run("lamplight-cloud", *words)
        return ended.status, ended.out, ended.err

    return command


@pytest.fixture
def files(tmp_path: Path):
    """The words of `outage locate` for a feeder and what is said of it."""

    def made(evidence: str, feeder: str = TABLE) -> tuple[object, ...]:
        (tmp_path / "feeder.csv").write_text(feeder)
        (tmp_path / "evidence.csv").write_text(evidence)
        return ("--feeder", tmp_path / "feeder.csv", "--evidence", tmp_path / "evidence.csv")

    return made


def test_a_failure_is_located_from_two_files(run, files) -> None:
    status, out, _ = run("outage", "locate", *files("id,says\nT-1,out\nT-2,alive\n"), "--json")

    (place,) = json.loads(out)["places"]
    assert status == 0
    assert (place["id"], place["kind"], place["customers"]) == ("T-1", "transformer", 4)
    assert place["usage_points"] == ["T-1:1", "T-1:2", "T-1:3", "T-1:4"]
    assert place["margin"] > 0


def test_what_is_said_of_fewer_homes_outweighs_what_is_said_of_more(run, files) -> None:
    _, out, _ = run("outage", "locate", *files("id,says\nT-2:1,out\nsrc,alive\n"), "--json")

    assert [place["id"] for place in json.loads(out)["places"]] == ["T-2:1"]


def test_a_node_that_is_no_device_stands_for_its_own_customers(run, files) -> None:
    _, out, _ = run("outage", "locate", *files("id,says\nbend,out\nsrc,alive\n"))

    assert out.splitlines()[0].startswith("bend:1  usage_point  1 customers  margin")
    assert len(out.splitlines()) == 2


def test_nothing_said_is_nothing_found(run, files) -> None:
    _, out, _ = run("outage", "locate", *files("id,says\nT-1,unheard\n"), "--json")

    assert json.loads(out) == {"places": [], "customers": 0}


def test_faulty_evidence_is_named_by_row_and_column(run, files) -> None:
    status, out, complaint = run("outage", "locate", *files("id,says\nT-9,out\nT-1,dead\nT-1,out\n"))

    assert (status, out) == (2, "")
    assert "row 2, id: no usage point of the feeder, and nothing with customers, is called 'T-9'" in complaint
    assert "row 3, says: 'dead' is none of out, suspected, alive" in complaint
    assert "row 4, id: 'T-1' stands already in row 3" in complaint
    assert complaint.count("\n") == 1


def test_a_faulty_feeder_is_named_by_row_and_column(run, files) -> None:
    status, _, complaint = run("outage", "locate", *files("id,says\nT-1,out\n", TABLE.replace("T-2,S-1", "T-2,S-9")))

    assert status == 2
    assert "row 5, parent" in complaint


def test_a_file_that_is_not_there_is_one_line(run, tmp_path: Path) -> None:
    status, _, complaint = run("outage", "locate", "--feeder", tmp_path / "no.csv", "--evidence", tmp_path / "no.csv")

    assert status == 2
    assert complaint.count("\n") == 1


@pytest.fixture
def folder(state: StateFolder) -> StateFolder:
    """A state folder with an outage that is restored but for one home."""
    homes = (UsagePointId("UP-1"), UsagePointId("UP-2"))
    tree = feeder_of([device("T-1", "F-1")], homes_at("T-1", *homes))
    outage = Outage(
        number=1,
        feeder=DeviceId("F-1"),
        device="T-1",
        opened_at_device="T-1",
        began_at=NOON,
        opened_at=NOON + timedelta(seconds=9),
        first_back_at=NOON + timedelta(minutes=30),
        members=(
            Member(usage_point=homes[0], standing=Standing.BACK, since=NOON + timedelta(minutes=30), case_number=1),
            Member(usage_point=homes[1], standing=Standing.UNVERIFIED, since=NOON),
        ),
    )
    database = state.open_database()
    with database.transaction() as connection:
        grid.keep_trees(connection, [tree])
        area_store.save(connection, outage, None)
        area_store.add_lines(connection, [Line(number=1, mark=Mark.OPENED, detail="T-1")], NOON)
    database.close()
    return state


def test_outages_are_listed(run, folder: StateFolder) -> None:
    status, out, _ = run("outage", "list", folder.path)

    assert status == 0
    assert out == "T-1-1  at T-1  since 2026-11-21 12:00:00  restored  1 back, 1 unverified\n"


def test_an_outage_is_shown_with_its_members_and_its_timeline(run, folder: StateFolder) -> None:
    _, out, _ = run("outage", "show", folder.path, "T-1-1", "--json")

    shown = json.loads(out)
    assert [member["standing"] for member in shown["members"]] == ["back", "unverified"]
    assert [entry["mark"] for entry in shown["timeline"]] == ["opened"]
    assert shown["name"] == "T-1-1"


@pytest.mark.parametrize("name", ["T-1-2", "T-9-1", "nothing", "-"])
def test_an_outage_that_is_not_there_is_refused(run, folder: StateFolder, name: str) -> None:
    status, _, complaint = run("outage", "show", folder.path, "--", name)

    assert status == 2
    assert complaint.count("\n") == 1


def test_an_unverified_home_is_closed_on_a_persons_word(run, folder: StateFolder) -> None:
    status, out, _ = run("outage", "close", folder.path, "UP-2", "--reason", "the lights are on", "--by", "Rui")

    _, shown, _ = run("outage", "show", folder.path, "1", "--json")
    assert status == 0
    assert "nobody is told" in out
    assert [member["standing"] for member in json.loads(shown)["members"]] == ["back", "closed"]


def test_a_home_with_nothing_open_is_not_closed(run, folder: StateFolder) -> None:
    status, _, complaint = run("outage", "close", folder.path, "UP-1", "--reason", "the lights are on")

    assert status == 2
    assert "there is no open case at UP-1" in complaint
