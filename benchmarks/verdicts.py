"""Whether verdicts and messages are true: thirty days of trouble in simulated homes, held against what really was.

Each kind of trouble befalls the homes a hundred times (`street.episodes`), in a world of its own physics
(`street.world`). The real edge cores conclude (`street.edge`), the real rules of the cloud tell (`street.cloud`), and
both are held against the world at that very second (`street.home`); here it is counted. All seeds are fixed. One day of
one home can be seen line by line: `python -c "from benchmarks.verdicts import show; show(seed=1, home=3, day=17)"`.

A message that is untrue while the word that it is over is under way (a minute at most), or while the gateway cannot say
it (it has run dry and is starting, or the probe has to repeat its edge), is a figure, not a limit: it could be avoided
only by telling everybody later. What else is not on the diagonal, and stays so:

- optical head off, taken back: its meter counts no failures, so nobody knows whether its line had failed meanwhile.
- head off and then an outage, cannot tell, or unplugged and then one, unplugged: that meter counts none either, or a
  gateway without its 5 V had run dry before the outage, and was started after it.
- true outage, another thing: it dipped before its return was proved, and the last word is on that dip; or a reading had
  been lost just before it.
- own breaker, and gateway unplugged, cannot tell: nothing, or little, is drawn in that home even on good days.
- recloser dip, another thing: the edge of its end came late, after the hold-off, so it was said to be a loss. The
  meter's count then calls it an interruption, a meter that rode through it a plug. It is recorded, and told to nobody.
- head and plug within a minute: sense and meter are gone together, as in an outage, and so it is told as one.
"""

import random
import re
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Iterator

from benchmarks.report import Matrix, Row, main
from benchmarks.street.episodes import Kind
from benchmarks.street.home import COLUMNS, Episode, Home, Word
from benchmarks.street.world import Part, instant
from cloud.messaging.model import Announcement
from cloud.outages.settings import OutageSettings

DAYS, TIMES = 30, 100


def measure(full: bool) -> list[Row | Matrix]:
    """Live through it all, and count."""
    settings = OutageSettings()
    seeds = range(1, 11) if full else range(1, 2)
    episodes = [episode for seed in seeds for episode in street(seed, settings)]
    return [_matrix(episodes), *figures(episodes, settings.notify_after_s / 60)]


def street(seed: int, settings: OutageSettings, times: int = TIMES) -> Iterator[Episode]:
    """Every kind of trouble so many times, spread over homes that each live for thirty days."""
    kinds = _kinds(seed, times)
    for number, first in enumerate(range(0, len(kinds), DAYS)):
        home = Home(number, seed, settings)
        for day, kind in enumerate(kinds[first : first + DAYS]):
            yield home.live(day, kind)


def show(*, seed: int, home: int, day: int) -> None:
    """Print one day of one home as it went, line by line."""
    shown = Home(home, seed, OutageSettings())

    def trace(line: str) -> None:
        for noise, plain in _NOISE:
            line = noise.sub(plain, line)
        print(f"{instant(shown.clock.now_s):%H:%M:%S.%f}"[:12], line)

    for number, kind in enumerate(_kinds(seed, TIMES)[home * DAYS : home * DAYS + day + 1]):
        if number == day:
            print(kind.value, shown.house.fittings)
            shown.trace = shown.edge.trace = shown.desk.trace = trace
        shown.live(number, kind)


_NOISE = (
    (re.compile(r"datetime\.datetime\(\d+, \d+, \d+, (\d+), (\d+)(?:, (\d+))?[^)]*utc\)"), r"\1:\2:\3"),
    (re.compile(r"Evidence\(kind=<\w+\.(\w+): \d+>, value=(-?\d+), age_ms=(\d+)\)"), r"\1=\2 \3ms ago"),
    (re.compile(r"<\w+\.(\w+): [^>]+>"), r"\1"),
    (re.compile(r"Heard\(event=EventId\([^)]*seq=(\d+)\), meter='\w*', said_at=([\d:]+)[^)]*\)"), r"event \1 of \2"),
)
"""What makes a value's own form long, and what is left of it."""


def _kinds(seed: int, times: int) -> list[Kind]:
    """What befalls whom: every thirty in a row are one home's."""
    kinds = [kind for kind in Kind for _ in range(times)]
    random.Random(f"kinds {seed}").shuffle(kinds)
    return kinds


