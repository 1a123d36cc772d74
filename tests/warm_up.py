"""Make once what every part of the tests would make for itself.

pytest writes its own form of its plugins, hypothesis among them, beside their files; hypothesis keeps its table of
characters in a file. The parts begin side by side, and each would find neither.
"""

from hypothesis import given, settings
from hypothesis import strategies as st


@settings(max_examples=1, database=None)
@given(st.text())
def test_a_text_is_made_of_the_table_of_characters(text: str) -> None:
    assert isinstance(text, str)
