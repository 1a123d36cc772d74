"""Bill pairs of a home we make up: a year of days, a previous and a current bill, as the document holds them."""

import json
from datetime import date, timedelta
from math import cos, pi
from random import Random

FIRST_DAY = date(2024, 12, 1)
HISTORY_DAYS = 370
PRICES = {
    "old": {"fix": 0.50, "off": 0.20, "pk": 0.40, "t1": 10, "adder": 0.05},
    "new": {"fix": 0.50, "off": 0.25, "pk": 0.50, "t1": 10, "adder": 0.05},
}


def pair(*, days=(30, 30), base=(8.0, 8.0), peak=(0.25, 0.25), seed=3, noise=0.4, **changed):
    """A document; two values are the previous and the current bill's, and `changed` replaces whole keys."""
    random = Random(seed)
    count = HISTORY_DAYS + sum(days)
    temperatures = [round(14 - 11 * cos(2 * pi * (at - 40) / 365) + random.gauss(0, 2), 1) for at in range(count)]
    used, peaks = [], []
    for at, temperature in enumerate(temperatures):
        is_current = at >= count - days[1]
        kwh = base[is_current] + 0.9 * max(0.0, 15 - temperature) + random.uniform(-noise, noise)
        used.append(round(kwh, 3))
        peaks.append(round(used[-1] * peak[is_current], 3))
    document = {
        "case": "made up",
        "currency": "EUR",
        "tariff": PRICES,
        "days": [(FIRST_DAY + timedelta(days=at)).isoformat() for at in range(count)],
        "temp_c": temperatures,
        "kwh": used,
        "peak_kwh": peaks,
        "previous": {"n": days[0], "price": "old", "tax": 0.1, "event": 0},
        "current": {"n": days[1], "price": "old", "tax": 0.1, "event": 0},
        "flags": [],
    }
    return document | changed


def written(document):
    """The document as a file holds it."""
    return json.dumps(document).encode()
