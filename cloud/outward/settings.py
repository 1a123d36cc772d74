"""Which events leave for another system of the utility's, and where to.

Nothing leaves by default. Where an address is given, alarms alone do: readings and unusual use tell how a household
lives, and go out only where the utility says so, knowing that it has a lawful purpose for it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from cloud.outward import address
from runtime.errors import SettingsError
from runtime.settings import setting
from wire.terms import Lane

_LANES = {"alarms": Lane.ALARM, "diagnostics": Lane.DIAGNOSTICS, "readings": Lane.READINGS}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutwardSettings:
    """The one receiver of CloudEvents, and how it is treated."""

    url: str = setting("", help="where each event is posted as a CloudEvent, https; empty: nowhere")
    secret_file: Path | None = setting(
        None, help="file with the secret posts are signed with; `lamplight-cloud outward new-secret FILE` makes one"
    )
    events: tuple[str, ...] = setting(
        ("alarms",), help='which: "alarms", "diagnostics", and "readings", which are personal data'
    )
    ca_file: Path | None = setting(None, help="certificate authorities to trust instead of the system's, PEM")
    timeout_s: float = setting(
        10.0,
        help="machine seconds for one post, from the connection to the last byte of the answer",
        minimum=0.1,
        maximum=120,
    )
    retry_first_s: int = setting(
        5, help="seconds to the second attempt when the receiver is away; doubles each time", minimum=1, maximum=600
    )
    retry_longest_s: int = setting(600, help="longest pause between two attempts, seconds", minimum=1, maximum=86_400)
    keep_days: int = setting(
        14,
        help="days an event waits for a receiver that is away; then it is passed over, and counted",
        minimum=1,
        maximum=3_650,
    )

    @property
    def is_on(self) -> bool:
        """Whether anything leaves at all."""
        return bool(self.url)

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The lanes whose events leave, those of the most urgent one first."""
        return lanes_of(self.events)

    def check(self) -> None:
        """Raise SettingsError for what cannot be, before anything starts."""
        if unknown := [name for name in self.events if name not in _LANES]:
            raise SettingsError(
                f"{unknown[0]!r} is no kind of events", where="outward.events", do=f"choose among {', '.join(_LANES)}"
            )
        if not self.is_on:
            return
        address.parse(self.url)
        if self.secret_file is None:
            do = "make one with `lamplight-cloud outward new-secret FILE` and name it"
            raise SettingsError(
                "posts would be unsigned, and anybody could forge them", where="outward.secret_file", do=do
            )
        if not self.lanes:
            raise SettingsError(
                "there is an address and nothing to send", where="outward.events", do='write ["alarms"]'
            )


def lanes_of(names: Collection[str]) -> tuple[Lane, ...]:
    """The lanes of these kinds of events, the most urgent first."""
    return tuple(lane for name, lane in _LANES.items() if name in names)
