"""What events and figures are called on a page: the catalogue of `wire.events` in a person's words.

A field without words here is shown under its own name, and an event we cannot read says so: nothing is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from markupsafe import Markup

from cloud.kernel import i18n
from cloud.kernel.facts import SourceKind
from cloud.kernel.i18n import Language
from cloud.outages.area_model import Mark
from cloud.outages.model import Remark
from cloud.web import gateway_words, log_words
from cloud.web.moments import Moments, length
from wire.events import (
    Event,
    Evidence,
    InterruptionAssessed,
    IntervalReadings,
    LogEntry,
    RegisterReadings,
    SupplyDipped,
    SupplyLost,
    SupplyRestored,
    UnusualUse,
)
from wire.instants import from_unix_ms
from wire.record import ClockSource
from wire.terms import Cause, Disconnector, EvidenceKind, Lane, LinkFault, ReadingSource, Stage, UseKind, UseStage
from wire.units import Quantity

Words = str | Markup
_NBSP: Final = "\N{NO-BREAK SPACE}"
_THIN: Final = "\N{NARROW NO-BREAK SPACE}"

LANES: Final = gateway_words.LANES
CAUSES: Final = {
    Cause.CANNOT_TELL: "cannot tell",
    Cause.SUPPLY_INTERRUPTED: "supply interrupted",
    Cause.GATEWAY_UNPLUGGED: "the gateway was unplugged",
    Cause.HEAD_OFF: "the optical head is off the meter",
    Cause.WAN_FAULT: "only the uplink was down",
    Cause.PHASE_LOST: "one phase is lost",
    Cause.SWITCHED_OFF: "switched off at the meter",
    Cause.OWN_BREAKER: "the home’s own breaker",
}
STAGES: Final = {Stage.PROVISIONAL: "provisional", Stage.CONFIRMED: "confirmed", Stage.WITHDRAWN: "withdrawn"}
LANGUAGES: Final = {
    Language.EN: "English",
    Language.PT_BR: "Brazilian Portuguese",
    Language.ES: "Spanish",
    Language.FR: "French",
}
QUANTITIES: Final = {
    Quantity.ENERGY_IMPORT_WH: "Energy taken from the grid",
    Quantity.ENERGY_EXPORT_WH: "Energy given to the grid",
    Quantity.POWER_IMPORT_W: "Power taken now",
    Quantity.POWER_EXPORT_W: "Power given now",
    Quantity.VOLTAGE_L1_MV: "Voltage, phase 1",
    Quantity.VOLTAGE_L2_MV: "Voltage, phase 2",
    Quantity.VOLTAGE_L3_MV: "Voltage, phase 3",
    Quantity.POWER_FAILURES: "Power failures counted",
    Quantity.DISCONNECTOR: "Supply switch",
}
SWITCHES: Final = {
    Disconnector.UNKNOWN: "not told",
    Disconnector.CLOSED: "closed",
    Disconnector.OPEN: "open",
    Disconnector.READY: "ready to close",
}
READ_HOW: Final = {
    ReadingSource.PUSHED: "pushed by the meter",
    ReadingSource.UNAUTHENTICATED: "pushed, unauthenticated",
}
CLOCKS: Final = {
    ClockSource.NONE: "a clock that was never set",
    ClockSource.RTC: "its battery clock",
    ClockSource.NTP: "network time",
    ClockSource.CLOUD: "the cloud’s time",
    ClockSource.METER: "the meter’s clock",
}
REMARKS: Final = {
    Remark.SUSPECTED: "Supply sense fell; an outage is suspected",
    Remark.OPENED: "Case opened: supply is interrupted",
    Remark.STRENGTHENED: "More evidence for the case",
    Remark.LOST_AGAIN: "Supply was lost again",
    Remark.TOLD: "Customer was to be told: power is out",
    Remark.RESTORED: "Its own meter proves that power is back",
    Remark.RETURN_UNPROVEN: "Supply is said to be back, without proof at the meter",
    Remark.DISMISSED: "No outage after all",
    Remark.FOUND: "The gateway’s verdict names no outage",
    Remark.FINDING_OVER: "What was found is over",
    Remark.BREAKER_TOLD: "Customer was to be told: check your main switch",
    Remark.CLOSED_BY_OPERATOR: "An operator closed the case",
    Remark.STILL_OUT_TOLD: "Customer was to be told: still without power",
    Remark.ASKED: "Customer was to be asked: is your power on?",
    Remark.WITHDRAWN_AFTER_TELLING: "Verdict withdrawn after the customer was told; a person should look",
    Remark.DIPPED: "Supply dipped and came back by itself",
    Remark.HISTORY: "Heard after it was over; kept for the record",
    Remark.REPEATED: "Said before, or overtaken: changes nothing",
}
MARKS: Final = {
    Mark.OPENED: "Located: homes that lost supply together have one cause",
    Mark.MOVED: "More evidence names another place",
    Mark.ABSORBED: "Another outage explains this one, too",
    Mark.FIRST_BACK: "A first home is proven back",
    Mark.FOUND_WITHIN: "Found within: it stays dark, and homes around it have power",
    Mark.STILL_OUT: "Queued for the customer: still without power",
    Mark.ASKED: "Queued for the customer: is your power on?",
    Mark.RESTORED: "No home is known to be out any more",
    Mark.MEMBER_CLOSED: "A person closed a home’s part in it",
    Mark.DISMISSED: "No outage after all",
    Mark.CLOSED: "Closed: every home that has a gateway is settled",
}
FACTS: Final = {
    "began_at": "when the interruption began",
    "returned_at": "when power returned",
    "out_for": "how long it was out",
    "voltage_mv": "lowest voltage read by the meter",
    "held": "how long the voltage held",
    "case": "the case",
    "customer_name": "the customer’s name",
    "address": "the address",
    "power_is_out": "that power is out",
    "power_is_back": "that power is back",
    "measured_at": "when the meter was last read",
    "nothing_is_drawn": "that nothing is drawn behind the meter",
    "neighbours_back_at": "since when, at the latest, homes around it have had power",
    "no_return_shown": "that its own meter has shown no return",
    "cannot_be_seen": "that this home cannot be seen",
    "opt_out_url": "where the customer can say no",
    "use_kind": "what is unusual",
    "use_began_at": "since when the use is unusual",
    "observed_wh": "what was drawn",
    "usual_wh": "what is usually drawn",
    "cycle_ends_on": "when the billing cycle ends",
    "projected_low": "the lower end of the projection",
    "projected_high": "the upper end of the projection",
    "usual_bill": "a comparable bill",
    "bill_line": "the customer’s own line",
    "bill_total": "what the bill comes to",
    "previous_total": "what the bill before came to",
    "change": "the change from the bill before",
    "days_part": "the change from the number of days",
    "weather_part": "the change from the weather",
    "behaviour_part": "the change from what was used beyond the weather",
    "use_part": "the change from what was used",
    "time_of_use_part": "the change from when it was used",
    "price_part": "the change from the price",
    "tax_part": "the change from taxes",
    "event_part": "the change from other amounts",
    "bill_from": "the first day of the bill",
    "bill_until": "the last day of the bill",
    "energy_wh": "what was drawn in the bill’s days",
    "previous_energy_wh": "what was drawn in the days of the bill before",
    "programme_name": "the programme",
    "benefit": "what the programme gives",
    "apply_where": "where to apply",
    "programme_until": "until when what is said of the programme holds",
    "programme_source": "where the programme is published",
    "read_on": "when the programme’s terms were last read",
}
USES: Final = {
    UseKind.SPIKE: "one very high hour",
    UseKind.SUSTAINED: "days above what is usual",
    UseKind.BASE_LOAD: "quiet hours above what is usual",
    UseKind.ZERO: "nothing drawn at all",
}
SOURCES: Final[Mapping[SourceKind, str]] = {
    SourceKind.CUSTOMER: "the utility’s customer file",
    SourceKind.READINGS: "the meter’s readings",
    SourceKind.BILL: "the utility’s bill",
    SourceKind.WEATHER: "the weather station",
    SourceKind.TARIFF: "the tariff",
    SourceKind.PROGRAMME: "the programme",
    SourceKind.CONSENT: "the customer’s consent",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One thing an event says: its label and its value, ready to be shown."""

    label: str
    value: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An event in words."""

    title: str
    details: tuple[Detail, ...] = ()
    is_alarm: bool = False


def amount(quantity: Quantity, value: int) -> str:
    """A reading in the unit people use for it.

    >>> amount(Quantity.VOLTAGE_L1_MV, 229_140).replace(_NBSP, " ")
    '229.1 V'
    """
    match quantity:
        case Quantity.ENERGY_IMPORT_WH | Quantity.ENERGY_EXPORT_WH:
            return f"{kilo(value, digits=3)}{_NBSP}kWh"
        case Quantity.POWER_IMPORT_W | Quantity.POWER_EXPORT_W:
            return f"{grouped(value)}{_NBSP}W"
        case Quantity.VOLTAGE_L1_MV | Quantity.VOLTAGE_L2_MV | Quantity.VOLTAGE_L3_MV:
            return volts(value)
        case Quantity.DISCONNECTOR if value in list(Disconnector):
            return SWITCHES[Disconnector(value)]
        case _:
            return grouped(value)


def volts(value_mv: int) -> str:
    """Millivolts as volts to one decimal."""
    return f"{kilo(value_mv, digits=1)}{_NBSP}V"


def energy(value_wh: int) -> str:
    """Watt-hours as kilowatt-hours."""
    return amount(Quantity.ENERGY_IMPORT_WH, value_wh)


def seconds(count: int) -> str:
    """A number of seconds as a length of time."""
    return length(timedelta(seconds=count))


def lasted(since: datetime, until: datetime) -> str:
    """How long something took, in words."""
    return i18n.duration(until - since, Language.EN)


def kilo(value: int, *, digits: int) -> str:
    """A thousandth of an integer, rounded half up, without a float on the way.

    >>> kilo(1_234_567, digits=1).replace(_THIN, " ")
    '1 234.6'
    """
    steps = 10**digits
    rounded = (abs(value) * steps * 2 + 1000) // 2000
    sign = "\N{MINUS SIGN}" if value < 0 and rounded else ""
    return f"{sign}{grouped(rounded // steps)}.{rounded % steps:0{digits}d}"


def grouped(value: int) -> str:
    """An integer in groups of three digits."""
    return f"{value:,}".replace(",", _THIN).replace("-", "\N{MINUS SIGN}")


def evidence(item: Evidence) -> str:
    """One piece of evidence: "the meter reads 229.1 V"."""
    match item.kind:
        case EvidenceKind.SUPPLY_SENSE:
            return "supply sense: present" if item.value else "supply sense: lost"
        case EvidenceKind.INPUT_VOLTAGE:
            return f"gateway’s input: {volts(item.value)}"
        case EvidenceKind.METER_ANSWERS:
            return "meter answers" if item.value else "meter is silent"
        case EvidenceKind.METER_VOLTAGE:
            return f"meter reads {volts(item.value)}"
        case EvidenceKind.POWER_FAILURES:
            return f"meter counted {grouped(item.value)} more power failure{'' if item.value == 1 else 's'}"
        case EvidenceKind.DISCONNECTOR:
            known = item.value in list(Disconnector)
            return f"supply switch: {SWITCHES[Disconnector(item.value)] if known else item.value}"
        case EvidenceKind.METER_LINK:
            known = item.value in list(LinkFault)
            return f"link to the meter: {gateway_words.FAULTS[LinkFault(item.value)] if known else 'fine'}"
        case EvidenceKind.METER_LOAD:
            return "something is drawn through the meter" if item.value else "nothing is drawn through the meter"
        case EvidenceKind.UPLINK:
            return "uplink: there" if item.value else "uplink: away"
        case EvidenceKind.METER_LAST_GASP:
            return (
                "meter said that it was losing its supply" if item.value else "meter said nothing of losing its supply"
            )


def said(event: Event, moments: Moments) -> Said:
    """An event in words, its instants by the home's clock."""
    match event:
        case SupplyLost() | SupplyRestored() | InterruptionAssessed() | SupplyDipped():
            return _of_supply(event, moments)
        case IntervalReadings() | RegisterReadings():
            return _of_readings(event, moments)
        case UnusualUse():
            return _of_use(event, moments)
        case LogEntry():
            return _of_log(event, moments)
        case _:
            title, details = gateway_words.of(event, moments)
            pairs = tuple(Detail(label=label, value=value) for label, value in details)
            return Said(title=title, details=pairs, is_alarm=event.lane is Lane.ALARM)


