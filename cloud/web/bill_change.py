"""The change of a bill as a page shows it: one sentence, the picture, the same as a table, and what nobody can tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from cloud.billing import explanation_words, picture
from cloud.billing.explanation import Explanation
from cloud.billing.explanation_words import Line
from cloud.kernel.i18n import Language

_WIDTH: Final = 310  # of a card on a telephone of 390 pixels, so that words in the picture are as large as those beside


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change in one language; `picture` is SVG that holds the words of `lines`."""

    summary: str
    picture: Markup
    lines: Sequence[Line]
    caveats: Sequence[str]


def show(explanation: Explanation, language: Language) -> Change:
    """The change from the bill before."""
    drawn = picture.svg(picture.draw(explanation, language, width=_WIDTH))
    return Change(
        summary=explanation_words.summary(explanation, language),
        picture=Markup(drawn),  # noqa: S704  # every word in it is escaped where it is drawn
        lines=explanation_words.lines(explanation, language),
        caveats=explanation_words.caveats(explanation, language),
    )


def lines_of_a_year(explanation: Explanation, language: Language) -> Sequence[Line]:
    """The change from the bill of a year ago, as a table alone."""
    return explanation_words.lines(explanation, language, is_year_ago=True)
