"""A meter whose clock is off, read by a gateway: set where the utility wants that, and left alone where it must be."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from gateway.adapters.dlms_clock import read_clock, set_clock
from gateway.adapters.profile_files import load_profile
from gateway.core.clock.policy import ClockPolicy
from gateway.core.meter_access import MeterSecrets
from gateway.service.clock_tender import ClockTender
from tests.fakes_access import by_keys
from tests.integration.gateway.test_meter_with_locks import KEYS, Bench


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")


PROFILE = load_profile("lamplight-sim-keys")
SETS = ClockPolicy(sets=True)


class Home:
    """A meter with keys, the session that reads it, and what tends its clock."""

    def __init__(self, off_s: float, secrets: MeterSecrets = KEYS) -> None:
        self.bench = Bench(by_keys())
        self.bench.clock.seconds += 600  # ten minutes into the hour, so that no period is about to end
        self.bench.tell("clock", "jump", str(off_s))
        self.session = self.bench.session(PROFILE, secrets)

    def tender(self, policy: ClockPolicy = SETS) -> ClockTender:
        return ClockTender(
            number=1,
            profile=PROFILE,
            policy=policy,
            own_uncertainty=timedelta(milliseconds=500),
            set_clock=partial(set_clock, self.session, PROFILE, self.bench.clock),
            clock=self.bench.clock,
        )

    @property
    def off_s(self) -> float:
        return read_clock(self.session, PROFILE, self.bench.clock).offset.total_seconds()


@pytest.mark.parametrize("off_s", [200, -200])
def test_a_clock_that_is_off_is_right_after_the_next_reading(off_s: float, caplog: pytest.LogCaptureFixture) -> None:
    home = Home(off_s)

    home.tender().tend(home.session.read_now())

    assert abs(home.off_s) < 3
    assert "meter_clock_set meter=1" in caplog.text


@pytest.mark.parametrize(
    ("off_s", "policy"),
    [(200, ClockPolicy()), (40, SETS), (2_000, replace(SETS, up_to=timedelta(minutes=15)))],
    ids=["no policy", "a little off", "far off"],
)
def test_a_clock_is_left_alone_without_need_or_leave(off_s: float, policy: ClockPolicy) -> None:
    home = Home(off_s)

    home.tender(policy).tend(home.session.read_now())

    assert home.off_s == pytest.approx(off_s, abs=3)


def test_a_clock_somebody_else_set_meanwhile_is_not_set_again(caplog: pytest.LogCaptureFixture) -> None:
    home = Home(200)
    seen = home.session.read_now()
    home.bench.tell("clock", "jump", "-200")

    home.tender().tend(seen)

    assert "meter_clock_set" not in caplog.text


def test_a_meter_that_falls_silent_is_no_matter(caplog: pytest.LogCaptureFixture) -> None:
    home = Home(200)
    seen = home.session.read_now()
    home.bench.tell("fault", "drop", "1000")

    home.tender().tend(seen)

    assert "meter_clock_set_or_not" in caplog.text
