"""A message as its reader got it, with a numbered footnote behind every figure.

A letter knows which characters of its text state which fact. Here the text is cut at those places: plain runs and
figures in turn, each figure with the number of its note. The same fact has one number throughout a message, however
often it is stated, and a note leads to what proves it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from markupsafe import Markup

from cloud.kernel.facts import Fact, Source, SourceKind
from cloud.kernel.money import Money
from cloud.messaging.model import NEEDS_A_PERSON, TURNS, Announcement, Message, State, Traced, Turn
from cloud.web import words
from cloud.web.moments import Moments, length
from cloud.web.words import Words

STATES: Final = {
    State.HELD: "not written: a person should look",
    State.QUEUED: "waiting to be sent",
    State.SENDING: "being handed to the mail relay",
    State.DELIVERED: "delivered to the mail relay",
    State.REFUSED: "refused by the mail relay",
    State.UNKNOWN: "may have arrived: the relay’s answer was lost",
    State.OVERTAKEN: "not sent: events overtook it",
    State.WITHHELD: "not sent: the customer did not agree, or was told often enough",
}
TEMPLATES: Final[Mapping[str, str]] = {
    Announcement.POWER_OUT: "Your power is out",
    Announcement.POWER_BACK: "Your power is back",
    Announcement.CHECK_BREAKER: "Please check your main switch",
    Announcement.STILL_OUT: "We treat your home as still without power",
    Announcement.POWER_CHECK: "Is your power on?",
    Announcement.UNUSUAL_USE: "Unusual use at home",
    Announcement.HIGH_BILL_COMING: "Your bill is on track to be high",
    Announcement.HIGH_BILL_EXPLAINED: "Why your bill has changed",
    Announcement.ASSISTANCE_OFFER: "Help with your bill you may be entitled to",
}
_UNITS: Final = {"_mv": " mV", "_wh": " Wh"}
_DECISIONS: Final = {Turn.MARKED_DELIVERED: "It arrived: mark as delivered", Turn.SENT_AGAIN: "Send it again"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A stretch of text; a figure when it has the number of a note, and then the `mark` no other figure has."""

    text: str
    note: int | None = None
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What stands behind a figure: the fact, its value, what proves it, and of when it is."""

    number: int
    anchor: str
    back_to: str
    fact_id: str
    fact: str
    value: Words
    sources: tuple[Source, ...]
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person may decide about a message."""

    turn: Turn
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLetter:
    """A message ready to be shown."""

    message: Message
    title: str
    state: str
    paragraphs: tuple[tuple[Run, ...], ...] = ()
    sms: tuple[Run, ...] = ()
    subject: tuple[Run, ...] = ()
    notes: tuple[Note, ...] = ()
    decisions: tuple[Decision, ...] = ()

    @property
    def needs_person(self) -> bool:
        """Whether nothing more happens to it by itself that should happen."""
        return self.message.state in NEEDS_A_PERSON


def show(message: Message, moments: Moments) -> ShownLetter:
    """The message with its figures traced."""
    decisions = tuple(
        Decision(turn=turn, label=label) for turn, label in _DECISIONS.items() if (message.state, turn) in TURNS
    )
    title = TEMPLATES.get(message.key.template, message.key.template)
    shown = ShownLetter(message=message, title=title, state=STATES[message.state], decisions=decisions)
    if message.letter is None:
        return shown
    cutter = _Cutter(message)
    return ShownLetter(
        message=message,
        title=title,
        state=shown.state,
        subject=tuple(cutter.runs(message.letter.subject)),
        paragraphs=tuple(cutter.paragraphs(message.letter.body)),
        sms=() if message.letter.sms is None else tuple(cutter.runs(message.letter.sms)),
        notes=tuple(_note(message, number, fact, moments) for number, fact in enumerate(cutter.facts, start=1)),
        decisions=decisions,
    )


def value_of(fact: Fact, moments: Moments) -> Words:
    """A fact's value for people, to the second and with its unit."""
    match fact.value:
        case datetime():
            return moments.full(fact.value)
        case timedelta():
            seconds = int(fact.value.total_seconds())
            return f"{length(fact.value)} ({words.grouped(seconds)} s)" if seconds >= 60 else length(fact.value)
        case int():
            unit = next((unit for ending, unit in _UNITS.items() if fact.id.endswith(ending)), "")
            return words.grouped(fact.value) + unit
        case Money() | date() | str():
            return str(fact.value)


class _Cutter:
    """Cuts the texts of one message at their figures, and numbers the facts in the order they are first stated."""

    def __init__(self, message: Message) -> None:
        self._message = message
        self._numbers: dict[str, int] = {}
        self._marks = 0

    @property
    def facts(self) -> list[Fact]:
        return [self._message.facts[fact_id] for fact_id in self._numbers]

    def runs(self, traced: Traced) -> Iterator[Run]:
        end = 0
        for figure in traced.figures:
            if figure.start > end:
                yield Run(text=traced.text[end : figure.start])
            yield self._figure(traced.text[figure.start : figure.end], figure.fact_id)
            end = figure.end
        if end < len(traced.text):
            yield Run(text=traced.text[end:])

    def paragraphs(self, traced: Traced) -> Iterator[tuple[Run, ...]]:
        """The runs of each paragraph; an empty line begins a new one."""
        paragraph: list[Run] = []
        for run in self.runs(traced):
            first, *more = [run.text] if run.note else run.text.split("\n\n")
            paragraph.append(Run(text=first, note=run.note, mark=run.mark))
            for text in more:
                yield tuple(run for run in paragraph if run.text)
                paragraph = [Run(text=text)]
        if any(map(_has_text, paragraph)):
            yield tuple(run for run in paragraph if run.text)

    def _figure(self, text: str, fact_id: str) -> Run:
        number = self._numbers.setdefault(fact_id, len(self._numbers) + 1)
        self._marks += 1
        return Run(text=text, note=number, mark=f"m{self._message.id}-f{self._marks}")


def _has_text(run: Run) -> bool:
    return bool(run.text.strip()) or run.note is not None


def _note(message: Message, number: int, fact: Fact, moments: Moments) -> Note:
    return Note(
        number=number,
        anchor=f"m{message.id}-n{number}",
        back_to=f"m{message.id}",
        fact_id=fact.id,
        fact=words.FACTS.get(fact.id, fact.id.replace("_", " ")),
        value=value_of(fact, moments),
        sources=fact.sources,
        as_of=fact.as_of,
    )


def source_link(source: Source, usage_point: str) -> Markup:
    """Where a source can be looked at, of a message about this home."""
    match source.kind:
        case SourceKind.EVENT:
            return Markup('<a class="mono" href="/events/{ref}">{ref}</a>').format(ref=source.ref)
        case SourceKind.CASE if source.ref.startswith(f"{usage_point}-"):
            return Markup('our case book, <a href="/homes/{home}#case-{ref}">{ref}</a>').format(
                home=usage_point, ref=source.ref
            )
        case SourceKind.CASE:
            return Markup('our book of outages, <a href="/outages/{ref}">{ref}</a>').format(ref=source.ref)
        case _:
            return Markup("{kind}, {ref}").format(kind=words.SOURCES[source.kind], ref=source.ref)


def in_order(messages: Sequence[Message], moments: Moments) -> list[ShownLetter]:
    """Messages as they are shown: the newest first."""
    return [show(message, moments) for message in messages]
