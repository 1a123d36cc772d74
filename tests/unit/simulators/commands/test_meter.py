"""`lamplight-sim meter`: what cannot be played is refused before anything is opened."""

from pathlib import Path

import pytest

from runtime.errors import InputRefused
from simulators.commands import meter

KEY = "000102030405060708090a0b0c0d0e0f"


@pytest.mark.parametrize(
    ("words", "because"),
    [
        ((), "nobody could reach this meter"),
        (("--tcp", "70000"), "invalid whole number"),
        (("--tcp", "0", "--auth", "lls"), "lls takes --password"),
        (("--tcp", "0", "--password", "env:EK"), "none takes no secret"),
        (("--tcp", "0", "--auth", "hls-gmac", "--key", "env:EK"), "hls-gmac takes --key and --auth-key"),
        (("--tcp", "0", "--auth", "hls-gmac", "--key", "env:EK", "--auth-key", KEY), "never given itself"),
    ],
)
def test_a_meter_that_could_not_be_played_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], because: str
) -> None:
    monkeypatch.setenv("EK", KEY)

    with pytest.raises(InputRefused, match=because):
        meter.main(["--control", str(tmp_path / "meter.sock"), *words])
