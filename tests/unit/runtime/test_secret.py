"""Secrets are named by where they stand; what is wrong with one is told apart, and never repeated."""

import copy
import io
import pickle
import sys

import pytest

from runtime.errors import EnvironmentRefused, InputRefused, LamplightError
from runtime.secret import Secret, read_key, read_password

HEX = "000102030405060708090a0b0c0d0e0f"


@pytest.fixture
def kept(tmp_path):
    """Write a secret's file and give its source."""

    def write(content, mode=0o600):
        path = tmp_path / "secret"
        path.write_bytes(content)
        path.chmod(mode)
        return f"file:{path}"

    return write


@pytest.mark.parametrize("content", [HEX, HEX.upper() + "\n", "00010203 04050607 08090a0b 0c0d0e0f\r\n"])
def test_a_key_is_hex_in_any_layout(kept, content):
    assert read_key("--key", kept(content.encode())) == Secret(bytes(range(16)))


def test_a_password_keeps_its_spaces(kept):
    assert read_password("--password", kept(b" two words \n")).reveal() == b" two words "


def test_a_secret_may_stand_in_the_environment(monkeypatch):
    monkeypatch.setenv("METER_KEY", HEX)

    assert read_key("--key", "env:METER_KEY").reveal() == bytes(range(16))


def test_two_secrets_of_standard_input_are_two_lines(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{HEX}\n{'ff' * 16}\n".encode())))

    assert (read_key("--key", "-"), read_key("--auth-key", "-")) == (Secret(bytes(range(16))), Secret(b"\xff" * 16))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (HEX[2:].encode(), "15 octets, not 16"),
        (HEX.encode() * 2, "32 octets, not 16"),
        (b"zz" + HEX[2:].encode(), "not hex"),
        (HEX[1:].encode(), "not hex"),
        (b"\xff" * 16, "not hex"),
    ],
)
def test_what_is_wrong_with_a_key_is_told_apart_and_nothing_of_it_is_told(kept, content, words):
    with pytest.raises(InputRefused, match=words) as refused:
        read_key("--key", kept(content))

    assert "--key" in str(refused.value)
    assert HEX[4:12] not in str(refused.value)
    assert refused.value.__context__ is None or refused.value.__suppress_context__


def test_a_password_too_long_for_any_meter_is_refused(kept):
    with pytest.raises(InputRefused, match="at most 64"):
        read_password("--password", kept(b"x" * 65))


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("file:/no/such/key", InputRefused, "No such file"),
        ("file:/", InputRefused, "Is a directory"),
        ("file:a\0b", InputRefused, "cannot read"),
        ("env:LAMPLIGHT_NOT_SET", InputRefused, "not set"),
        (HEX, InputRefused, "never given itself"),
        ("file:", InputRefused, "never given itself"),
        ("env", InputRefused, "never given itself"),
        (f"http://{HEX}", InputRefused, "never given itself"),
    ],
)
def test_a_source_that_leads_nowhere_is_told_apart(source, error, words):
    with pytest.raises(error, match=words) as refused:
        read_key("--key", source)

    assert HEX not in str(refused.value)


def test_a_file_that_others_may_read_keeps_no_secret(kept):
    with pytest.raises(EnvironmentRefused, match="others on this machine"):
        read_key("--key", kept(HEX.encode(), mode=0o644))


def test_a_secret_is_seen_nowhere():
    secret = Secret(b"open sesame")

    assert "sesame" not in f"{secret!r} {secret} {[secret]}"
    for write in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            write(secret)


def test_every_refusal_is_one_line():
    with pytest.raises(LamplightError) as refused:
        read_key("--key", "file:/no/such\nkey")

    assert "\n" not in str(refused.value)
