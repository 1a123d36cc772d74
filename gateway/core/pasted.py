"""Octets out of what people hand in: a binary capture, a text telegram, or hex as they copy it from a log.

What comes in is a file's content; what goes out is octets. Hex may be in any case, with spaces, commas, colons or 0x
between or before the octets, over any number of lines, and each line may begin as logs do: a time, a level or a source
in brackets, an offset, an arrow; the column of characters that hexdump and xxd add is left out. Lines of words alone
are passed over. Content with other than text in it is binary; text without a line of hex is handed on as it is.
Refused, as InputRefused: nothing at all, half an octet, more than `_MAX_LINES` lines, and a line in which hex stands
among something else, because nobody can tell what was meant; the line is named. Whatever a line holds, reading it takes
time in proportion to its length: no pattern here looks at the same run of characters from each of its places.
"""

import re
from collections.abc import Iterator, Sequence

from gateway.core.telegrams import tic
from runtime.errors import InputRefused

_NOT_TEXT = re.compile(rb"[^\t\n\r\x20-\x7e]")
_UTF8_MARK = b"\xef\xbb\xbf"
_TELEGRAM = re.compile(r"\s*/[A-Za-z0-9]{3}")
_SEPARATED = re.compile(r"(?:(?:0x|\\x)?[0-9a-f]{2}(?:[\s,:;-]+|(?=0x|\\x)|$))+", re.IGNORECASE)
_SOLID = re.compile(r"(?:0x)?[0-9a-f]+(?:[\s,]+[0-9a-f]+)*", re.IGNORECASE)
_DOTTED = re.compile(r"[0-9a-f]{2}(?:\.[0-9a-f]{2}){7,}(?:\s+\d+)?", re.IGNORECASE)  # ESPHome tells how many, too
_MARKS = re.compile(r"0x|\\x|[\s,:;-]", re.IGNORECASE)
_AROUND = str.maketrans(dict.fromkeys("\"'{}[]();", " "))
_TIME = re.compile(
    r"(?:\d{4}-\d\d-\d\d[T ]+)?\d\d[:.]\d\d[:.]\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?[ \t]+(?=[^:]*$|\S*[A-Za-z\[(])"
)
_GROUP = re.compile(r"(?:\[[^\]]*\]|\([^)]*\))\s*(?=[^\s;,])")  # in brackets, before something else
_PREFIX = re.compile(
    r"""(?: \[[^\]]*\] | \d+\.\d+\s | \([^)]*\) | [A-Z]>[A-Z] | <+ | >+ | -+> | [:=|]   # a level, a source, an arrow
          | [A-Za-z_][\w./-]{0,99}\s*(?: [:=] | -{1,9}> | <-{1,9} )  # a name before what it names
          | [A-Z]{4,8}(?=\s)                                         # a level
        )\s*""",
    re.VERBOSE,
)
_SOME_HEX = re.compile(r"(?:\b[0-9a-f]{2}[\s:,-]){8}|\b[0-9a-f]{16}", re.IGNORECASE)
_DUMP_LINE = re.compile(r"([0-9a-f]{4,8})(?::|(?=[ ]{2})|$)(.*)", re.IGNORECASE)
_DUMP_OCTET = re.compile(r"\s{0,3}([0-9a-f]{2})", re.IGNORECASE)
_LAST_CHARACTERS = re.compile(r"(?<!\s)(?:\s+\|.*|\s{2,}\S{1,16}$)")
_MOST_IN_A_LINE = 32
_MAX_PREFIXES, _MAX_GROUPS = 6, 16
_MAX_LINES = 100_000


def octets_of(content: bytes) -> bytes:
    """The octets that were meant; raises InputRefused."""
    content = content.removeprefix(_UTF8_MARK)
    if not content.strip():
        raise InputRefused("the capture is empty", do="hand in what a meter sent, as hex or binary")
    if _NOT_TEXT.search(content):
        return content
    text = content.decode("ascii")
    if _TELEGRAM.match(text) or _is_tic(content):
        return content
    if content.count(b"\n") > _MAX_LINES:
        raise InputRefused(f"a text of more than {_MAX_LINES} lines is not read", do="cut it into pieces")
    numbered = [(number, line.rstrip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    dumped = _dump([line.lstrip() for _, line in numbered])
    return dumped or b"".join(_hex_lines(numbered)) or content


def _is_tic(content: bytes) -> bool:
    """Whether most lines are groups of a TIC, whose values look like hex: their own checks say so."""
    lines = [line for line in content.splitlines() if line.strip()]
    return 2 * sum(tic.is_sound(line) for line in lines) > len(lines)


def _dump(lines: Sequence[str]) -> bytes:
    """The octets of a dump, whose every line begins with how many came before it; none where these do not fit."""
    rows = [(int(row[1], 16), row[2]) for line in lines if (row := _DUMP_LINE.fullmatch(line))]
    offsets = [offset for offset, _ in rows]
    if len(rows) < len(lines) or offsets[0] != 0:
        return b""
    octets, width = bytearray(), 0
    for number, (offset, rest) in enumerate(rows):
        is_last = number == len(rows) - 1
        size = _MOST_IN_A_LINE if is_last else offsets[number + 1] - offset
        if offset != len(octets) or not 0 < size <= _MOST_IN_A_LINE:
            return b""
        hex_alone = (rest[:width] if width else _LAST_CHARACTERS.sub("", rest)) if is_last else rest
        taken, end = _first_octets(hex_alone, size)
        octets += taken
        width = max(width, end)
    return bytes(octets)


def _first_octets(text: str, most: int) -> tuple[bytes, int]:
    """The octets a line begins with, and where they end."""
    octets, end = bytearray(), 0
    while len(octets) < most and (octet := _DUMP_OCTET.match(text, end)):
        octets.append(int(octet[1], 16))
        end = octet.end()
    return bytes(octets), end


def _hex_lines(numbered: Sequence[tuple[int, str]]) -> Iterator[bytes]:
    """The octets of every line of hex; raises InputRefused for a line that is hex in part."""
    found = [(number, line, _digits(line)) for number, line in numbered]
    if not any(digits for _, _, digits in found):
        return
    pending = ""
    for number, line, digits in found:
        if digits is None:
            if _SOME_HEX.search(line):
                do = "copy the octets alone, as 7e a0 ..."
                raise InputRefused(f"line {number} holds hex among something else", do=do)
            continue
        pending += digits
        whole = len(pending) // 2 * 2
        yield bytes.fromhex(pending[:whole])
        pending = pending[whole:]
    if pending:
        raise InputRefused("hex of an odd number of digits breaks off in the middle of an octet", do="copy it whole")


def _digits(line: str) -> str | None:
    """The hex digits of a line, its prefixes taken off; None where it is no hex."""
    rest = line.strip()
    for _ in range(_MAX_PREFIXES):
        rest = _without_groups(rest)
        bare = rest.translate(_AROUND).strip(" ,")
        if _DOTTED.fullmatch(bare.strip()):
            return bare.split()[0].replace(".", "")
        if _SEPARATED.fullmatch(bare) or _SOLID.fullmatch(bare):
            return _MARKS.sub("", bare)
        prefix = _PREFIX.match(rest)
        if prefix is None:
            return None
        rest = rest[prefix.end() :]
    return None


def _without_groups(line: str) -> str:
    """A line without the times and the groups in brackets it begins with, as far as a log writes that many."""
    for _ in range(_MAX_GROUPS):
        group = _GROUP.match(line) or _TIME.match(line)
        if group is None:
            break
        line = line[group.end() :]
    return line
