"""What must not overlap: who stays comes before who moves, who moves before who is new, and nobody is pushed out."""

from cloud.cis.spans import Span, settle


def span(key: str, first: int, last: int, group: str = "home") -> Span:
    return Span(first=first, last=last, group=group, key=key)


def test_spans_that_touch_do_not_overlap() -> None:
    assert settle([span("a", 1, 5)], [span("b", 6, 9), span("c", 0, 0)]) == {}


def test_one_day_in_common_is_too_many() -> None:
    assert settle([span("a", 1, 5)], [span("b", 5, 9)]) == {"b": "a"}


def test_what_lies_within_another_overlaps_it() -> None:
    assert settle([span("a", 1, 9)], [span("b", 4, 5)]) == {"b": "a"}


def test_another_group_is_not_in_the_way() -> None:
    assert settle([span("a", 1, 9)], [span("b", 1, 9, "other home")]) == {}


def test_of_two_new_ones_the_first_told_stands() -> None:
    assert settle([], [span("b", 1, 9), span("a", 9, 12)]) == {"a": "b"}


def test_a_new_one_waits_until_those_that_stand_have_moved() -> None:
    assert settle([span("a", 1, 9)], [span("b", 5, 9), span("a", 1, 4)]) == {}


def test_who_stays_is_not_refused_because_of_a_new_one_told_before() -> None:
    assert settle([span("a", 1, 9)], [span("b", 5, 9), span("a", 1, 9)]) == {"b": "a"}


def test_two_can_exchange_their_places() -> None:
    assert settle([span("a", 1, 4), span("b", 5, 9)], [span("a", 5, 9), span("b", 1, 4)]) == {}


def test_who_moved_to_the_place_of_one_that_must_go_back_goes_back_too() -> None:
    standing = [span("a", 1, 4), span("b", 5, 9), span("wall", 20, 29)]
    told = [span("b", 1, 4), span("a", 20, 24), span("new", 5, 9)]

    assert settle(standing, told) == {"a": "wall", "b": "a", "new": "b"}


def test_what_the_drop_leaves_free_stays_free_for_it() -> None:
    standing = [span("a", 1, 4), span("wall", 20, 29)]

    assert settle(standing, [span("a", 25, 26), span("new", 5, 9)]) == {"a": "wall"}
