"""The record of commands on the disk: what was kept comes back, and what cannot be read is none."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.command_file import CommandFile
from gateway.core.command_rules import CommandRecord

RECORD = CommandRecord(born_at_ms=5, operator=7, configurer=8, key_authority=9, newest_ms=6, under_way="ab" * 16)


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    file = CommandFile(tmp_path / "commands.json")

    file.keep(RECORD)

    assert file.load() == RECORD
    assert (tmp_path / "commands.json").stat().st_mode & 0o777 == 0o600


def test_there_is_none_at_first(tmp_path: Path) -> None:
    assert CommandFile(tmp_path / "commands.json").load() is None


@pytest.mark.parametrize("text", ["", "{}", "[" * 5_000, '{"is":"CommandRecord","born_at_ms":1,"under_way":"xyz"}'])
def test_what_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "commands.json").write_text(text)

    assert CommandFile(tmp_path / "commands.json").load() is None


@given(st.binary(max_size=200))
def test_any_octets_are_none(tmp_path_factory: pytest.TempPathFactory, octets: bytes) -> None:
    path = tmp_path_factory.mktemp("gateway") / "commands.json"
    path.write_bytes(octets)

    assert CommandFile(path).load() is None
