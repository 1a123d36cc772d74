"""Settings: a TOML file into frozen dataclasses, strictly.

A settings class declares each value once, with its default, its help and its bounds (`setting(...)`); from that one
declaration come the loader, its errors and the commented file that `config` prints.
An unknown key is refused with its nearest right spelling, because a misspelt setting that is ignored is found at night.
Only a field of type `dict[str, ...]` takes keys that the file chooses.
Paths in a file are relative to the file's folder. Secrets never stand in settings, only paths to them.
"""

import dataclasses
import difflib
import json
import types
import typing
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from runtime import toml
from runtime.errors import SettingsError
from runtime.reading import read_at_most

MAX_FILE_BYTES = 1_000_000

T = TypeVar("T")
_TYPE_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false", Path: "a path"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a setting means and which values it takes."""

    help: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()


def setting(
    default: Any = dataclasses.MISSING,
    *,
    help: str,  # noqa: A002 - the word a reader expects
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare one setting of a settings dataclass; without a default the file must give it."""
    rule = Rule(help=help, minimum=minimum, maximum=maximum, choices=choices)
    return dataclasses.field(default=default, metadata={"rule": rule})


def load(cls: type[T], path: Path) -> T:
    """Read the TOML file at `path` into the settings dataclass `cls`.

    Raises SettingsError naming the file, the key and what to write instead.
    """
    return from_table(cls, written_table(path), path)


def written_table(path: Path) -> dict[str, Any]:
    """The tables of a TOML file somebody wrote; raises SettingsError."""
    try:
        return read_table(path)
    except OSError as error:
        do = "check the file and its rights"
        raise SettingsError(f"cannot read the settings: {error.strerror}", where=str(path), do=do) from error
    except UnicodeDecodeError as error:
        raise SettingsError("the settings are not UTF-8 text", where=str(path)) from error
    except ValueError as error:
        raise SettingsError(f"the settings are not valid TOML: {error}", where=str(path)) from error


def read_table(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; raises OSError as the system says, ValueError for what is no TOML."""
    return toml.parse(read_at_most(path, MAX_FILE_BYTES).decode("utf-8"))


def from_table(cls: type[T], table: dict[str, Any], path: Path) -> T:
    """As `load`, from a table that is already read; `path` is named in refusals and is where relative paths begin."""
    return _build(cls, table, path, ())


@cache
def _hints(cls: type[Any]) -> dict[str, Any]:
    """The types of a settings class's fields: found once, for a profile of a meter is made of twenty such classes."""
    return typing.get_type_hints(cls)


def _build(cls: type[T], table: dict[str, Any], path: Path, at: tuple[str, ...]) -> T:
    hints = _hints(typing.cast(Any, cls))
    fields = {field.name: field for field in dataclasses.fields(typing.cast(Any, cls))}
    for key in table:
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            do = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(sorted(fields))}"
            raise SettingsError(f"unknown setting {key!r}", where=_where(path, (*at, key)), do=do)
    values: dict[str, Any] = {}
    for name, field in fields.items():
        here = (*at, name)
        if name in table:
            values[name] = _value(hints[name], table[name], field.metadata.get("rule"), path, here)
        elif dataclasses.is_dataclass(hints[name]):
            values[name] = _build(typing.cast(type[Any], hints[name]), {}, path, here)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise SettingsError(f"the setting {name!r} is missing", where=_where(path, here), do="add it")
        elif isinstance(field.default, Path):
            values[name] = path.parent / field.default
    return cls(**values)


def _value(hint: Any, value: Any, rule: Rule | None, path: Path, at: tuple[str, ...]) -> Any:
    if isinstance(hint, types.UnionType):
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise SettingsError("this is a table of settings", where=_where(path, at), do=f"write [{'.'.join(at)}]")
        return _build(typing.cast(type[Any], hint), value, path, at)
    if typing.get_origin(hint) is dict:
        return _named(hint, value, path, at)
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise SettingsError("this is a list of texts", where=_where(path, at), do='write ["...", "..."]')
        return tuple(value)
    return _bounded(_scalar(hint, value, path, at), rule, path, at)


