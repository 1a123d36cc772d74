"""The words about tariffs: which the cloud bills with, and taking in another or a corrected one.

A contract names its tariff by id. `tariff add` takes a file, or one of the examples that come with Lamplight by its id,
reads it as strictly as a bill would, and only then puts it into the folder; what stood there under its id is replaced.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud import command
from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused

if TYPE_CHECKING:
    from cloud.billing.tariff import Tariff


def add_to(commands: "argparse._SubParsersAction[Any]") -> None:
    """Let `tariff` be one of the commands."""
    about = "the tariffs homes are billed with"
    words = commands.add_parser("tariff", help=about, description=about)
    tariff = words.add_subparsers(required=True, metavar="add|list")
    added = command.add(tariff, "add", _add, "take in a tariff, or a corrected one")
    added.add_argument("dir", type=Path, metavar="DIR")
    added.add_argument("tariff", metavar="FILE.toml|ID", help="a file, or the id of an example that comes with us")
    listed = command.add(tariff, "list", _list, "the tariffs there are, and the days they hold")
    listed.add_argument("dir", type=Path, metavar="DIR")
    for each in (added, listed):
        each.add_argument("--json", action="store_true")


def _add(arguments: argparse.Namespace) -> int:
    from cloud.billing import tariff_folder
    from cloud.billing.tariff_file import parse_tariff

    folder = _folder(arguments.dir)
    is_example = arguments.tariff in tariff_folder.ids(tariff_folder.SHIPPED)
    file = tariff_folder.SHIPPED / f"{arguments.tariff}.toml" if is_example else Path(arguments.tariff)
    data = tariff_folder.read_bytes(file)
    tariff = parse_tariff(data, str(file))
    place = tariff_folder.place(folder, tariff.id)
    does_replace = place.exists()
    try:
        folder.mkdir(exist_ok=True)
        write_atomically(place, data)
    except OSError as error:
        do = "free some space or check the folder's rights"
        raise EnvironmentRefused(f"cannot keep the tariff: {error.strerror}", where=str(place), do=do) from error
    done = "replaced" if does_replace else "added"
    command.answer(arguments, {"done": done} | _told(tariff), [f"{done}: {_line(tariff)}"])
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from cloud.billing import tariff_folder

    folder = _folder(arguments.dir)
    tariffs = [tariff_folder.load(folder, each) for each in tariff_folder.ids(folder)]
    none = [f"No tariff yet. Examples: {', '.join(tariff_folder.ids(tariff_folder.SHIPPED))}"]
    command.answer(arguments, list(map(_told, tariffs)), map(_line, tariffs) if tariffs else none)
    return 0


def _folder(state: Path) -> Path:
    """Where a cloud keeps its tariffs; raises InputRefused where there is no cloud."""
    from cloud.state import StateFolder

    return StateFolder.open(state).tariffs


def _told(tariff: "Tariff") -> dict[str, object]:
    versions = [
        {"first_day": str(each.first_day), "last_day": None if each.last_day is None else str(each.last_day)}
        for each in tariff.versions
    ]
    named = {"id": tariff.id, "title": tariff.title, "currency": tariff.currency, "zone": tariff.zone.key}
    return named | {"versions": versions}


def _line(tariff: "Tariff") -> str:
    last = tariff.versions[-1].last_day
    span = f"from {tariff.versions[0].first_day}" + (f" to {last}" if last else "")
    return f"{tariff.id}  {tariff.title}  {tariff.currency}, {span} in {len(tariff.versions)} version(s)"
