"""What all words of `lamplight-cloud` do alike: each is added with what it does, and answers people or programs.

A command answers once, when it is done: with lines for a person, or with one JSON document where `--json` was said. A
line may hold what others wrote (a name in a file, the reason somebody gave), so it is shown as `visible` makes it: it
can neither command the terminal nor begin a line of its own. What is refused is no answer; `runtime.program` tells it.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from runtime.arguments import whole
from runtime.errors import InputRefused
from runtime.reading import read_at_most
from runtime.visible import visible

_MOST_ASKED: Final = 10**9


def add(
    commands: "argparse._SubParsersAction[Any]", name: str, act: Callable[[argparse.Namespace], int], about: str
) -> argparse.ArgumentParser:
    """Let `name` be one of the commands; `act` does it and returns the exit status."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
    parser.set_defaults(act=act)
    return parser


def add_limit(parser: argparse.ArgumentParser, at_first: int, about: str = "at most so many") -> None:
    """Let `--limit` say how many a list has; never none, which would look as if there were nothing."""
    at_least_one = whole(1, _MOST_ASKED)
    parser.add_argument("--limit", type=at_least_one, default=at_first, metavar="N", help=f"{about} ({at_first})")


def answer(arguments: argparse.Namespace, facts: object, lines: Iterable[str]) -> None:
    """Print the facts for a program that said `--json`, and for everybody else the lines."""
    text = _document(facts) if arguments.json else "\n".join(map(visible, lines))
    sys.stdout.write(f"{text}\n")


def laid_out(facts: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Facts for people, a line for each; those within one are set in.

    >>> list(laid_out({"code": 1, "facts": {"input_mv": 412}}))
    ['code           1', 'facts', '  input_mv       412']
    """
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield f"{indent}{name}"
            yield from laid_out(value, f"{indent}  ")
        else:
            yield f"{indent}{name:14} {value}".rstrip()


def read_named(name: str, most_bytes: int) -> bytes:
    """A file somebody named; `-` is standard input. Raises InputRefused."""
    try:
        data = sys.stdin.buffer.read(most_bytes + 1) if name == "-" else read_at_most(Path(name), most_bytes)
    except OSError as error:
        raise InputRefused(f"cannot read: {error.strerror}", where=name) from error
    if len(data) > most_bytes:
        raise InputRefused(f"more than {most_bytes} bytes", where=name, do="hand in one envelope, file or key")
    return data


def _document(facts: object) -> str:
    """JSON on one line, in which what cannot be printed is escaped; JSON itself would leave most of that bare."""
    text = json.dumps(facts, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)
