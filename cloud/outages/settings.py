"""What a utility may decide about announcing outages; what is true is not among it.

A gateway needs about a minute of steady voltage to prove a return. So a verdict may be a minute old and still be told
as fresh: power that came back meanwhile could not have been proven yet, however fast the uplink. One that is older
waits twice that minute, in which the proof would come if there were one.

That supply is sensed again the gateway says at once, and a notice about to be told is dropped; but its word may be a
minute on its way, and most interruptions are over within one. So nobody is told before two minutes and some seconds.
"""

from dataclasses import dataclass
from datetime import timedelta

from runtime.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageSettings:
    """When an interruption is told, and how long what we know of it may be repeated."""

    notify_after_s: int = setting(
        130, help="seconds from the start of an interruption until its customer is told, if it lasts",
        minimum=0, maximum=3_600,
    )  # fmt: skip
    late_after_s: int = setting(
        60, help="an event older than this when it arrives was held up on its way: it tells of then, not of now",
        minimum=5, maximum=3_600,
    )  # fmt: skip
    settle_after_s: int = setting(
        120, help="seconds to wait after a late event for what else was held up, before anybody is told",
        minimum=0, maximum=3_600,
    )  # fmt: skip
    fact_ttl_s: int = setting(
        900, help="seconds after which 'it is out', unless said anew by the gateway, is too old to be told",
        minimum=60, maximum=86_400,
    )  # fmt: skip
    back_ttl_s: int = setting(
        21_600, help="seconds after which 'power is back', if it could not be sent, is too old to be told",
        minimum=60, maximum=604_800,
    )  # fmt: skip
    still_out_ttl_s: int = setting(
        3_600, help="seconds after which 'your own meter has not shown it', if it could not be sent, is not told",
        minimum=60, maximum=86_400,
    )  # fmt: skip
    power_check_ttl_s: int = setting(
        3_600, help="seconds after which 'is your power on?', if it could not be sent, is not asked",
        minimum=60, maximum=86_400,
    )  # fmt: skip
    gather_s: int = setting(
        5, help="seconds to wait for what else happens on a feeder before it is looked at", minimum=0, maximum=300,
    )  # fmt: skip
    same_loss_s: int = setting(
        180, help="losses on a feeder that follow each other within so many seconds may be one failure",
        minimum=1, maximum=3_600,
    )  # fmt: skip
    nested_after_s: int = setting(
        120, help="seconds after the first home is back until those still out are looked for as outages of their own",
        minimum=10, maximum=3_600,
    )  # fmt: skip
    ask_after_s: int = setting(
        180, help="seconds after the first home is back until those that cannot be seen are asked",
        minimum=10, maximum=86_400,
    )  # fmt: skip
    silent_after_s: int = setting(
        900, help="a gateway unheard of for so many seconds cannot be expected to say that it is dark",
        minimum=30, maximum=86_400,
    )  # fmt: skip
    clock_tolerance_s: int = setting(
        60, help="a gateway's time further in the future than this is not believed", minimum=1, maximum=3_600,
    )  # fmt: skip

    @property
    def notify_after(self) -> timedelta:
        return timedelta(seconds=self.notify_after_s)

    @property
    def late_after(self) -> timedelta:
        return timedelta(seconds=self.late_after_s)

    @property
    def settle_after(self) -> timedelta:
        return timedelta(seconds=self.settle_after_s)

    @property
    def fact_ttl(self) -> timedelta:
        return timedelta(seconds=self.fact_ttl_s)

    @property
    def back_ttl(self) -> timedelta:
        return timedelta(seconds=self.back_ttl_s)

    @property
    def still_out_ttl(self) -> timedelta:
        return timedelta(seconds=self.still_out_ttl_s)

    @property
    def power_check_ttl(self) -> timedelta:
        return timedelta(seconds=self.power_check_ttl_s)

    @property
    def gather(self) -> timedelta:
        return timedelta(seconds=self.gather_s)

    @property
    def same_loss(self) -> timedelta:
        return timedelta(seconds=self.same_loss_s)

    @property
    def nested_after(self) -> timedelta:
        return timedelta(seconds=self.nested_after_s)

    @property
    def ask_after(self) -> timedelta:
        return timedelta(seconds=self.ask_after_s)

    @property
    def silent_after(self) -> timedelta:
        return timedelta(seconds=self.silent_after_s)

    @property
    def clock_tolerance(self) -> timedelta:
        return timedelta(seconds=self.clock_tolerance_s)
