"""What the labels of a French meter's TIC mean: OBIS code, unit, and the bits of its status register.

The labels are those of Enedis-NOI-CPT_54E (both modes of the Linky) and of the older ERDF-NOI-CPT_02E. Where the
standard has no code of its own, a neighbour's is taken and said here: the distributor's energy registers stand on
channel 1, the usage point's number is the second identity, a peak or a mean of the day before has 1 in group F.
"""

from dataclasses import dataclass
from enum import IntEnum

from gateway.core.dlms.obis import Obis

SERIAL_LABELS = ("ADSC", "ADCO")
CLOCK_LABEL = "DATE"
STATUS_LABEL = "STGE"
TOTAL, SWITCH, STATUS_WORDS = Obis.parse("1.0.1.8.0"), Obis.parse("0.0.96.3.10"), Obis.parse("0.0.96.5.1")
# Registers that make up the total, for each kind of contract in the historic mode, which has no total besides BASE.
TARIFFS = (
    ("HCHC", "HCHP"),
    ("EJPHN", "EJPHPM"),
    ("BBRHCJB", "BBRHPJB", "BBRHCJW", "BBRHPJW", "BBRHCJR", "BBRHPJR"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Code, unit and power of ten of what stands behind a label; without a unit it is text."""

    obis: Obis
    unit: str = ""
    exponent: int = 0
    is_number: bool = False


def _text(code: str) -> Label:
    return Label(obis=Obis.parse(code))


def _number(code: str, unit: str, exponent: int = 0) -> Label:
    return Label(obis=Obis.parse(code), unit=unit, exponent=exponent, is_number=True)


def _phases(label: str, codes: tuple[str, str, str], unit: str) -> dict[str, Label]:
    return {f"{label}{phase}": _number(code, unit) for phase, code in enumerate(codes, 1)}


_HISTORIC: dict[str, Label] = {
    "ADCO": _text("0.0.96.1.0"),
    "BASE": _number("1.0.1.8.0", "Wh"),
    **{label: _number(f"1.0.1.8.{place}", "Wh") for tariff in TARIFFS for place, label in enumerate(tariff, 1)},
    "PTEC": _text("0.0.96.14.0"),
    "ISOUSC": _number("1.0.31.4.0", "A"),
    "IINST": _number("1.0.31.7.0", "A"),
    "IMAX": _number("1.0.31.6.0", "A"),
    **_phases("IINST", ("1.0.31.7.0", "1.0.51.7.0", "1.0.71.7.0"), "A"),
    **_phases("IMAX", ("1.0.31.6.0", "1.0.51.6.0", "1.0.71.6.0"), "A"),
    "PMAX": _number("1.0.1.6.0", "W"),
    "PAPP": _number("1.0.9.7.0", "VA"),
    "MOTDETAT": _text("0.0.96.5.0"),
}
_STANDARD: dict[str, Label] = {
    "ADSC": _text("0.0.96.1.0"),
    "PRM": _text("0.0.96.1.1"),
    "VTIC": _text("1.3.0.2.8"),
    "NTARF": _text("0.0.96.14.0"),
    "MSG1": _text("0.0.96.13.0"),
    "MSG2": _text("0.0.96.13.1"),
    "EAST": _number("1.0.1.8.0", "Wh"),
    **{f"EASF{index:02}": _number(f"1.0.1.8.{index}", "Wh") for index in range(1, 11)},
    **{f"EASD{index:02}": _number(f"1.1.1.8.{index}", "Wh") for index in range(1, 5)},
    "EAIT": _number("1.0.2.8.0", "Wh"),
    **{f"ERQ{quadrant}": _number(f"1.0.{4 + quadrant}.8.0", "varh") for quadrant in range(1, 5)},
    **_phases("IRMS", ("1.0.31.7.0", "1.0.51.7.0", "1.0.71.7.0"), "A"),
    **_phases("URMS", ("1.0.32.7.0", "1.0.52.7.0", "1.0.72.7.0"), "V"),
    **_phases("UMOY", ("1.0.32.5.0", "1.0.52.5.0", "1.0.72.5.0"), "V"),
    "PREF": _number("0.0.17.0.0", "VA", 3),
    "SINSTS": _number("1.0.9.7.0", "VA"),
    **_phases("SINSTS", ("1.0.29.7.0", "1.0.49.7.0", "1.0.69.7.0"), "VA"),
    "SINSTI": _number("1.0.10.7.0", "VA"),
    "SMAXSN": _number("1.0.9.6.0", "VA"),
    "SMAXSN-1": _number("1.0.9.6.0.1", "VA"),
    **_phases("SMAXSN", ("1.0.29.6.0", "1.0.49.6.0", "1.0.69.6.0"), "VA"),
    "SMAXSN1-1": _number("1.0.29.6.0.1", "VA"),
    "SMAXSN2-1": _number("1.0.49.6.0.1", "VA"),
    "SMAXSN3-1": _number("1.0.69.6.0.1", "VA"),
    "SMAXIN": _number("1.0.10.6.0", "VA"),
    "SMAXIN-1": _number("1.0.10.6.0.1", "VA"),
    "CCASN": _number("1.0.1.5.0", "W"),
    "CCASN-1": _number("1.0.1.5.0.1", "W"),
    "CCAIN": _number("1.0.2.5.0", "W"),
    "CCAIN-1": _number("1.0.2.5.0.1", "W"),
    STATUS_LABEL: _text("0.0.96.5.0"),
}
LABELS = _HISTORIC | _STANDARD


class SwitchState(IntEnum):
    """The supply switch as bits 1 to 3 tell it."""

    CLOSED = 0
    OPEN_OVER_POWER = 1
    OPEN_OVER_VOLTAGE = 2
    OPEN_LOAD_SHEDDING = 3
    OPEN_BY_ORDER = 4
    OPEN_HOT_OVER_CURRENT = 5
    OPEN_HOT = 6
    UNKNOWN = 7

    @property
    def control_state(self) -> int | None:
        """As COSEM numbers it: 0 open, 1 closed, 2 ready for the customer to close it; None where nothing is told."""
        return {SwitchState.CLOSED: 1, SwitchState.OPEN_OVER_POWER: 2, SwitchState.UNKNOWN: None}.get(self, 0)


_COLOURS = ("none", "blue", "white", "red")


@dataclass(frozen=True, slots=True)
class Status:
    """The status register STGE, 32 bits.

    >>> Status(0x003A4001).words()
    'contact open, switch closed, tariff 1, distributor tariff 2, standard mode'
    """

    bits: int

    @property
    def switch(self) -> SwitchState:
        """Where the supply switch stands."""
        return SwitchState(self._field(1, 3))

    @property
    def is_contact_open(self) -> bool:
        """The dry contact, as for a water heater."""
        return self._is(0)

    @property
    def is_cover_open(self) -> bool:
        """The distributor's terminal cover."""
        return self._is(4)

    @property
    def is_over_voltage(self) -> bool:
        """On one of the phases."""
        return self._is(6)

    @property
    def is_over_power(self) -> bool:
        """More is drawn than the contract's reference."""
        return self._is(7)

    @property
    def is_producer(self) -> bool:
        """The meter counts what is given to the grid as well."""
        return self._is(8)

    @property
    def is_giving(self) -> bool:
        """Active energy flows to the grid now."""
        return self._is(9)

    @property
    def tariff(self) -> int:
        """The supplier's energy register that counts now, 1 to 10."""
        return self._field(10, 4) + 1

    @property
    def distributor_tariff(self) -> int:
        """The distributor's, 1 to 4."""
        return self._field(14, 2) + 1

    @property
    def is_clock_degraded(self) -> bool:
        """The clock lost its source and nobody vouches for it."""
        return self._is(16)

    @property
    def is_standard(self) -> bool:
        """The mode of the TIC."""
        return self._is(17)

    @property
    def today(self) -> str:
        """Today's colour of the Tempo contract."""
        return _COLOURS[self._field(24, 2)]

    @property
    def tomorrow(self) -> str:
        """Tomorrow's."""
        return _COLOURS[self._field(26, 2)]

    @property
    def peak(self) -> int:
        """Which mobile peak runs now, 0 for none."""
        return self._field(30, 2)

    @property
    def peak_notice(self) -> int:
        """Which mobile peak is announced, 0 for none."""
        return self._field(28, 2)

    def words(self) -> str:
        """For people; what is as it should be is not said, save for the switch and the mode."""
        said = (
            ("contact open", self.is_contact_open),
            (f"switch {self.switch.name.lower().replace('_', ' ')}", True),
            ("terminal cover open", self.is_cover_open),
            ("over-voltage", self.is_over_voltage),
            ("over the reference power", self.is_over_power),
            ("producer", self.is_producer),
            ("giving energy", self.is_giving),
            (f"tariff {self.tariff}, distributor tariff {self.distributor_tariff}", True),
            ("clock degraded", self.is_clock_degraded),
            (f"{'standard' if self.is_standard else 'historic'} mode", True),
            (f"today {self.today}", self.today != "none"),
            (f"tomorrow {self.tomorrow}", self.tomorrow != "none"),
            (f"peak {self.peak}", self.peak > 0),
            (f"peak {self.peak_notice} announced", self.peak_notice > 0),
        )
        return ", ".join(words for words, is_so in said if is_so)

    def _is(self, bit: int) -> bool:
        return bool(self.bits >> bit & 1)

    def _field(self, bit: int, size: int) -> int:
        return self.bits >> bit & ((1 << size) - 1)
