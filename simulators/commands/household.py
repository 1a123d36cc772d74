"""`lamplight-sim household`: what a household drew, hour by hour, up to the story's now."""

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from runtime.arguments import Words, whole
from runtime.clock import clock_from_environment
from simulators.household import Household, RecordedHousehold, open_household, zone_named

HOUR = timedelta(hours=1)
MAX_HOURS = 24 * 400
_BAR_WH = 100
_BAR_LENGTH = 40


def main(arguments: list[str]) -> int:
    """Print it; 0."""
    words = _parser().parse_args(arguments)
    now, zone = clock_from_environment().now(), zone_named(words.time_zone)
    home = open_household(words.source, seed=words.seed, zone=zone, now=now, column=words.column)
    last = now.replace(minute=0, second=0, microsecond=0)
    hours = [last - HOUR * back for back in range(words.hours, 0, -1)]
    energies_wh = [round(home.energy_wh_between(hour, hour + HOUR)) for hour in hours]
    if words.json:
        sys.stdout.write(json.dumps(_document(home, hours, energies_wh)) + "\n")
    else:
        for hour, energy_wh in zip(hours, energies_wh, strict=True):
            bar = "#" * min(_BAR_LENGTH, round(energy_wh / _BAR_WH))
            sys.stdout.write(f"{hour.astimezone(zone):%a %Y-%m-%d %H:%M} {energy_wh:6d} Wh {bar}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Words(
        prog="lamplight-sim household", description="What a household drew from the grid, hour by hour, up to now."
    )
    parser.add_argument("--from", dest="source", type=Path, help="a real home: CSV or CSV.gz (default: generated)")
    parser.add_argument("--column", default="", help="which column of that file, where several would do")
    parser.add_argument("--seed", type=int, default=1, help="which generated home")
    parser.add_argument("--time-zone", default="UTC", help="where it lives, such as America/Sao_Paulo")
    parser.add_argument("--hours", type=whole(1, MAX_HOURS), default=24, metavar="N", help="how many (24)")
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    return parser


def _document(home: Household, hours: list[datetime], energies_wh: list[int]) -> dict[str, object]:
    document: dict[str, object] = {
        "hours": [
            {"start": hour.astimezone(UTC).isoformat(), "energy_wh": energy_wh}
            for hour, energy_wh in zip(hours, energies_wh, strict=True)
        ]
    }
    if isinstance(home, RecordedHousehold):
        series = home.series
        document["record"] = {
            "column": series.column,
            "cadence_s": series.cadence_s,
            "rows": series.rows,
            "duplicates": series.duplicates,
            "gaps_filled": len(series.filled_slots),
            "moved_by_days": (home.began_at - series.began_at) // timedelta(days=1),
        }
    return document
