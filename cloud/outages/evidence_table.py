"""What is said of homes, as a table: who says it is out, who is alive, who is silent.

    id,says
    UP-0001,out
    UP-0002,alive
    T-0102,unheard

An id is a usage point, or a device or node, which stands for all its customers; a row about fewer homes outweighs one
about more, wherever it stands. What is said of nothing on the feeder, or twice of the same, is a fault of its row.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cloud.grid import feeder_table
from cloud.grid.model import Tree
from cloud.kernel import sheet
from cloud.kernel.ids import DeviceId, UsagePointId
from cloud.kernel.sheet import Fault, Record
from cloud.outages.locate import Word

COLUMNS: Final = ("id", "says")


def parse(data: bytes, trees: Sequence[Tree]) -> dict[UsagePointId, Word]:
    """The word of each home spoken of; raises SheetRefused with every fault found."""
    records, faults = sheet.read(data, COLUMNS)
    meant = _meant(trees)
    found: list[tuple[tuple[UsagePointId, ...], Word]] = []
    for record in records:
        homes, wrong = _homes(record, meant)
        word, unknown = _word(record)
        faults += [*wrong, *unknown]
        if homes and word is not None:
            found.append((homes, word))
    faults += sheet.doubled(((record.number, record["id"]) for record in records), "id")
    sheet.refuse(faults)
    words: dict[UsagePointId, Word] = {}
    for homes, word in sorted(found, key=lambda said: -len(said[0])):
        words |= dict.fromkeys(homes, word)
    return words


def _meant(trees: Sequence[Tree]) -> Mapping[str, tuple[UsagePointId, ...]]:
    """What every name stands for: a node's customers are called by the node, a colon and a number."""
    nodes: dict[str, list[UsagePointId]] = {}
    meant: dict[str, tuple[UsagePointId, ...]] = {}
    for tree in trees:
        for home in tree.below(tree.feeder):
            meant[home] = (home,)
            node, colon, _ = home.rpartition(":")
            if colon:
                nodes.setdefault(node, []).append(home)
    devices = {str(device.id): tree.below(DeviceId(device.id)) for tree in trees for device in tree.devices}
    return {name: tuple(homes) for name, homes in nodes.items()} | devices | meant


def _homes(
    record: Record, meant: Mapping[str, tuple[UsagePointId, ...]]
) -> tuple[tuple[UsagePointId, ...], Iterator[Fault]]:
    name = record["id"]
    homes = meant.get(name) or meant.get(feeder_table.spelled(name))
    if homes:
        return homes, iter(())
    what = f"no usage point of the feeder, and nothing with customers, is called {name[:40]!r}"
    return (), iter((record.fault("id", what),))


def _word(record: Record) -> tuple[Word | None, Iterator[Fault]]:
    says = record["says"].casefold()
    if says in list(Word):
        return Word(says), iter(())
    what = f"{record['says'][:40]!r} is none of {', '.join(Word)}"
    return None, iter((record.fault("says", what),))
