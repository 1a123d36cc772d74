"""What became of a drop, in words for whoever looks and in plain values for programs."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from cloud.cis.manifest import Entity
from cloud.cis.service import DropImported
from runtime.visible import visible

_MOST_NAMED: Final = 20


def said_of(told: DropImported) -> Iterator[str]:
    """A line for each entity of the drop, then the refused rows as file:row:column, as far as anybody reads them."""
    yield f"drop {told.drop}"
    refused = Counter(each.place.file.entity for each in told.refused)
    for entity in Entity:
        counts = {"kept": told.kept[entity], "unchanged": told.unchanged[entity], "refused": refused[entity]}
        if any(counts.values()):
            words = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
            yield f"  {entity:13} {words}"
    for each in told.refused[:_MOST_NAMED]:
        yield visible(str(each))
    if len(told.refused) > _MOST_NAMED:
        yield f"and {len(told.refused) - _MOST_NAMED} more; all of them: lamplight-cloud import-refused DIR"


def facts_of(told: DropImported) -> dict[str, Any]:
    """The same in plain values, with every refused row, for JSON."""
    refused = Counter(each.place.file.entity for each in told.refused)
    return {
        "drop": told.drop,
        "entities": {
            str(entity): {
                "kept": told.kept[entity],
                "unchanged": told.unchanged[entity],
                "refused": refused[entity],
            }
            for entity in Entity
        },
        "refused": [
            {
                "file": each.place.file.name,
                "row": each.place.row,
                "column": each.column,
                "key": each.place.key,
                "why": each.why,
            }
            for each in told.refused
        ],
    }
