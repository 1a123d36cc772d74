"""What fits into a text message is counted as the network counts it, and folded no further than it must be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.messaging.gsm7 import folded, septets


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("abc", 3),
        ("é à ù ñ Ç @ £ $", 15),
        ("€", 2),
        ("[a]{b}~\\|^", 18),
        ("ç", None),
        ("ã", None),
        ("\N{NO-BREAK SPACE}", None),
        ("’", None),
    ],
)
def test_septets_are_counted_with_two_for_the_extension_table(text: str, count: int | None) -> None:
    assert septets(text) == count


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("São João, às 8 h; maçã", "Sao Joao, às 8 h; maca"),
        ("R$\xa01.234,56", "R$ 1.234,56"),
        ("1\u202f234,56\xa0€", "1 234,56 €"),
        ("Où êtes-vous, cœur d’Élise ?", "Où etes-vous, coeur d'Élise ?"),
        ("¿Cuánto? Mañana", "¿Cuanto? Mañana"),
        ("1º de maio", "1o de maio"),
        ("cafe\u0301", "café"),
        ("\u2212R$ 5 – “x”…", '-R$ 5 - "x"...'),
        ("Łódź", "Lodz"),
        ("Δ", "Δ"),
        ("日本", None),
        ("\ue000", None),
    ],
)
def test_a_text_is_folded_only_as_far_as_the_alphabet_asks(text: str, plain: str | None) -> None:
    assert folded(text) == plain


@given(st.text(max_size=60))
def test_what_was_folded_can_be_counted_and_is_not_folded_again(text: str) -> None:
    plain = folded(text)

    assert plain is None or (septets(plain) is not None and folded(plain) == plain)
