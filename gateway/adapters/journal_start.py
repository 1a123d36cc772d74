"""The journal when the gateway starts: the one that is there, or the next generation where it is lost or damaged.

Never in silence. A damaged file is set aside, beside the new one, for the utility to look at; the new journal's first
alarm says which generation is lost and how, and it is durable with the file itself: a gateway that is killed between
the two says it at its next start.
Only damage makes a journal be set aside. A disk that cannot be read now, or another gateway's journal, stops the start.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from gateway.adapters import journal_file
from gateway.adapters.journal import Journal
from gateway.core.errors import JournalDamaged
from runtime import logs
from wire.events import JournalBegunAnew
from wire.ids import GatewayId
from wire.terms import JournalLoss

log = logs.get(__name__)


class Generations(Protocol):
    """Who counts the gateway's journals, somewhere else than in them."""

    def last_generation(self) -> int:
        """The number of the newest journal ever made; 0 where there was none."""
        ...

    def next_generation(self) -> int:
        """The number of one that is about to be made, durable before it is used."""
        ...


def open_or_begin_anew(
    path: Path, gateway: GatewayId, open_it: Callable[[], Journal], generations: Generations
) -> Journal:
    """The journal to go on with.

    `open_it` opens the one at `path`. Raises what it raises, and JournalDamaged where the disk does not let the damaged
    file be set aside.
    """
    loss = JournalLoss.MISSING
    if path.exists():
        try:
            return open_it()
        except JournalDamaged as damaged:
            aside = journal_file.put_damaged_aside(path)
            if aside is None:
                raise
            log.warning("journal_set_aside", reason=damaged.what, kept_as=str(aside))
            loss = JournalLoss.DAMAGED
    previous, generation = generations.last_generation(), generations.next_generation()
    said = JournalBegunAnew(previous_gen=previous, reason=loss) if previous else None
    if said is not None:
        log.warning("journal_begun_anew", gen=generation, previous=previous, loss=loss.name.lower())
    journal_file.create(path, gateway, gen=generation, begun_anew=said)
    return open_it()
