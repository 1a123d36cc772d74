"""One turn of the rules: what a rule may look at, the shapes its answer takes, and what rules of both kinds ask."""

from dataclasses import dataclass, replace
from datetime import datetime

from cloud.kernel.ids import EventId
from cloud.outages.effects import CaseChanged, Effect, Noted, Step
from cloud.outages.model import Case, Remark, State
from cloud.outages.settings import OutageSettings
from cloud.outages.signs import Assessed, Dipped, Heard, Lost, Observation, Returned


@dataclass(frozen=True, slots=True)
class Turn:
    """A home's state, what was seen of it, and when."""

    state: State
    seen: Observation
    now: datetime
    settings: OutageSettings

    @property
    def case(self) -> Case:
        assert self.state.case is not None, "a phase with an open case has one"
        return self.state.case

    @property
    def heard(self) -> Heard | None:
        """The frame of the event; None where a timer or a person moves the home."""
        return self.seen.heard if isinstance(self.seen, Lost | Assessed | Returned | Dipped) else None

    @property
    def is_late(self) -> bool:
        """Whether the event was held up on its way, so that it tells of then and not of now."""
        heard = self.heard
        return heard is not None and heard.heard_at - heard.said_at > self.settings.late_after

    def soon_after(self, began_at: datetime) -> datetime:
        """When to tell of what began then, if it lasts; never later than the same wait from now."""
        wait = self.settings.notify_after
        return min(max(began_at + wait, self.now), self.now + wait)

    def noted(self, remark: Remark, case_number: int | None = None, *, state: State | None = None) -> Step:
        """A line in the timeline, and perhaps another state; nothing else."""
        line = Noted(remark=remark, case_number=case_number, heard=self.heard)
        return Step(state=state or self.state, effects=(line,))

    def with_case(self, case: Case, remark: Remark, *more: Effect) -> Step:
        """The case as the home's latest one, a line in the timeline, and what else is to be done."""
        line = Noted(remark=remark, case_number=case.number, heard=self.heard)
        state = replace(self.state, case=case, cases=max(self.state.cases, case.number))
        return Step(state=state, effects=(CaseChanged(case=case), line, *more))


def is_newer(event: EventId, than: EventId) -> bool:
    """Whether a gateway said `event` after `than`; of two gateways, the one that is heard later is believed."""
    return event.gateway != than.gateway or (event.gen, event.seq) > (than.gen, than.seq)