def _matrix(episodes: Iterable[Episode]) -> Matrix:
    counts = Counter((episode.kind, episode.verdict) for episode in episodes)
    return Matrix(
        what="what really was, and the gateway's last word on it",
        rows=tuple(kind.value for kind in Kind),
        columns=COLUMNS,
        counts=tuple(tuple(counts[kind, column] for column in COLUMNS) for kind in Kind),
    )


def figures(episodes: list[Episode], notify_after_min: float) -> list[Row]:
    """What was told and what was not, with its limits."""
    out, back, breaker = Announcement.POWER_OUT, Announcement.POWER_BACK, Announcement.CHECK_BREAKER
    outs = [(episode, told) for episode in episodes for told in episode.told_of(out)]
    untrue = [(episode, told) for episode, told in outs if told.is_alive]
    over = [told.word_of_return for episode, told in untrue if episode.was_dark]
    blind = sum(episode.kind is Kind.REMOVED for episode, _ in untrue)
    owed = [episode for episode in episodes if episode.owed]
    disowned = [episode.is_held_out(span) for episode in episodes for span in episode.disowned]
    breakers = [(episode, told) for episode in episodes for told in episode.told_of(breaker)]
    unfounded = [(episode, told) for episode, told in breakers if told.has_breaker or not told.is_alive]
    mended = [told.word_of_return for episode, told in unfounded if told.is_alive and episode.has(Part.BREAKER)]
    backs = [told for episode in episodes for told in episode.told_of(back)]
    waits = [wait_s / 60 for episode in owed for wait_s in episode.waits_s]
    missed = sum(not episode.is_told_well for episode in owed)
    dark = sum(episode.was_dark for episode in episodes)
    unheard = over.count(Word.UNHEARD) + mended.count(Word.UNHEARD)
    return [
        _none("told 'out', and power had never gone", len(untrue) - len(over) - blind),
        _none("told 'out', power back and no word of it under way", sum(map(_is_a_fault, over))),
        _none("outages missed, told twice or never 'back'", missed),
        _none("told of a breaker that never was off", len(unfounded) - len(mended)),
        _none("told of a breaker, on again and no word of it under way", sum(map(_is_a_fault, mended))),
        _none("homes not at rest when all was over", sum(not episode.is_settled for episode in episodes)),
        _figure("told 'out', the word of its return under way", over.count(Word.UNDER_WAY), "told 'out'", len(outs)),
        _figure("told of a breaker, that of its end under way", mended.count(Word.UNDER_WAY), "told", len(breakers)),
        _figure("told either, the gateway run dry or not yet aware", unheard, "told", len(outs) + len(breakers)),
        _figure("'out', head and plug within a minute", blind, "of", _count(episodes, Kind.REMOVED)),
        _figure("untold, a reading lost just before the outage", disowned.count(False), "such outages", len(disowned)),
        _figure("'back', and gone again meanwhile", sum(not told.is_alive for told in backs), "of", len(backs)),
        _figure("outages that had to be told", len(owed), "with a dead line", dark),
        _figure("told of their breaker", len(breakers), "of", _count(episodes, Kind.BREAKER)),
        _figure("from loss to 'out', median", statistics.median(waits or [0]), "notify after", notify_after_min, "min"),
        _figure("from loss to 'out', worst", max(waits or [0]), "notify after + 3", notify_after_min + 3, "min"),
    ]


def _is_a_fault(word_of_return: Word) -> bool:
    """Whether a message was untrue although the gateway could have said so in time, or had."""
    return word_of_return in (Word.UNSAID, Word.HEARD)


def _count(episodes: list[Episode], kind: Kind) -> int:
    return sum(episode.kind is kind for episode in episodes)


def _none(what: str, count: int) -> Row:
    return Row(what=what, ours=count, beside=0, beside_name="", unit="", is_limit=True)


def _figure(what: str, ours: float, beside_name: str, beside: float, unit: str = "") -> Row:
    return Row(what=what, ours=ours, beside=beside, beside_name=beside_name, unit=unit)


if __name__ == "__main__":
    sys.exit(main("verdicts", measure))
