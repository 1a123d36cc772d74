"""What `benchmarks.verdicts` counts, and how it is printed."""

from dataclasses import replace

import pytest

from benchmarks.report import Matrix, crossed
from benchmarks.street.episodes import Kind
from benchmarks.street.home import COLUMNS, Episode, Home, Told, Word
from benchmarks.street.world import Change, Part
from benchmarks.verdicts import figures, street
from cloud.messaging.model import Announcement
from cloud.outages.settings import OutageSettings
from wire.events import InterruptionAssessed, SupplyDipped, SupplyLost
from wire.terms import Cause, Grade, Stage

OUT, BACK = Announcement.POWER_OUT, Announcement.POWER_BACK


def said(cause, stage=Stage.CONFIRMED, began_at_ms=1_000):
    return InterruptionAssessed(began_at_ms=began_at_ms, cause=cause, stage=stage, grade=Grade.FAIR, evidence=())


def told(at_s, what):
    return Told(at_s=at_s, what=what, is_alive=False, has_breaker=True, word_of_return=Word.UNSAID)


def outage(*messages, said=()):
    line = [Change(at_s=100, part=Part.LINE, is_on=False), Change(at_s=1_000, part=Part.LINE, is_on=True)]
    return Episode(
        kind=Kind.OUTAGE, home=0, day=0, script=line, said=list(said), told=list(messages), owed=[(100, 1_000)]
    )


@pytest.mark.parametrize(
    ("events", "verdict"),
    [
        ((), "nothing said"),
        ((SupplyDipped(began_at_ms=0, duration_ms=800),), "dip"),
        ((SupplyLost(began_at_ms=0, input_mv=0),), "lost, no verdict"),
        ((said(Cause.HEAD_OFF), said(Cause.HEAD_OFF, Stage.WITHDRAWN)), "taken back"),
        ((said(Cause.CANNOT_TELL), said(Cause.SUPPLY_INTERRUPTED)), "supply interrupted"),
        ((said(Cause.SUPPLY_INTERRUPTED), said(Cause.WAN_FAULT, began_at_ms=9)), "supply interrupted"),
        ((said(Cause.WAN_FAULT),), "wan fault"),
        (
            (said(Cause.GATEWAY_UNPLUGGED), said(Cause.SUPPLY_INTERRUPTED), said(Cause.GATEWAY_UNPLUGGED)),
            "supply interrupted",
        ),
    ],
)
def test_the_last_word_that_was_not_taken_back_is_the_verdict(events, verdict):
    assert outage(said=events).verdict == verdict


@pytest.mark.parametrize(
    "messages",
    [
        (),
        (told(200, OUT),),
        (told(1_100, OUT), told(1_200, BACK)),
        (told(200, OUT), told(300, OUT), told(1_200, BACK)),
        (told(200, OUT), told(1_200, BACK), told(1_300, BACK)),
    ],
)
def test_missed_told_late_told_twice_and_never_back_are_not_told_well(messages):
    assert not outage(*messages).is_told_well


def test_out_while_it_is_and_back_after_is_told_well():
    episode = outage(told(160, OUT), told(1_070, BACK))

    assert episode.is_told_well
    assert episode.waits_s == [60]


@pytest.mark.parametrize(
    ("word", "holds"), [(Word.UNSAID, False), (Word.HEARD, False), (Word.UNDER_WAY, True), (Word.UNHEARD, True)]
)
def test_out_told_after_the_return_is_a_fault_unless_the_word_of_it_could_not_have_come(word, holds):
    late = replace(told(1_010, OUT), is_alive=True, word_of_return=word)
    episode = replace(outage(told(200, OUT), told(1_005, BACK), late, told(1_070, BACK)), owed=[])

    rows = figures([episode], 2.0)

    assert all(row.holds for row in rows) is holds


def test_told_of_a_breaker_that_never_was_off_is_a_fault_whatever_was_under_way():
    breaker = replace(told(200, Announcement.CHECK_BREAKER), is_alive=True, word_of_return=Word.UNDER_WAY)

    rows = figures([replace(outage(breaker), owed=[])], 2.0)

    assert [row.what for row in rows if not row.holds] == ["told of a breaker that never was off"]


def test_an_outage_is_told_to_a_home_with_all_its_witnesses():
    home = Home(0, 1, OutageSettings())

    episode = home.live(0, Kind.OUTAGE)

    assert episode.verdict == "supply interrupted"
    assert episode.is_told_well
    assert episode.is_settled


def test_the_same_seed_is_the_same_street():
    settings = OutageSettings()

    one, other = ([(e.kind, e.verdict, e.told) for e in street(7, settings, times=1)] for _ in range(2))

    assert one == other


def test_every_kind_of_trouble_ends_with_a_home_at_rest():
    assert all(episode.is_settled for episode in street(5, OutageSettings(), times=1))


def test_a_matrix_is_printed_with_the_columns_that_hold_anything():
    matrix = Matrix(
        what="what was, what was said", rows=("dip", "outage"), columns=("a", "b", "c"), counts=((3, 0, 1), (0, 0, 7))
    )

    assert crossed(matrix).splitlines() == [
        "what was, what was said",
        "           (1)   (2)",
        "  dip        3     1",
        "  outage     .     7",
        "  (1) a, (2) c",
    ]


def test_every_cause_has_its_column():
    assert all(COLUMNS[cause] == cause.name.lower().replace("_", " ") for cause in Cause)
