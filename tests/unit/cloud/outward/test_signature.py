"""The signature of a post, and the secret's file."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.outward import signature
from runtime.errors import EnvironmentRefused, SettingsError
from runtime.secret import Secret

# Made with the reference library of Standard Webhooks (standardwebhooks 1.1.0, Webhook.sign).
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENT_ID, AT_S, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}'
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def written(folder, text, mode=0o600):
    file = folder / "secret"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_a_post_is_signed_as_the_reference_library_signs_it(tmp_path):
    secrets = signature.read_secrets(written(tmp_path, f"{SECRET}\n"))

    headers = signature.headers(secrets, EVENT_ID, AT_S, BODY)

    assert headers == {"webhook-id": EVENT_ID, "webhook-timestamp": str(AT_S), "webhook-signature": SIGNED}


def test_while_the_secret_changes_posts_carry_both_signatures(tmp_path):
    secrets = signature.read_secrets(written(tmp_path, f"{signature.new_secret()}\n{SECRET}\n"))

    signatures = signature.headers(secrets, EVENT_ID, AT_S, BODY)["webhook-signature"].split(" ")

    assert len(signatures) == 2
    assert signatures[1] == SIGNED


def test_a_new_secret_is_one_and_is_no_other():
    one, other = signature.new_secret(), signature.new_secret()

    assert one != other
    assert len(base64.b64decode(one.removeprefix("whsec_"))) == 32


@pytest.mark.parametrize(
    "text",
    ["", "\n", "hunter2", "whsec_", "whsec_c2hvcnQ=", "whsec_" + "!" * 40, f"{SECRET} {SECRET} {SECRET}", "whsec_ä"],
)
def test_a_file_without_a_secret_is_refused_and_not_repeated(tmp_path, text):
    with pytest.raises(SettingsError) as refused:
        signature.read_secrets(written(tmp_path, text))

    assert "hunter2" not in str(refused.value)


def test_a_secret_that_others_may_read_is_refused(tmp_path):
    with pytest.raises(EnvironmentRefused, match="others"):
        signature.read_secrets(written(tmp_path, SECRET, mode=0o644))


def test_a_secret_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        signature.read_secrets(tmp_path / "nothing")


@given(st.binary(max_size=200))
def test_any_octets_are_a_secret_or_are_refused(tmp_path_factory, octets):
    file = tmp_path_factory.getbasetemp() / "octets"
    file.write_bytes(octets)
    file.chmod(0o600)

    try:
        found = signature.read_secrets(file)
    except SettingsError:
        return
    assert all(isinstance(each, Secret) for each in found)
