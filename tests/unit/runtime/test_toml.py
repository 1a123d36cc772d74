"""TOML is read in bounded time: a key with thousands of parts is refused unread."""

import pytest

from runtime import toml


@pytest.mark.parametrize(
    "text", ["a." * 20_000 + "a = 1", f"[{'a.' * 20_000}a]", f"x = {{ {'a.' * 20_000}a = 1 }}", "x = " + "[" * 5_000]
)
def test_what_would_take_for_ever_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        toml.parse(text)


def test_dots_in_a_value_are_its_own_business() -> None:
    sentence = "It is so, that is: e.g. " * 500

    assert toml.parse(f'text = "{sentence}"') == {"text": sentence}


def test_a_key_of_32_parts_is_read_and_one_of_33_is_not() -> None:
    assert toml.parse(".".join("a" * 32) + " = 1")

    with pytest.raises(ValueError, match="nested too deeply"):
        toml.parse(".".join("a" * 33) + " = 1")
