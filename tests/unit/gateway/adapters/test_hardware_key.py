"""What is signed by hardware goes out in the one form that is accepted, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.hardware_key import HardwareSigner
from gateway.core.errors import JournalUnavailable, KeyUnavailable
from runtime.errors import EnvironmentRefused
from tests.fakes_hardware import FakeKeeper
from wire.envelope import Purpose, parse, seal, verify
from wire.keys import Algorithm, SoftwareSigner

PUBLIC = SoftwareSigner.generate().public


def test_what_hardware_signs_verifies_as_what_a_file_signs() -> None:
    signer = FakeKeeper().make()

    for number in range(8):  # half of all signatures come with a high s
        verify(parse(seal(b"event %d" % number, signer, Purpose.EVENT)), signer.public, Purpose.EVENT)


def test_a_signature_that_does_not_verify_never_goes_out() -> None:
    keeper = FakeKeeper()
    signer = keeper.make()
    keeper.is_broken = True

    with pytest.raises(KeyUnavailable, match="does not verify"):
        signer.sign(b"event")


def test_hardware_that_is_away_is_told_as_a_journal_that_takes_nothing_now() -> None:
    keeper = FakeKeeper()
    signer = keeper.make()
    keeper.is_away = True

    with pytest.raises(JournalUnavailable):
        signer.sign(b"event")


def test_what_would_end_a_start_does_not_end_a_gateway_that_runs() -> None:
    def gone(_digest: bytes) -> tuple[int, int]:
        raise EnvironmentRefused("tpm2_sign is not installed", do="install it")

    with pytest.raises(KeyUnavailable, match="tpm2_sign is not installed: install it"):
        HardwareSigner(PUBLIC, gone, "fake").sign(b"event")


@given(r=st.integers(min_value=-(2**300), max_value=2**300), s=st.integers(min_value=-(2**300), max_value=2**300))
def test_any_two_numbers_are_refused_by_the_one_error(r: int, s: int) -> None:
    with pytest.raises(KeyUnavailable):
        HardwareSigner(PUBLIC, lambda _digest: (r, s), "fake").sign(b"event")


def test_a_key_that_is_not_p256_is_no_hardware_key() -> None:
    with pytest.raises(ValueError, match="P-256"):
        HardwareSigner(SoftwareSigner.generate(Algorithm.ED25519).public, lambda _digest: (1, 1), "fake")
