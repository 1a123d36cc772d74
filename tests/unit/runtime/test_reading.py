"""Files that somebody named are read within bounds, and secrets only where nobody else may."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from runtime.errors import EnvironmentRefused
from runtime.reading import read_at_most, read_secret


def test_a_file_is_read_up_to_its_bound_and_not_beyond(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"12345")

    assert read_at_most(file, 5) == b"12345"
    with pytest.raises(OSError, match="more than 4 bytes") as caught:
        read_at_most(file, 4)
    assert caught.value.errno == errno.EFBIG


def test_a_secret_that_others_may_read_is_refused_with_what_to_do(tmp_path):
    file = tmp_path / "key.pem"
    file.write_bytes(b"hunter2")
    file.chmod(0o640)

    with pytest.raises(EnvironmentRefused, match="chmod 600") as caught:
        read_secret(file)
    file.chmod(0o600)

    assert read_secret(file) == b"hunter2"
    assert "hunter2" not in str(caught.value)


def test_a_pipe_into_which_nobody_writes_is_not_waited_for_without_an_end(tmp_path, monkeypatch):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    monkeypatch.setattr("runtime.reading.PIPE_TIMEOUT_S", 0.01)

    with pytest.raises(OSError, match="nobody wrote into the pipe"):
        read_at_most(pipe, 5)
    with pytest.raises(OSError, match="nobody wrote into the pipe"):
        read_secret(pipe)


def test_a_pipe_is_read_until_its_writer_closes_it(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        written = pool.submit(pipe.write_bytes, b"x" * 100_000)

        found = read_at_most(pipe, 200_000)

    assert (len(found), written.result()) == (100_000, 100_000)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(IsADirectoryError):
        read_at_most(tmp_path, 5)
