import pytest

from cloud.broker.passwords import hashed, matches, new_password, parse_password_file, password_file

# Made by mosquitto_passwd 2.0.11 for the password "lamplight".
OF_MOSQUITTO = (
    "$7$101$+PxkXh4p+zhXTb96$3vkp3PCoGV9TJOcz2BISL4Qhftx0tNKGaWft1nTYf7IkDmrRME6WGFi6Gw/2jecfn+xazImteBbje+JWSTIWUA=="
)


def test_a_hash_that_mosquitto_made_is_understood():
    assert matches("lamplight", OF_MOSQUITTO)
    assert not matches("Lamplight", OF_MOSQUITTO)


def test_a_password_matches_its_own_hash_and_no_other():
    password = new_password()

    assert matches(password, hashed(password))
    assert not matches(password + "x", hashed(password))
    assert not matches("", hashed(password))


def test_the_same_password_is_never_hashed_twice_alike():
    assert hashed("x") != hashed("x")


def test_a_new_password_is_long_and_fits_a_file_and_a_url():
    assert len(new_password()) >= 43
    assert set(new_password()) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


BROKEN = (
    "",
    "x",
    "$6$101$AAAA$AAAA",
    "$7$0$AAAA$AAAA",
    "$7$-1$AAAA$AAAA",
    "$7$9999999999$AAAA$AAAA",
    "$7$x$AAAA$AAAA",
    "$7$101$***$AAAA",
    "$7$101$AAAA$***",
    "$7$101$AAAA",
    "7$101$AAAA$AAAA",
    "$7$101$AAAA$AAAA$",
)


@pytest.mark.parametrize("broken", BROKEN)
def test_a_hash_of_another_form_matches_nothing(broken):
    assert not matches("x", broken)


def test_a_password_file_comes_back_as_it_went():
    hashes = {"ingest": hashed("x"), "7Z0M4QDA": hashed("y")}

    assert parse_password_file(password_file(hashes)) == hashes


def test_what_is_no_line_of_a_password_file_is_passed_over():
    assert parse_password_file("\n# comment\nnobody\n:x\na:b:c\n") == {"a": "b:c"}
