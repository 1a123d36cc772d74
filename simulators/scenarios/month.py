"""A winter month in one home: a heater that never stops, a bill that grows, and what its customer is told of it.

Ana's meter holds the month hour by hour, and the utility's customer system knows the year before. Her new gateway
catches up over the optical line, notices the same day that something runs day and night, and the cloud sees where the
bill is going. A week later the cycle is over: the utility sends its bill, the cloud reckons it once more, explains
what changed, and offers the help that is likely hers.

A month cannot be played at ten times, so it is seen on two evenings; between them everybody is asleep.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from simulators.scenarios.neighbours import HOUSES, TIME_ZONE
from simulators.scenarios.onlooker import Onlooker
from simulators.scenarios.post import await_letter
from simulators.scenarios.processes import Cast
from simulators.scenarios.street_stage import Street

ANA = HOUSES[0]
HOME = ANA.homes[0]
TARIFF = "rede-acacias-b1"
CYCLE_DAY = 14
FAULT_FROM, MENDED_ON = date(2027, 7, 3), date(2027, 7, 9)
IN_THE_CYCLE, AFTER_IT = date(2027, 7, 8), date(2027, 7, 15)
LOAD_FROM, LOAD_UNTIL = date(2027, 4, 26), date(2027, 7, 18)  # whole weeks, from before the meter was installed
WEATHER_FROM = date(2026, 4, 1)
BACKFILL_DAYS = 31
_EVENING = time(18, 30)
_FAULT = ("--fault-from", str(FAULT_FROM), "--fault-until", str(MENDED_ON))


def evening_of(day: date) -> datetime:
    """When the story is told of a day: nobody's quiet hours."""
    return datetime.combine(day, _EVENING, ZoneInfo(TIME_ZONE)).astimezone(UTC)


def write_load(cast: Cast) -> tuple[str, ...]:
    """Write what Ana's home draws, hour by hour; the words by which her meter lives it."""
    file = cast.folder / "ana.csv"
    days = ("--first-day", str(LOAD_FROM), "--last-day", str(LOAD_UNTIL))
    cast.run("lamplight-sim", "cis", "load", "--out", str(file), *days, *_FAULT, "--time-zone", TIME_ZONE)
    return ("--from", str(file), "--as-dated")


@dataclass(slots=True, kw_only=True)
class MonthStory:
    """The story on its stage; `go_on_at` lets everybody sleep until then, `say` tells it to whoever watches."""

    street: Street
    onlooker: Onlooker
    go_on_at: Callable[[datetime], None]
    say: Callable[[str], None]

    EXPECTED: ClassVar = Counter(
        {
            (HOME.usage_point, template): 1
            for template in ("unusual_use", "high_bill_coming", "high_bill_explained", "assistance_offer")
        }
    )

    def play(self) -> None:
        """From the first hour read to the offer; StoryFailed when something does not come."""
        self._so_far()
        self.say(
            "Ana has her heater mended the next day. A week goes by, the cycle ends, and the utility sends its bill."
        )
        self.go_on_at(evening_of(AFTER_IT))
        self._bill()

    def _so_far(self) -> None:
        self.say(f"{IN_THE_CYCLE:%B} {IN_THE_CYCLE.day}. The utility hands over its customers, a year of bills,")
        self.say("  the weather and its tariff. Ana's gateway is new: it reads her month, hour by hour, at 9600 Bd.")
        self._cloud("tariff", "add", str(self.street.state), TARIFF)
        self._sim("cis", "programme", "--out", str(self.street.state / "programmes" / "acacias-winter-grant.toml"))
        self._take_drop(IN_THE_CYCLE)
        self.street.settle([ANA])
        self._await("unusual_use")
        self.say(f"Noticed at the edge, by the hours of {FAULT_FROM:%B} {FAULT_FROM.day}: her heater never stops.")
        self._await("high_bill_coming")

    def _bill(self) -> None:
        self._take_drop(AFTER_IT)
        self._await("high_bill_explained")
        self._await("assistance_offer")

    def _await(self, template: str) -> None:
        await_letter(self.onlooker, HOME.usage_point, template, self.say)

    def _take_drop(self, on: date) -> None:
        """What the customer system knows on a day, the weather of the days before it included."""
        folder = self.street.folder
        whose = ("--homes", str(folder / "grid.csv"), "--home", HOME.usage_point, "--cycle-day", str(CYCLE_DAY))
        self._sim("cis", "drop", "--dir", str(folder / "drops"), "--drop", str(on), "--on", str(on), *whose, *_FAULT)
        self._cloud("import", str(self.street.state), str(folder / "drops" / str(on)))
        weather = folder / f"weather.{on}.csv"
        known = ("--first-day", str(WEATHER_FROM), "--last-day", str(on - timedelta(days=1)))
        self._sim("cis", "weather", "--out", str(weather), *known)
        self._cloud("import", str(self.street.state), str(weather))

    def _sim(self, *words: str) -> None:
        self.street.cast.run("lamplight-sim", *words)

    def _cloud(self, *words: str) -> None:
        self.street.cast.run("lamplight-cloud", *words)
