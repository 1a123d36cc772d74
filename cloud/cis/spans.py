"""What must not overlap: contracts at one home, bills under one contract, homes behind one meter.

A drop may move many spans at once, each to where another one was: every bill of a year by a day, or two homes that
exchange their meters. So the old places of all rows told are freed first, and then each is put where it is told to be:
those that stay where they are, then those that move, then the new ones, each in the order of the drop. Where one finds
its place taken it is refused, and what stood under its name goes back where it was; whoever has moved there meanwhile
is refused in turn. What stands in the end never overlaps, and what the drop does not speak of never moves.

Every span is put in place at most once and taken away at most once, each by a look into a sorted list: no drop, however
strange, takes more than about n log n steps.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """From a first to a last number, both included, in a group in which no two may overlap."""

    first: int
    last: int
    group: str
    key: str


@dataclass(slots=True)
class _Line:
    """The spans of one group, in order; no two overlap."""

    firsts: list[int] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def in_way_of(self, span: Span) -> list[Span]:
        begin = bisect_left(self.firsts, span.first)
        if begin and self.spans[begin - 1].last >= span.first:
            begin -= 1
        return self.spans[begin : bisect_left(self.firsts, span.last + 1)]

    def put(self, span: Span) -> None:
        at = bisect_left(self.firsts, span.first)
        self.firsts.insert(at, span.first)
        self.spans.insert(at, span)

    def take(self, span: Span) -> None:
        at = bisect_left(self.firsts, span.first)
        del self.firsts[at], self.spans[at]


def settle(standing: Iterable[Span], told: Iterable[Span]) -> dict[str, str]:
    """The keys of those told that cannot stand, each with the key of one that is in its way.

    `standing` is what stands in the groups told of and what stands under the keys told; each key stands once and is
    told once.
    """
    wanted = {span.key: span for span in told}
    before = {span.key: span for span in standing}
    lines: dict[str, _Line] = {}
    for span in sorted(before.values()):
        if span.key not in wanted:
            lines.setdefault(span.group, _Line()).put(span)
    refused: dict[str, str] = {}
    for span in sorted(wanted.values(), key=lambda span: (span.key not in before, before.get(span.key) != span)):
        line = lines.setdefault(span.group, _Line())
        if in_way := line.in_way_of(span):
            _refuse(span.key, in_way[0].key, before, lines, refused)
        else:
            line.put(span)
    return refused


def _refuse(
    key: str, because_of: str, before: dict[str, Span], lines: dict[str, _Line], refused: dict[str, str]
) -> None:
    """Let a span be as it was before, and refuse in turn who has been put in its place."""
    left = [(key, because_of)]
    while left:
        key, because_of = left.pop()
        refused[key] = because_of
        if key in before:
            old = before[key]
            line = lines.setdefault(old.group, _Line())
            for other in line.in_way_of(old):
                line.take(other)
                left.append((other.key, key))
            line.put(old)
