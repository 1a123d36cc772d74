"""List layouts as files: those that come with the gateway, in gateway/profiles/lists.

A layout is named `file.table`. Every refusal names the file and what in it cannot be.
"""

from pathlib import Path
from typing import Any

from gateway.core.dlms.push.list_layout import ListLayout
from gateway.core.dlms.push.list_settings import ListSettings, layout_of
from gateway.core.errors import ProfileRefused, Undecodable
from runtime.settings import from_table, read_table

_SHIPPED = Path(__file__).resolve().parent.parent / "profiles" / "lists"
_WORDS = ("title", "source")


def load_layouts(folder: Path = _SHIPPED) -> tuple[ListLayout, ...]:
    """Every layout of the folder, in the order of their names; raises SettingsError, ProfileRefused."""
    return tuple(layout for path in sorted(folder.glob("*.toml")) for layout in _layouts(path))


def _layouts(path: Path) -> list[ListLayout]:
    try:
        table = read_table(path)
    except OSError as error:
        raise ProfileRefused(f"cannot read the list layouts: {error.strerror}", where=str(path)) from error
    except ValueError as error:
        raise ProfileRefused(f"the list layouts are not valid TOML: {error}", where=str(path)) from error
    for word in _WORDS:
        if not isinstance(table.pop(word, None), str):
            raise ProfileRefused(
                f"the {word} is missing", where=str(path), do="say whose lists these are, and who says so"
            )
    return [_layout(path, name, lists) for name, lists in table.items()]


def _layout(path: Path, name: str, table: Any) -> ListLayout:
    if not isinstance(table, dict):
        raise ProfileRefused(f"{name!r} is no table of a list", where=str(path), do="write [name]")
    try:
        return layout_of(f"{path.stem}.{name}", from_table(ListSettings, table, path))
    except Undecodable as error:
        raise ProfileRefused(error.what, where=f"{path}: {name}", do=error.do) from error
