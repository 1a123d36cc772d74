"""A customer's link is hers alone, cannot be guessed, and tells nothing when it is wrong."""

import pytest

from cloud.kernel.ids import CustomerId
from cloud.web import links
from cloud.web.links import CustomerLinks
from runtime.errors import EnvironmentRefused

ANA = CustomerId("C-1")


@pytest.fixture
def key_file(tmp_path):
    file = tmp_path / "customer-key"
    links.write_new_key(file)
    return file


def test_a_token_leads_to_its_customer(key_file):
    made = CustomerLinks(links.read_key(key_file))

    assert made.customer_of(made.token_for(ANA)) == ANA


def test_the_same_customer_has_the_same_token_while_the_key_stands(key_file):
    first, second = (CustomerLinks(links.read_key(key_file)).token_for(ANA) for _ in range(2))

    assert first == second


def test_another_key_ends_every_link(key_file):
    token = CustomerLinks(links.read_key(key_file)).token_for(ANA)
    links.write_new_key(key_file)

    assert CustomerLinks(links.read_key(key_file)).customer_of(token) is None


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: token.replace("C-1", "C-2"),
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token.upper(),
        lambda token: token.partition("~")[0],
        lambda token: token.partition("~")[2],
        lambda token: "",
        lambda token: "~",
        lambda token: "é~é",
    ],
)
def test_a_token_that_was_changed_is_nobodys(key_file, forge):
    made = CustomerLinks(links.read_key(key_file))

    assert made.customer_of(forge(made.token_for(ANA))) is None


@pytest.mark.parametrize(
    ("text", "mode"), [(b"", 0o600), (b"zz" * 32, 0o600), (b"00" * 31, 0o600), (b"00" * 32, 0o644)]
)
def test_a_key_that_is_none_or_open_to_others_is_refused(tmp_path, text, mode):
    file = tmp_path / "customer-key"
    file.write_bytes(text)
    file.chmod(mode)

    with pytest.raises(EnvironmentRefused):
        links.read_key(file)


def test_the_key_file_is_for_its_owner_only(key_file):
    assert key_file.stat().st_mode & 0o777 == 0o600
