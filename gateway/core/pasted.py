"""Octets out of what people hand in: a binary capture, a text telegram, or hex as they copy it from a log.

What comes in is a file's content; what goes out is octets. Hex may be in any case, with spaces, commas, colons or 0x
between or before the octets, over any number of lines, and each line may begin as logs do: a time, a level or a source
in brackets, an offset, an arrow; the column of characters that hexdump and xxd add is left out. Lines of words alone
are passed over. Content with other than text in it is binary; text without a line of hex is handed on as it is.
Refused, as InputRefused: nothing at all, half an octet, and a line in which hex stands among something else, because
nobody can tell what was meant; the line is named.
"""

import re
from collections.abc import Iterator

from runtime.errors import InputRefused

_NOT_TEXT = re.compile(rb"[^\t\n\r\x20-\x7e]")
_UTF8_MARK = b"\xef\xbb\xbf"
_SEPARATED = re.compile(r"(?:(?:0x|\\x)?[0-9a-f]{2}(?:[\s,:;-]+|(?=0x|\\x)|$))+", re.IGNORECASE)
_SOLID = re.compile(r"(?:0x)?[0-9a-f]+(?:[\s,]+[0-9a-f]+)*", re.IGNORECASE)
_MARKS = re.compile(r"0x|\\x|[\s,:;-]", re.IGNORECASE)
_TIME = re.compile(
    r"(?:\d{4}-\d\d-\d\d[T ]+)?\d\d[:.]\d\d[:.]\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?[ \t]+(?=[^:]*$|\S*[A-Za-z\[(])"
)
_PREFIX = re.compile(
    r"(?:\[[^\]]*\]|\([^)]*\)|[0-9a-f]{4,8}(?::|[ ]{2})|[A-Za-z_][\w. /-]*[:=]|[A-Z]>[A-Z]|<+|>+|-+>|\||\{|\")\s*"
)
_CHARACTER_COLUMN = re.compile(r"\s+\|[^|]{0,16}\|$|(?<=[0-9a-f] )\s(?=\S).{1,16}$", re.IGNORECASE)
_HEXDUMP = re.compile(r"[0-9a-f]{4,8}(?::\s|\s{2})", re.IGNORECASE)
_ENDS = "\"'{}[]();, \t"
_SOME_HEX = re.compile(r"(?:\b[0-9a-f]{2}[\s:,-]){8}|\b[0-9a-f]{16}", re.IGNORECASE)
_TELEGRAM = re.compile(r"\s*/[A-Za-z0-9]{3}")
_MAX_PREFIXES = 6


def octets_of(content: bytes) -> bytes:
    """The octets that were meant; raises InputRefused."""
    content = content.removeprefix(_UTF8_MARK)
    if not content.strip():
        raise InputRefused("the capture is empty", do="hand in what a meter sent, as hex or binary")
    if _NOT_TEXT.search(content):
        return content
    text = content.decode("ascii")
    if _TELEGRAM.match(text):
        return content
    lines = list(_hex_lines(text))
    return b"".join(lines) if lines else content


def _hex_lines(text: str) -> Iterator[bytes]:
    """The octets of every line of hex; raises InputRefused for a line that is hex in part."""
    numbered = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    found = [(number, line, _digits(line)) for number, line in numbered if line]
    if not any(digits for _, _, digits in found):
        return
    pending = ""
    for number, line, digits in found:
        if digits is None:
            if _SOME_HEX.search(line):
                raise InputRefused(
                    f"line {number} holds hex among something else", do="copy the octets alone, as 7e a0 ..."
                )
            continue
        pending += digits
        even = len(pending) // 2 * 2
        yield bytes.fromhex(pending[:even])
        pending = pending[even:]
    if pending:
        total = "an odd number of digits"
        raise InputRefused(f"hex of {total} breaks off in the middle of an octet", do="copy it whole")


def _digits(line: str) -> str | None:
    """The hex digits of a line, its prefixes and its column of characters taken off; None where it is no hex."""
    rest = line
    if _HEXDUMP.match(rest):
        rest = _CHARACTER_COLUMN.sub("", rest)
    for _ in range(_MAX_PREFIXES):
        time = _TIME.match(rest)
        if time:
            rest = rest[time.end() :]
        bare = rest.strip(_ENDS)
        if _SEPARATED.fullmatch(bare) or _SOLID.fullmatch(bare):
            return _MARKS.sub("", bare)
        prefix = _PREFIX.match(rest)
        if prefix is None:
            return None
        rest = rest[prefix.end() :]
    return None
