"""A meter this gateway reads, as the technician registered it and as it named itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredMeter:
    """`number` counts the gateway's meters from 1; `serial` is empty until the meter was read or a person gave it."""

    number: int
    port: str
    profile: str
    serial: str = ""
