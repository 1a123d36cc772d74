import json
import tomllib
from dataclasses import replace

import pytest

from cloud import cli
from cloud.cli import _run
from cloud.ingest.service import Intake
from cloud.kernel import tasks
from cloud.kernel.access import read_token
from cloud.state import StateFolder
from runtime import program
from tests.fakes_cloud import METER, NOON, FakeGateway, HandClock, register
from wire.events import SupplyLost
from wire.keys import SoftwareSigner

LOST = SupplyLost(began_at_ms=1_795_262_400_000, input_mv=4_900)


@pytest.fixture
def state(tmp_path, capsys):
    assert _run(["init", str(tmp_path / "cloud")]) == 0
    capsys.readouterr()
    return StateFolder.open(tmp_path / "cloud")


@pytest.fixture
def fake():
    return FakeGateway()


@pytest.fixture
def key_file(tmp_path, fake):
    (tmp_path / "gateway.pub.pem").write_bytes(fake.public.to_pem())
    return str(tmp_path / "gateway.pub.pem")


def answer(capsys, *words, status=0):
    """What a command prints as JSON."""
    assert _run([*map(str, words), "--json"]) == status
    return json.loads(capsys.readouterr().out)


def refusal(capsys, *words):
    """The one line a refused command ends with."""
    assert program.run(_run, list(map(str, words))) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    return shown.err


def add(state, key_file, out, *more):
    words = ["--usage-point", "UP-1", "--meter", METER, "--out", out, *more]
    return ["gateway", "add", "--state", state.path, "--public-key", key_file, *words]


def test_a_new_folder_tells_a_program_where_its_files_are(tmp_path, capsys):
    told = answer(capsys, "init", tmp_path / "cloud")

    made = StateFolder.open(tmp_path / "cloud")
    assert told == {
        "folder": str(made.path),
        "settings_file": str(made.settings_file),
        "access_token_file": str(made.access_token),
    }


def test_a_new_folder_is_its_owners_alone_and_complete(state):
    assert state.path.stat().st_mode & 0o777 == 0o700
    assert sorted(file.name for file in state.path.iterdir()) == [
        "access-token",
        "broker",
        "cloud.toml",
        "customer-key",
        "lamplight.sqlite",
        "receipt-key.pem",
        "receipt.pub.pem",
    ]
    assert (state.path / "receipt-key.pem").stat().st_mode & 0o777 == 0o600
    assert state.settings().mqtt.port == 18_830
    assert state.receipt_signer().public.to_pem() == (state.path / "receipt.pub.pem").read_bytes()


def test_a_folder_is_never_written_over(state, capsys):
    assert "something in that place already" in refusal(capsys, "init", state.path)


def test_an_empty_folder_somebody_stands_in_is_filled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    _run(["init", "."])

    assert (tmp_path / "cloud.toml").is_file()
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    assert StateFolder.open(tmp_path).receipt_signer().public.to_pem() == (tmp_path / "receipt.pub.pem").read_bytes()


def test_a_place_that_cannot_be_written_is_refused(capsys):
    assert "cannot make the folder" in refusal(capsys, "init", "/proc/cloud")


def test_settings_can_be_given_from_the_start(tmp_path):
    words = ["--set", "mqtt.port=18831", "--set", "web.open_to_all=true", "--set", "mail.host=relay.example"]
    _run(["init", str(tmp_path / "cloud"), *words, "--set", "mail.security=tls"])

    settings = StateFolder.open(tmp_path / "cloud").settings()

    assert (settings.mqtt.port, settings.web.open_to_all, settings.mail.host) == (18_831, True, "relay.example")


def test_a_setting_is_not_below_another(tmp_path, capsys):
    words = ("--set", "mqtt.port=2", "--set", "mqtt.port.x=1")

    assert "is below a value" in refusal(capsys, "init", tmp_path / "cloud", *words)


