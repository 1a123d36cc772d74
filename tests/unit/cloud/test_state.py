"""The state folder's lock: one `serve` at a time, and nothing left of one that ended."""

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.errors import EnvironmentRefused

_LOCKS = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)"


def another_may_lock(file):
    command = [sys.executable, "-S", "-c", _LOCKS, file]
    return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0


def descriptors_of(file):
    """How often this process has the file open."""
    opened = [each.readlink() for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    return opened.count(file.resolve())


def test_a_folder_that_is_served_is_locked_and_no_longer(state):
    with state.claim():
        during = another_may_lock(state.path / "serving")

    assert not during
    assert another_may_lock(state.path / "serving")


def test_a_serve_that_fails_leaves_no_file_open(state):
    with pytest.raises(ZeroDivisionError), state.claim():
        raise ZeroDivisionError

    assert descriptors_of(state.path / "serving") == 0


def test_a_serve_that_is_refused_leaves_no_file_open(state, monkeypatch):
    def taken(*_words):
        raise BlockingIOError

    monkeypatch.setattr(fcntl, "lockf", taken)

    with pytest.raises(EnvironmentRefused, match="already runs on this folder"), state.claim():
        pass

    assert descriptors_of(state.path / "serving") == 0
