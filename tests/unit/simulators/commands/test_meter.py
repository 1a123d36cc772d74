"""`lamplight-sim meter`: what cannot be played is refused before anything is opened."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from runtime.errors import InputRefused
from simulators.commands import meter, meter_options, speaking
from simulators.meter.buffer_encoding import Encoding
from simulators.meter.makes import LAMPLIGHT, MAKES

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
        (("--tcp", "0", "--master-key", "env:EK"), "only a meter with keys"),
        (("--tcp", "0", "--model", "nobody"), "invalid choice"),
        (("--tcp", "0", "--turnaround-ms", "-1"), "invalid whole number"),
        (("--tcp", "0", "--frames", "31/1"), "invalid frames value"),
        (("--tcp", "0", "--frames", "128/8"), "invalid frames value"),
        (("--tcp", "0", "--frames", "128"), "invalid frames value"),
    ],
)
def test_a_meter_that_could_not_be_played_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], because: str
) -> None:
    monkeypatch.setenv("EK", KEY)

    with pytest.raises(InputRefused, match=because):
        meter.main(["--control", str(tmp_path / "meter.sock"), *words])


def test_the_make_is_that_of_the_model_but_for_what_was_asked_otherwise() -> None:
    words = meter._parser().parse_args(
        ["--control", "c", "--model", "dsmr5", "--encoding", "delta", "--capture-minutes", "60", "--energy-scaler", "3"]
    )

    make = meter_options.make_of(words)

    assert make == replace(MAKES["dsmr5"], encoding=Encoding.DELTA, capture_period=timedelta(hours=1), energy_scaler=3)


def test_without_a_word_the_make_is_our_own() -> None:
    assert meter_options.make_of(meter._parser().parse_args(["--control", "c"])) == LAMPLIGHT


@pytest.mark.parametrize(
    ("language", "zone"), [(None, "UTC"), ("mode-c", "UTC"), ("p1", "Europe/Paris"), ("tic-standard", "Europe/Paris")]
)
def test_a_meter_lives_where_its_language_is_spoken(language: str | None, zone: str) -> None:
    assert speaking.zone_spoken(language) == zone
