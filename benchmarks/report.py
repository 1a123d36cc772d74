"""How a benchmark speaks: a table for people, or one JSON object on one line for programs."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure: ours, what it stands beside (a peer's figure or a limit), and whether more or less is better."""

    what: str
    ours: float | None  # None where what is measured is not here: null in JSON
    beside: float
    beside_name: str
    unit: str
    less_is_better: bool = True
    is_limit: bool = False
    key: str = ""  # its name in the JSON object, as `plain_s`; without one it is told among the rows alone

    @property
    def holds(self) -> bool:
        """Whether a limit is kept; a peer's figure is no promise and always holds."""
        if not self.is_limit or self.ours is None:
            return True
        return self.ours <= self.beside if self.less_is_better else self.ours >= self.beside


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """How often each thing was taken for each: a line of `counts` for each of `rows`, a place in it for each column."""

    what: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class Skipped(Exception):
    """What is measured is not here; said, and no failure."""


def main(name: str, measure: Callable[[bool], Sequence[Row | Matrix]]) -> int:
    """Run `measure(full)` as the command line asks; the status is 1 when a limit is broken."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    parser.add_argument("--full", action="store_true", help="the long profile")
    options = parser.parse_args()
    try:
        found = measure(options.full)
    except Skipped as skipped:
        told: dict[str, object] = {"benchmark": name, "full": options.full, "skipped": str(skipped)}
        print(json.dumps(told) if options.json else f"{name}\n  skipped: {skipped}")
        return 0
    rows = [item for item in found if isinstance(item, Row)]
    matrices = [item for item in found if isinstance(item, Matrix)]
    if options.json:
        told = {"benchmark": name, "full": options.full, **{row.key: row.ours for row in rows if row.key}}
        told |= {"rows": [asdict(row) for row in rows]}
        told |= {"matrices": [asdict(matrix) for matrix in matrices]} if matrices else {}
        print(json.dumps(told))
    else:
        print("\n\n".join([*map(crossed, matrices), _table(name, rows)]))
    sys.stdout.flush()
    return 0 if all(row.holds for row in rows) else 1


def _table(name: str, rows: Sequence[Row]) -> str:
    lines = [f"{name}"]
    width = max(len(row.what) for row in rows)
    for row in rows:
        ratio = f"x{row.ours / row.beside:.2f}" if row.beside and row.ours is not None else ""
        kind = "limit" if row.is_limit else "peer"
        verdict = "" if row.holds else "  BROKEN"
        beside = f"{kind} {row.beside_name} {row.beside:,.1f}"
        ours = "-" if row.ours is None else f"{row.ours:,.1f}"
        lines.append(f"  {row.what:<{width}}  {ours:>12} {row.unit:<6} {beside:<34} {ratio}{verdict}")
    return "\n".join(lines)


def crossed(matrix: Matrix) -> str:
    """The columns that hold anything, under numbers that are explained below, so that it fits a terminal."""
    used = [index for index in range(len(matrix.columns)) if any(counts[index] for counts in matrix.counts)]
    width = max(map(len, matrix.rows))
    lines = [matrix.what, " " * (width + 2) + "".join(f"{f'({number})':>6}" for number in range(1, len(used) + 1))]
    for row, counts in zip(matrix.rows, matrix.counts, strict=True):
        lines.append(f"  {row:<{width}}" + "".join(f"{counts[index] or '.':>6}" for index in used))
    names = [f"({number}) {matrix.columns[index]}" for number, index in enumerate(used, start=1)]
    return "\n".join([*lines, "  " + ", ".join(names)])
