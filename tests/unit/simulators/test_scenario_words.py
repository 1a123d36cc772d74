"""A story that cannot be played is refused before its first process starts."""

from pathlib import Path

import pytest

from runtime.errors import InputRefused
from simulators.scenarios import cli


@pytest.mark.parametrize(
    "words",
    [("--rate", "0"), ("--rate", "-1"), ("--rate", "nan"), ("--rate", "11"), ("--lose", "51"), ("--kills", "0")],
)
def test_a_number_out_of_bounds_is_refused(words: tuple[str, str]) -> None:
    with pytest.raises(InputRefused, match=words[0]):
        cli.main(["street", "--check", *words])


def test_a_load_that_is_none_is_refused(tmp_path: Path) -> None:
    load = tmp_path / "load.csv"
    load.write_text("timestamp,kwh\n2026-01-01,1\n")

    with pytest.raises(InputRefused, match="fewer than two intervals"):
        cli.main(["street", "--check", "--from", str(load)])


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")

    with pytest.raises(InputRefused, match="something in that place"):
        cli.main(["street", "--check", "--dir", str(tmp_path)])
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
