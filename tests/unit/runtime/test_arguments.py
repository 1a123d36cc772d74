"""Wrong words after a command: one line that says what to do and exit status 2, in every program."""

import pytest

from cloud import cli as cloud
from gateway import cli as gateway
from runtime import program
from runtime.arguments import seconds, whole
from simulators import cli as simulators

COMMANDS = [
    (gateway.run, ["nonsense"]),
    (gateway.run, []),
    (gateway.run, ["init"]),
    (gateway.run, ["meter", "nonsense"]),
    (gateway.run, ["meter", "remove", "DIR", "first"]),
    (gateway.run, ["read", "/dev/null", "--profile", "x", "--hours", "many"]),
    (gateway.run, ["journal", "DIR", "--lane", "nonsense"]),
    (gateway.run, ["status", "DIR", "two\nlines"]),
    (cloud._run, ["nonsense"]),
    (cloud._run, []),
    (cloud._run, ["gateway", "add", "--state", "DIR"]),
    (cloud._run, ["quarantine", "list", "DIR", "--limit", "many"]),
    (simulators._dispatch, ["nonsense"]),
    (simulators._dispatch, ["scenario", "nonsense"]),
    (simulators._dispatch, ["scenario", "home", "--rate", "fast"]),
    (simulators._dispatch, ["meter", "--link"]),
    (simulators._dispatch, ["probe"]),
    (simulators._dispatch, ["mailbox", "--smtp", "70000"]),
    (simulators._dispatch, ["household", "--nonsense"]),
    (simulators._dispatch, ["tell"]),
]


@pytest.mark.parametrize(("main", "words"), COMMANDS)
def test_wrong_words_are_refused_in_one_line_that_says_what_to_do(main, words, capsys):
    status = program.run(main, words)

    shown = capsys.readouterr()
    assert (status, shown.out, shown.err.count("\n")) == (2, "", 1)
    assert ": " in shown.err.partition(")")[2] or "one of" in shown.err


def test_a_whole_number_stays_within_its_bounds():
    read = whole(1, 3)

    assert [read("1"), read("3")] == [1, 3]
    with pytest.raises(ValueError, match="4"):
        read("4")


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "86401"])
def test_no_duration_is_empty_or_longer_than_a_day(text):
    with pytest.raises(ValueError, match=text):
        seconds(text)


def test_a_word_without_an_end_is_not_repeated_whole(capsys):
    assert program.run(cloud._run, ["quarantine", "list", "DIR", "--limit", "9" * 10_000]) == 2

    assert len(capsys.readouterr().err) < 600
