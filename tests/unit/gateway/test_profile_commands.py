"""The list of profiles, for a person who has to choose and for a program."""

import json

from gateway import cli
from gateway.adapters.profile_files import profile_names


def test_each_profile_is_told_with_its_way_and_its_secrets(capsys):
    assert cli.run(["profiles", "--json"]) == 0

    told = {facts["profile"]: facts for facts in map(json.loads, capsys.readouterr().out.splitlines())}
    assert tuple(told) == profile_names()
    assert told["idis"]["secrets"] == "--key and --auth-key"
    assert told["spain-type-5"]["secrets"] == "--password"
    assert told["linky-tic-standard"]["secrets"] == "none"
    assert told["push-austria"]["secrets"].startswith("none; --key")
    assert told["han-norway"]["read"].startswith("listened to at 2400 Bd 8E1, hdlc")
    assert told["iec62056-21-mode-c"]["read"] == "asked for its readout at an optical head"
    assert "power-quality" in told["idis"]["logs"]


def test_a_person_sees_name_title_way_and_secrets(capsys):
    cli.run(["profiles"])

    lines = capsys.readouterr().out.splitlines()
    assert lines[lines.index("cosem-meter-optical") :][1:4] == [
        "  COSEM household meter, optical head (mode E)",
        "  read     asked at an optical head (mode E), or over TCP",
        "  secrets  none",
    ]
