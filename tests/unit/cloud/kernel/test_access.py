import pytest

from cloud.kernel.access import Access, read_token, write_new_token
from runtime.errors import EnvironmentRefused

TOKEN = "t" * 43


@pytest.fixture
def access():
    return Access(token=TOKEN, host_names=["Lamplight.example"])


def test_a_new_token_is_readable_by_its_owner_only_and_differs_every_time(tmp_path):
    write_new_token(tmp_path / "a")
    write_new_token(tmp_path / "b")

    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    assert len(read_token(tmp_path / "a")) == 43
    assert read_token(tmp_path / "a") != read_token(tmp_path / "b")


def test_a_token_others_can_read_is_refused(tmp_path):
    write_new_token(tmp_path / "token")
    (tmp_path / "token").chmod(0o644)

    with pytest.raises(EnvironmentRefused, match=r"others can read .*chmod 600"):
        read_token(tmp_path / "token")


@pytest.mark.parametrize("text", ["", "\n", "short"])
def test_an_empty_or_short_token_file_opens_no_door(tmp_path, text):
    (tmp_path / "token").touch(mode=0o600)
    (tmp_path / "token").write_text(text)

    with pytest.raises(EnvironmentRefused, match="too short"):
        read_token(tmp_path / "token")


def test_a_missing_token_says_how_to_get_one(tmp_path):
    with pytest.raises(EnvironmentRefused, match="lamplight-cloud new-token"):
        read_token(tmp_path / "token")


def test_nobody_is_let_in_by_default(access):
    assert not access.admits()
    assert not access.admits(authorization="", cookie="")


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"Bearer  {TOKEN} "])
def test_a_program_with_the_token_is_let_in(access, header):
    assert access.admits(authorization=header)


@pytest.mark.parametrize(
    "header", [TOKEN, f"Basic {TOKEN}", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer ü"]
)
def test_a_program_without_the_token_is_not(access, header):
    assert not access.admits(authorization=header)


def test_a_person_gets_a_cookie_for_the_token_and_the_cookie_does_not_hold_it(access):
    cookie = access.cookie_for(f" {TOKEN}\n")

    assert cookie is not None
    assert TOKEN not in cookie
    assert access.admits(cookie=cookie)
    assert not access.admits(authorization=f"Bearer {cookie}")


@pytest.mark.parametrize("typed", ["", "guess", "ü" * 43])
def test_a_wrong_token_gets_no_cookie(access, typed):
    assert access.cookie_for(typed) is None


def test_a_cookie_ends_with_its_token(access):
    other = Access(token="u" * 43, host_names=[])

    assert not other.admits(cookie=access.cookie_for(TOKEN))


def test_a_door_left_open_lets_everybody_in():
    assert Access(token=TOKEN, host_names=[], is_open=True).admits()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8080", "localhost:8080", "LOCALHOST", "[::1]:8080", "lamplight.EXAMPLE:443"]
)
def test_our_own_names_are_known(access, host):
    assert access.knows_host(host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "evil.example/localhost",
        "[::1",
        "localhost:x",
        "localhost:1:2",
    ],
)
def test_a_name_that_is_not_ours_is_not_known(access, host):
    assert not access.knows_host(host)


def test_the_token_is_in_no_repr(access):
    assert TOKEN not in repr(access)
