"""The reviewed templates, one file per message and language, and their rendering into traced text.

A template is prose with holes. It may hold nothing but text and `{{ fact | form }}`: no logic, no literal figure, no
name of a day or month, no address of the web, because all of those are claims, and a claim comes from a fact. What a
file may not hold is refused when the catalogue is loaded, not when somebody is in the dark.

Every hole goes through a form (how a fact is written in the reader's language and zone), and the form leaves a mark
around what it wrote. The marks are taken out again and become the list of figures: which characters of the text say
which fact. So a page can show the source behind every figure, and a figure without a source cannot exist.

A line that begins with `~ ` is said only when its facts are there: of a change in a bill, the parts that can be told
and are not nothing. A paragraph of which no such line remains goes as a whole, with the words that lead up to them.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import jinja2
from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cloud.customers.consent import Purpose
from cloud.kernel import i18n
from cloud.kernel.facts import FactSheet
from cloud.kernel.i18n import Language
from cloud.messaging import sms
from cloud.messaging.cap import UNASKED, Limit
from cloud.messaging.forms import FORMS, LANGUAGE, ZONE, TemplateRefused, traced
from cloud.messaging.model import Announcement, Letter, Traced

OPT_OUT: Final = "opt_out_url"
"""The fact by which a reader can say no: every message that needs her consent prints it, and no other one does."""

_ALLOWED_NODES: Final = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Filter, nodes.Name)
_CLAIMS: Final = re.compile(r"\d|https?:|www\.|@|[€$£%]")
_WORD: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_OPTIONAL: Final = "~ "
_TEXTS_KEPT: Final = 1_024  # bodies with and without their optional lines: far more than are written in a day


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what an announcement may be made: the facts its claim needs beside those it prints, and what went before.

    `follows` is the announcement whose sequel it is: without that one it is not written. With a `purpose` it is
    written only to whom has agreed to that, not in her quiet hours, and not more often than the `limits` say.
    """

    claims: frozenset[str] = frozenset()
    follows: Announcement | None = None
    purpose: Purpose | None = None
    limits: tuple[Limit, ...] = ()


TERMS: Final[Mapping[Announcement, Terms]] = {
    Announcement.POWER_OUT: Terms(claims=frozenset({"power_is_out"})),
    Announcement.POWER_BACK: Terms(claims=frozenset({"power_is_back"}), follows=Announcement.POWER_OUT),
    Announcement.CHECK_BREAKER: Terms(claims=frozenset({"nothing_is_drawn"})),
    Announcement.STILL_OUT: Terms(claims=frozenset({"no_return_shown"}), follows=Announcement.POWER_OUT),
    Announcement.POWER_CHECK: Terms(claims=frozenset({"cannot_be_seen"})),
    Announcement.UNUSUAL_USE: Terms(purpose=Purpose.USAGE_ALERTS, limits=UNASKED),
    Announcement.HIGH_BILL_COMING: Terms(purpose=Purpose.BILLING),
    Announcement.HIGH_BILL_EXPLAINED: Terms(purpose=Purpose.BILLING),
    Announcement.ASSISTANCE_OFFER: Terms(purpose=Purpose.ASSISTANCE),
}

Sources: TypeAlias = Mapping[tuple[Announcement, Language], str]
"""The text of each template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One announcement in one language: an e-mail, and where there is one, the text message beside it."""

    announcement: Announcement
    language: Language
    needs: frozenset[str]
    terms: Terms
    version: str
    subject: str
    body: str
    sms: str | None
    sms_tail: str | None


class Catalogue:
    """Every announcement in every language."""

    def __init__(
        self, sources: Sources, terms: Mapping[Announcement, Terms] = TERMS, sms_sources: Sources | None = None
    ) -> None:
        """Raises TemplateRefused for an announcement without terms, and a template that is missing or not allowed."""
        if without := [announcement for announcement in Announcement if announcement not in terms]:
            raise TemplateRefused(f"no terms for {', '.join(without)}", where=__name__, do="say what they claim")
        self._templates = {
            (announcement, language): _read(
                announcement, language, terms[announcement], sources, (sms_sources or {}).get((announcement, language))
            )
            for announcement in Announcement
            for language in Language
        }

    @classmethod
    @cache
    def load(cls) -> "Catalogue":
        """The templates that come with the program; read once, for they do not change while it runs."""
        return cls(_texts("txt"), sms_sources=_texts("sms.txt"))

    def find(self, announcement: Announcement, language: Language) -> Template:
        """The template of this announcement in this language."""
        return self._templates[announcement, language]

    def render(self, template: Template, facts: FactSheet, zone: ZoneInfo) -> Letter:
        """The letter these facts make; the sheet must hold everything the template needs."""

        def written(source: str) -> Traced:
            names = {ZONE: zone, LANGUAGE: template.language}
            return traced(_compiled(source).render(dict(facts) | names))

        tail = None if template.sms_tail is None else written(template.sms_tail)
        return Letter(
            subject=written(template.subject),
            body=written(_without_what_cannot_be_told(template.body, facts)),
            template_version=template.version,
            sms=None if template.sms is None else sms.fitted(written(template.sms), tail),
        )

    def printed(self, template: Template, facts: FactSheet) -> frozenset[str]:
        """Every fact that stands in the letter or behind it: what is needed, and what can be told beside it."""
        body = _without_what_cannot_be_told(template.body, facts)
        return template.needs | _names(body)


