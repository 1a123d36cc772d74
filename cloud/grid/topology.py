"""Whether rows that name the row above them make trees, and if not, what to mend where.

Rows are (row, name, parent) as a file has them, an empty parent being the top of a tree. Told are names that stand
twice, parents that are not in the file, and loops, each once and by name; what hangs below such a row is not blamed
for it. Linear in the number of rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cloud.kernel import sheet
from cloud.kernel.sheet import Fault

_MOST_NAMED: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A row of a file and what it says it hangs below."""

    row: int
    name: str
    parent: str


def faults(nodes: Sequence[Node], name_column: str) -> Iterator[Fault]:
    """Why these are no trees; nothing when they are."""
    named = [node for node in nodes if node.name]
    yield from sheet.doubled(((node.row, node.name) for node in named), name_column)
    known: dict[str, Node] = {}
    for node in named:
        known.setdefault(node.name, node)
    yield from _orphans(nodes, known)
    yield from _loops(known)


def _orphans(nodes: Sequence[Node], known: Mapping[str, Node]) -> Iterator[Fault]:
    like = {name.casefold(): name for name in known}
    for node in nodes:
        if node.parent and node.parent not in known:
            near = like.get(node.parent.casefold())
            hint = f"; did you mean {near!r}?" if near else ""
            yield Fault(row=node.row, column="parent", what=f"{node.parent[:40]!r} is not in this file{hint}")


def _loops(known: Mapping[str, Node]) -> Iterator[Fault]:
    seen: dict[str, str] = {}  # name -> where the walk began that saw it
    for start in known:
        name = start
        while name in known and name not in seen:
            seen[name] = start
            name = known[name].parent
        if seen.get(name) == start and name in known:
            yield _loop(known, name)


def _loop(known: Mapping[str, Node], name: str) -> Fault:
    names = [name]
    while (above := known[names[-1]].parent) != name:
        names.append(above)
    shown = names[:_MOST_NAMED] + (["..."] if len(names) > _MOST_NAMED else []) + [name]
    what = f"a loop: {' below '.join(each[:40] for each in shown)}"
    return Fault(row=known[name].row, column="parent", what=what)
