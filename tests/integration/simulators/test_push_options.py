"""What `lamplight-sim meter` is told of its push port, and what it refuses in one line."""

from pathlib import Path

import pytest

from runtime.errors import InputRefused
from simulators.commands import meter


@pytest.mark.parametrize(
    ("words", "because"),
    [
        ((), "nobody could reach this meter"),
        (("--last-gasp",), "nothing is pushed anywhere"),
        (("--push-key", "env:EK"), "nothing is pushed anywhere"),
        (("--push", "http://127.0.0.1:1"), "is no place to push to"),
        (("--push", "tcp://127.0.0.1"), "is no place to push to"),
        (("--push", "tcp://127.0.0.1:99999"), "is no place to push to"),
        (("--push", "han", "--push-auth-key", "env:EK"), "an authentication key comes with a key"),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path: Path, words: tuple[str, ...], because: str) -> None:
    with pytest.raises(InputRefused, match=because):
        meter.main(["--control", str(tmp_path / "meter.sock"), *words])
