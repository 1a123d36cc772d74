"""What a figure measures and in which unit: integers only, so that nothing is lost between a meter and a bill."""

from enum import IntEnum


class Quantity(IntEnum):
    """A measured quantity. Import is taken from the grid, export given back; both count upward."""

    ENERGY_IMPORT_WH = 1
    ENERGY_EXPORT_WH = 2
    POWER_IMPORT_W = 3
    POWER_EXPORT_W = 4
    VOLTAGE_L1_MV = 11
    VOLTAGE_L2_MV = 12
    VOLTAGE_L3_MV = 13
    POWER_FAILURES = 20
    DISCONNECTOR = 21

    @property
    def unit(self) -> str:
        """The unit's symbol; empty for counts and states.

        >>> Quantity.VOLTAGE_L1_MV.unit
        'mV'
        """
        suffix = self.name.rsplit("_", 1)[-1]
        return {"WH": "Wh", "W": "W", "MV": "mV"}.get(suffix, "")


VOLTAGES = (Quantity.VOLTAGE_L1_MV, Quantity.VOLTAGE_L2_MV, Quantity.VOLTAGE_L3_MV)
"""The phase voltages, L1 first."""

OF_THE_HOME = frozenset(
    {Quantity.ENERGY_IMPORT_WH, Quantity.ENERGY_EXPORT_WH, Quantity.POWER_IMPORT_W, Quantity.POWER_EXPORT_W}
)
"""What tells how people live; the rest is about the network. Finer than a billing period, it needs consent."""

BILLING_PERIODS_S = (900, 1_800, 3_600, 86_400)
"""What bills may be reckoned in, counted from the home's midnight."""