def _of_supply(event: SupplyLost | SupplyRestored | InterruptionAssessed | SupplyDipped, moments: Moments) -> Said:
    began = Detail(label="began", value=moments.clock(from_unix_ms(event.began_at_ms)))
    match event:
        case SupplyLost():
            details = [began, Detail(label="gateway’s input", value=volts(event.input_mv))]
            return Said(title="Supply lost", details=tuple(details), is_alarm=True)
        case SupplyRestored():
            return Said(title="Supply restored", details=(began, *_of_return(event, moments)), is_alarm=True)
        case InterruptionAssessed():
            details = [
                began,
                Detail(label="grade", value=f"{event.grade.name.lower()} evidence"),
                *(Detail(label="seen", value=f"{evidence(item)}, {_age(item.age_ms)}") for item in event.evidence),
            ]
            title = f"Verdict: {CAUSES[event.cause]} ({STAGES[event.stage]})"
            return Said(title=title, details=tuple(details), is_alarm=True)
        case SupplyDipped():
            lasted = Detail(label="for", value=length(timedelta(milliseconds=event.duration_ms)))
            return Said(title="Supply dipped", details=(began, lasted))


def _of_return(event: SupplyRestored, moments: Moments) -> list[Detail]:
    details = [
        Detail(label="restored", value=moments.clock(from_unix_ms(event.restored_at_ms))),
        Detail(label="held for", value=length(timedelta(seconds=event.held_s))),
        Detail(label="voltage", value=", ".join(map(volts, event.voltages_mv)) or "none read"),
        Detail(label="supply switch", value=SWITCHES[event.disconnector]),
    ]
    if event.power_failures is not None:
        details.append(Detail(label="power failures", value=grouped(event.power_failures)))
    return details


