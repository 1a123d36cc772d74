"""The words about orders, as people and programs type them."""

import json
from contextlib import closing

import pytest

from cloud.registry.model import Place
from cloud.state import StateFolder
from runtime.clock import SystemClock
from tests.terminal import Terminal
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner

SIGNER = SoftwareSigner.generate()
GATEWAY = gateway_id_of(SIGNER.public.spki)


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    folder = StateFolder.create(tmp_path_factory.mktemp("cloud") / "state", {})
    with closing(folder.open_database()) as database:
        folder.registrar(database, SystemClock()).add(
            public_key=SIGNER.public, places=[Place(usage_point="UP-1", meter="LMP1")], out=folder.path / "given.toml"
        )
    return folder.path


@pytest.fixture
def run(terminal: Terminal, state):
    """Run `command` with these words: its status, what it printed, and its complaint."""

    def command(word, *words):
        ended = terminal.run("lamplight-cloud", "command", word, state, *words)
        return ended.status, ended.out, ended.err

    return command


@pytest.mark.parametrize(
    ("order", "in_words"),
    [
        (["ping-meter", "LMP1"], "ping-meter LMP1"),
        (["read-now", "LMP1"], "read-now LMP1"),
        (["change-setting", "meter.poll_interval_s", "30"], "change-setting meter.poll_interval_s 30"),
        (["change-setting", "log_level"], "change-setting log_level"),
        (["set-consent", "LMP1"], "set-consent LMP1"),
        (["rotate-key"], "rotate-key"),
    ],
)
def test_an_order_is_kept_and_listed(run, order, in_words):
    status, out, _ = run("send", GATEWAY, *order, "--as", "ana", "--json")

    _, listed, _ = run("list", "--limit", 1, "--json")

    assert status == 0
    assert json.loads(out) == json.loads(listed)[0]
    assert json.loads(out)["operation"] == in_words
    assert json.loads(out)["standing"] == "waiting"


def test_people_are_told_how_it_goes_on(run):
    _, out, _ = run("send", GATEWAY, "ping-meter", "LMP1", "--as", "ana")

    assert "`serve` says it" in out
    assert "ping-meter LMP1  by ana" in run("list", "--gateway", GATEWAY)[1]


def test_one_that_waits_in_vain_ends_with_the_status_of_a_no(run):
    status, out, _ = run("send", GATEWAY, "read-now", "LMP1", "--as", "ana", "--wait", "0.1")

    assert status == 1
    assert "waiting" in out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["ping-meter"], "is no order"),
        (["open-switch", "LMP1"], "is no order"),
        (["ping-meter", "LMP9"], "does not read meter"),
        (["set-consent", "LMP1", "900"], "no consent is recorded for meter LMP1 at UP-1"),
        (["set-consent", "LMP1", "0"], "is no order"),
        (["set-consent", "LMP9"], "does not read meter"),
        (["change-setting", "x" * 65, "1"], "is no order"),
        (["ping-meter", "LMP1", "--as", "a\nb"], "nobody knows who"),
        (["ping-meter", "LMP1", "--minutes", "11"], "whole number from 1 to 10"),
    ],
)
def test_what_is_no_order_is_refused_in_one_line(run, words, why):
    status, _, complaint = run("send", GATEWAY, *words)

    assert status == 2
    assert why in complaint


def test_every_gateway_learns_the_public_keys_with_its_enrolment(run, state):
    rows = json.loads(run("keys", "--json")[1])

    assert [row["name"] for row in rows] == ["operator", "configurer", "key_authority", "second_key_authority"]
    assert all(row["is_here"] for row in rows)
    assert (state / "command-keys" / "public.toml").read_text() in (state / "given.toml").read_text() + "\n"


def test_keys_are_made_once(run):
    status, _, complaint = run("keys", "--make")

    assert status == 2
    assert "there are command keys already" in complaint
