"""What the documents name exists: files, folders, make targets, commands."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}


@pytest.mark.parametrize("page", TEXTS)
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", TEXTS[page])

    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []


@pytest.mark.parametrize("page", TEXTS)
def test_every_path_of_the_code_that_is_named_exists(page):
    named = re.findall(r"`((?:wire|runtime|gateway|cloud|simulators|tests|benchmarks|docs)/[\w./-]*)`", TEXTS[page])

    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_index_leads_to_every_page():
    docs = ROOT / "docs"
    pages = {page.relative_to(docs).as_posix() for page in [*docs.glob("*.md"), *docs.glob("how-to/*.md")]}

    led_to = set(re.findall(r"\]\(([^)#]+)", TEXTS["docs/index.md"]))

    assert pages - led_to == {"index.md"}


@pytest.mark.parametrize("page", TEXTS)
def test_every_make_target_that_is_named_exists(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    named = re.findall(r"(?:^|`)make ([a-z-]+)", TEXTS[page], re.MULTILINE)

    assert set(named) <= targets


@pytest.mark.parametrize("program", ["lamplight-gateway", "lamplight-cloud", "lamplight-sim"])
def test_readmes_table_names_every_command(program, terminal):
    (row,) = [line for line in TEXTS["README.md"].splitlines() if line.startswith(f"| `{program}`")]

    usage = terminal.run(program, "--help").out

    known = re.findall(r"^ {2,4}([a-z][a-z-]*)(?:  |$)", usage, re.MULTILINE)
    assert set(re.findall(r"`([a-z-]+)`", row)) - {program} == set(known)


def test_readme_shows_the_two_commands_on_its_first_screen():
    first_screen = "\n".join(TEXTS["README.md"].splitlines()[:25])

    assert "make demo" in first_screen
    assert "make test" in first_screen
    assert "apt install make python3-venv git" in first_screen
