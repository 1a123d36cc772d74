"""`init`, `config` and `new-token`; and what of a folder, its settings and its files is refused before all else."""

import tomllib

import pytest

from cloud.cli import _run
from cloud.kernel.access import read_token
from cloud.state import StateFolder
from tests.unit.cloud.commands.typed import answer, refusal


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
        "command-keys",
        "customer-key",
        "lamplight.sqlite",
        "programmes",
        "receipt-key.pem",
        "receipt.pub.pem",
        "tariffs",
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
        ("mail.port={" + "a." * 20_000 + "a = 1}", "is not a whole number"),
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


@pytest.mark.parametrize("command", ["serve", "broker", "grid", "parked"])
def test_a_folder_of_somebody_else_is_refused_and_not_touched(tmp_path, capsys, command):
    assert "not a state folder" in refusal(capsys, command, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_token_that_was_seen_by_others_can_be_replaced(state, capsys):
    old = read_token(state.access_token)

    assert _run(["new-token", str(state.path)]) == 0

    new = read_token(state.access_token)
    assert new != old
    assert new not in capsys.readouterr().out


def test_a_cloud_is_not_served_before_the_clock_is_set(state, capsys, monkeypatch):
    monkeypatch.setenv("LAMPLIGHT_STORY", "1970-01-01T00:00:00+00:00;0;0.001")

    assert "set it" in refusal(capsys, "serve", state.path)

    assert not (state.path / "serving").exists()


def test_every_setting_is_printed_commented(capsys):
    _run(["config"])
    text = capsys.readouterr().out

    assert "# port = 18830" in text
    tables = (
        "mqtt",
        "broker",
        "web",
        "outages",
        "assistance",
        "billing",
        "mail",
        "outward",
        "ingest",
        "readings",
        "log",
    )
    assert tomllib.loads(text) == {table: {} for table in tables}


def test_a_folder_whose_database_is_none_is_refused(state, capsys):
    state.open_database().close()
    state.database.write_bytes(b"not a database" * 100)

    assert "not a database" in refusal(capsys, "parked", state.path)


@pytest.mark.parametrize("command", ["serve", "broker", "parked"])
def test_a_database_that_is_gone_is_not_silently_made_anew(state, capsys, command):
    state.settings_file.write_text("[web]\nport = 0\n")
    state.database.write_bytes(b"")
    assert "the database is gone" in refusal(capsys, command, state.path)

    state.database.unlink()
    assert "restore it from a copy" in refusal(capsys, command, state.path)
    assert not state.database.exists()
