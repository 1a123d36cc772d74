"""A text message says the same as the e-mail, whole and traced, or it is not there."""

import pytest

from cloud.messaging.model import Figure, Traced
from cloud.messaging.sms import fitted


def traced(before: str, said: str, after: str = "") -> Traced:
    figure = Figure(start=len(before), end=len(before) + len(said), fact_id="money")
    return Traced(text=before + said + after, figures=(figure,))


def figures(text: Traced | None) -> list[str]:
    assert text is not None
    return [text.text[figure.start : figure.end] for figure in text.figures]


def test_what_fits_is_said_whole_with_its_figures_where_they_then_stand() -> None:
    text = fitted(traced("É só… ", "R$\xa01,00", "."), traced("Ação ", "5\xa0€"))

    assert text is not None
    assert text.text == "É so... R$ 1,00. Acao 5 €"
    assert figures(text) == ["R$ 1,00", "5 €"]


@pytest.mark.parametrize(("tail_chars", "is_told"), [(9, True), (10, False)])
def test_the_tail_goes_where_it_does_not_fit(tail_chars: int, is_told: bool) -> None:
    text = fitted(Traced(text="x" * 150), Traced(text="y" * tail_chars))

    assert text is not None
    assert ("y" in text.text) is is_told


@pytest.mark.parametrize("needed", ["x" * 161, "x" * 159 + "€", "日"])
def test_nothing_is_cut_to_make_it_fit(needed: str) -> None:
    assert fitted(traced("", needed), None) is None


def test_a_tail_that_cannot_be_folded_goes_alone() -> None:
    assert fitted(Traced(text="x"), Traced(text="日")) == Traced(text="x")
