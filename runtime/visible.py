"""Text from elsewhere, shown so that a terminal obeys none of it.

A heading in a file, a name in a signed event or an argument may hold characters that move the cursor, turn the reading
direction or begin a line that was never said. In goes any text; out comes one line of printable characters, from which
what was there can still be told.
"""


def visible(text: str) -> str:
    r"""The text with what cannot be printed written as Python writes it.

    >>> visible("Ana\x1b[2J\u202e")
    'Ana\\x1b[2J\\u202e'
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
