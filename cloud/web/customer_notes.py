"""What stands behind the figures of a customer's own page, in her words: a numbered note for each."""

from collections.abc import Iterable
from dataclasses import dataclass

from cloud.web.customer_words import CustomerWords


@dataclass(frozen=True, slots=True, kw_only=True)
class Footnote:
    """What a figure rests on."""

    number: int
    anchor: str
    fact: str
    value: str
    source: str
    as_of: str


class Notes:
    """Numbers the figures of one part of the page in the order they are told."""

    def __init__(self, prefix: str, words: CustomerWords) -> None:
        """`prefix` is what no other part's anchors begin with."""
        self.all: list[Footnote] = []
        self._prefix = prefix
        self._words = words

    def add(self, fact: str, value: str, sources: Iterable[str], as_of: str) -> int:
        """Note a figure: what it is, its value, the kinds of its sources, and the day or instant it is of."""
        number = len(self.all) + 1
        note = Footnote(
            number=number,
            anchor=f"{self._prefix}-n{number}",
            fact=fact,
            value=value,
            source=", ".join(self._words.say(f"source.{kind}") for kind in dict.fromkeys(sources)),
            as_of=self._words.say("messages.as_of", at=as_of),
        )
        self.all.append(note)
        return number
