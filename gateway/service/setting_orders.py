"""Orders about settings: one of those that may be changed from afar gets another value, kept first, then in force.

Which those are, and within which bounds, the settings themselves say; what they refuse changes nothing.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from gateway.core.command_rules import MOST_DETAIL_CHARS, Answer
from runtime.errors import InputRefused, SettingsError
from wire.commands import ChangeSetting
from wire.terms import CommandOutcome

S = TypeVar("S")


class SettingOrders(Generic[S]):
    """What the commander does about settings."""

    def __init__(self, order: Callable[[str, str | None], S], apply: Callable[[S], None]) -> None:
        """`order` keeps a value for the next start and gives the settings as they then are; `apply` puts them in force.

        `order` raises InputRefused or SettingsError for what cannot be, EnvironmentRefused as the disk says.
        """
        self._order = order
        self._apply = apply

    def change(self, order: ChangeSetting, _stop: threading.Event) -> Answer:
        """Change the setting, or let it be again what a person wrote."""
        try:
            settings = self._order(order.name, order.value)
        except (InputRefused, SettingsError) as refused:
            told = f"{refused.what} ({refused.do})" if refused.do else refused.what
            detail = told if len(told) <= MOST_DETAIL_CHARS else refused.what
            return Answer(outcome=CommandOutcome.REFUSED, detail=detail)
        self._apply(settings)
        said = "is as the gateway's own file says" if order.value is None else f"is {order.value}"
        return Answer(outcome=CommandOutcome.DONE, detail=f"{order.name} {said}")
