"""From which place of its chain on a gateway is believed no more, as an operator names it.

He names the first number of a lane that somebody else may have made. Of a lane he does not name, what is stored stays
believed and nothing beyond it is. What was stored past that place was acted upon when it came; it is counted, so that
he can look at it: nothing is deleted.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, func, or_, select

from cloud.ingest import store
from cloud.ingest.store import intake_table
from runtime.errors import InputRefused
from wire.ids import GatewayId
from wire.key_life import Cut
from wire.terms import Lane

_DO: Final = "write it as in --from-seq alarm=118; the lanes are alarm, readings and diagnostics"
_NUMBER: Final = re.compile("[1-9][0-9]{0,8}")
_i = intake_table.c


def parse_places(words: Sequence[str]) -> dict[Lane, int]:
    """`alarm=118` and its like: the first number of a lane that is no longer believed; raises InputRefused.

    >>> parse_places(["alarm=118"])
    {<Lane.ALARM: 0>: 118}
    """
    found: dict[Lane, int] = {}
    for word in words:
        name, _, number = word.partition("=")
        lane = next((lane for lane in Lane if lane.name.lower() == name), None)
        if lane is None or lane in found or not _NUMBER.fullmatch(number):
            raise InputRefused(f"{word[:40]!r} is no place of a chain", where="--from-seq", do=_DO)
        found[lane] = int(number)
    return found


def cut_before(connection: Connection, gateway: GatewayId, places: Mapping[Lane, int], gen: int | None) -> Cut:
    """The cut before these places of a generation, its newest where none is given."""
    newest = max((end.gen for end in store.lane_ends(connection, [gateway]).values()), default=1)
    chosen = newest if gen is None else gen
    heads = {lane: store.head_of(connection, gateway, chosen, lane) for lane in Lane}
    stored = {lane: 0 if head is None else head.seq for lane, head in heads.items()}
    return Cut(gen=chosen, seqs={lane: places[lane] - 1 if lane in places else stored[lane] for lane in Lane})


def count_past(connection: Connection, gateway: GatewayId, cut: Cut) -> int:
    """How many events are stored that lie past the cut."""
    past = [(_i.gen == cut.gen) & (_i.lane == int(lane)) & (_i.seq > seq) for lane, seq in cut.seqs.items()]
    statement = select(func.count()).where(_i.gateway == gateway, or_(_i.gen > cut.gen, *past))
    counted: int = connection.execute(statement).scalar_one()
    return counted
