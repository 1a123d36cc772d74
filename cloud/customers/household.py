"""What is known of a household beyond its meter: how many live there, what they earn, who is ill.

Programmes of assistance ask for such facts. They are told by the utility's customer system or by the customer, each
with the day it was true, because an income of three years ago decides nothing today. A value is text as it was told;
whoever asks knows what kind of value the fact has.
"""

from dataclasses import dataclass
from datetime import date

from cloud.kernel.ids import CustomerId


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdFact:
    """One fact, such as `household_size` or `registered_cadunico`, as it was on a day."""

    customer: CustomerId
    fact: str
    value: str
    as_of: date
