"""The two sides' books, read from their files: what the gateways durably made, and what the cloud holds.

Made is what stands in a gateway's journal, which keeps every row here, and what its witness saw committed: a row that
the journal promised and lost would be missing from the one and present in the other. Held is what stands in the
cloud's database. No counter of either is asked.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos.clouds import EFFECTS
from benchmarks.chaos.gateways import JOURNAL, WITNESS, Post
from gateway.adapters import journal_file

Place = tuple[str, int, int, int]
"""Gateway, generation, lane and number: the identity of an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Every event the gateways made, with its hash; how many of them no receipt covers in their journals."""

    events: dict[Place, bytes]
    promised: dict[Place, bytes]
    unreceipted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the cloud holds; `waiting` of it before a gap, `refused` in quarantine; what an operator was told."""

    events: dict[Place, bytes]
    rows: int
    waiting: int
    refused: int
    effects: Counter[str]
    suspects: int
    alarms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The one held against the other."""

    made: int
    stored: int
    lost: int
    foreign: int
    doubled: int
    without_effect: int
    gaps: int
    unreceipted: int
    refused: int
    suspects: int
    alarms: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing, too much or under way."""
        wrong = (self.lost, self.foreign, self.doubled, self.without_effect, self.gaps, self.unreceipted)
        return self.stored == self.made and not any((*wrong, self.refused, self.suspects, self.alarms))


def compare(made: Made, stored: Stored) -> Verdict:
    """What is missing, what is too much.

    Lost is what was made, or promised by a journal, and is not held with that hash. A doubled event is held twice, or
    took effect twice. A gap is a number missing below one that is held, and an event that waits for one.
    """
    wanted = made.events | made.promised
    own = {_name(place) for place in made.events}
    return Verdict(
        made=len(wanted),
        stored=stored.rows,
        lost=sum(stored.events.get(place) != own_hash for place, own_hash in wanted.items()),
        foreign=sum(place not in wanted for place in stored.events),
        doubled=stored.rows - len(stored.events) + sum(times - 1 for times in stored.effects.values()),
        without_effect=sum(name not in stored.effects for name in own),
        gaps=_missing_below(stored.events) + stored.waiting,
        unreceipted=made.unreceipted,
        refused=stored.refused,
        suspects=stored.suspects,
        alarms=stored.alarms,
    )


def read_made(posts: Iterable[Post]) -> Made:
    """From the journals and the witnesses."""
    events: dict[Place, bytes] = {}
    promised: dict[Place, bytes] = {}
    unreceipted = 0
    for post in posts:
        path = post.folder / JOURNAL
        with closing(journal_file.open_to_read(path)) as connection:
            identity = journal_file.identity_of(connection, path)
            receipted = dict(connection.execute("SELECT lane, seq FROM receipt"))
            for lane, seq, own_hash in connection.execute("SELECT lane, seq, hash FROM outbox"):
                events[identity.gateway, identity.gen, lane, seq] = own_hash
                unreceipted += seq > receipted.get(lane, 0)
        promised |= _witnessed(post.folder / WITNESS, identity.gateway)
    return Made(events=events, promised=promised, unreceipted=unreceipted)


def read_stored(database: Path) -> Stored:
    """From the cloud's database."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = [
            ((gateway, gen, lane, seq), own_hash)
            for gateway, gen, lane, seq, own_hash in connection.execute(
                "SELECT gateway, gen, lane, seq, hash FROM intake"
            )
        ]

        def count(of: str) -> int:
            (found,) = connection.execute(f"SELECT count(*) FROM {of}").fetchone()
            return int(found)

        return Stored(
            events=dict(rows),
            rows=len(rows),
            waiting=count("held"),
            refused=count("quarantine"),
            effects=Counter(name for (name,) in connection.execute(f"SELECT event FROM {EFFECTS}")),
            suspects=count("gateway WHERE status <> 'active'"),
            alarms=count("operator_alarm WHERE ended_at IS NULL"),
        )


def _witnessed(path: Path, gateway: str) -> dict[Place, bytes]:
    """What the witness saw; the last line may be torn by a kill, and then it was promised to nobody."""
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    whole = (line.split() for line in lines if line.endswith("\n"))
    return {(gateway, int(gen), int(lane), int(seq)): bytes.fromhex(head) for gen, lane, seq, head in whole}


def _missing_below(events: Iterable[Place]) -> int:
    """How many numbers are missing from the chains that are held."""
    numbers: dict[tuple[str, int, int], list[int]] = {}
    for gateway, gen, lane, seq in events:
        numbers.setdefault((gateway, gen, lane), []).append(seq)
    return sum(max(held) - len(held) for held in numbers.values())


def _name(place: Place) -> str:
    """As the cloud writes an event's identity."""
    return "/".join(map(str, place))
