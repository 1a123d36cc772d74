"""The words in which a change of a bill is told, in each language we write: data, and the three lines they make.

A picture has the same words as the table beside it, so both are made from here. Weather is told by its temperature
where a language has one word for weather and time. Amounts are written by `cloud.kernel.i18n`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cloud.billing.explanation import Caveat, Explanation, Factor
from cloud.kernel.i18n import Language, money


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of one language."""

    previous: str
    year_ago: str
    current: str
    more: str  # a pattern over {change}, as the two others
    less: str
    same: str
    factors: Mapping[Factor, str]
    caveats: Mapping[Caveat, str]


def _factors(*names: str) -> Mapping[Factor, str]:
    return dict(zip(Factor, names, strict=True))


def _caveats(*sentences: str) -> Mapping[Caveat, str]:
    return dict(zip(Caveat, sentences, strict=True))


WORDS: Final[Mapping[Language, Words]] = {
    Language.EN: Words(
        previous="Previous bill",
        year_ago="A year ago",
        current="This bill",
        more="{change} more than the previous bill",
        less="{change} less than the previous bill",
        same="The same as the previous bill",
        factors=_factors(
            "Number of days",
            "Weather",
            "Use at home",
            "Energy used",
            "Hours of use",
            "Prices",
            "Taxes",
            "Credits and corrections",
        ),
        caveats=_caveats(
            "We know this home for less than nine months, so weather and use at home stay together.",
            "The use of this home hardly follows the weather, so weather and use at home stay together.",
            "Temperatures of these days are missing, so weather and use at home stay together.",
            "A reading was estimated; what puts it right stands under credits and corrections.",
            "A reading was estimated, so nobody can say yet how much was used.",
            "This change holds a correction of an earlier estimate.",
            "The utility's total is not the one we reckon; the difference stands under credits and corrections.",
        ),
    ),
    Language.PT_BR: Words(
        previous="Conta anterior",
        year_ago="Há um ano",
        current="Esta conta",
        more="{change} a mais que a conta anterior",
        less="{change} a menos que a conta anterior",
        same="Igual à conta anterior",
        factors=_factors(
            "Número de dias",
            "Temperatura",
            "Uso em casa",
            "Energia usada",
            "Horário de uso",
            "Preços",
            "Tributos",
            "Créditos e correções",
        ),
        caveats=_caveats(
            "Conhecemos esta casa há menos de nove meses; temperatura e uso em casa ficam juntos.",
            "O consumo desta casa quase não acompanha a temperatura; temperatura e uso em casa ficam juntos.",
            "Faltam temperaturas destes dias; temperatura e uso em casa ficam juntos.",
            "Uma leitura foi estimada; o que a corrige está em créditos e correções.",
            "Uma leitura foi estimada; ainda não se sabe quanto foi usado.",
            "Esta mudança contém a correção de uma estimativa anterior.",
            "O total da distribuidora não é o que calculamos; a diferença está em créditos e correções.",
        ),
    ),
    Language.ES: Words(
        previous="Factura anterior",
        year_ago="Hace un año",
        current="Esta factura",
        more="{change} más que la factura anterior",
        less="{change} menos que la factura anterior",
        same="Igual que la factura anterior",
        factors=_factors(
            "Número de días",
            "Temperatura",
            "Uso en casa",
            "Energía usada",
            "Horario de uso",
            "Precios",
            "Impuestos",
            "Abonos y correcciones",
        ),
        caveats=_caveats(
            "Conocemos esta casa desde hace menos de nueve meses; temperatura y uso en casa van juntos.",
            "El consumo de esta casa apenas sigue la temperatura; temperatura y uso en casa van juntos.",
            "Faltan temperaturas de estos días; temperatura y uso en casa van juntos.",
            "Una lectura fue estimada; lo que la corrige está en abonos y correcciones.",
            "Una lectura fue estimada; todavía no se sabe cuánto se usó.",
            "Este cambio contiene la corrección de una estimación anterior.",
            "El total de la compañía no es el que calculamos; la diferencia está en abonos y correcciones.",
        ),
    ),
    Language.FR: Words(
        previous="Facture précédente",
        year_ago="Il y a un an",
        current="Cette facture",
        more="{change} de plus que la facture précédente",
        less="{change} de moins que la facture précédente",
        same="Comme la facture précédente",
        factors=_factors(
            "Nombre de jours",
            "Température",
            "Usages du foyer",
            "Énergie utilisée",
            "Heures d’usage",
            "Prix",
            "Taxes",
            "Avoirs et corrections",
        ),
        caveats=_caveats(
            "Nous connaissons ce foyer depuis moins de neuf mois\u202f; température et usages restent ensemble.",
            "La consommation de ce foyer suit peu la température\u202f; température et usages restent ensemble.",
            "Des températures de ces jours manquent\u202f; température et usages restent ensemble.",
            "Un relevé a été estimé\u202f; ce qui le corrige figure sous avoirs et corrections.",
            "Un relevé a été estimé\u202f; personne ne sait encore combien a été utilisé.",
            "Ce changement contient la correction d’une estimation antérieure.",
            "Le total du fournisseur n’est pas le nôtre\u202f; l’écart figure sous avoirs et corrections.",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table, and one bar of the picture; `factor` is None for the two bills."""

    label: str
    amount: str
    factor: Factor | None = None


def summary(explanation: Explanation, language: Language) -> str:
    """The change in one sentence without its full stop: "€12.30 more than the previous bill"."""
    words, change = WORDS[language], explanation.change
    pattern = words.more if change.minor > 0 else words.less if change.minor else words.same
    return pattern.format(change=money(-change if change.minor < 0 else change, language))


def lines(explanation: Explanation, language: Language, *, is_year_ago: bool = False) -> tuple[Line, ...]:
    """The previous bill, or that of a year ago, each part that is not nothing, and this bill."""
    words = WORDS[language]
    parts = [
        Line(words.factors[factor], money(part, language, signed=True), factor)
        for factor, part in explanation.parts.items()
        if part.minor
    ]
    first = Line(words.year_ago if is_year_ago else words.previous, money(explanation.previous, language))
    return (first, *parts, Line(words.current, money(explanation.current, language)))


def caveats(explanation: Explanation, language: Language) -> tuple[str, ...]:
    """What the reader has to know beside it, a sentence each."""
    return tuple(WORDS[language].caveats[caveat] for caveat in explanation.caveats)
