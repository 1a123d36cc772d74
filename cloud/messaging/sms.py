"""The text message beside an e-mail: the same facts in 160 septets, or none at all.

Its template is one sentence or two that must stand and, after an empty line, a tail that may go. Where the whole does
not fit, the tail goes; where what must stand does not fit, there is no text message. Nothing is ever cut: half a figure
is another figure.
"""

from cloud.messaging.gsm7 import MAX_SEPTETS, folded, septets
from cloud.messaging.model import Figure, Traced


def fitted(needed: Traced, tail: Traced | None) -> Traced | None:
    """The longest of the two texts that fits, in the alphabet of text messages; None when neither does."""
    parts = [needed] if tail is None else [needed, Traced(text=" "), tail]
    for wanted in (parts, [needed]):
        text = _folded(_joined(wanted))
        count = None if text is None else septets(text.text)
        if count is not None and count <= MAX_SEPTETS:
            return text
    return None


def _joined(parts: list[Traced]) -> Traced:
    text, figures = "", []
    for part in parts:
        figures += [_moved(figure, len(text)) for figure in part.figures]
        text += part.text
    return Traced(text=text, figures=tuple(figures))


def _moved(figure: Figure, by: int) -> Figure:
    return Figure(start=figure.start + by, end=figure.end + by, fact_id=figure.fact_id)


def _folded(traced: Traced) -> Traced | None:
    """The text folded, with every figure where it then stands."""
    text, figures, end = "", [], 0
    for figure in traced.figures:
        prose, said = folded(traced.text[end : figure.start]), folded(traced.text[figure.start : figure.end])
        if prose is None or said is None:
            return None
        start = len(text) + len(prose)
        figures.append(Figure(start=start, end=start + len(said), fact_id=figure.fact_id))
        text += prose + said
        end = figure.end
    rest = folded(traced.text[end:])
    return None if rest is None else Traced(text=text + rest, figures=tuple(figures))
