"""What a technician types after `lamplight-gateway`, and the one line that comes back when it is refused."""

import pytest

from gateway import cli
from runtime import program

METER = ("--meter", "/dev/ttyUSB7", "--profile", "lamplight-sim")


def command(*words: object) -> int:
    return program.run(cli.run, [str(word) for word in words])


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on standard error; nothing else was said."""
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    return line
