"""Stories in real processes, and what they leave behind."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

SIM = Path(sys.executable).with_name("lamplight-sim")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A place whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="street-") as made:
        yield Path(made)


@pytest.fixture
def play(folder: Path):
    """Plays the street's story with these words to its end, and returns what it says of itself."""

    def played(*options: str) -> dict[str, object]:
        words = ("scenario", "street", "--check", "--json", "--dir", str(folder), *options)
        done = subprocess.run([SIM, *words], capture_output=True, text=True)
        assert done.stdout, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return played


@pytest.fixture
def left_behind(folder: Path):
    """The processes that still name the story's folder."""

    def found() -> list[str]:
        words = []
        for process in Path("/proc").iterdir():
            try:
                said = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, UnicodeDecodeError):
                continue
            if process.name.isdigit() and str(folder) in said:
                words.append(said)
        return words

    return found
