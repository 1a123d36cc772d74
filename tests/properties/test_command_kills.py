"""A gateway killed at any moment, and told anything again in any order, does no order twice and answers none twice."""

from collections import Counter
from dataclasses import dataclass, field
from threading import Event

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.core.command_rules import Answer, CommandRecord
from gateway.core.outbox import Change
from gateway.service.commander import Commander
from tests.fakes_commands import AUTHORITY, GATEWAY, FakeBook, FakeMemory, UntilHeard, command, said, sealed
from tests.fakes_gateway import FakeClock, at
from wire.commands import ChangeSetting, KnownOperation, PingMeter, RotateKey, open_command
from wire.instants import unix_ms
from wire.terms import CommandOutcome

BORN_MS = unix_ms(at(-3_600))
ORDERS = [
    *(command(PingMeter(meter=f"LMP{number}"), number=number) for number in range(1, 5)),
    *(command(ChangeSetting(name="log_level", value=str(number)), number=number) for number in range(1, 3)),
    command(RotateKey(), number=1),
]
ENVELOPES = [sealed(order) for order in ORDERS]
IDS = {repr(order.operation): open_command(sealed(order), AUTHORITY).id for order in ORDERS}


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Fuse:
    """Lets so many things reach the disk or the world, and then ends the process."""

    left: int

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


@dataclass
class Machine:
    """What outlives a kill: the disk, and what was done in the world."""

    memory: FakeMemory = field(default_factory=lambda: FakeMemory(CommandRecord(born_at_ms=BORN_MS)))
    book: FakeBook = field(default_factory=FakeBook)
    done: list[KnownOperation] = field(default_factory=list)
    fuse: Fuse = field(default_factory=lambda: Fuse(0))

    def load(self) -> CommandRecord | None:
        return self.memory.load()

    def keep(self, record: CommandRecord) -> None:
        self.fuse.burn()
        self.memory.keep(record)
        self.fuse.burn()

    def commit(self, *changes: Change) -> tuple[bool, ...]:
        self.fuse.burn()
        kept = self.book.commit(*changes)
        self.fuse.burn()
        return kept

    def recall(self, name: str) -> str | None:
        return self.book.recall(name)

    def receipted_at_ms(self) -> int:
        return 0

    def obey(self, operation: KnownOperation, _stop: Event) -> Answer:
        self.fuse.burn()
        self.done.append(operation)
        self.fuse.burn()
        return Answer(outcome=CommandOutcome.DONE, detail="done")

    def live(self, heard: list[int], killed_at: int) -> None:
        """One life: it starts, hears these orders, and is killed at this step or ends in peace."""
        self.fuse = Fuse(killed_at)
        commander = Commander(
            gateway=GATEWAY,
            authority=AUTHORITY,
            memory=self,
            book=self,
            orders=dict.fromkeys((PingMeter, ChangeSetting, RotateKey), self.obey),
            clock=FakeClock(),
            uncertainty_ms=0,
        )
        for number in heard:
            commander.hear(said(ENVELOPES[number]))
        try:
            commander.run(UntilHeard(commander))
        except Killed:
            return


lives = st.lists(
    st.tuples(st.lists(st.integers(0, len(ORDERS) - 1), max_size=8), st.integers(0, 30)), min_size=1, max_size=5
)


@given(lives)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_no_order_is_done_or_answered_twice(told: list[tuple[list[int], int]]) -> None:
    machine = Machine()

    for heard, killed_at in told:
        machine.live(heard, killed_at)
    machine.live([], 0)

    answered = Counter(event.command for event in machine.book.events)
    assert max(Counter(map(repr, machine.done)).values(), default=0) <= 1
    assert max(answered.values(), default=0) <= 1
    assert machine.memory.record is not None
    assert machine.memory.record.under_way == ""
    assert {IDS[repr(operation)] for operation in machine.done} <= set(answered), "what was done was answered"


def test_a_life_without_a_kill_does_everything_that_is_in_order() -> None:
    machine = Machine()

    machine.live(list(range(len(ORDERS))), 0)

    assert machine.done == [order.operation for order in ORDERS]
