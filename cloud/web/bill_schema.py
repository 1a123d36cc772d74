"""The JSON of bills: one model an answer, as those of `schema`. An amount is a text, because it is exact."""

from datetime import date, datetime

from pydantic import Field

from cloud.billing.accounts import ReadQuality
from cloud.billing.explanation import Caveat, Factor
from cloud.billing.projection import WhyNoProjection
from cloud.kernel.money import Currency
from cloud.web.schema import Answer


class MoneyAnswer(Answer):
    """An amount to the cent."""

    amount: str = Field(description="in whole units, with two decimals", examples=["123.45"])
    currency: str = Field(description=", ".join(Currency), examples=["BRL"])


class PartAnswer(Answer):
    """What one cause added to a bill, or took from it."""

    factor: str = Field(description=", ".join(Factor))
    amount: MoneyAnswer


class ChangeAnswer(Answer):
    """Why a bill differs from an earlier one; the parts make up the change to the cent."""

    from_bill: str | None = Field(description="the earlier bill")
    previous: MoneyAnswer = Field(description="what the earlier bill came to")
    current: MoneyAnswer
    change: MoneyAnswer
    parts: list[PartAnswer]
    driver: str | None = Field(description="the factor that moved it most; null where nothing did")
    can_tell: bool = Field(description="whether weather and behaviour are told apart; else they are one factor, use")
    caveats: list[str] = Field(description=", ".join(Caveat))


class BillAnswer(Answer):
    """A bill of the utility, beside what we reckon ourselves."""

    id: str = Field(examples=["B-2026-07"])
    contract: str
    account: str
    first_day: date
    last_day: date = Field(description="included")
    issued_on: date
    due_on: date | None
    paid_on: date | None = Field(
        description="when a payment of its amount came in, not before it was issued; null where none is known"
    )
    energy_wh: int
    quality: str = Field(description=f"what the energy rests on: {', '.join(ReadQuality)}")
    total: MoneyAnswer = Field(description="what the utility asks")
    reckoned: MoneyAnswer | None = Field(description="what we reckon from our own readings; null where we cannot")
    matches: bool | None = Field(description="whether both are the same, to two cents")
    is_explained: bool
    why_not: str = Field(description="why it is not explained; empty too for a bill that is history")
    looks: int = Field(description="how often it was looked at; 0 for history")
    looked_at: datetime | None
    since_previous: ChangeAnswer | None = Field(description="held against the bill before it")
    since_year_ago: ChangeAnswer | None = Field(description="held against the bill of the same cycle a year ago")


class BillPage(Answer):
    """The bills of a home, the last period first."""

    bills: list[BillAnswer]


class RangeAnswer(Answer):
    """Where a running bill ends, eight times in ten."""

    low: MoneyAnswer
    likely: MoneyAnswer
    high: MoneyAnswer


class OutlookAnswer(Answer):
    """The running bill of a home, as it was projected last."""

    usage_point: str
    contract: str
    tariff: str
    first_day: date
    last_day: date = Field(description="included")
    made_at: datetime
    known_until: date = Field(description="the last day whose use is in it")
    is_whole: bool = Field(description="whether every day up to then is")
    used_wh: int
    days_left: int = Field(description="today among them")
    range: RangeAnswer | None
    why_not: str = Field(description=f"why there is no range: {', '.join(WhyNoProjection)}, or what was refused")
    usual_bill: str | None = Field(description="the bill it is held against")
    usual_total: MoneyAnswer | None
