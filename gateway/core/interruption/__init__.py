"""From what the probe and the meter say to what the gateway says about the supply: lost, dipped, assessed, restored.

One state machine for each meter. It is pure: an observation and the time go in, the next state and the events come out.
The caller stores both together, so that a gateway killed at any instant goes on without losing or repeating an event.

    PRESENT ---lost--> SUSPECT ---hold-off over--> LOST <---lost again--- RETURNING
       ^                  |                          |                     ^   |
       |<--back in time---+                          +---back--------------+   |
       |<-------in-band voltage for the whole hold, disconnector closed--------+

The probe alone says that supply is lost, at once. Why, the meter says (`verdict`), as soon as it has been asked.
That supply is back needs both: the probe's sense, and a voltage in band that the meter reads *now*, for the whole hold,
without a break. A reading asked for before the sense changed is about another moment, and is passed over.

A meter that gasps as its supply goes is a witness of its own: beside the probe's sense it settles the verdict, and
where no probe is heard it begins an interruption by itself, which a voltage in band ends.

What is wrong while supply is sensed (a head knocked off, a switch thrown, a plug pulled) is told beside these phases,
and ends when the sense falls.

    state       what the machine knows, and where the lines run
    hearing     what an observation amounts to: edges once each, beats only when they insist
    rules       the table (phase, what was heard) -> what follows
    trouble     what is wrong while supply is sensed
    assessment  the facts held against the truth table, and the evidence that goes with a verdict
    verdict     the truth table

Five observations: the supply falls, the hold-off passes, the meter is silent twice, supply comes back.

>>> from datetime import UTC, datetime, timedelta
>>> from gateway.core.observations import EdgeId, MeterFailed, SupplyEdge, Tick
>>> from wire.terms import LinkFault
>>> def at(s):
...     return datetime(2026, 11, 21, 18, 0, tzinfo=UTC) + timedelta(seconds=s)
>>> def edge(number, present, s):
...     return SupplyEdge(edge=EdgeId(boot_id=7, event_id=number), present=present, occurred_at=at(s))
>>> def silent(s):
...     return MeterFailed(asked_at=at(s), fault=LinkFault.SILENT)
>>> state = InterruptionState()
>>> for s, seen in ((0, edge(1, False, 0)), (2, Tick()), (4, silent(2)), (9, silent(7)), (60, edge(2, True, 60))):
...     state, events = step(state, seen, at(s), Limits())
...     print(f"{s:2} s  {state.phase.value:9}", *(type(event).__name__ for event in events), state.verdict)
 0 s  suspect   None
 2 s  lost      SupplyLost None
 4 s  lost      InterruptionAssessed supply interrupted, provisional, weak
 9 s  lost      InterruptionAssessed supply interrupted, confirmed, fair
60 s  returning InterruptionAssessed supply interrupted, confirmed, fair
"""

from gateway.core.interruption.rules import Step, SupplyEvent, step
from gateway.core.interruption.state import Attention, InterruptionState, Limits, Phase, Trouble
from gateway.core.interruption.verdict import Verdict

__all__ = ["Attention", "InterruptionState", "Limits", "Phase", "Step", "SupplyEvent", "Trouble", "Verdict", "step"]
