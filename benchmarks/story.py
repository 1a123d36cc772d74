"""How a story is played for a benchmark: in real processes, its outcome as a program reads it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def play(*options: str) -> dict[str, Any]:
    """Play the storm night and return what it says of itself; `ok` says whether it went as it must."""
    command = Path(sys.executable).with_name("lamplight-sim")
    words = ("scenario", "street", "--act", "storm", "--check", "--json", *options)
    done = subprocess.run([command, *words], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    outcome: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return outcome or {"ok": False, "failure": done.stderr.strip()}
