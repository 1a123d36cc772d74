"""How fine readings may be without anybody being asked."""

from dataclasses import dataclass

from runtime.errors import SettingsError
from runtime.settings import setting
from wire.units import BILLING_PERIODS_S


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingSettings:
    """What bills are reckoned in; whoever wants readings finer than that needs the customer's consent."""

    billing_period_s: int = setting(
        3_600, help="900, 1800, 3600 or 86400; gateways learn it with their enrolment", minimum=900, maximum=86_400
    )

    def check(self) -> None:
        """Raise SettingsError for a period that does not divide a day as bills do."""
        if self.billing_period_s not in BILLING_PERIODS_S:
            what = f"{self.billing_period_s} s is no billing period"
            do = f"set it to one of {', '.join(map(str, BILLING_PERIODS_S))}"
            raise SettingsError(what, where="readings.billing_period_s", do=do)
