"""Small files that a power cut cannot tear, also where their pieces are still being made."""

import pytest

from runtime.durable import write_pieces_atomically
from runtime.errors import InputRefused


def test_pieces_become_one_file(tmp_path):
    write_pieces_atomically(tmp_path / "file", (each for each in (b"one ", b"two")))

    assert (tmp_path / "file").read_bytes() == b"one two"


def test_a_piece_that_cannot_be_made_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    def pieces():
        yield b"one"
        raise InputRefused("no more")

    (tmp_path / "file").write_bytes(b"old")

    with pytest.raises(InputRefused):
        write_pieces_atomically(tmp_path / "file", pieces())

    assert (tmp_path / "file").read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
