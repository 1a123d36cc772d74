"""The alphabet of text messages: what fits into 160 septets, and how our texts are brought into it.

A single character outside of the GSM 7-bit default alphabet turns the whole message into 16-bit characters, of which 70
fit. So a text is folded first: a letter that the alphabet lacks loses its accent, a typographic space or quotation mark
becomes a plain one. The letters the alphabet has keep their accents. What cannot be folded has no place in a text
message, and then there is none.

Source: 3GPP TS 23.038, 6.2.1 (default alphabet) and 6.2.1.1 (its extension table, where each character takes two).
"""

import unicodedata
from typing import Final

MAX_SEPTETS: Final = 160

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
_PLAIN: Final = {
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}": '"',
    "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}": '"',
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{MINUS SIGN}": "-",
    "\N{NON-BREAKING HYPHEN}": "-",
    "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    "\N{LATIN SMALL LETTER L WITH STROKE}": "l",
    "\N{LATIN CAPITAL LETTER L WITH STROKE}": "L",
    "\N{LATIN SMALL LIGATURE OE}": "oe",
    "\N{LATIN CAPITAL LIGATURE OE}": "OE",
}


def septets(text: str) -> int | None:
    """How many septets the text takes; None when it holds a character the alphabet lacks."""
    if not _BASIC.issuperset(text) and not (_BASIC | _EXTENDED).issuperset(text):
        return None
    return len(text) + sum(char in _EXTENDED for char in text)


def folded(text: str) -> str | None:
    """The text in the alphabet; None when a character has no likeness there.

    >>> folded("Atenção: 1\\u202f234,56\\xa0€, às 8 h")
    'Atencao: 1 234,56 €, às 8 h'
    """
    made = ""
    for char in unicodedata.normalize("NFC", text):
        likeness = _likeness(char)
        if likeness is None:
            return None
        made += likeness
    return made


def _likeness(char: str) -> str | None:
    if char in _BASIC or char in _EXTENDED:
        return char
    if char in _PLAIN:
        return _PLAIN[char]
    bare = "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))
    return bare if bare and septets(bare) is not None else None
