"""The tariffs a cloud bills with: a folder with one file for each, named by its id.

Contracts name a tariff by its id, so the file of `rede-acacias-b1` is `rede-acacias-b1.toml`, and says so inside too;
a file that was copied and not renamed within is refused, before anybody is billed with it. What stands in the folder is
read anew for each call, so a corrected file holds from the next bill on.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from cloud.billing.tariff import Tariff, TariffRefused
from cloud.billing.tariff_file import parse_tariff
from cloud.kernel import strict_toml
from runtime.reading import read_at_most

SHIPPED: Final = Path(__file__).parent / "tariffs"
"""Examples of what a tariff can be, with their sources."""
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ENDING: Final = ".toml"
_parsed: Final = lru_cache(maxsize=64)(parse_tariff)  # the same octets are the same tariff


def load(folder: Path, tariff_id: str) -> Tariff:
    """The tariff of this id; raises TariffRefused."""
    path = place(folder, tariff_id)
    if not path.is_file():
        known = ids(folder)
        do = strict_toml.nearest(tariff_id, known) if known else f"put {path.name} there"
        raise TariffRefused(f"there is no tariff {tariff_id}", where=str(folder), do=do)
    tariff = read(path)
    if tariff.id != tariff_id:
        what = f"the file of {tariff_id} says it is {tariff.id[:40]!r}"
        raise TariffRefused(what, where=str(path), do="let the file's name and its id agree")
    return tariff


def place(folder: Path, tariff_id: str) -> Path:
    """Where the file of this id stands, which is in the folder; raises TariffRefused."""
    if not _ID.fullmatch(tariff_id):
        do = "use at most 64 letters, digits and . _ -, a letter or a digit first"
        raise TariffRefused(f"{tariff_id[:40]!r} is no tariff's id", where=str(folder), do=do)
    return folder / f"{tariff_id}{_ENDING}"


def ids(folder: Path) -> tuple[str, ...]:
    """The ids of the tariffs that are there, in order."""
    return tuple(sorted(path.name.removesuffix(_ENDING) for path in folder.glob(f"*{_ENDING}")))


def read(path: Path) -> Tariff:
    """The tariff of a file, whatever its name; raises TariffRefused."""
    return _parsed(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """A file's octets, as many as a tariff may have; raises TariffRefused."""
    try:
        return read_at_most(path, strict_toml.MAX_BYTES)
    except OSError as error:
        raise TariffRefused(f"cannot read the tariff: {error.strerror}", where=str(path)) from error