def test_whatever_a_text_holds_it_stands_in_the_file_as_it_was_given(tmp_path):
    words = ["--set", r'web.host_names=["a\nb", "c\u007f\u0001", "\"d\\"]']
    _run(["init", str(tmp_path / "cloud"), *words])

    assert StateFolder.open(tmp_path / "cloud").settings().web.host_names == ("a\nb", "c\x7f\x01", '"d\\')


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        ("serve", '[web]\nport = 0\ncertificate_file = "cloud.toml"\nkey_file = "cloud.toml"'),
        ("serve", '[web]\nport = 0\ncertificate_file = "nowhere.pem"\nkey_file = "nowhere.pem"'),
        ("serve", '[web]\nport = 0\n[mqtt]\nhost = "b.example"\ntls_ca_file = "cloud.toml"'),
        ("broker", '[broker]\ncertificate_file = "cloud.toml"\nkey_file = "cloud.toml"'),
    ],
)
def test_a_certificate_that_is_none_is_told_before_anything_starts(state, capsys, command, settings):
    state.settings_file.write_text(settings)

    assert "cannot be used" in refusal(capsys, command, state.path)


@pytest.mark.parametrize("command", [("verify", "/dev/zero"), ("import", "DIR", "/dev/zero")])
def test_a_device_without_an_end_is_refused_before_it_fills_the_memory(state, capsys, command):
    words = [str(state.path) if word == "DIR" else word for word in command]

    assert "it holds more than" in refusal(capsys, *words)


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("mqtt.prt=1", "did you mean 'port'"),
        ("mqqt.port=1", "did you mean 'mqtt'"),
        ("mqtt.port=many", "not a whole number"),
        ("mqtt.port=0", "out of range"),
        ("mqtt=1", "table of settings"),
        ("mqtt.port", "is no setting"),
        ("mail.port=" + "9" * 5_000, "is not a whole number"),
        ("mail.port=" + "[" * 9_000, "is not a whole number"),
        ("web.certificate_file=a\\u0000b", "needs its private key"),
        ("mqtt.host=broker.example", "without TLS"),
        ("web.listen=0.0.0.0", "would show the token"),
    ],
)
def test_a_folder_with_wrong_settings_is_not_made(tmp_path, capsys, pair, words):
    assert words in refusal(capsys, "init", tmp_path / "cloud", "--set", pair)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[mqtt\n", "not valid TOML"),
        ("[mqtt]\nprt = 1\n", "did you mean 'port'"),
        ("[web]\nport = -1\n", "out of range"),
    ],
)
def test_broken_settings_are_told_with_their_place(state, capsys, text, words):
    state.settings_file.write_text(text)

    line = refusal(capsys, "serve", state.path)

    assert words in line
    assert "cloud.toml" in line
    assert not (state.path / "serving").exists()


