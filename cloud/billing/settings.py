"""What a utility may decide about the bills it has explained and projected; what is true is not among it."""

from dataclasses import dataclass
from datetime import timedelta

from runtime.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class BillSettings:
    """When a running bill is looked at, when a bill is high, and how long readings are waited for."""

    settle_s: int = setting(
        60, help="seconds to wait after readings or bills for what else comes, before a home's bills are looked at",
        minimum=0, maximum=86_400,
    )  # fmt: skip
    projection_ttl_s: int = setting(
        86_400, help="seconds after which 'your bill is on track for', if it could not be sent, is too old to be told",
        minimum=3_600, maximum=604_800,
    )  # fmt: skip
    high_percent: int = setting(20, help="a bill so many percent over the one before is high", minimum=0, maximum=1_000)
    high_more: int = setting(
        10, help="... if it is also so many units of its currency over it", minimum=0, maximum=1_000_000
    )
    explain_within_days: int = setting(
        60, help="a bill whose last day is longer ago is history when it comes, and not explained",
        minimum=1, maximum=366,
    )  # fmt: skip
    again_first_s: int = setting(
        60, help="seconds until a bill that cannot be explained yet is looked at again; doubles each time",
        minimum=1, maximum=86_400,
    )  # fmt: skip
    again_longest_s: int = setting(
        21_600, help="longest pause between two looks at such a bill, seconds", minimum=1, maximum=604_800
    )
    attempts: int = setting(
        18, help="so many looks, then a person has to: `lamplight-cloud bill list` says why", minimum=1, maximum=1_000
    )

    @property
    def settle(self) -> timedelta:
        return timedelta(seconds=self.settle_s)

    @property
    def projection_ttl(self) -> timedelta:
        return timedelta(seconds=self.projection_ttl_s)

    @property
    def explain_within(self) -> timedelta:
        return timedelta(days=self.explain_within_days)

    @property
    def again_first(self) -> timedelta:
        return timedelta(seconds=self.again_first_s)

    @property
    def again_longest(self) -> timedelta:
        return timedelta(seconds=self.again_longest_s)
