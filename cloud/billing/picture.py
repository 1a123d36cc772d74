"""The change of a bill as a waterfall: the previous bill, each part from where the last one ended, and this bill.

Bars lie, each under its own words, so that the picture can be read on a telephone of 390 pixels; all begin at zero, so
that a small change looks small. In goes an explanation and a language, out come positions, and SVG made of them: with
classes alone for a page, whose policy forbids inline styles, or as a file of its own, light and dark by itself. The
words are those of the table beside it (`explanation_words`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Final

from cloud.billing.explanation import Explanation
from cloud.billing.explanation_words import lines, summary
from cloud.kernel.i18n import Language

WIDTH: Final = 358
_SIDE: Final = 4
_ROW: Final = 46
_TEXT: Final = 18
_BAR: Final = 16
_FOOT: Final = 6
_LEAST_BAR: Final = 2.0
_STYLE: Final = """
svg { color-scheme: light dark; font: 14px system-ui, "Noto Sans", sans-serif; background: #fffefb; }
.bill-label, .bill-amount { fill: #1c2531; stroke: #fffefb; stroke-width: 4px; paint-order: stroke; }
.bill-amount { font-weight: 650; }
.bill-link { stroke: #b9b1a2; stroke-dasharray: 2 3; fill: none; }
.bill-total { fill: #5f6f85; }
.bill-up { fill: #c2571a; }
.bill-down { fill: #2b7a49; }
@media (prefers-color-scheme: dark) {
  svg { background: #171e28; }
  .bill-label, .bill-amount { fill: #e7ecf2; stroke: #171e28; }
  .bill-link { stroke: #4a586c; }
  .bill-total { fill: #8fa3bd; }
  .bill-up { fill: #ffb648; }
  .bill-down { fill: #86d6a3; }
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One row: its words, its bar, and where it ends, which is where the next one begins."""

    label: str
    amount: str
    looks: str
    """total, up or down."""
    top: int
    x: float
    width: float
    end_x: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """Everything a template needs to write the picture."""

    title: str
    width: int
    height: int
    zero_x: float
    bars: tuple[Bar, ...]


def draw(explanation: Explanation, language: Language, *, width: int = WIDTH) -> Waterfall:
    """The change in a picture of this width."""
    told = lines(explanation, language)
    spans = list(_spans(explanation))
    lowest, highest = min(min(span) for span in spans), max(max(span) for span in spans)
    scale = (width - 2 * _SIDE) / max(highest - lowest, 1)

    def x(minor: int) -> float:
        return _SIDE + (minor - lowest) * scale

    bars = []
    for row, (line, (begin, end)) in enumerate(zip(told, spans, strict=True)):
        looks = "total" if line.factor is None else "up" if end > begin else "down"
        left, length = min(x(begin), x(end)), abs(x(end) - x(begin))
        bar = Bar(
            label=line.label,
            amount=line.amount,
            looks=looks,
            top=row * _ROW + _TEXT + 4,
            x=min(left, width - _SIDE - _LEAST_BAR),
            width=max(length, _LEAST_BAR) if begin != end else 0.0,
            end_x=x(end),
        )
        bars.append(bar)
    height = len(bars) * _ROW + _FOOT
    return Waterfall(title=summary(explanation, language), width=width, height=height, zero_x=x(0), bars=tuple(bars))


def _spans(explanation: Explanation) -> Iterator[tuple[int, int]]:
    """From where to where each bar goes, in hundredths; a bill's own begins at zero."""
    at = explanation.previous.minor
    yield 0, at
    for part in explanation.parts.values():
        if part.minor:
            yield at, at + part.minor
            at += part.minor
    yield 0, at


def svg(picture: Waterfall, *, is_file: bool = False) -> str:
    """The picture as SVG; as a file of its own it brings its colours, in a page the stylesheet has them."""
    right = picture.width - _SIDE
    own = f' xmlns="http://www.w3.org/2000/svg" width="{picture.width}" height="{picture.height}"' if is_file else ""
    style = f"<style>{_STYLE}</style>" if is_file else ""
    links = zip(picture.bars, picture.bars[1:], strict=False)
    drawn = [
        f'<svg{own} class="bill-change" viewBox="0 0 {picture.width} {picture.height}" role="img">',
        f"{style}<title>{escape(picture.title)}</title>",
        *(
            [f'<path class="bill-link" d="M{picture.zero_x:.1f} 0V{picture.height}"/>']
            if picture.zero_x > _SIDE
            else []
        ),
        *(f'<path class="bill-link" d="M{bar.end_x:.1f} {bar.top + _BAR}V{after.top}"/>' for bar, after in links),
    ]
    for bar in picture.bars:
        at, place = bar.top - 6, f'x="{bar.x:.1f}" y="{bar.top}" width="{bar.width:.1f}" height="{_BAR}"'
        drawn += [
            f'<rect class="bill-{bar.looks}" {place} rx="2"/>',
            f'<text class="bill-label" x="{_SIDE}" y="{at}">{escape(bar.label)}</text>',
            f'<text class="bill-amount" x="{right}" y="{at}" text-anchor="end">{escape(bar.amount)}</text>',
        ]
    return "\n".join([*drawn, "</svg>", ""])
