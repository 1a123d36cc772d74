"""One gateway for one folder."""

import errno
import os
from pathlib import Path

import pytest

from gateway.adapters import folder_lock
from runtime.errors import EnvironmentRefused


def test_a_second_gateway_on_the_folder_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    with (
        folder_lock.held(tmp_path),
        pytest.raises(EnvironmentRefused, match=f"process {os.getpid()}"),
        folder_lock.held(tmp_path),
    ):
        pass


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    with folder_lock.held(tmp_path):
        during = folder_lock.holder(tmp_path)

    assert during == os.getpid()
    assert folder_lock.holder(tmp_path) is None
    with folder_lock.held(tmp_path):
        pass


def test_a_folder_that_was_never_held_is_held_by_nobody(tmp_path: Path) -> None:
    assert folder_lock.holder(tmp_path) is None


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentRefused, match="lamplight-gateway init"), folder_lock.held(tmp_path / "nowhere"):
        pass


def test_a_full_disk_does_not_keep_a_gateway_from_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_words: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", refuse)

    with folder_lock.held(tmp_path), pytest.raises(EnvironmentRefused, match="another gateway"):
        folder_lock.held(tmp_path).__enter__()
