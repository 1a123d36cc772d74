"""A message is cut at its figures and nowhere else, and its text stays what it was."""

from dataclasses import replace

from cloud.messaging import store as messaging
from cloud.messaging.model import Figure, State, Traced
from cloud.web import letters
from cloud.web.moments import Moments


def test_the_runs_together_are_the_text(lived_in):
    with lived_in.database.read() as connection:
        messages = messaging.newest(connection, limit=10)
    moments = Moments(zone=messages[0].zone, now=lived_in.clock.now())

    for message in messages:
        shown = letters.show(message, moments)
        body = "\n\n".join("".join(run.text for run in paragraph) for paragraph in shown.paragraphs)
        assert body.strip() == message.letter.body.text.strip()
        assert "".join(run.text for run in shown.subject) == message.letter.subject.text


def test_the_same_fact_has_one_number_and_numbers_follow_the_text(lived_in):
    with lived_in.database.read() as connection:
        message = messaging.newest(connection, limit=1)[0]

    shown = letters.show(message, Moments(zone=message.zone, now=lived_in.clock.now()))
    runs = [*shown.subject, *(run for paragraph in shown.paragraphs for run in paragraph)]
    numbers = [run.note for run in runs if run.note]

    assert sorted(set(numbers), key=numbers.index) == list(range(1, len(shown.notes) + 1))
    assert numbers.count(1) == 2
    assert len({run.mark for run in runs if run.note}) == len(numbers)


def test_every_state_has_words():
    assert set(letters.STATES) == set(State)


def test_two_figures_with_nothing_but_a_space_between_them_stay_apart(lived_in):
    with lived_in.database.read() as connection:
        message = messaging.newest(connection, limit=1)[0]
    figures = (Figure(start=0, end=5, fact_id="address"), Figure(start=6, end=9, fact_id="case"))
    body = Traced(text="9 kWh now\n", figures=figures)

    shown = letters.show(
        replace(message, letter=replace(message.letter, body=body)),
        Moments(zone=message.zone, now=lived_in.clock.now()),
    )

    assert ["".join(run.text for run in paragraph) for paragraph in shown.paragraphs] == ["9 kWh now\n"]
