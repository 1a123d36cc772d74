"""The cast of a story: who is ready is told by the process itself."""

from pathlib import Path

from simulators.scenarios.processes import Cast


def test_a_process_is_known_by_its_own_words(tmp_path: Path) -> None:
    cast = Cast(tmp_path, {})
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "cloud.log").write_bytes(b"\xff ready http=http://127.0.0.1:8080\n")

    assert cast.has_said("cloud", "ready http=")
    assert not cast.has_said("cloud", "stopped")
    assert not cast.has_said("broker", "ready")
