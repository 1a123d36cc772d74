"""Whatever the tools of a TPM say, it is a key that signs, or one line that tells what to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.tpm_keys import TpmKeys
from gateway.core.errors import KeyUnavailable
from runtime.errors import LamplightError
from wire.keys import SoftwareSigner

PUBLIC = SoftwareSigner.generate().public
HANDLE = b"persistent-handle: 0x81000001\naction: persisted\n"


class ToolsThatSay(TpmKeys):
    """A TPM whose tools answer with what they are told to."""

    def __init__(self, **said: bytes) -> None:
        super().__init__("device:/dev/tpmrm0")
        self.said = said

    def _run(self, program: str, *_words: str, given: bytes = b"") -> bytes:
        return self.said.get(program, b"")


def test_a_key_is_found_by_what_it_is_among_those_of_others() -> None:
    tpm = ToolsThatSay(tpm2_getcap=b"- 0x81000000\n- 0x81000001\n", tpm2_readpublic=PUBLIC.spki)

    assert tpm.signer(PUBLIC).public == PUBLIC


def test_tools_that_do_not_say_where_the_key_is_are_told() -> None:
    with pytest.raises(LamplightError, match=r"did not say where the key is.*update tpm2-tools"):
        ToolsThatSay().make()


def test_a_key_that_cannot_be_read_back_is_told() -> None:
    with pytest.raises(LamplightError, match="cannot be read"):
        ToolsThatSay(tpm2_evictcontrol=HANDLE).make()


@given(signature=st.one_of(st.binary(max_size=100), st.just(b"\x30\x06\x02\x01\x01\x02\x01\x01")))
def test_any_octets_for_a_signature_are_refused_by_the_one_error(signature: bytes) -> None:
    tpm = ToolsThatSay(tpm2_evictcontrol=HANDLE, tpm2_readpublic=PUBLIC.spki, tpm2_sign=signature)

    with pytest.raises(KeyUnavailable):
        tpm.make().sign(b"event")


@given(told=st.binary(max_size=200), public=st.binary(max_size=200))
def test_any_octets_for_handles_and_keys_are_refused_in_one_line(told: bytes, public: bytes) -> None:
    tpm = ToolsThatSay(tpm2_evictcontrol=told, tpm2_getcap=told + HANDLE, tpm2_readpublic=public)

    for ask in (tpm.make, lambda: tpm.signer(PUBLIC)):
        with pytest.raises(LamplightError):
            ask()
