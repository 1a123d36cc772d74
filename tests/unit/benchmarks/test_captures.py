"""The captures benchmark: peers get a fair hearing, and what is wrong is called so."""

import json

import pytest

from benchmarks import captures as benchmark
from benchmarks.capture_peers import Told, told_by_dlms_cosem, told_by_gurux
from benchmarks.report import Skipped
from tests.fakes_meter import octets, scaler_unit, structure, u32
from tests.fakes_push_octets import m_bus, notification

APDU = notification(structure(structure(octets(bytes((1, 0, 1, 8, 0, 255))), u32(5), scaler_unit(3, 30))))
TOLD = [Told("1.0.1.8.0.255", 5000.0)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Captures of our own, in a folder like that of the real ones."""
    (tmp_path / "dlms-captures").mkdir()
    monkeypatch.setenv("LAMPLIGHT_DATA", str(tmp_path))

    def write(name, **capture):
        told = {"id": name, "kind": "dlms-push", "raw_hex": m_bus(APDU).hex(), **capture}
        (tmp_path / "dlms-captures" / f"{name}.json").write_text(json.dumps(told))

    return write


def figures():
    return {row.key: row.ours for row in benchmark.measure(False)[1:] if row.key}


@pytest.mark.parametrize("peer", [told_by_dlms_cosem, told_by_gurux])
def test_a_peer_that_opens_a_capture_is_told_to(peer):
    assert peer(APDU, None) == TOLD
    assert peer(b"\xff\xff", None) is None


def test_files_are_counted_as_decoded_refused_or_wrong(folder):
    folder("right", expected={"1.0.1.8.0.255": 5000.0})
    folder("other", expected={"1.0.1.8.0.255": 5.0})
    folder("missing", expected={"1.0.2.8.0.255": 0.0})
    folder("unreadable", raw_hex="00", expected={"1.0.1.8.0.255": 5000.0})
    folder("broken", raw_hex="00", expected={"1.0.1.8.0.255": 5000.0}, verified={"fcs_ok": False})
    folder("opened though broken", expected={"1.0.1.8.0.255": 5000.0}, verified={"fcs_ok": False})

    assert figures() == {"files": 6, "decoded": 1, "refused": 1, "wrong": 4}


def test_without_captures_it_says_so(monkeypatch):
    monkeypatch.delenv("LAMPLIGHT_DATA", raising=False)

    with pytest.raises(Skipped):
        benchmark.measure(False)
