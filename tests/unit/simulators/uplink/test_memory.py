"""A line that was off is off after a kill, too."""

import asyncio

import pytest

from runtime.errors import InputRefused
from simulators.uplink import memory
from simulators.uplink.mischief import Odds
from simulators.uplink.relay import Relay, State


def test_states_are_read_back_as_they_were_kept(tmp_path):
    memory.save({"ana": State.OFF, "bob": State.MUTE}, tmp_path / "lines.json")

    assert memory.load(tmp_path / "lines.json") == {"ana": State.OFF, "bob": State.MUTE}
    assert memory.load(tmp_path / "none.json") == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"lines": {"ana": "broken"}}', '{"lines": 3}'])
def test_another_file_is_refused(tmp_path, text):
    (tmp_path / "lines.json").write_text(text)

    with pytest.raises(InputRefused, match="no lines"):
        memory.load(tmp_path / "lines.json")


def test_a_relay_begins_where_it_was_killed_and_keeps_what_it_is_told():
    async def story() -> tuple[str, dict[str, State]]:
        kept: dict[str, State] = {}
        relay = Relay([("ana", 0), ("bob", 0)], broker_port=1, odds=Odds(), seed=1)
        relay.open({"ana": State.OFF})
        relay.listen_to_changes(kept.update)
        relay.command(["line", "bob", "mute"])
        state = relay.lines["ana"].state.value
        await relay.close()
        return state, kept

    assert asyncio.run(story()) == ("off", {"ana": State.OFF, "bob": State.MUTE})
