"""The storm night: what befalls a street, told from real outages to unplugged boxes, and proved home by home.

Every chapter does something to the street and waits for what a person would then see: the utility on its page, the
customers in their mailboxes.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from runtime.clock import Clock
from simulators.scenarios.neighbours import HOMES, HOUSES, TRANSFORMER, House
from simulators.scenarios.onlooker import Onlooker
from simulators.scenarios.post import Expected, await_letter
from simulators.scenarios.street_fate import StreetFate
from simulators.scenarios.street_stage import gateway_of

T = TypeVar("T")
ANA, BRUNO, LUCIA, CAMILLE, JOHN, FLATS = HOUSES
READING, DIP, FALSE_ALARMS, DARK, BACK, LAST = (
    "a quiet evening",
    "the recloser",
    "false alarms",
    "the transformer",
    "power returns",
    "the last home",
)
# About how many machine seconds a chapter takes at ten times: a crash falls somewhere inside.
LENGTHS_S = {READING: 14.0, DIP: 2.0, FALSE_ALARMS: 20.0, DARK: 15.0, BACK: 25.0, LAST: 10.0}
VICTIMS = (
    "broker",
    "cloud",
    "mailbox",
    "uplink",
    *(gateway_of(house) for house in HOUSES),
    *(f"{house.name}.{thing}" for house in HOUSES for thing in ("meter", "probe")),
)
DIP_MS = 800
STEADY_READINGS = 3  # of John's home: so many that the fall of what he draws is noticed within a minute
STAYS_DARK_S = 30.0
SETTLES_S = 30.0
EXPECTED: Expected = Counter(
    {
        ("UP-0001", "power_out"): 1,
        ("UP-0001", "power_back"): 1,
        ("UP-0002", "power_out"): 1,
        ("UP-0002", "still_out"): 1,
        ("UP-0002", "power_back"): 1,
        ("UP-0003", "power_check"): 1,
        ("UP-0005", "check_breaker"): 1,
        ("UP-0005", "power_check"): 1,
        **{(home.usage_point, template): 1 for home in FLATS.homes for template in ("power_out", "power_back")},
    }
)


@dataclass(slots=True, kw_only=True)
class StreetStory:
    """The story on its stage; `say` tells it to whoever watches."""

    fate: StreetFate
    clock: Clock
    onlooker: Onlooker
    say: Callable[[str], None]

    def play(self) -> None:
        """From the first reading to the last message; StoryFailed when something does not come."""
        self._evening()
        self._dip()
        self._false_alarms()
        self._dark()
        self._back()
        self._last_home()

    def _evening(self) -> None:
        self.onlooker.chaos.enter(READING)
        self.say("A quiet evening. Six gateways sign on to eight meters and read them.")
        self._until("a first reading of every home", lambda: all(self._is_read(home.usage_point) for home in HOMES))
        self.say("All eight homes are read. Lights in every window.")
        self._wait_for_readings(JOHN, STEADY_READINGS)

    def _dip(self) -> None:
        self._befall(lambda: self.fate.dip(DIP_MS), DIP)
        self.say(f"The recloser opens and closes: {DIP_MS / 1000:g} s without supply.")
        self._until("a dip in every home's record", lambda: all(self._home(h.usage_point, "dips") for h in HOMES))
        self.say("Every probe saw it; it is counted, and nobody is told.")

    def _false_alarms(self) -> None:
        self._wait_for_everybody()
        so_far = self._until(f"the readings of {JOHN.name}", lambda: self._readings(JOHN))
        self._wait_for_readings(JOHN, so_far + 1)  # one that is under way as he trips says nothing of it
        self._befall(self._disturb, FALSE_ALARMS)
        self.say("The storm begins. Bruno's gateway is unplugged, the optical head falls off Lucía's meter,")
        self.say("  Camille's disconnector opens, and John's own breaker trips. Four alarms, and the street has power.")
        for house, cause, stage, words in (
            (
                CAMILLE,
                "switched_off",
                "confirmed",
                "Camille: her meter reads a good voltage behind an open disconnector.",
            ),
            (
                BRUNO,
                "gateway_unplugged",
                "confirmed",
                "Bruno: his meter reads a good voltage and his home draws power.",
            ),
            (JOHN, "own_breaker", "confirmed", "John: a good voltage at his meter, and nothing is drawn behind it."),
            (LUCIA, "head_off", "provisional", "Lucía: her gateway has supply and her meter is silent; we cannot see."),
        ):
            self._wait_for_finding(house, (cause, stage))
            self.say(f"  {words} Verdict: {cause.replace('_', ' ')}, {stage}.")
        self._letter("UP-0005", "check_breaker")
        self._befall(self._mend)
        self.say("Bruno plugs his gateway in again, John finds his main switch. Then John's gateway loses its radio.")
        for house in (BRUNO, JOHN):
            self._wait_until_proved(house)
        self._befall(lambda: self.fate.switch_uplink(JOHN, on=False))

    def _dark(self) -> None:
        self._befall(lambda: self.fate.switch_transformer(on=False), DARK)
        self.say(f"Transformer {TRANSFORMER} fails. The street is dark.")
        for usage_point in ("UP-0001", "UP-0002", *(home.usage_point for home in FLATS.homes)):
            self._letter(usage_point, "power_out")
        self._until("the outage at the transformer", lambda: self._outage_at(TRANSFORMER))
        self.say(f"The cloud has located the outage at {TRANSFORMER}. Lucía, Camille and John are told nothing:")
        self.say("  a silent meter, an open switch and a silent gateway prove no outage.")
        self.onlooker.rest(self.clock.wall_seconds(STAYS_DARK_S))

    def _back(self) -> None:
        self._befall(self._restore, BACK)
        self.say(
            "Power returns, except to Bruno: his service fuse has gone. Each meter must now prove it for a minute."
        )
        for usage_point in ("UP-0001", *(home.usage_point for home in FLATS.homes)):
            self._letter(usage_point, "power_back")
        self._until("Bruno's home as a case of its own", self._nested)
        self.say("Bruno's home is still dark: a case of its own, within the first one.")
        self._letter("UP-0002", "still_out")
        for usage_point in ("UP-0003", "UP-0005"):
            self._letter(usage_point, "power_check")
        self.say("Lucía's meter and John's gateway cannot be seen: they were asked, and not told.")

    def _last_home(self) -> None:
        self._befall(self._repair, LAST)
        self.say("The fuse is changed. John's radio is back; the head sits on Lucía's meter again.")
        self._letter("UP-0002", "power_back")
        self._until("every home's story at its end", self._is_quiet)
        self.say("What nobody could see is on record now, proved by counters; it is over, so nobody is told.")
        self._until("the last crash to be over", lambda: self.onlooker.chaos.is_over)
        self.onlooker.rest(self.clock.wall_seconds(SETTLES_S))

    # What befalls the street

    def _disturb(self) -> None:
        self.fate.plug(BRUNO, is_in=False)
        self.fate.put_head(LUCIA, on=False)
        self.fate.switch_disconnector(CAMILLE, closed=False)
        self.fate.switch_breaker(JOHN, on=False)

    def _mend(self) -> None:
        self.fate.plug(BRUNO, is_in=True)
        self.fate.switch_breaker(JOHN, on=True)

    def _restore(self) -> None:
        self.fate.switch_service(BRUNO, on=False)
        self.fate.switch_transformer(on=True)

    def _repair(self) -> None:
        self.fate.switch_service(BRUNO, on=True)
        self.fate.switch_uplink(JOHN, on=True)
        self.fate.put_head(LUCIA, on=True)

    def _befall(self, act: Callable[[], None], chapter: str = "") -> None:
        """Let something happen, once everybody is there to see it: what a dead simulator missed would be no story."""
        self._wait_for_everybody()
        act()
        self.onlooker.chaos.enter(chapter)

    # What can be seen

    def _wait_for_everybody(self) -> None:
        self._until("every process to be there", lambda: self.onlooker.chaos.is_over)

    def _until(self, what: str, look: Callable[[], T]) -> T:
        return self.onlooker.until(what, look)

    def _home(self, usage_point: str, name: str) -> Any:
        return self.onlooker.home(usage_point).get(name)

    def _is_read(self, usage_point: str) -> bool:
        return bool(self._home(usage_point, "registers"))

    def _wait_for_readings(self, house: House, enough: int) -> None:
        self._until(f"reading {enough} of {house.name}", lambda: self._readings(house) >= enough)

    def _readings(self, house: House) -> int:
        return len(self.onlooker.events(house.homes[0].usage_point, "RegisterReadings"))

    def _finding(self, house: House) -> tuple[str, str] | None:
        found = self._home(house.homes[0].usage_point, "finding")
        return None if found is None else (found["cause"], found["stage"])

    def _wait_for_finding(self, house: House, wanted: tuple[str, str] | None) -> None:
        what = " ".join(wanted) if wanted else "nothing more"
        self._until(f"{what} at {house.name}", lambda: self._finding(house) == wanted)

    def _wait_until_proved(self, house: House) -> None:
        """Wait until the home is as it was, by its own meter."""
        usage_point = house.homes[0].usage_point
        self._until(f"the proof of {house.name}", lambda: self.onlooker.events(usage_point, "SupplyRestored"))
        self._wait_for_finding(house, None)

    def _outage_at(self, device: str) -> Any:
        return next((one for one in self.onlooker.outages() if one["device"] == device), None)

    def _nested(self) -> Any:
        return next((one for one in self.onlooker.outages() if one["within"] is not None), None)

    def _is_quiet(self) -> bool:
        """Whether no outage is open and no home holds anything but Camille's open switch."""
        if any(outage["closed_at"] is None for outage in self.onlooker.outages()):
            return False
        homes = {home.usage_point: self.onlooker.home(home.usage_point) for home in HOMES}
        disturbed = {name for name, home in homes.items() if home.get("finding") or home.get("phase") != "supplied"}
        return disturbed <= {CAMILLE.homes[0].usage_point}

    def _letter(self, usage_point: str, template: str) -> None:
        await_letter(self.onlooker, usage_point, template, self.say)
