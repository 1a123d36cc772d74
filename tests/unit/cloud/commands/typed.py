"""What is typed after `lamplight-cloud`, and what comes back."""

import json

from cloud.cli import _run
from runtime import program


def answer(capsys, *words, status=0):
    """What a command prints as JSON."""
    assert _run([*map(str, words), "--json"]) == status
    return json.loads(capsys.readouterr().out)


def refusal(capsys, *words):
    """The one line a refused command ends with."""
    assert program.run(_run, list(map(str, words))) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    return shown.err
