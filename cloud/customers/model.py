"""A home and the person behind it, as the utility's customer system knows them.

The utility's file is the authority on which meter measures whose home. A gateway may claim to speak for a usage point;
that power is back there is believed only from the meter that stands here.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from cloud.kernel.i18n import Language
from cloud.kernel.ids import CustomerId, MeterSerial, UsagePointId


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A person to write to; `phone` is as in +5541999990001, empty where nobody told one."""

    id: CustomerId
    name: str
    email: str
    language: Language
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsagePoint:
    """A home: its meter, its customer, and the clock on its wall. `imported_at` is when we were told so."""

    id: UsagePointId
    meter: MeterSerial
    customer: Customer
    zone: ZoneInfo
    address: str
    imported_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A home as the utility tells it, before anybody looked whose it was."""

    id: UsagePointId
    meter: MeterSerial
    customer: CustomerId
    zone: ZoneInfo
    address: str
