"""The tariffs a cloud bills with, as an operator takes them in."""

import json
from pathlib import Path

import pytest

from cloud.billing.tariff_folder import SHIPPED
from cloud.state import StateFolder
from tests.terminal import Terminal

EXAMPLE = "rede-acacias-b1"


@pytest.fixture
def state(state: StateFolder) -> str:
    return str(state.path)


def test_an_example_is_taken_in_by_its_id(state: str, terminal: Terminal) -> None:
    added = terminal.run("lamplight-cloud", "tariff", "add", state, EXAMPLE)

    listed = terminal.run("lamplight-cloud", "tariff", "list", state, "--json")
    assert added.out.startswith(f"added: {EXAMPLE}")
    assert [each["id"] for each in json.loads(listed.out)] == [EXAMPLE]


def test_a_corrected_tariff_replaces_the_one_of_its_id(state: str, terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("lamplight-cloud", "tariff", "add", state, EXAMPLE)
    stands = Path(state) / "tariffs" / f"{EXAMPLE}.toml"
    corrected = tmp_path / "corrected.toml"
    corrected.write_text(stands.read_text().replace("invented for the demo", "invented anew"))

    answer = terminal.run("lamplight-cloud", "tariff", "add", state, str(corrected))

    assert answer.out.startswith(f"replaced: {EXAMPLE}")
    assert stands.read_text() == corrected.read_text()


def test_what_is_no_tariff_is_refused_and_nothing_is_kept(state: str, terminal: Terminal, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('id = "broken"\ncurrencies = "BRL"\n')

    answer = terminal.run("lamplight-cloud", "tariff", "add", state, str(broken))

    assert "broken.toml" in answer.refusal
    assert "broken" not in terminal.run("lamplight-cloud", "tariff", "list", state).out


@pytest.mark.parametrize("name", ["../cloud", "..", "a b", "a/b", "{folder}/elsewhere", "x" * 65])
def test_an_id_that_leads_out_of_the_folder_is_refused_and_nothing_is_written(
    state: str, terminal: Terminal, tmp_path: Path, name: str
) -> None:
    text = (SHIPPED / f"{EXAMPLE}.toml").read_text()
    evil = tmp_path / "evil.txt"
    evil.write_text(text.replace(f'id = "{EXAMPLE}"', f'id = "{name.format(folder=tmp_path)}"'))
    settings = (Path(state) / "cloud.toml").read_text()

    answer = terminal.run("lamplight-cloud", "tariff", "add", state, str(evil))

    assert "is no tariff's id" in answer.refusal
    assert (Path(state) / "cloud.toml").read_text() == settings
    assert not list(tmp_path.rglob("tariffs/*.toml")) + list(tmp_path.glob("*.toml"))


def test_a_cloud_without_tariffs_says_which_examples_there_are(state: str, terminal: Terminal) -> None:
    assert EXAMPLE in terminal.run("lamplight-cloud", "tariff", "list", state).out
