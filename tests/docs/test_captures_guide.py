"""The page about captures: what it shows opens to what it shows, and it names every kind and every layout there is."""

import re
import shlex
from pathlib import Path

import pytest

from gateway.adapters.list_layouts import load_layouts
from gateway.cli import run, words_of
from gateway.core.dlms.push.capture_kind import CaptureKind

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "captures.md").read_text(encoding="utf-8")
PLAIN, SEALED = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
SHOWN = dict(re.findall(r"```console\n\$ lamplight-gateway (.*?)\n(.*?)```", PAGE, re.DOTALL))
OPENED = {CaptureKind.HDLC_PUSH, CaptureKind.M_BUS_PUSH, CaptureKind.WRAPPER_PUSH, CaptureKind.RAW_PUSH}


@pytest.mark.parametrize("command", SHOWN)
def test_every_command_prints_what_the_page_shows(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "push.txt").write_text(PLAIN)
    (tmp_path / "sealed.txt").write_text(SEALED)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METER_KEY", "000102030405060708090a0b0c0d0e0f")
    monkeypatch.setenv("METER_AUTH_KEY", "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf")

    assert run(shlex.split(command)) == 0

    assert capsys.readouterr().out.startswith(SHOWN[command])


def test_every_option_of_the_command_is_on_the_page() -> None:
    (decode,) = [action for action in words_of()._actions if action.dest == "command"]
    assert isinstance(decode.choices, dict)
    options = [option for action in decode.choices["decode"]._actions for option in action.option_strings]

    assert [option for option in options if option not in PAGE] == ["-h", "--help"]


def test_every_kind_of_refusal_is_on_the_page_and_no_other() -> None:
    (table,) = re.findall(r"\| kind \|.*?\n\n", PAGE, re.DOTALL)
    named = {kind for row in table.strip().splitlines()[2:] for kind in re.findall(r"`([a-z-]+)`", row.split("|")[1])}

    assert named == {str(kind) for kind in CaptureKind if kind not in OPENED}


def test_the_layout_it_shows_is_one_and_every_file_is_named(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "example.toml").write_text(block)

    (layout,) = load_layouts(tmp_path)

    assert layout.counts == (len(layout.order),)
    files = {layout.name.partition(".")[0] for layout in load_layouts()}
    assert {name for name in files if f"| `{name}` |" not in PAGE} == set()
