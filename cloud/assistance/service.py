"""Offering help: after a high bill was explained, to whom has agreed, and only what is likely for that home that day.

Consent comes before anything is looked at, since reckoning who is poor is itself something to agree to. An offer is
made once for each version of a programme and customer, and one at a time: a letter that lists everything is read as
none. What it says are facts of the programme's version, and none of them may be repeated after its last day, so a
letter that was kept back over that day is not sent.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection

from cloud.assistance.check import Likely, assess
from cloud.assistance.predicate import FactValue
from cloud.assistance.programme import FactRefused, Programme, holding_in
from cloud.assistance.settings import AssistanceSettings
from cloud.customers import consent_store, household_store
from cloud.customers.consent import Allowed, Channel, Consent, NotAllowed, Purpose
from cloud.customers.model import UsagePoint
from cloud.kernel.facts import Fact, FactSheet, Source, SourceKind
from cloud.kernel.facts import FactValue as Said
from cloud.kernel.i18n import Language
from cloud.messaging.model import Announcement
from cloud.messaging.service import Composer, News
from runtime import logs

_WH_PER_KWH = 1_000

log = logs.get(__name__)


class AssistanceService:
    """Knows the programmes, and offers them."""

    def __init__(self, settings: AssistanceSettings, programmes: Sequence[Programme], composer: Composer) -> None:
        self._settings = settings
        self._programmes = holding_in(programmes, settings.jurisdiction)
        self._composer = composer

    def after_explained_bill(
        self, connection: Connection, home: UsagePoint, now: datetime, *, energy_wh: int | None = None
    ) -> Likely | None:
        """Offer the first programme that is likely and was not offered yet; what was offered, or None.

        `energy_wh` is what the bill was for.
        """
        decision = consent_store.may_tell(connection, home.customer.id, Purpose.ASSISTANCE, Channel.EMAIL)
        match decision:
            case NotAllowed(reason=reason):
                log.info("assistance_not_looked_at", home=home.id, reason=reason)
                return None
            case Allowed(consent=consent):
                return self._offer_first(connection, home, energy_wh, consent, now)

    def _offer_first(
        self, connection: Connection, home: UsagePoint, energy_wh: int | None, consent: Consent, now: datetime
    ) -> Likely | None:
        today = now.astimezone(home.zone).date()
        for likely in self._likely(self._told(connection, home, today, energy_wh), today):
            if self._composer.compose(connection, offer(likely, home, consent, now), now):
                return likely
        return None

    def _likely(self, told: dict[str, object], on: date) -> Iterator[Likely]:
        for programme in self._programmes:
            found = assess(programme, _known(programme, told), self._settings.jurisdiction, on)
            log.info("assistance_assessed", programme=programme.id, result=type(found).__name__)
            if isinstance(found, Likely):
                yield found

    def _told(self, connection: Connection, home: UsagePoint, on: date, energy_wh: int | None) -> dict[str, object]:
        """What is known of the household and not too old, and what its bill says."""
        oldest = on - timedelta(days=self._settings.facts_good_for_days)
        facts = household_store.of_customer(connection, home.customer.id)
        told: dict[str, object] = {each.fact: each.value for each in facts if each.as_of >= oldest}
        return told if energy_wh is None else told | {"kwh": str(energy_wh // _WH_PER_KWH)}


def offer(likely: Likely, home: UsagePoint, consent: Consent, now: datetime) -> News:
    """The letter's facts; there is no way to write one about what is not likely."""
    programme, version, language = likely.programme, likely.version, home.customer.language
    name = programme.name_of(version)
    sources = (
        Source(kind=SourceKind.PROGRAMME, ref=name),
        Source(kind=SourceKind.CONSENT, ref=consent.name),
    )
    until = version.open_until(likely.on)
    last = datetime.combine(until, time.max, home.zone)
    said: dict[str, Said] = {
        "programme_name": programme.name[language],
        "benefit": _benefit(likely, language),
        "apply_where": version.apply[language],
        "programme_until": until,
        "programme_source": "; ".join(source.title for source in version.sources),
        "read_on": version.read_on,
    }
    facts = [Fact(id=fact, value=value, sources=sources, as_of=now, ttl=last - now) for fact, value in said.items()]
    return News(home=home, case=name, announcement=Announcement.ASSISTANCE_OFFER, facts=FactSheet(facts))


def _benefit(likely: Likely, language: Language) -> str:
    return f"{likely.version.benefit[language]}."


def _known(programme: Programme, told: dict[str, object]) -> dict[str, FactValue]:
    """The facts it asks for; one that was told as something it cannot be counts as not told, and is logged."""
    known: dict[str, FactValue] = {}
    for fact, value in told.items():
        try:
            known |= programme.known({fact: value})
        except FactRefused as refused:
            log.warning("household_fact_unreadable", fact=refused.where, programme=programme.id)
    return known
