"""Settings: what a technician types is taken or refused with the line to mend."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime.errors import SettingsError
from runtime.settings import commented, load, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    host: str = setting("localhost", help="where the broker listens")
    port: int = setting(1883, help="its port", minimum=1, maximum=65535)
    ca_file: Path | None = setting(None, help="certificate authority")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    name: str = setting(help="a name")
    level: str = setting("info", help="log level", choices=("info", "debug"))
    hold_s: float = setting(60.0, help="how long", minimum=0)
    enabled: bool = setting(True, help="whether")
    journal: Path = setting(Path("journal.sqlite"), help="file")
    tags: tuple[str, ...] = setting((), help="words")
    broker: Broker


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    boxes: dict[str, dict[str, Broker]] | None = setting(None, help="brokers by row and number")


def read(tmp_path, text):
    file = tmp_path / "settings.toml"
    file.write_text(text)
    return load(Settings, file)


def test_defaults_stand_where_the_file_is_silent_and_paths_are_relative_to_it(tmp_path):
    settings = read(tmp_path, 'name = "one"\n[broker]\nca_file = "ca.pem"')

    assert settings.journal == tmp_path / "journal.sqlite"
    assert settings.broker == Broker(host="localhost", port=1883, ca_file=tmp_path / "ca.pem")


def test_every_kind_of_value_is_read(tmp_path):
    settings = read(tmp_path, 'name = "one"\nhold_s = 5\nenabled = false\ntags = ["a", "b"]\njournal = "/var/j"')

    assert (settings.hold_s, settings.enabled, settings.tags) == (5.0, False, ("a", "b"))
    assert settings.journal == Path("/var/j")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('name = "one"\nlevle = "info"', ["levle", "did you mean 'level'?"]),
        ('name = "one"\n[broker]\nprot = 1', ["broker.prot", "did you mean 'port'?"]),
        ('name = "one"\nzzz = 1', ["zzz", "known here"]),
        ("", ["'name' is missing"]),
        ("name = 1", ["1 is not text", "name"]),
        ('name = "one"\nenabled = 1', ["1 is not true or false"]),
        ('name = "one"\nhold_s = true', ["True is not a number"]),
        ('name = "one"\nhold_s = -1', ["-1.0 is out of range", "at least 0"]),
        ('name = "one"\nhold_s = nan', ["nan is out of range"]),
        ('name = "one"\n[broker]\nport = 70000', ["70000", "1 to 65535"]),
        ('name = "one"\n[broker]\nport = 1.5', ["1.5 is not a whole number"]),
        ('name = "one"\nlevel = "inof"', ["did you mean 'info'?"]),
        ('name = "one"\nlevel = "loudest"', ["one of: info, debug"]),
        ('name = "one"\nbroker = 5', ["this is a table", "[broker]"]),
        ('name = "one"\ntags = [1]', ["a list of texts"]),
        ("name = ", ["not valid TOML"]),
    ],
)
def test_a_wrong_setting_is_refused_naming_file_key_and_mend(tmp_path, text, words):
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)

    line = str(caught.value)
    assert "settings.toml" in line
    assert "\n" not in line
    assert [word for word in words if word not in line] == []


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path):
    binary = tmp_path / "settings.toml"
    binary.write_bytes(b"\xff\xfe")

    with pytest.raises(SettingsError, match="No such file"):
        load(Settings, tmp_path / "absent.toml")
    with pytest.raises(SettingsError, match="UTF-8"):
        load(Settings, binary)


def test_the_commented_file_shows_every_setting_and_loads_to_what_it_was_given(tmp_path):
    text = commented(Settings, {"name": 'a "quoted" name', "enabled": False, "broker": {"port": 5}, "tags": ("x",)})

    settings = read(tmp_path, text)

    assert (settings.name, settings.enabled, settings.broker.port, settings.tags) == (
        'a "quoted" name',
        False,
        5,
        ("x",),
    )
    assert '# level = "info"' in text
    assert "# where the broker listens" in text
    assert "(1 to 65535)" in text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x = " + "[" * 9_000, "nested too deeply"),
        ("hold_s = " + "9" * 5_000, "not valid TOML"),
        ('name = "a"\nhold_s = ' + "9" * 400, "out of range"),
        ('name = "a\\u0000b"', "NUL"),
        ('name = "a"\njournal = "a\\u0000b"', "NUL"),
        ("#" * 1_000_001, "holds more than"),
    ],
)
def test_what_would_break_the_reader_is_refused(tmp_path, text, why):
    with pytest.raises(SettingsError, match=why):
        read(tmp_path, text)


def test_a_device_without_an_end_is_refused_before_it_fills_the_memory():
    with pytest.raises(SettingsError, match="holds more than"):
        load(Settings, Path("/dev/zero"))


def test_a_table_may_take_names_that_the_file_chooses(tmp_path):
    file = tmp_path / "shelf.toml"
    file.write_text('[boxes.upper]\n1 = { host = "a" }\n2 = { port = 7 }')

    shelf = load(Shelf, file)

    assert shelf.boxes == {"upper": {"1": Broker(host="a"), "2": Broker(port=7)}}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("boxes = 1", "boxes"),
        ("[boxes]\nupper = 1", "boxes.upper"),
        ("[boxes.upper]\n1 = { hots = 2 }", "upper.1.hots"),
    ],
)
def test_what_stands_under_such_a_name_is_checked_as_everywhere(tmp_path, text, where):
    file = tmp_path / "shelf.toml"
    file.write_text(text)

    with pytest.raises(SettingsError) as refused:
        load(Shelf, file)

    assert where in refused.value.where
