"""A trace as a person sees it and as a program takes it: each thing that passed, and at the end what it adds up to.

A person gets the time, the direction, the meaning, and below it the octets in hex and ASCII, as wide as the terminal
is; a program one JSON object a line. Both see the same, and neither a password nor a key.
"""

from collections.abc import Iterator

from gateway.core.trace.annotator import Passage, Tally, readable
from gateway.core.trace.verdict import Verdict
from runtime.visible import visible

_INDENT = 11
_SHORT_ROWS = 4
_MIN_WIDTH, _MAX_OCTETS = 60, 32


def passage_lines(passage: Passage, *, width: int, is_full: bool) -> Iterator[str]:
    """For people. Long messages are shown by their beginning, unless `is_full`."""
    head, *more = passage.lines or ("",)
    marks = ("" if passage.is_sound else "!! ") + ("(echo) " if passage.is_echo else "")
    yield f"{passage.at_s:8.3f} {passage.way.value} {marks}{visible(head)}"
    for line in more:
        yield f"{'':{_INDENT}}{visible(line)}"
    yield from octet_lines(passage.octets, width=width, is_full=is_full)


def octet_lines(octets: bytes, *, width: int, is_full: bool = True) -> Iterator[str]:
    """Octets in hex and ASCII, as wide as fits."""
    per_row = octets_per_row(width)
    rows = [octets[at : at + per_row] for at in range(0, len(octets), per_row)]
    shown = rows if is_full or len(rows) <= _SHORT_ROWS else rows[: _SHORT_ROWS - 1]
    for row in shown:
        yield f"{'':{_INDENT}}{row.hex(' '):<{3 * per_row}} {readable(row)}".rstrip()
    hidden = sum(map(len, rows[len(shown) :]))
    if hidden:
        yield f"{'':{_INDENT}}... {hidden} octets more (--full shows them)"


def octets_per_row(width: int) -> int:
    """How many octets fit a row, as hex and as ASCII: a multiple of eight.

    >>> octets_per_row(80), octets_per_row(120)
    (16, 24)
    """
    fitting = (max(width, _MIN_WIDTH) - _INDENT - 1) // 4
    return max(8, min(_MAX_OCTETS, fitting // 8 * 8))


def passage_facts(passage: Passage) -> dict[str, object]:
    """For programs."""
    return {
        "at_s": round(passage.at_s, 3),
        "way": passage.way.name.lower(),
        "octets": passage.octets.hex(),
        "meaning": list(passage.lines),
        "sound": passage.is_sound,
        "echo": passage.is_echo,
        "masked": passage.is_masked,
    }


def verdict_lines(verdict: Verdict, tally: Tally) -> Iterator[str]:
    """The end of a trace, for people."""
    yield ""
    failed = f"failed: {verdict.layer}" if verdict.layer else "read"
    yield f"{'verdict':<9}{failed}: {visible(verdict.what)}" if verdict.layer else f"{'verdict':<9}{verdict.what}"
    echo = f"{tally.echoes} of our own" if tally.echoes else "no"
    yield f"{'heard':<9}{tally.good_in} good, {tally.bad_in} bad, echo {echo}, {tally.parity_errors} parity errors"
    yield f"{'said':<9}{tally.octets_out} octets, heard {tally.octets_in}, repeated {tally.repeats} times"
    if tally.speeds:
        yield f"{'speed':<9}{', then '.join(map(str, tally.speeds))} Bd"
    if tally.slowest_s:
        yield f"{'slowest':<9}{tally.slowest_s:.2f} s from our words to the answer"
    if verdict.keys:
        yield f"{'keys':<9}{verdict.keys}"
    for number, step in enumerate(verdict.next_steps, 1):
        yield f"{'try' if number == 1 else '':<9}{number}. {step}"


def verdict_facts(verdict: Verdict, tally: Tally) -> dict[str, object]:
    """The end of a trace, for programs."""
    return {
        "verdict": {
            "failed": verdict.layer,
            "what": verdict.what,
            "keys": verdict.keys,
            "next": list(verdict.next_steps),
            "good": tally.good_in,
            "bad": tally.bad_in,
            "echoes": tally.echoes,
            "parity_errors": tally.parity_errors,
            "repeats": tally.repeats,
            "said_bytes": tally.octets_out,
            "heard_bytes": tally.octets_in,
            "speeds_baud": tally.speeds,
            "slowest_s": round(tally.slowest_s, 3),
        }
    }
