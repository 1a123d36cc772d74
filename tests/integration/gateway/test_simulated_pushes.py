"""What the simulated meter pushes, in every way it can, opened by the gateway: two ends that share no code."""

import pytest

from gateway.core.dlms.push.capture import read_capture
from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.pushed import EventKind, Protection
from gateway.core.errors import CaptureRefused
from runtime.secret import Secret
from simulators.meter.push import Pusher, PushPlan
from simulators.meter.push_framing import Framing
from tests.fakes_access import AUTH_KEY, KEY
from tests.fakes_simulators import NOW, a_life, moment

TITLE = b"LMP00001"
GASPS = PushPlan(framing=Framing.HDLC, has_last_gasp=True)


@pytest.mark.parametrize(
    ("auth_key", "protection"), [(None, Protection.UNCHECKED), (Secret(AUTH_KEY), Protection.CHECKED)]
)
@pytest.mark.parametrize("framing", Framing)
@pytest.mark.parametrize("block_bytes", [0, 40])
def test_a_ciphered_list_is_opened_and_tells_who_sealed_it_under_which_number(
    auth_key: Secret | None, protection: Protection, framing: Framing, block_bytes: int
) -> None:
    plan = PushPlan(framing=framing, block_bytes=block_bytes, key=Secret(KEY), auth_key=auth_key)
    pusher = Pusher(a_life(), TITLE, plan)
    keys = PushKeys(key=Secret(KEY), auth_key=auth_key)

    (first,) = read_capture(pusher.due(moment(0)), keys)
    (second,) = read_capture(pusher.due(moment(60)), keys)

    assert (first.protection, first.sealed_by) == (protection, TITLE.hex())
    assert first.counter is not None
    assert second.counter is not None
    assert first.counter < second.counter


@pytest.mark.parametrize("framing", Framing)
def test_a_list_in_clear_tells_what_the_meter_measures(framing: Framing) -> None:
    life = a_life(phases=3)

    (push,) = read_capture(Pusher(life, TITLE, PushPlan(framing=framing)).due(moment(0)))

    told = {str(reading.obis): reading.value for reading in push.readings}
    assert told["0.0.96.1.0.255"] == life.history.serial
    assert told["1.0.1.8.0.255"] == life.energy_import_wh(NOW)
    assert float(told["1.0.72.7.0.255"]) == pytest.approx(life.voltage_v(3, NOW), abs=0.05)
    assert (push.sealed_by, push.counter, push.protection) == ("", None, Protection.NONE)


def test_a_wrong_key_opens_nothing() -> None:
    pusher = Pusher(a_life(), TITLE, PushPlan(framing=Framing.HDLC, key=Secret(KEY), auth_key=Secret(AUTH_KEY)))

    with pytest.raises(CaptureRefused) as refused:
        read_capture(pusher.due(moment(0)), PushKeys(key=Secret(bytes(16)), auth_key=Secret(AUTH_KEY)))

    assert refused.value.kind == "wrong-key"


def test_the_supply_goes_with_one_gasp_that_names_the_meter() -> None:
    life = a_life()
    pusher = Pusher(life, TITLE, GASPS)
    pusher.due(moment(0))
    life.history = life.history.with_supply(False, NOW)

    (gasp,) = read_capture(pusher.due(moment(1)))
    silence = pusher.due(moment(60))

    assert gasp.event is not None
    assert gasp.event.kind is EventKind.LAST_GASP
    assert gasp.sender == life.history.serial
    assert silence == b""


def test_lists_come_as_often_as_planned_and_begin_again_with_the_supply() -> None:
    life = a_life()
    pusher = Pusher(life, TITLE, PushPlan(framing=Framing.HDLC, every_s=10))
    before = [bool(pusher.due(moment(s))) for s in (0, 9, 10, 19, 20)]
    life.history = life.history.with_supply(False, NOW)
    dark = pusher.due(moment(31))
    life.history = life.history.with_supply(True, NOW)

    assert before == [True, False, True, False, True]
    assert dark == b""
    assert pusher.due(moment(41))
