"""The words about what the utility hands in: its files, its drops, and the rows of them that wait for a person.

`import` tells by itself what it is given: a folder is a drop of the customer system, a file is known by its heading.
It ends with 0 when all of it stands, with 1 when a drop was taken in and some rows of it wait (whoever runs it by a
clock shall look at `import-refused`), and with 2 and nothing kept when it was refused.
"""

import argparse
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from cloud import command
from runtime.clock import clock_from_environment
from runtime.errors import InputRefused

_MOST_NAMED: Final = 20


def add_to(commands: "argparse._SubParsersAction[Any]") -> None:
    """Let `import` and `import-refused` be commands."""
    about = "take in the utility's grid, customer or weather file, or a drop of its customer system"
    imported = command.add(commands, "import", _import, about)
    imported.add_argument("dir", type=Path, metavar="DIR")
    imported.add_argument("path", type=Path, metavar="FILE.csv|DROP", help="a file, or a folder with manifest.json")
    about = "rows of drops that were refused, newest first"
    refused = command.add(commands, "import-refused", _refused, about)
    refused.add_argument("dir", type=Path, metavar="DIR")
    command.add_limit(refused, 100)
    refused.add_argument("--forget", metavar="DROP", help="let the rows refused of this drop go: you saw to them")
    for each in (imported, refused):
        each.add_argument("--json", action="store_true")


def _import(arguments: argparse.Namespace) -> int:
    return _import_drop(arguments) if arguments.path.is_dir() else _import_file(arguments)


def _import_drop(arguments: argparse.Namespace) -> int:
    from cloud.billing.service import bills_told
    from cloud.cis import text
    from cloud.cis.service import import_drop
    from cloud.state import StateFolder

    folder = StateFolder.open(arguments.dir)
    look = bills_told(folder.settings().billing)
    with closing(folder.open_database()) as database:
        told = import_drop(database, arguments.path, clock_from_environment(), look)
    command.answer(arguments, text.facts_of(told), text.said_of(told))
    return 0 if told.is_whole else 1


def _import_file(arguments: argparse.Namespace) -> int:
    from cloud.billing import weather_store, weather_table
    from cloud.grid import text
    from cloud.grid.service import import_data
    from cloud.kernel import sheet
    from cloud.kernel.sheet import SheetRefused
    from cloud.outages.area_service import look_at
    from cloud.state import StateFolder

    folder = StateFolder.open(arguments.dir)
    with closing(folder.open_database()) as database:
        data = sheet.read_file(arguments.path)
        try:
            if not weather_table.is_meant(sheet.heading(data)):
                told = import_data(database, data, clock_from_environment(), look_at(folder.settings().outages))
                command.answer(arguments, text.facts_of(told), text.said_of(told).split("\n"))
                return 0
            days = weather_table.parse(data)
        except SheetRefused as refused:
            raise refused.of(arguments.path) from refused
        with database.transaction() as connection:
            weather_store.keep(connection, days)
    stations = sorted({day.station for day in days})
    more = f" and {len(stations) - _MOST_NAMED} more" if len(stations) > _MOST_NAMED else ""
    said = f"{len(days)} days of {', '.join(stations[:_MOST_NAMED])}{more} imported"
    command.answer(arguments, {"days": len(days), "stations": stations}, [said])
    return 0


def _refused(arguments: argparse.Namespace) -> int:
    from cloud.cis import store
    from cloud.state import StateFolder

    with closing(StateFolder.open(arguments.dir).open_database()) as database:
        if arguments.forget is not None:
            with database.transaction() as connection:
                gone = store.forget(connection, arguments.forget)
            if not gone:
                raise InputRefused("no row of such a drop waits", where=arguments.forget[:80], do="see the list first")
        with database.read() as connection:
            rows = list(store.newest(connection, limit=min(arguments.limit, store.MAX_REFUSED)))
    lines = [f"{row.drop}  {row.file}:{row.row}:{row.column}  {row.entity} {row.key}: {row.why}" for row in rows]
    command.answer(arguments, [row.facts() for row in rows], lines or ["no row waits"])
    return 0
