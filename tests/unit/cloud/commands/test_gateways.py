"""`gateway`: enrolled, listed, renewed and revoked; and what of it is refused."""

import tomllib

import pytest

from cloud.cli import _run
from tests.fakes_cloud import METER
from tests.unit.cloud.commands.typed import answer, refusal


def add(state, key_file, out, *more):
    words = ["--usage-point", "UP-1", "--meter", METER, "--out", out, *more]
    return ["gateway", "add", "--state", state.path, "--public-key", key_file, *words]


def test_a_gateway_is_added_listed_renewed_and_revoked(state, fake, key_file, tmp_path, capsys):
    added = answer(capsys, *add(state, key_file, tmp_path / "enrolment.toml"))
    assert (added["gateway_id"], added["status"]) == (fake.id, "active")
    assert added["places"] == [{"usage_point": "UP-1", "meter": METER}]
    assert tomllib.loads((tmp_path / "enrolment.toml").read_text())["gateway_id"] == fake.id

    assert answer(capsys, "gateway", "list", "--state", state.path) == [added]
    answer(capsys, "gateway", "renew", fake.id, "--state", state.path, "--out", tmp_path / "new.toml")
    answer(capsys, "gateway", "revoke", fake.id, "--state", state.path, "--reason", "stolen")

    (revoked,) = answer(capsys, "gateway", "list", "--state", state.path)
    assert (revoked["status"], revoked["status_reason"]) == ("revoked", "stolen")


def test_a_gateway_is_revoked_from_a_place_of_its_chain_on(state, fake, key_file, tmp_path, capsys):
    answer(capsys, *add(state, key_file, tmp_path / "enrolment.toml"))

    revoked = answer(capsys, "gateway", "revoke", fake.id, "--state", state.path, "--from-seq", "alarm=118")

    (listed,) = answer(capsys, "gateway", "list", "--state", state.path)
    assert revoked == {"gateway_id": fake.id, "stored_past": 0}
    assert [key["until"] for key in listed["keys"]] == [{"gen": 1, "alarm": 117, "readings": 0, "diagnostics": 0}]


def test_the_keys_a_gateway_signs_with_are_listed(state, fake, key_file, tmp_path, capsys):
    answer(capsys, *add(state, key_file, tmp_path / "enrolment.toml"))

    (listed,) = answer(capsys, "gateway", "list", "--state", state.path)

    assert [key["public_key"] for key in listed["keys"]] == [fake.signer.public.to_pem().decode()]


def test_a_gateway_on_a_bus_speaks_for_several_meters(state, fake, key_file, tmp_path, capsys):
    more = ("--usage-point", "UP-2", "--meter", "LMP2")

    added = answer(capsys, *add(state, key_file, tmp_path / "enrolment.toml", *more))
    _run(["gateway", "list", "--state", str(state.path)])

    places = [{"usage_point": "UP-1", "meter": METER}, {"usage_point": "UP-2", "meter": "LMP2"}]
    assert added["places"] == places
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert shown == [[fake.id, "active", place["meter"], place["usage_point"]] for place in places]


def test_the_password_is_shown_nowhere_but_in_the_enrolment_file(state, key_file, tmp_path, capsys):
    _run(list(map(str, add(state, key_file, tmp_path / "enrolment.toml"))))

    shown = capsys.readouterr()
    password = tomllib.loads((tmp_path / "enrolment.toml").read_text())["mqtt"]["password"]
    assert password not in shown.out + shown.err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--usage-point", "UP-2", "--meter", "no meter!"), "cannot be a meter's serial number"),
        (("--usage-point", "", "--meter", "LMP2"), "cannot be a usage point"),
        (("--usage-point", "UP-2"), "2 usage points and 1 meters: give --usage-point UP --meter SERIAL once"),
        (("--usage-point", "UP-2", "--meter", METER), "meter LMP00000001 stands twice"),
        (("--usage-point", "UP-1", "--meter", "LMP2"), "usage point UP-1 stands twice: a home has one meter"),
        (("--public-key", "/nowhere.pem"), "cannot read"),
        (("--public-key", "/dev/null"), "not a P-256 or Ed25519 public key"),
    ],
)
def test_a_gateway_that_cannot_be_is_refused(state, key_file, tmp_path, capsys, more, words):
    assert words in refusal(capsys, *add(state, key_file, tmp_path / "enrolment.toml", *more))

    assert not (tmp_path / "enrolment.toml").exists()


def test_a_lost_receipt_key_stops_the_cloud(state, capsys):
    (state.path / "receipt-key.pem").write_text("")

    assert "restore it from a copy" in refusal(capsys, "gateway", "list", "--state", state.path)
