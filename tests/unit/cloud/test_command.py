"""What a command answers to people and to programs."""

import argparse
import json

from cloud import command

FACTS = {"name": "Zoé", "at": None}


def test_a_person_is_answered_in_lines_and_a_program_in_one_document(capsys):
    command.answer(argparse.Namespace(json=False), FACTS, ["Zoé", "  nowhere"])
    for_people = capsys.readouterr().out
    command.answer(argparse.Namespace(json=True), FACTS, ["Zoé", "  nowhere"])
    for_programs = capsys.readouterr().out

    assert for_people == "Zoé\n  nowhere\n"
    assert for_programs.count("\n") == 1
    assert json.loads(for_programs) == FACTS


def test_what_others_wrote_begins_no_line_of_its_own_and_commands_no_terminal(capsys):
    command.answer(argparse.Namespace(json=False), FACTS, ["called: \x1b[2Jall is well\nT-1 closed"])

    assert capsys.readouterr().out == "called: \\x1b[2Jall is well\\nT-1 closed\n"


def test_programs_get_what_cannot_be_printed_escaped_and_can_read_it_back(capsys):
    name = "Zoé \x1b[2J \x9b2J \u202e \ud800 \U000e0001"

    command.answer(argparse.Namespace(json=True), {"name": name}, [])
    said = capsys.readouterr().out

    assert said.removesuffix("\n").isprintable()
    assert json.loads(said) == {"name": name}
