"""What a utility may decide about gaps: how long nothing may come before somebody is told."""

from dataclasses import dataclass
from datetime import timedelta

from runtime.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings:
    """When a gap is told; what is believed is not among it."""

    gap_after_s: int = setting(
        60, help="seconds in which none of the events that are known to be missing came, until an operator is told",
        minimum=1, maximum=86_400,
    )  # fmt: skip

    @property
    def gap_after(self) -> timedelta:
        """How long nothing may come."""
        return timedelta(seconds=self.gap_after_s)
