"""Every command is listed once, with the module it really comes from, and waits for no other's imports."""

import argparse
import subprocess
import sys

from gateway.cli import COMMANDS, words_of


def commands_of(parser: argparse.ArgumentParser) -> set[str]:
    (actions,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return set(actions.choices)


def test_the_list_names_every_command_with_the_module_that_adds_it():
    assert commands_of(words_of()) == set(COMMANDS)
    assert all(command in commands_of(words_of(command)) for command in COMMANDS)


def test_a_command_does_not_wait_for_the_imports_of_another():
    said = (
        "import sys; from gateway.cli import words_of; words_of('init'); print('gateway.trace_commands' in sys.modules)"
    )

    told = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "False"