def _named(hint: Any, value: Any, path: Path, at: tuple[str, ...]) -> dict[str, Any]:
    """A table whose keys are names that the file chooses, each with a value of one kind."""
    if not isinstance(value, dict):
        raise SettingsError("this is a table of settings", where=_where(path, at), do=f"write [{'.'.join(at)}.NAME]")
    member = typing.get_args(hint)[1]
    return {name: _value(member, item, None, path, (*at, name)) for name, item in value.items()}


def _scalar(hint: Any, value: Any, path: Path, at: tuple[str, ...]) -> Any:
    wanted = str if hint is Path else hint
    is_whole_for_number = wanted is float and isinstance(value, int)
    if isinstance(value, bool) is not (wanted is bool) or not (isinstance(value, wanted) or is_whole_for_number):
        raise SettingsError(f"{value!r} is not {_TYPE_WORDS[hint]}", where=_where(path, at))
    if isinstance(value, str) and "\0" in value:
        raise SettingsError("the text holds a NUL", where=_where(path, at), do="take it out")
    try:
        return path.parent / value if hint is Path else wanted(value)
    except OverflowError as error:
        raise SettingsError("the number is out of range", where=_where(path, at)) from error


def _bounded(value: Any, rule: Rule | None, path: Path, at: tuple[str, ...]) -> Any:
    if rule is None:
        return value
    if rule.choices and value not in rule.choices:
        near = difflib.get_close_matches(str(value), rule.choices, n=1)
        do = f"did you mean {near[0]!r}?" if near else f"one of: {', '.join(rule.choices)}"
        raise SettingsError(f"{value!r} is not a choice", where=_where(path, at), do=do)
    # Written so that a number that compares with nothing (nan) is refused too.
    if (rule.minimum is not None and not value >= rule.minimum) or (
        rule.maximum is not None and not value <= rule.maximum
    ):
        raise SettingsError(f"{value!r} is out of range", where=_where(path, at), do=f"allowed: {_range(rule)}")
    return value


def _range(rule: Rule) -> str:
    low = "" if rule.minimum is None else f"{rule.minimum:g}"
    high = "" if rule.maximum is None else f"{rule.maximum:g}"
    return f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"


def _where(path: Path, at: tuple[str, ...]) -> str:
    return f"{path}: {'.'.join(at)}"


def commented(cls: type[Any], values: dict[str, Any] | None = None, at: tuple[str, ...] = ()) -> str:
    """Every setting of `cls` as TOML: commented with its help and default, save those given in `values`.

    `values` is a nested dict of what shall stand uncommented; the result loads again to the same settings.
    """
    values = values or {}
    hints = _hints(typing.cast(Any, cls))
    lines: list[str] = [] if not at else ["", f"[{'.'.join(at)}]"]
    tables: list[str] = []
    for field in dataclasses.fields(cls):
        if dataclasses.is_dataclass(hints[field.name]):
            tables.append(commented(hints[field.name], values.get(field.name), (*at, field.name)))
            continue
        rule: Rule = field.metadata["rule"]
        bounds = _range(rule) if rule.minimum is not None or rule.maximum is not None else ", ".join(rule.choices)
        lines.append(f"# {rule.help}{f' ({bounds})' if bounds else ''}")
        if field.name in values:
            lines.append(f"{field.name} = {_toml(values[field.name])}")
        else:
            missing = field.default in (dataclasses.MISSING, None)
            lines.append(f"# {field.name} = {'' if missing else _toml(field.default)}".rstrip())
    return "\n".join([*lines, *tables])


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return quoted(str(value))


def quoted(text: str) -> str:
    """A text as TOML writes it, whatever it holds.

    >>> quoted('a "b"\\n')
    '"a \\\\"b\\\\"\\\\n"'
    """
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")  # the one character JSON leaves bare