@pytest.mark.parametrize("command", ["serve", "broker", "quarantine", "parked"])
def test_a_folder_of_somebody_else_is_refused_and_not_touched(tmp_path, capsys, command):
    assert "not a state folder" in refusal(capsys, command, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_token_that_was_seen_by_others_can_be_replaced(state, capsys):
    old = read_token(state.access_token)

    assert _run(["new-token", str(state.path)]) == 0

    new = read_token(state.access_token)
    assert new != old
    assert new not in capsys.readouterr().out


@pytest.fixture
def lived_in(state, tmp_path, capsys):
    file = tmp_path / "customers.csv"
    heading = "usage_point,meter,customer,name,email,language,time_zone,address"
    file.write_text(
        f"{heading}\nUP-1,{METER},C-1,Ana,ana@example.org,pt-BR,America/Sao_Paulo,Rua 1\n", encoding="utf-8"
    )
    answer(capsys, "import", state.path, file)
    return state


def test_a_customers_link_is_printed(lived_in, capsys):
    told = answer(capsys, "customer-link", lived_in.path, "UP-1")

    address, token = told["link"].split("/you/")
    assert (told["customer"], address) == ("C-1", "http://127.0.0.1:8080")
    assert lived_in.customer_links().customer_of(token) == "C-1"


def test_new_keys_end_every_link_of_customers(lived_in, capsys):
    link = answer(capsys, "customer-link", lived_in.path, "UP-1")["link"]

    assert _run(["new-token", str(lived_in.path), "--customers"]) == 0

    assert lived_in.customer_links().customer_of(link.partition("/you/")[2]) is None


def test_a_home_without_a_customer_has_no_link(state, capsys):
    assert "no customer is known at 'UP-9'" in refusal(capsys, "customer-link", state.path, "UP-9")


def test_a_cloud_is_not_served_before_the_clock_is_set(state, capsys, monkeypatch):
    monkeypatch.setenv("LAMPLIGHT_STORY", "1970-01-01T00:00:00+00:00;0;0.001")

    assert "set it" in refusal(capsys, "serve", state.path)

    assert not (state.path / "serving").exists()


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


def test_a_gateway_on_a_bus_speaks_for_several_meters(state, fake, key_file, tmp_path, capsys):
    more = ("--usage-point", "UP-2", "--meter", "LMP2")

    added = answer(capsys, *add(state, key_file, tmp_path / "enrolment.toml", *more))
    _run(["gateway", "list", "--state", str(state.path)])

    places = [{"usage_point": "UP-1", "meter": METER}, {"usage_point": "UP-2", "meter": "LMP2"}]
    assert added["places"] == places
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert shown == [[fake.id, "active", place["meter"], place["usage_point"]] for place in places]


def test_an_imported_grid_is_shown_as_it_was_understood(state, tmp_path, capsys):
    heading = "id,kind,parent,phases,meter,customer,name,email,language,time_zone,address"
    home = "UP-1,usage_point,T-1,A,LMP1,C-1,Ana Souza,ana@example.com,pt-BR,America/Sao_Paulo,Rua 1"
    (tmp_path / "grid.csv").write_text(f"{heading}\nF-1,feeder,,ABC,,,,,,,\nT-1,transformer,F-1,ABC,,,,,,,\n{home}\n")
    shown = ["grid", str(state.path)]
    _run(shown)
    _run(["import", str(state.path), str(tmp_path / "grid.csv")])

    _run(shown)

    assert capsys.readouterr().out.splitlines() == [
        "no feeder is known",
        "1 feeder, 1 transformer, 1 usage point, 1 customer imported",
        "F-1  feeder  ABC",
        "  T-1  transformer  ABC",
        "    UP-1  A",
    ]
    (tree,) = answer(capsys, *shown)
    assert tree["feeder"] == "F-1"
    assert tree["devices"][1] == {"id": "T-1", "kind": "transformer", "parent": "F-1", "phases": "ABC"}
    assert tree["usage_points"] == [{"id": "UP-1", "parent": "T-1", "phases": "A"}]


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


def test_an_envelope_is_laid_open(tmp_path, fake, key_file, capsys):
    (tmp_path / "event").write_bytes(fake.say(LOST).payload)

    found = answer(capsys, "verify", tmp_path / "event", "--public-key", key_file)

    assert (found["ok"], found["signature"], found["event_id"]) == (True, "verified", f"{fake.id}/1/0/1")
    assert (found["event"], found["subject"]) == ("SupplyLost", METER)
    assert found["facts"] == {"began_at_ms": 1_795_262_400_000, "input_mv": 4_900}


def test_an_envelope_may_be_written_in_hexadecimal_and_read_without_a_key(tmp_path, fake, capsys):
    digits = fake.say(LOST).payload.hex()
    (tmp_path / "event").write_text("\n".join([digits[:40], digits[40:], ""]))

    assert answer(capsys, "verify", tmp_path / "event")["signature"] == "not checked"

    _run(["verify", str(tmp_path / "event")])
    assert "began_at_ms    1795262400000" in capsys.readouterr().out


def test_an_envelope_cannot_write_lines_of_its_own(tmp_path, fake, capsys):
    (tmp_path / "event").write_bytes(fake.say(LOST, subject="LMP1\nsignature verified\x1b[2J").payload)

    _run(["verify", str(tmp_path / "event")])

    assert r"subject        LMP1\nsignature verified\x1b[2J" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("make_wrong", [lambda sealed: sealed[:-1], lambda sealed: b"", lambda sealed: b"hello"])
def test_a_wrong_envelope_is_answered_with_its_reason(tmp_path, fake, capsys, make_wrong):
    (tmp_path / "event").write_bytes(make_wrong(fake.say(LOST).payload))

    found = answer(capsys, "verify", tmp_path / "event", status=1)

    assert (found["ok"], found["reason"]) == (False, "not an envelope")


def test_an_envelope_of_another_key_is_refused(tmp_path, fake, key_file, capsys):
    other = FakeGateway()
    (tmp_path / "event").write_bytes(other.say(LOST).payload)

    assert answer(capsys, "verify", tmp_path / "event", "--public-key", key_file, status=1)["reason"] == "unknown key"


def test_a_file_that_is_not_there_or_too_long_is_refused(tmp_path, capsys):
    assert "cannot read" in refusal(capsys, "verify", tmp_path / "nowhere")

    (tmp_path / "long").write_bytes(bytes(cli._MAX_INPUT_BYTES + 1))
    assert "more than 1,000,000 bytes" in refusal(capsys, "verify", tmp_path / "long")


def test_what_was_refused_is_shown_with_its_reason(state, fake, capsys):
    database = state.open_database()
    register(database, fake)
    intake = Intake(database=database, clock=HandClock(), signer=SoftwareSigner.generate(), on_commit=list)
    message = fake.say(LOST)
    intake.take([replace(message, payload=message.payload[:-1] + b"\0")])
    database.close()

    (row,) = answer(capsys, "quarantine", state.path)

    assert (row["reason"], row["times"], row["size"]) == ("bad signature", 1, len(message.payload))
    _run(["quarantine", str(state.path)])
    assert f"bad signature  {message.topic}" in capsys.readouterr().out


def test_a_parked_task_is_shown_and_can_be_tried_again(state, capsys):
    database = state.open_database()
    with database.transaction() as connection:
        tasks.add(connection, "event", "a", NOON)
        (task,) = tasks.due(connection, ["event"], NOON, 1)
        tasks.park(connection, task, NOON, "ValueError: no")
    database.close()

    assert answer(capsys, "parked", state.path) == [
        {"kind": "event", "key": "a", "attempts": 1, "failure": "ValueError: no"}
    ]
    assert answer(capsys, "parked", state.path, "--revive", "event", "a") == []
    assert "no such task is parked" in refusal(capsys, "parked", state.path, "--revive", "event", "a")


def test_a_customer_file_that_is_not_there_is_refused(state, tmp_path, capsys):
    assert "cannot read the file" in refusal(capsys, "import", state.path, tmp_path / "nowhere.csv")


def test_every_setting_is_printed_commented(capsys):
    _run(["config"])
    text = capsys.readouterr().out

    assert "# port = 18830" in text
    assert tomllib.loads(text) == {table: {} for table in ("mqtt", "broker", "web", "outages", "mail", "log")}


def test_a_folder_whose_database_is_none_is_refused(state, capsys):
    state.open_database().close()
    state.database.write_bytes(b"not a database" * 100)

    assert "not a database" in refusal(capsys, "quarantine", state.path)


def test_a_lost_receipt_key_stops_the_cloud(state, capsys):
    (state.path / "receipt-key.pem").write_text("")

    assert "restore it from a copy" in refusal(capsys, "gateway", "list", "--state", state.path)


@pytest.mark.parametrize("limit", ["-1", "9" * 20])
def test_a_limit_that_cannot_be_is_bounded(state, capsys, limit):
    assert answer(capsys, "quarantine", state.path, f"--limit={limit}") == []


@pytest.mark.parametrize("command", ["serve", "broker", "quarantine"])
def test_a_database_that_is_gone_is_not_silently_made_anew(state, capsys, command):
    state.settings_file.write_text("[web]\nport = 0\n")
    state.database.write_bytes(b"")
    assert "the database is gone" in refusal(capsys, command, state.path)

    state.database.unlink()
    assert "restore it from a copy" in refusal(capsys, command, state.path)
    assert not state.database.exists()