def _of_readings(event: IntervalReadings | RegisterReadings, moments: Moments) -> Said:
    if isinstance(event, RegisterReadings):
        read_at = Detail(label="read", value=moments.clock(from_unix_ms(event.at_ms)))
        values = (Detail(label=QUANTITIES[quantity], value=amount(quantity, value)) for quantity, value in event.values)
        title = "Register readings" if event.source is None else f"Register readings, {READ_HOW[event.source]}"
        return Said(title=title, details=(read_at, *values))
    values_ = event.values
    start_at = from_unix_ms(event.start_ms)
    end_at = start_at + timedelta(seconds=event.period_s * len(values_))
    details = [
        Detail(label="from", value=moments.minute(start_at)),
        Detail(label="to", value=moments.minute(end_at)),
        Detail(label="each", value=length(timedelta(seconds=event.period_s))),
    ]
    if event.quantity in {Quantity.ENERGY_IMPORT_WH, Quantity.ENERGY_EXPORT_WH}:
        details.append(Detail(label="together", value=amount(event.quantity, sum(values_))))
    count = len(values_)
    title = f"{grouped(count)} interval reading{'' if count == 1 else 's'}: {QUANTITIES[event.quantity].lower()}"
    return Said(title=title, details=tuple(details))


def _of_use(event: UnusualUse, moments: Moments) -> Said:
    is_over = event.stage is UseStage.ENDED
    return Said(
        title=f"Unusual use: {USES[event.kind]}{', over' if is_over else ''}",
        details=(
            Detail(label="began", value=moments.clock(from_unix_ms(event.began_at_ms))),
            Detail(label="noticed", value=moments.clock(from_unix_ms(event.noticed_at_ms))),
            Detail(label="drawn", value=f"{energy(event.observed_wh)} in {length(timedelta(seconds=event.period_s))}"),
            Detail(label="usual", value=energy(event.usual_wh)),
            Detail(label="score", value=f"{kilo(event.score_milli, digits=2)} (1 is the line)"),
        ),
    )


def _of_log(event: LogEntry, moments: Moments) -> Said:
    details = [Detail(label="meter’s clock", value=log_words.CLOCKS[event.clock])]
    if event.duration_ms is not None:
        details.insert(0, Detail(label="lasted", value=length(timedelta(milliseconds=event.duration_ms))))
    if event.occurred_at_ms is not None:
        label = "stamped" if event.duration_ms is None else "over"
        details.insert(0, Detail(label=label, value=moments.clock(from_unix_ms(event.occurred_at_ms))))
    details.append(Detail(label="as it wrote it", value=log_words.raw(event)))
    return Said(title=log_words.title(event), details=tuple(details), is_alarm=event.kind.is_alarm)


def _age(age_ms: int) -> str:
    return f"{length(timedelta(milliseconds=age_ms))} old"
