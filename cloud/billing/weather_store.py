"""The table of daily mean temperatures, by station: the last file's word counts."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Column, Connection, Date, Float, Table, Text, select

from cloud.billing.weather_table import StationDay
from cloud.kernel.db import metadata, upsert

weather_table = Table(
    "weather_day",
    metadata,
    Column("station", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("mean_temp_c", Float, nullable=False),
)
_w = weather_table.c


def keep(connection: Connection, days: Iterable[StationDay]) -> None:
    """Let these days stand as told; others stay as they are."""
    rows = ({"station": each.station, "day": each.day, "mean_temp_c": each.mean_temp_c} for each in days)
    upsert(connection, weather_table, rows)


def find(connection: Connection, station: str, first_day: date, last_day: date) -> dict[date, float]:
    """How warm the days were from the first to the last, both included; days nobody told of are not there."""
    days = select(_w.day, _w.mean_temp_c).where(_w.station == station, _w.day.between(first_day, last_day))
    return {row.day: row.mean_temp_c for row in connection.execute(days.order_by(_w.day))}
