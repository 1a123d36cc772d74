"""Make once what every part of the tests would make for itself: hypothesis keeps its table of characters in a file."""

from hypothesis import given, settings
from hypothesis import strategies as st


@settings(max_examples=1, database=None, deadline=None)
@given(st.text())
def write_the_table_of_characters(_text: str) -> None:
    """Ask for a text."""


if __name__ == "__main__":
    write_the_table_of_characters()
