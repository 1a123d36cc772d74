"""The four limits that keep the tail short: function length, module length, complexity, and no blind except.

Complexity is ruff's (C901, at most 12, see pyproject.toml); the other three are counted here on the syntax tree.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("wire", "runtime", "gateway", "cloud", "simulators", "benchmarks", "tests")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MAX_MODULE_LINES = 500
MAX_FUNCTION_LINES = 50
# Supervisors restart a dead loop and say why: the only places that may catch everything.
SUPERVISORS = {"gateway/service/supervisor.py", "cloud/kernel/loop.py"}


def name(path):
    return path.relative_to(ROOT).as_posix()


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """What stands in this node's blocks, however deep; expressions, nine parts in ten of a tree, hold none of it."""
    for block in ("body", "handlers", "orelse", "finalbody", "cases"):
        for inner in getattr(node, block, ()):
            yield inner
            yield from statements(inner)


@cache
def counted():
    """How long every function is, and where everything is caught, of every module: each is parsed once."""
    lines, blind = {}, {}
    for path in MODULES:
        for node in statements(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    lines[f"{name(path)}:{node.lineno} {node.name}"] = node.end_lineno - node.lineno + 1
                case ast.ExceptHandler() if _catches_everything(node) and not _passes_it_on(node):
                    blind[name(path)] = node.lineno
    return lines, blind


def test_a_module_fits_in_a_head():
    lines = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}

    assert len(lines) > 100
    assert {path: count for path, count in lines.items() if count > MAX_MODULE_LINES} == {}


def test_a_function_fits_on_a_screen():
    lines, _ = counted()

    assert len(lines) > 1_000
    assert {function: count for function, count in lines.items() if count > MAX_FUNCTION_LINES} == {}


def test_nothing_is_caught_blindly_outside_the_supervisors():
    _, blind = counted()

    assert set(blind) == SUPERVISORS


def _catches_everything(handler):
    return handler.type is None or ast.unparse(handler.type) in {"Exception", "BaseException"}


def _passes_it_on(handler):
    """Whether what was caught goes on after a clean-up: a bare `raise` is the last word."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_there_is_one_blind_except_in_each_supervisor():
    counts = {path: (ROOT / path).read_text().count("except Exception") for path in SUPERVISORS}

    assert counts == dict.fromkeys(SUPERVISORS, 1)


def test_no_module_is_named_for_nothing():
    vague = {"utils.py", "util.py", "helpers.py", "common.py", "manager.py", "misc.py"}

    assert [name(path) for path in MODULES if path.name in vague] == []
