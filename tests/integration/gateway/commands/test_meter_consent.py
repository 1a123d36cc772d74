"""A technician records on site what the customer agreed to, and that she no longer does."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.adapters.registry import Registry
from gateway.core.disclosure import FineConsent
from tests.integration.gateway.commands.typed import command, refusal


def kept(folder: Path) -> FineConsent:
    consent = Registry(folder / "registry.json").meter(1).consent
    assert consent is not None
    return consent


def test_consent_is_recorded_shown_and_withdrawn(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("meter", "consent", folder, "1", "--finest", "900", "--until", "2099-06-30T00:00+02:00")
    agreed = kept(folder)
    capsys.readouterr()
    command("meter", "list", folder, "--json")
    (shown,) = json.loads(capsys.readouterr().out)
    command("meter", "consent", folder, "1", "--withdraw")

    assert agreed.until == datetime(2099, 6, 29, 22, tzinfo=UTC)
    assert shown["consent"] == {"finest_period_s": 900, "until": "2099-06-29T22:00:00+00:00"}
    assert kept(folder).until < agreed.until


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--finest", "900", "--until", "2027-06-30"), "write it as 2027-06-30T00:00+02:00"),
        (("--finest", "0"), "whole number from 1 to 86400"),
        (("--finest", "900", "--withdraw"), "say either what was agreed to, or that it was withdrawn"),
        ((), "say either what was agreed to, or that it was withdrawn"),
    ],
)
def test_what_is_no_consent_is_refused_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    status = command("meter", "consent", folder, "1", *words)

    assert status == 2
    assert said in refusal(capsys)
