"""Promises about the tree that no single module can keep."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROFILES = ("gateway", "cloud", "demo", "dev")


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for path in listed.split("\0") if path and (ROOT / path).is_file()]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_lock_pins_every_package_by_hash_and_names_no_index(profile):
    text = (ROOT / "locks" / f"{profile}.txt").read_text()
    entries = re.findall(r"^([a-z0-9][\w.\[\]-]*)==", text, re.MULTILINE)

    assert "hatchling" in entries
    assert text.count("--hash=sha256:") >= len(entries)
    assert not re.search(r"https?://|index-url|find-links|file:", text)


def test_a_gateway_never_installs_the_cloud():
    text = (ROOT / "locks" / "gateway.txt").read_text()

    assert not re.search(r"^(fastapi|uvicorn|sqlalchemy|jinja2|aiosmtpd|amqtt)==", text, re.MULTILINE)
    assert re.search(r"^dlms-cosem==", text, re.MULTILINE)


def test_no_page_asks_a_foreign_host_for_anything():
    pages = [path for path in tracked() if path.startswith("cloud/") and path.endswith((".html", ".js", ".css", ".j2"))]

    asked = {
        page: re.findall(r"(?:src|href|url\()\s*=?\s*[\"']?https?://", (ROOT / page).read_text()) for page in pages
    }

    assert pages
    assert {page: found for page, found in asked.items() if found} == {}


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        (
            "dlms_cosem",
            {
                f"gateway/adapters/dlms_{module}.py"
                for module in ("association", "dialogue", "handshake", "library", "security")
            },
        ),
        ("tinydb", {"gateway/adapters/registry.py"}),
        ("serial", {"gateway/adapters/serial_port.py"}),
        ("paho", {"gateway/adapters/mqtt.py", "cloud/ingest/consumer.py"}),
        ("cbor2", {"wire/codec.py", "wire/envelope.py"}),
        ("amqtt", {"cloud/broker/embedded.py"}),
        ("aiosmtpd", {"simulators/mailbox.py"}),
    ],
)
def test_a_library_is_imported_in_one_place(module, allowed):
    pattern = re.compile(rf"^\s*(?:from|import) {module}\b", re.MULTILINE)
    programs = [p for p in tracked() if p.endswith(".py") and not p.startswith(("tests/", "benchmarks/"))]

    importers = {path for path in programs if pattern.search((ROOT / path).read_text())}

    assert importers
    assert importers <= allowed


def test_nothing_under_the_gpl_is_imported_by_what_is_shipped_or_named_in_its_locks():
    pattern = re.compile(r"^\s*(?:from|import) gurux\w*", re.MULTILINE)
    programs = [p for p in tracked() if p.endswith(".py") and not p.startswith(("tests/", "benchmarks/"))]
    locks = {profile for profile in PROFILES if "gurux" in (ROOT / "locks" / f"{profile}.txt").read_text()}

    importers = [path for path in programs if pattern.search((ROOT / path).read_text())]

    assert programs
    assert importers == []
    assert locks == {"dev"}
