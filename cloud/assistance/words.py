"""An assessment in words and as values: what is likely, why not, what is missing, where it was read and when.

Four languages, no cleverness: a fact is called by the words of its programme's file, a limit by what it comes to for
this home on this day. Programs get the same as plain values. `result` is one of likely, unlikely, needs_facts and
ended; what is not open yet or stands still is unlikely too, and `standing` says so.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from cloud.assistance.check import Assessment, Ended, Likely, NeedsFacts, NotYet, Paused, Unlikely
from cloud.assistance.predicate import Compare, Facts, FactValue, Limit, Op
from cloud.assistance.programme import Programme, Question, Source, Version
from cloud.kernel.i18n import Language

_FINEST: Final = Decimal("0.01")


class _Phrases:
    """What is said around the facts, in one language; `{...}` are filled in."""

    def __init__(self, text: str, ops: str, decimal_mark: str = ",") -> None:
        self.decimal_mark = decimal_mark
        lines = (line.split("=", 1) for line in text.strip().splitlines())
        self._phrases = {key.strip(): phrase.strip() for key, phrase in lines}
        self.ops: Mapping[Op, str] = dict(zip(Op, (op.strip() for op in ops.split("|")), strict=True))

    def __call__(self, key: str, **parts: object) -> str:
        return self._phrases[key].format(**parts)


_PHRASES: Final = {
    Language.EN: _Phrases(
        """
        likely = likely
        unlikely = unlikely
        needs_facts = not known yet
        ended = ended
        not_yet = not yet
        paused = paused
        against = {words}: {value}, and it takes {op} {limit}
        missing = missing: {words}
        elsewhere = it is for {place}
        starts = starts {day}
        last_day = ended {day}
        stands_still = nobody can apply at the moment
        stale = its sources were read on {read} and should have been read again by {day}
        advice = what you can do: {advice}
        apply = where to apply: {apply}
        comes_to = for this home: {value} {unit}
        source = source: {title} ({found_in}; {verified}), read {read}
        unverified = not verified: {text}
        yes = yes
        no = no
        page = as a page reports
        repository = as public data gives it
        memory = from memory
        """,
        "less than | at most | more than | at least | | anything but",
        decimal_mark=".",
    ),
    Language.PT_BR: _Phrases(
        """
        likely = provável
        unlikely = improvável
        needs_facts = ainda não se sabe
        ended = encerrado
        not_yet = ainda não
        paused = suspenso
        against = {words}: {value}, e é preciso {op} {limit}
        missing = falta saber: {words}
        elsewhere = é para {place}
        starts = começa em {day}
        last_day = terminou em {day}
        stands_still = no momento ninguém pode pedir
        stale = as fontes foram lidas em {read} e deviam ter sido lidas de novo até {day}
        advice = o que você pode fazer: {advice}
        apply = onde pedir: {apply}
        comes_to = para esta casa: {value} {unit}
        source = fonte: {title} ({found_in}; {verified}), lida em {read}
        unverified = não verificado: {text}
        yes = sim
        no = não
        page = segundo uma página
        repository = segundo dados públicos
        memory = de memória
        """,
        "menos de | no máximo | mais de | no mínimo | | qualquer coisa menos",
    ),
    Language.ES: _Phrases(
        """
        likely = probable
        unlikely = improbable
        needs_facts = aún no se sabe
        ended = terminado
        not_yet = aún no
        paused = suspendido
        against = {words}: {value}, y hace falta {op} {limit}
        missing = falta saber: {words}
        elsewhere = es para {place}
        starts = empieza el {day}
        last_day = terminó el {day}
        stands_still = por ahora nadie puede solicitarlo
        stale = sus fuentes se leyeron el {read} y debían leerse de nuevo antes del {day}
        advice = qué puede hacer: {advice}
        apply = dónde solicitarlo: {apply}
        comes_to = para este hogar: {value} {unit}
        source = fuente: {title} ({found_in}; {verified}), leída el {read}
        unverified = sin verificar: {text}
        yes = sí
        no = no
        page = según una página
        repository = según datos públicos
        memory = de memoria
        """,
        "menos de | como máximo | más de | como mínimo | | cualquier cosa menos",
    ),
    Language.FR: _Phrases(
        """
        likely = probable
        unlikely = peu probable
        needs_facts = pas encore connu
        ended = terminé
        not_yet = pas encore
        paused = suspendu
        against = {words} : {value}, et il faut {op} {limit}
        missing = il manque : {words}
        elsewhere = c’est pour {place}
        starts = commence le {day}
        last_day = terminé le {day}
        stands_still = personne ne peut le demander en ce moment
        stale = ses sources ont été lues le {read} et devaient être relues avant le {day}
        advice = ce que vous pouvez faire : {advice}
        apply = où le demander : {apply}
        comes_to = pour ce foyer : {value} {unit}
        source = source : {title} ({found_in} ; {verified}), lue le {read}
        unverified = non vérifié : {text}
        yes = oui
        no = non
        page = d’après une page
        repository = d’après des données publiques
        memory = de mémoire
        """,
        "moins de | au plus | plus de | au moins | | tout sauf",
    ),
}


def lines(assessment: Assessment, facts: Facts, on: date, language: Language) -> Iterator[str]:
    """What people read: the result, then its reasons."""
    say, programme = _PHRASES[language], assessment.programme
    yield f"{say(_standing(assessment))}: {programme.name[language]} ({programme.id})"
    yield from _reasons(assessment, facts, on, language)
    if isinstance(assessment, NeedsFacts):
        yield from (say("missing", words=question.words[language]) for question in _missing(assessment))
    yield from (say("advice", advice=advice) for advice in _advice(assessment, language))
    version = _version(assessment)
    if isinstance(assessment, Likely):
        yield assessment.version.benefit[language]
        if (amount := assessment.amount) is not None:
            yield say("comes_to", value=_number(amount.value, say), unit=amount.unit)
        yield say("apply", apply=assessment.version.apply[language])
        if assessment.version.unverified:
            yield say("unverified", text=assessment.version.unverified)
    for each in version.sources if version else ():
        seen = {"title": each.title, "found_in": each.found_in, "verified": say(each.verified)}
        yield say("source", **seen, read=version.read_on if version else "")


def values(assessment: Assessment, facts: Facts, on: date, language: Language) -> dict[str, object]:
    """What programs read."""
    version, programme = _version(assessment), assessment.programme
    standing = _standing(assessment)
    told: dict[str, object] = {
        "programme": programme.id,
        "jurisdiction": programme.jurisdiction,
        "name": programme.name[language],
        "result": "unlikely" if isinstance(assessment, NotYet | Paused) else standing,
        "standing": standing if isinstance(assessment, NotYet | Paused | Ended) else "open",
        "why": list(_reasons(assessment, facts, on, language)),
        "missing": list(assessment.missing) if isinstance(assessment, NeedsFacts) else [],
        "advice": list(_advice(assessment, language)),
    }
    if isinstance(assessment, Likely) and assessment.amount is not None:
        told |= {assessment.amount.name: _plain(assessment.amount.value), "unit": assessment.amount.unit}
    if isinstance(assessment, Likely | Unlikely):
        compared = assessment.met if isinstance(assessment, Likely) else assessment.against
        told["conditions"] = [_condition(each, facts, on) for each in compared]
    return told | (_of_version(version, language) if version else {})


def _of_version(version: Version, language: Language) -> dict[str, object]:
    return {
        "version": version.valid_from.isoformat(),
        "until": version.until.isoformat(),
        "benefit": version.benefit[language],
        "apply": version.apply[language],
        "unverified": version.unverified,
        "sources": [_source(each) for each in version.sources],
        "read_on": version.read_on.isoformat(),
    }


def _source(source: Source) -> dict[str, str]:
    return {"title": source.title, "found_in": source.found_in, "verified": str(source.verified)}


def _condition(compare: Compare, facts: Facts, on: date) -> dict[str, object]:
    limit = compare.limit.reckon(facts, on) if isinstance(compare.limit, Limit) else compare.limit
    told: dict[str, object] = {"fact": compare.fact, "per": compare.per, "value": _plain(compare.value(facts))}
    return told | {"op": str(compare.op), "limit": _plain(limit)}


_STANDING: Final = {
    Likely: "likely",
    Unlikely: "unlikely",
    NeedsFacts: "needs_facts",
    Ended: "ended",
    NotYet: "not_yet",
    Paused: "paused",
}


def _standing(assessment: Assessment) -> str:
    return _STANDING[type(assessment)]


def _version(assessment: Assessment) -> Version | None:
    """The version that was held against the home, or the last there was."""
    return assessment.programme.versions[-1] if isinstance(assessment, Ended | NotYet) else assessment.version


def _reasons(assessment: Assessment, facts: Facts, on: date, language: Language) -> Iterator[str]:
    """Why it is not likely, in words."""
    say, programme = _PHRASES[language], assessment.programme
    match assessment:
        case Unlikely(version=None):
            yield say("elsewhere", place=programme.jurisdiction)
        case Unlikely(against=against):
            yield from (_against(each, programme, facts, on, language) for each in against)
        case Ended(last_day=last_day):
            yield say("last_day", day=last_day)
        case NotYet(opens=opens):
            yield say("starts", day=opens)
        case Paused(version=version, stale_since=stale_since):
            yield say("stale", read=version.read_on, day=stale_since) if stale_since else say("stands_still")
        case _:
            return


def _against(compare: Compare, programme: Programme, facts: Facts, on: date, language: Language) -> str:
    say = _PHRASES[language]
    words = [_question(programme, fact).words[language] for fact in (compare.fact, compare.per) if fact]
    value, limit = compare.value(facts), compare.limit
    reckoned = limit.reckon(facts, on) if isinstance(limit, Limit) else limit
    parts = {"words": " / ".join(words), "value": _said(value, say), "op": say.ops[compare.op]}
    return " ".join(say("against", **parts, limit=_said(reckoned, say)).split())


def _missing(assessment: NeedsFacts) -> Iterator[Question]:
    return (_question(assessment.programme, fact) for fact in assessment.missing)


def _advice(assessment: Assessment, language: Language) -> Iterator[str]:
    """What to do about the conditions that are not met, each once."""
    against = assessment.against if isinstance(assessment, Unlikely) else ()
    asked = (_question(assessment.programme, each.fact).advice for each in against if each.op is Op.IS)
    yield from dict.fromkeys(advice[language] for advice in asked if advice is not None)


def _question(programme: Programme, fact: str) -> Question:
    return next(question for question in programme.questions if question.fact == fact)


def _said(value: FactValue | None, say: _Phrases) -> str:
    if isinstance(value, bool):
        return say("yes" if value else "no")
    return _number(value, say) if isinstance(value, Decimal) else str(value)


def _number(value: Decimal, say: _Phrases) -> str:
    """Without the tail of a division."""
    exact = value if value == value.quantize(_FINEST) else value.quantize(_FINEST)
    return f"{exact:f}".replace(".", say.decimal_mark)


def _plain(value: FactValue | None) -> bool | int | str | None:
    """A whole number as one, any other as its exact decimals."""
    if not isinstance(value, Decimal):
        return value
    is_whole = value == int(value) and value.as_tuple().exponent in {0, 1, 2, 3}
    return int(value) if is_whole else f"{value:f}"
