"""The reviewed templates, one file per message and language, and their rendering into traced text.

A template is prose with holes. It may hold nothing but text and `{{ fact | form }}`: no logic, no literal figure, no
name of a day or month, no address of the web, because all of those are claims, and a claim comes from a fact. What a
file may not hold is refused when the catalogue is loaded, not when somebody is in the dark.

Every hole goes through a form (how a fact is written in the reader's language and zone), and the form leaves a mark
around what it wrote. The marks are taken out again and become the list of figures: which characters of the text say
which fact. So a page can show the source behind every figure, and a figure without a source cannot exist.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import pass_context

from cloud.kernel import i18n
from cloud.kernel.facts import Fact, FactSheet
from cloud.kernel.i18n import Language
from cloud.messaging.model import Announcement, Figure, Letter, Traced
from runtime.errors import InputRefused

_BEGIN, _MIDDLE, _END = "\ue000", "\ue001", "\ue002"  # private use: no printable text holds them
_MARK: Final = re.compile(f"{_BEGIN}([a-z_]+){_MIDDLE}(.*?){_END}", re.DOTALL)
_ALLOWED_NODES: Final = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Filter, nodes.Name)
_CLAIMS: Final = re.compile(r"\d|https?:|www\.|@|[€$£%]")
_WORD: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_ZONE, _LANGUAGE = "_zone", "_language"
_MV_PER_V: Final = 1_000


class TemplateRefused(InputRefused):
    """A template holds what a template may not hold; its author mends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what an announcement may be made: the facts its claim needs beside those it prints, and what went before.

    `follows` is the announcement whose sequel it is: without that one it is not written.
    """

    claims: frozenset[str]
    follows: Announcement | None = None


TERMS: Final[Mapping[Announcement, Terms]] = {
    Announcement.POWER_OUT: Terms(claims=frozenset({"power_is_out"})),
    Announcement.POWER_BACK: Terms(claims=frozenset({"power_is_back"}), follows=Announcement.POWER_OUT),
    Announcement.CHECK_BREAKER: Terms(claims=frozenset({"nothing_is_drawn"})),
    Announcement.STILL_OUT: Terms(claims=frozenset({"no_return_shown"}), follows=Announcement.POWER_OUT),
    Announcement.POWER_CHECK: Terms(claims=frozenset({"cannot_be_seen"})),
}

Sources: TypeAlias = Mapping[tuple[Announcement, Language], str]
"""The text of each template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One announcement in one language."""

    announcement: Announcement
    language: Language
    needs: frozenset[str]
    follows: Announcement | None
    version: str
    subject: str
    body: str


class Catalogue:
    """Every announcement in every language."""

    def __init__(self, sources: Sources, terms: Mapping[Announcement, Terms] = TERMS) -> None:
        """Raises TemplateRefused for an announcement without terms, and a template that is missing or not allowed."""
        if without := [announcement for announcement in Announcement if announcement not in terms]:
            raise TemplateRefused(f"no terms for {', '.join(without)}", where=__name__, do="say what they claim")
        self._environment = _environment()
        self._templates = {
            (announcement, language): self._read(announcement, language, terms[announcement], sources)
            for announcement in Announcement
            for language in Language
        }

    @classmethod
    def load(cls) -> "Catalogue":
        """The templates that come with the program."""
        folder = files("cloud.messaging") / "templates"
        named = {
            (announcement, language): folder / f"{announcement}.{language}.txt"
            for announcement in Announcement
            for language in Language
        }
        return cls({name: file.read_text(encoding="utf-8") for name, file in named.items() if file.is_file()})

    def find(self, announcement: Announcement, language: Language) -> Template:
        """The template of this announcement in this language."""
        return self._templates[announcement, language]

    def render(self, template: Template, facts: FactSheet, zone: ZoneInfo) -> Letter:
        """The letter these facts make; the sheet must hold everything the template needs."""
        return Letter(
            subject=self._traced(template.subject, template.language, facts, zone),
            body=self._traced(template.body, template.language, facts, zone),
            template_version=template.version,
        )

    def _traced(self, source: str, language: Language, facts: FactSheet, zone: ZoneInfo) -> Traced:
        names = {_ZONE: zone, _LANGUAGE: language}
        return _without_marks(self._environment.from_string(source).render(dict(facts) | names))

    def _read(self, announcement: Announcement, language: Language, terms: Terms, sources: Sources) -> Template:
        where = f"{announcement}.{language}.txt"
        source = sources.get((announcement, language))
        if source is None:
            raise TemplateRefused("the template is missing", where=where, do="write it")
        subject, separator, body = source.partition("\n\n")
        if not separator or "\n" in subject or not body.strip():
            raise TemplateRefused("it is not a subject line, an empty line and a body", where=where)
        needs = self._holes(source, language, where)
        return Template(
            announcement=announcement,
            language=language,
            needs=needs | terms.claims,
            follows=terms.follows,
            version=hashlib.sha256(source.encode()).hexdigest()[:12],
            subject=subject,
            body=body.strip() + "\n",
        )

    def _holes(self, source: str, language: Language, where: str) -> frozenset[str]:
        """The facts a template prints; raises TemplateRefused for anything but text and `fact | form`."""
        try:
            tree = self._environment.parse(source)
        except TemplateSyntaxError as error:
            raise TemplateRefused(f"line {error.lineno}: {error.message}", where=where) from error
        for node in (tree, *tree.find_all(nodes.Node)):
            is_bare = isinstance(node, nodes.Output) and any(isinstance(part, nodes.Name) for part in node.nodes)
            if is_bare or not isinstance(node, _ALLOWED_NODES) or _is_odd_filter(node):
                what = f"line {node.lineno}: only text and holes like {{{{ fact | form }}}} may stand here"
                raise TemplateRefused(what, where=where, do=f"forms are: {', '.join(_FORMS)}")
            if isinstance(node, nodes.TemplateData) and (claim := _claim_in(node.data, language)):
                raise TemplateRefused(f"line {node.lineno}: {claim!r} is a claim", where=where, do="make it a fact")
        return frozenset(node.name for node in tree.find_all(nodes.Name))


def _is_odd_filter(node: nodes.Node) -> bool:
    """Whether a filter has arguments, stands on another filter, or is none of our forms."""
    return isinstance(node, nodes.Filter) and (
        bool(node.args or node.kwargs) or not isinstance(node.node, nodes.Name) or node.name not in _FORMS
    )


def _claim_in(text: str, language: Language) -> str | None:
    """A figure, a sign of one, or the name of a day or month, in what should be prose."""
    if found := _CLAIMS.search(text):
        return found[0]
    words = (word[0].lower() for word in _WORD.finditer(text))
    return next((word for word in words if word in i18n.calendar_words(language) - _ALSO_OTHER_WORDS), None)


_ALSO_OTHER_WORDS: Final = frozenset({"may"})  # "parts may still be dark" names no month


def _without_marks(marked: str) -> Traced:
    text, figures, end = "", [], 0
    for mark in _MARK.finditer(marked):
        text += marked[end : mark.start()]
        figures.append(Figure(start=len(text), end=len(text) + len(mark[2]), fact_id=mark[1]))
        text += mark[2]
        end = mark.end()
    return Traced(text=text + marked[end:], figures=tuple(figures))


# The forms: how a fact is written


def _written(write: Callable[[Any, ZoneInfo, Language], str], *kinds: type) -> Callable[[Context, Fact], str]:
    """A filter that writes the value of a fact, which must be of one of these kinds, and marks what it wrote."""

    @pass_context
    def form(context: Context, fact: Fact) -> str:
        if not isinstance(fact.value, kinds):
            raise TemplateRefused(f"the fact {fact.id!r} cannot be written in this form")
        text = write(fact.value, context[_ZONE], context[_LANGUAGE])
        return f"{_BEGIN}{fact.id}{_MIDDLE}{_visible(text)}{_END}"

    return form


def _visible(text: str) -> str:
    """The text without characters that would break a line, a header, or our own marks."""
    return "".join(char for char in text if char.isprintable() or char == i18n.NBSP)


def _words(value: str, _zone: ZoneInfo, _language: Language) -> str:
    return value


def _duration(value: timedelta, _zone: ZoneInfo, language: Language) -> str:
    return i18n.duration(value, language)


def _volts(value: int, _zone: ZoneInfo, language: Language) -> str:
    return i18n.figure(value, "V", language, scale=_MV_PER_V)


_FORMS: Final[Mapping[str, Callable[[Context, Fact], str]]] = {
    "words": _written(_words, str),
    "moment": _written(i18n.moment, datetime),
    "clock": _written(i18n.clock, datetime),
    "day": _written(i18n.day, datetime),
    "duration": _written(_duration, timedelta),
    "volts": _written(_volts, int),
}


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,  # plain text; a page escapes it where it shows it
        keep_trailing_newline=True,
    )
    environment.filters.clear()
    environment.filters.update(_FORMS)
    environment.globals.clear()
    return environment