def _without_what_cannot_be_told(body: str, facts: FactSheet) -> str:
    paragraphs = []
    for paragraph in body.split("\n\n"):
        lines = paragraph.split("\n")
        kept = [line for line in lines if not _is_optional(line) or _names(line) <= facts.keys()]
        if not any(map(_is_optional, lines)) or any(map(_is_optional, kept)):
            paragraphs.append("\n".join(line.removeprefix(_OPTIONAL) for line in kept))
    return "\n\n".join(paragraphs)


def _read(announcement: Announcement, language: Language, terms: Terms, sources: Sources, text: str | None) -> Template:
    where = f"{announcement}.{language}.txt"
    source = sources.get((announcement, language))
    if source is None:
        raise TemplateRefused("the template is missing", where=where, do="write it")
    subject, separator, body = source.partition("\n\n")
    if not separator or "\n" in subject or not body.strip():
        raise TemplateRefused("it is not a subject line, an empty line and a body", where=where)
    _check(source, language, where)
    said = "\n".join(line for line in source.splitlines() if not _is_optional(line))
    needs = _names(said)
    if (OPT_OUT in needs) is (terms.purpose is None):
        raise TemplateRefused(f"whether it names {OPT_OUT} is not as its purpose asks", where=where)
    short, tail = None, None
    if text is not None:
        _check(text, language, f"{announcement}.{language}.sms.txt")
        short, _, tail = text.strip().partition("\n\n")
    return Template(
        announcement=announcement,
        language=language,
        needs=needs | terms.claims | _names(text or ""),
        terms=terms,
        version=hashlib.sha256((source + (text or "")).encode()).hexdigest()[:12],
        subject=subject,
        body=body.strip() + "\n",
        sms=short,
        sms_tail=tail or None,
    )


def _check(source: str, language: Language, where: str) -> None:
    """Raise TemplateRefused for anything but text and `fact | form`."""
    try:
        tree = _ENVIRONMENT.parse(source)
    except TemplateSyntaxError as error:
        raise TemplateRefused(f"line {error.lineno}: {error.message}", where=where) from error
    for node in (tree, *tree.find_all(nodes.Node)):
        is_bare = isinstance(node, nodes.Output) and any(isinstance(part, nodes.Name) for part in node.nodes)
        if is_bare or not isinstance(node, _ALLOWED_NODES) or _is_odd_filter(node):
            what = f"line {node.lineno}: only text and holes like {{{{ fact | form }}}} may stand here"
            raise TemplateRefused(what, where=where, do=f"forms are: {', '.join(FORMS)}")
        if isinstance(node, nodes.TemplateData) and (claim := _claim_in(node.data, language)):
            raise TemplateRefused(f"line {node.lineno}: {claim!r} is a claim", where=where, do="make it a fact")


def _texts(ending: str) -> Sources:
    """The texts of the files with this ending that come with the program."""
    folder = files("cloud.messaging") / "templates"
    named = {(name, language): folder / f"{name}.{language}.{ending}" for name in Announcement for language in Language}
    return {which: file.read_text(encoding="utf-8") for which, file in named.items() if file.is_file()}


def _is_optional(line: str) -> bool:
    return line.startswith(_OPTIONAL)


def _is_odd_filter(node: nodes.Node) -> bool:
    """Whether a filter has arguments, stands on another filter, or is none of our forms."""
    return isinstance(node, nodes.Filter) and (
        bool(node.args or node.kwargs) or not isinstance(node.node, nodes.Name) or node.name not in FORMS
    )


def _claim_in(text: str, language: Language) -> str | None:
    """A figure, a sign of one, or the name of a day or month, in what should be prose."""
    if found := _CLAIMS.search(text):
        return found[0]
    days_and_months = i18n.calendar_words(language) - _ALSO_OTHER_WORDS
    words = (word[0].lower() for word in _WORD.finditer(text))
    return next((word for word in words if word in days_and_months), None)


_ALSO_OTHER_WORDS: Final = frozenset({"may"})  # "parts may still be dark" names no month


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,  # plain text; a page escapes it where it shows it
        keep_trailing_newline=True,
    )
    environment.filters.clear()
    environment.filters.update(FORMS)
    environment.globals.clear()
    return environment


_ENVIRONMENT: Final = _environment()


@lru_cache(_TEXTS_KEPT)
def _names(source: str) -> frozenset[str]:
    """The facts that a text which was checked prints."""
    return frozenset(node.name for node in _ENVIRONMENT.parse(source).find_all(nodes.Name))


@lru_cache(_TEXTS_KEPT)
def _compiled(source: str) -> jinja2.Template:
    return _ENVIRONMENT.from_string(source)
