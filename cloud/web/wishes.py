"""What a customer wishes to be told, and when: read for her page, and read back from the form she sent.

In come the fields of a form; out comes what she wishes, or None for a form that is not filled in rightly: an amount
with a group mark could be a thousand times too much or too little, so it is asked for again and not guessed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

from sqlalchemy import Connection

from cloud.billing import accounts_store
from cloud.customers import consent_store, preference_store
from cloud.customers.consent import Channel, Consent, Purpose
from cloud.customers.preferences import Preferences
from cloud.kernel.ids import CustomerId
from cloud.kernel.money import Currency, Money
from cloud.web.customer_words import CustomerWords
from cloud.web.homes import Home

WAYS: Final[Mapping[Purpose, Channel]] = {
    Purpose.USAGE_ALERTS: Channel.EMAIL,
    Purpose.BILLING: Channel.EMAIL,
    Purpose.ASSISTANCE: Channel.EMAIL,
    Purpose.READINGS_FINE: Channel.NONE,
}
"""What she is asked on her page, and on which channel that is."""

_BY: Final = "customer"
_CLOCK: Final = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)
_AMOUNT: Final = re.compile(r"(\d{1,6})(?:[.,](\d{2}))?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What she wishes; `currency` is that of her bills, None where nobody bills her."""

    consents: Sequence[Consent]
    preferences: Preferences
    currency: Currency | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A purpose she can agree to: its name in the form, its words, and where it stands."""

    name: str
    label: str
    is_given: bool
    standing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownWishes:
    """Her wishes, ready for the form."""

    choices: Sequence[Choice]
    quiet_from: str
    quiet_until: str
    bill_line: str
    currency: str


def read(connection: Connection, customer: CustomerId, homes: Sequence[Home], now: datetime) -> Wishes:
    """What she wishes, as it stands in this snapshot."""
    preferences = preference_store.of_customer(connection, customer)
    line = preferences.bill_line
    found = (_currency(connection, home, now) for home in homes)
    billed_in = next((currency for currency in found if currency is not None), None)
    return Wishes(
        consents=consent_store.of_customer(connection, customer),
        preferences=preferences,
        currency=billed_in or (None if line is None else line.currency),
    )


def show(wishes: Wishes, words: CustomerWords) -> ShownWishes:
    """Her wishes in her words."""
    line = wishes.preferences.bill_line
    return ShownWishes(
        choices=[_choice(wishes, purpose, words) for purpose in WAYS],
        quiet_from=wishes.preferences.quiet_from.isoformat("minutes"),
        quiet_until=wishes.preferences.quiet_until.isoformat("minutes"),
        bill_line="" if line is None else words.amount(line),
        currency="" if wishes.currency is None else wishes.currency.value,
    )


def keep(connection: Connection, customer: CustomerId, form: Mapping[str, str], stands: Wishes, now: datetime) -> bool:
    """Keep what she sent; False, and nothing kept, for a form that is not filled in rightly."""
    wished = _preferences(form, stands)
    if wished is None:
        return False
    evidence = "the form on her own page"
    preference_store.record(connection, customer, wished, by=_BY, how=evidence, now=now)
    ticked = {purpose for purpose in WAYS if form.get(purpose.value) == "yes"}
    for channel in set(WAYS.values()):
        among = [purpose for purpose, way in WAYS.items() if way is channel]
        consent_store.record_wishes(connection, customer, channel, ticked, among, by=_BY, evidence=evidence, now=now)
    return True


def stop(connection: Connection, customer: CustomerId, purpose: Purpose, now: datetime) -> None:
    """Keep that she said no to this purpose through the link of a message."""
    consent_store.record_wishes(
        connection, customer, WAYS[purpose], (), [purpose], by=_BY, evidence="the link in a message to her", now=now
    )


def is_given(connection: Connection, customer: CustomerId, purpose: Purpose) -> bool:
    """Whether her yes to this purpose stands."""
    found = consent_store.of_customer(connection, customer)
    return any(each.is_given for each in found if (each.purpose, each.channel) == (purpose, WAYS[purpose]))


def _currency(connection: Connection, home: Home, now: datetime) -> Currency | None:
    contract = accounts_store.contract_of(connection, home.id, now.astimezone(home.zone).date())
    account = None if contract is None else accounts_store.account_of(connection, contract.id)
    return None if account is None else account.currency


def _choice(wishes: Wishes, purpose: Purpose, words: CustomerWords) -> Choice:
    found = (each for each in wishes.consents if (each.purpose, each.channel) == (purpose, WAYS[purpose]))
    consent = next(found, None)
    standing = ""
    if consent is not None and consent.withdrawn_at is not None:
        standing = words.say("wishes.no_since", at=words.moment(consent.withdrawn_at))
    elif consent is not None and consent.given_at is not None:
        standing = words.say("wishes.yes_since", at=words.moment(consent.given_at))
    return Choice(
        name=purpose.value,
        label=words.say(f"wishes.{purpose}"),
        is_given=consent is not None and consent.is_given,
        standing=standing,
    )


def _preferences(form: Mapping[str, str], stands: Wishes) -> Preferences | None:
    clocks = [form.get(name, "").strip() for name in ("quiet_from", "quiet_until")]
    text = form.get("bill_line", "").strip()
    amount = _AMOUNT.fullmatch(text)
    if not all(map(_CLOCK.fullmatch, clocks)) or (text and (amount is None or stands.currency is None)):
        return None
    line = None
    if amount is not None and stands.currency is not None:
        line = Money.of(f"{amount[1]}.{amount[2] or 0}", stands.currency)
    quiet_from, quiet_until = map(time.fromisoformat, clocks)
    return Preferences(quiet_from=quiet_from, quiet_until=quiet_until, bill_line=line)
