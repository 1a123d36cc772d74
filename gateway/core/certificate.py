"""How long the certificate that opens the broker holds, and from when on the next one is asked for."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A certificate that opens the broker until `ends_at`; from `due_at` on, two thirds of its life, it is renewed.

    >>> from datetime import UTC, timedelta
    >>> noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    >>> standing = Standing.of(noon, noon + timedelta(days=90))
    >>> standing.is_due(noon + timedelta(days=59)), standing.is_due(noon + timedelta(days=60))
    (False, True)
    """

    due_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, begins_at: datetime, ends_at: datetime) -> "Standing":
        """Of a certificate that holds from the one instant to the other."""
        return cls(due_at=begins_at + (ends_at - begins_at) * 2 / 3, ends_at=ends_at)

    def is_due(self, now: datetime) -> bool:
        """Whether the next one is to be asked for."""
        return now >= self.due_at

    def has_ended(self, now: datetime) -> bool:
        """Whether it opens nothing any more."""
        return now >= self.ends_at
